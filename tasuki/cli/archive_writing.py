"""Commands that add to the archive: add, correct, void, delete, anchor, sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasuki.cli.archive_options import (
    By,
    Direction,
    Reason,
    Registration,
    amount_of,
    day_text,
    plain_text,
)
from tasuki.cli.context import Context, leave, of
from tasuki.cli.rulings import who_acts
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasuki.archive.entry import Draft, Entry
    from tasuki.cli.screen import Screen
    from tasuki.engine.prints import Printed

Seq = Annotated[int, typer.Argument(help="The entry's place (通番).")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("add")(add)
    app.command("correct")(correct)
    app.command("void")(void)
    app.command("delete")(delete)
    app.command("anchor")(anchor)
    app.command("sweep")(sweep)


def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The document.", dir_okay=False)],
    number: Annotated[str, typer.Option("--number", help="書類番号.")],
    date: Annotated[str, typer.Option("--date", help="取引年月日, YYYY-MM-DD.")],
    amount: Annotated[str, typer.Option("--amount", help="取引金額.")],
    counterparty: Annotated[str, typer.Option("--counterparty", help="取引先.")],
    direction: Annotated[
        Direction, typer.Option("--direction", help="issued or received.")
    ],
    kind: Annotated[
        str, typer.Option("--type", help="invoice, receipt, quotation, contract, ….")
    ] = "invoice",
    currency: Annotated[str, typer.Option("--currency", help="Three letters.")] = "JPY",
    registration: Registration = None,
    channel: Annotated[
        str | None, typer.Option("--channel", help="How it came: e-mail, portal, ….")
    ] = None,
    by: By = None,
) -> None:
    """Archive a document that came or went another way: a PDF of an e-mail, a scan."""
    from tasuki.archive.entry import Draft
    from tasuki.archive.listing import mime_of
    from tasuki.japan.company import company_key

    own = of(context)
    name = plain_text("--counterparty", counterparty)
    draft = Draft(
        doc_type=plain_text("--type", kind) or "invoice",
        doc_no=plain_text("--number", number) or "",
        actor=f"user:{who_acts(by)}",
        transaction_date=day_text("--date", date),
        amount=_amount(amount),
        currency=plain_text("--currency", currency),
        counterparty=name,
        counterparty_key=company_key(name),
        registration_number=_registration(registration),
        direction=direction.value,
        channel=plain_text("--channel", channel),
        mime=mime_of(file.name),
    )
    _add(own, _kept_until(own, _with_file(own, draft, file)))


def _amount(value: str | None) -> str | None:
    amount = amount_of("--amount", value)
    return None if amount is None else f"{amount:f}"


def _registration(value: str | None) -> str | None:
    from tasuki.japan.corporate import registration_number

    if value is None:
        return None
    found = registration_number(value)
    if found is None:
        what = f"'{value}' is no registration number: its check digit is not right"
        raise ConfigError("--registration", what, "Write T and 13 digits.")
    return found


def _with_file(own: Context, draft: Draft, file: Path) -> Draft:
    store = own.project.archive.store
    try:
        content = file.read_bytes()
    except OSError as error:
        what = f"the file cannot be read ({error.strerror})"
        raise ConfigError(str(file), what, "Name a file that is there.") from None
    address = store.put(content)
    return draft._replace(content_sha256=address, content_path=store.path_of(address))


def _kept_until(own: Context, draft: Draft) -> Draft:
    from datetime import date as day

    terms, said = own.project.archive_terms, draft.transaction_date
    when = day.fromisoformat(said) if said else own.project.today()
    return draft._replace(retain_until=terms.retain_until(when).isoformat())


def _add(own: Context, draft: Draft) -> None:
    with own.ledger() as ledger:
        (entry,) = ledger.add_to_archive([draft])
    _say(own, entry)


def _say(own: Context, entry: Entry) -> None:
    told = {k: v for k, v in entry._asdict().items() if v is not None}
    words = (
        f"entry {entry.seq}: {entry.op} {entry.doc_type} {entry.doc_no}, "
        f"version {entry.version}"
    )
    own.screen.show(told, lambda screen: screen.line(words))


def correct(
    context: typer.Context,
    seq: Seq,
    reason: Reason,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="The right document.", dir_okay=False),
    ] = None,
    number: Annotated[str | None, typer.Option("--number", help="書類番号.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="取引年月日.")] = None,
    amount: Annotated[str | None, typer.Option("--amount", help="取引金額.")] = None,
    counterparty: Annotated[
        str | None, typer.Option("--counterparty", help="取引先.")
    ] = None,
    registration: Registration = None,
    by: By = None,
) -> None:
    """Add a corrected version; the one before stays, and the reason with it."""
    from tasuki.archive.listing import mime_of
    from tasuki.engine.keeping import followed, newest_of
    from tasuki.japan.company import company_key

    own = of(context)
    with own.ledger() as ledger:
        before = newest_of(ledger, seq)
    draft = followed(before, f"user:{who_acts(by)}", _given(reason))
    name = plain_text("--counterparty", counterparty)
    news: dict[str, Any] = {
        "doc_no": plain_text("--number", number),
        "transaction_date": day_text("--date", date),
        "amount": _amount(amount),
        "counterparty": name,
        "counterparty_key": company_key(name),
        "registration_number": _registration(registration),
    }
    changed = draft._replace(**{k: v for k, v in news.items() if v is not None})
    if file is not None:
        changed = _with_file(own, changed._replace(mime=mime_of(file.name)), file)
    if changed == draft:
        where, remedy = f"archive entry {seq}", "Say what: --amount, --file, …."
        raise ConfigError(where, "nothing is corrected", remedy)
    later = _kept_until(own, changed)
    _add(own, max(changed, later, key=lambda one: one.retain_until or ""))


def _given(reason: str) -> str:
    text = plain_text("--reason", reason)
    return text or ""


def void(context: typer.Context, seq: Seq, reason: Reason, by: By = None) -> None:
    """Note that a document does not hold any more; it and its history stay."""
    from tasuki.engine.keeping import followed, newest_of

    own = of(context)
    with own.ledger() as ledger:
        before = newest_of(ledger, seq)
    draft = followed(before, f"user:{who_acts(by)}", _given(reason))
    _add(own, draft._replace(op="void"))


def delete(context: typer.Context, seq: Seq, reason: Reason, by: By = None) -> None:
    """Delete a file whose time by law is over; the entries about it stay."""
    from tasuki.engine import keeping

    own = of(context)
    store = own.project.archive.store
    today = keeping.aware_today(own.project.clock)
    with own.ledger() as ledger:
        entry = ledger.archive_entry(seq)
        if entry is None:
            raise keeping.no_such_entry(seq)
        draft = keeping.followed(entry, f"user:{who_acts(by)}", _given(reason))
        draft = draft._replace(op="delete_request", content_path=None)
        gone = keeping.delete(ledger, store, seq, today, draft)
    words = "deleted" if gone else "noted; another document has the same content"
    own.screen.show(
        {"seq": seq, "deleted": gone},
        lambda screen: screen.line(f"entry {seq}: {words}"),
    )


def anchor(
    context: typer.Context,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Add to this file; else that of archive.yaml."),
    ] = None,
) -> None:
    """Note outside of the ledger where the chain ends: put the file elsewhere."""
    from tasuki.engine.keeping import anchor_archive

    own = of(context)
    path = to or own.project.archive_terms.anchor
    if path is None:
        where, what = "archive anchor", "there is no file named"
        remedy = "Say --to FILE, on another disk, or name one in archive.yaml."
        raise ConfigError(where, what, remedy)
    with own.ledger() as ledger:
        made = anchor_archive(ledger, path.resolve(), own.project.clock)
    value = made._asdict() | {"file": str(path)}
    words = f"{path}: entry {made.seq}, {made.head}"
    own.screen.show(value, lambda screen: screen.line(words))


def sweep(context: typer.Context) -> None:
    """Archive what the archive lacks: sent documents, and the PDF of each."""
    from tasuki.engine.keeping import remove_deleted

    own = of(context)
    added: dict[str, int] = {}
    prints: dict[str, Printed] = {}
    with own.ledger() as ledger:
        for mapping in own.project.mappings:
            if mapping.model.archives:
                made = own.project.archive.sweep(ledger, mapping)
                added[mapping.id] = len(made)
        for mapping in own.project.used:
            if mapping.model.archives:
                prints[mapping.id] = own.project.print_missing(mapping, ledger)
        gone = remove_deleted(ledger, own.project.archive.store)
    words = ", ".join(f"{name} {count}" for name, count in added.items()) or "nothing"
    failed = [one for found in prints.values() for one in found.failed]
    value = {
        "added": added,
        "prints": {name: found._asdict() for name, found in prints.items()},
        "removed": gone,
    }

    def people(screen: Screen) -> None:
        screen.line(f"entries added: {words}")
        screen.line(_prints_line(prints.values()))
        for one in failed:
            screen.line(f"  ! {one}")

    own.screen.show(value, people)
    leave(1 if failed else 0)


def _prints_line(found: Iterable[Printed]) -> str:
    every = list(found)
    added = sum(one.added for one in every)
    fetched = sum(one.fetched for one in every)
    waiting = sum(one.waiting for one in every)
    words = f"PDFs added: {added}, {fetched} of them the systems' own"
    if waiting:
        words += f"; {waiting} wait (drafts, or no issuer.yaml for copies)"
    return words
