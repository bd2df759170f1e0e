"""`tasuki invoice cancel`: an invoice that was made is cancelled by a person's word."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.cli.invoice_options import Ref, Which, documents
from tasuki.cli.rulings import By, Why, given_reason, who_acts
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.engine.papers import Invoice
    from tasuki.ledger.cancellations import CancellationRow
    from tasuki.ports import Cancellable

_VERB = "invoice cancel"
_AGAIN = "Not known whether it is cancelled. Say the same again later: it looks first."


def cancel(
    context: typer.Context,
    record: Ref,
    why: Why = "",
    mapping: Which = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    by: By = None,
) -> None:
    """Cancel (取消) an invoice that was made; its deal is not billed a second time."""
    from tasuki.engine.cancelling import Word, look, must_be_allowed
    from tasuki.engine.cancelling import cancel as carry_out
    from tasuki.engine.papers import find_issued, the_one

    own = of(context)
    word = Word(who_acts(by), given_reason(_VERB, why))
    with own.ledger() as ledger:
        found = find_issued(ledger, documents(own, mapping), record)
    invoice = the_one(found, record)
    with own.sync(invoice.mapping.id) as sync:
        seen = look(sync, invoice)
        must_be_allowed(invoice, seen)
        if not (yes or seen.is_cancelled):
            _ask(own, invoice, seen)
        row = carry_out(sync, invoice, word, own.project.lease_seconds)
        calls = sync.calls.counts().items()
    writes = sum(count for (_, kind), count in calls if kind == "write")
    own.screen.show(_told(row, writes), lambda screen: _say(screen, row, seen))
    leave(0 if row.state == "done" else 1)


def _ask(own: Context, invoice: Invoice, seen: Cancellable) -> None:
    """Ask the person who sits there; ConfigError where nobody does."""
    along = f"; {seen.along}" if seen.along else ""
    question = f"cancel {_named(seen)}{along}"
    if own.screen.as_json or not sys.stdin.isatty():
        what = f"nobody was asked whether to {question}"
        where = f"{invoice.mapping.destination}/{invoice.target_id}"
        raise ConfigError(where, what, "If it is meant, say --yes.")
    if not typer.confirm(f"{question[0].upper()}{question[1:]}?", err=True):
        own.screen.aside("nothing was cancelled")
        leave(1)


def _named(seen: Cancellable) -> str:
    return f"{seen.number} ({seen.currency} {seen.total:,f}, {seen.partner})"


def _told(row: CancellationRow, writes: int) -> dict[str, object]:
    return {
        "document": f"{row.destination}/{row.destination_id}",
        "record": f"{row.source}/{row.source_id}",
        "mapping": row.sync,
        "number": row.number,
        "total": row.total,
        "state": row.state,
        "words": row.words,
        "who": row.who,
        "why": row.why,
        "writes": writes,
    }


def _say(screen: Screen, row: CancellationRow, seen: Cancellable) -> None:
    where = f"{row.destination}/{row.destination_id}"
    if row.state != "done":
        screen.line(f"{where}: in doubt: {row.words}")
        screen.line(f"  {_AGAIN}")
        return
    was = "was cancelled already" if seen.is_cancelled else "is cancelled"
    screen.line(f"{where}: {_named(seen)} {was}: {row.why} ({row.who})")
    screen.line(f"  {row.source}/{row.source_id} stays billed: no other is made.")
