"""Commands by which a person settles holds: approve, reject, withdraw."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tasuki.cli.context import Context, of
from tasuki.cli.held import Mapping, Reason, Ref, chosen
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.engine.answer import Answer
    from tasuki.ledger import HoldRow, Ledger

By = Annotated[
    str | None,
    typer.Option("--by", help="Who decides; TASUKI_USER or this machine's user."),
]
Why = Annotated[str, typer.Option("--why", help="Why; kept with the decision.")]
Look = Annotated[
    bool, typer.Option("--look", help="Only say what it would mean; record nothing.")
]
Run = Annotated[str | None, typer.Option("--guard", help="A run that a guard refused.")]

Attach = Annotated[
    str | None, typer.Option("--attach", help="This candidate is the counterpart.")
]
Create = Annotated[
    bool, typer.Option("--create", help="None of them is: make a new one.")
]
Own = Annotated[bool, typer.Option("--own", help="This record owns the counterpart.")]
Accept = Annotated[
    bool, typer.Option("--accept", help="Dealt with over there: send nothing.")
]
Send = Annotated[bool, typer.Option("--send", help="Send the change after all.")]
Found = Annotated[
    str | None, typer.Option("--found", help="The document is there, by this id.")
]
NotThere = Annotated[
    bool, typer.Option("--not-there", help="It is not there: send it again.")
]
Anyway = Annotated[
    bool, typer.Option("--although-it-differs", help="With --found: it was edited.")
]
Hours = Annotated[
    float, typer.Option(min=0.1, max=720, help="With --guard: valid for so long.")
]

_USER = "TASUKI_USER"
_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("approve")(approve)
    app.command("reject")(reject)
    app.command("withdraw")(withdraw)


def approve(
    context: typer.Context,
    record: Ref = None,
    mapping: Mapping = None,
    reason: Reason = None,
    guard: Run = None,
    attach: Attach = None,
    create: Create = False,
    takes_over: Own = False,
    accept: Accept = False,
    send: Send = False,
    found: Found = None,
    not_there: NotThere = False,
    anyway: Anyway = False,
    hours: Hours = 24.0,
    by: By = None,
    why: Why = "",
    look: Look = False,
) -> None:
    """Settle holds: let the next run do what is said, once."""
    from tasuki.engine.answer import Answer

    flags = {
        "attach": attach is not None,
        "create": create,
        "own": takes_over,
        "accept": accept,
        "send": send,
        "found": found is not None,
        "not_there": not_there,
    }
    given = [name for name, is_given in flags.items() if is_given]
    if len(given) > 1:
        what = f"--{given[0]} and --{given[1]} exclude each other".replace("_", "-")
        raise ConfigError("approve", what, "Say one of them.")
    answer = Answer("".join(given), attach or found or "", hours)
    if answer.target and (record is None or guard):
        what = f"--{given[0]} settles one record"
        raise ConfigError("approve", what, "Name the record: tasuki approve RECORD.")
    which = _Which("approve", record, mapping, reason, guard)
    _rule(of(context), which, answer, _Said(by, why, look), anyway=anyway)


def reject(
    context: typer.Context,
    record: Ref = None,
    mapping: Mapping = None,
    reason: Reason = None,
    guard: Run = None,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="Whatever becomes of the record.")
    ] = False,
    by: By = None,
    why: Why = "",
    look: Look = False,
) -> None:
    """Leave held records out: nothing is sent, and they are no work left over."""
    from tasuki.engine.answer import Answer

    answer = Answer("leave_for_good" if for_good and not guard else "leave")
    which = _Which("reject", record, mapping, reason, guard)
    _rule(of(context), which, answer, _Said(by, why, look))


class _Which(NamedTuple):
    """Which holds are meant, and by what command."""

    verb: str
    record: str | None
    mapping: str | None
    reason: str | None
    guard: str | None


class _Said(NamedTuple):
    """Who decides and why; `look`: only say what it would mean."""

    by: str | None
    why: str
    look: bool


def _rule(
    own: Context, which: _Which, answer: Answer, said: _Said, *, anyway: bool = False
) -> None:
    from tasuki.engine.answer import meaning, settled

    with own.ledger() as ledger:
        rows = _holds(own, ledger, which)
        answers = [settled(row, answer) for row in rows]
        if answer.choice == "found":
            answers = [_looked_at(own, ledger, rows[0], answers[0], anyway=anyway)]
        words = [meaning(r, a) for r, a in zip(rows, answers, strict=True)]
        if not own.screen.as_json:
            _say(own.screen, words)
        if not said.look:
            decided = list(zip(rows, answers, strict=True))
            _record(own, ledger, which.verb, decided, said)
    syncs = sorted({row.sync for row in rows})
    value = {
        "ruled": [] if said.look else [row.ref for row in rows],
        "meaning": words,
        "syncs": syncs,
    }
    own.screen.show(value, lambda screen: _next(screen, rows, said))


def _holds(own: Context, ledger: Ledger, which: _Which) -> list[HoldRow]:
    from tasuki.ledger.hold_rows import GUARD

    verb, record, mapping, reason, guard = which
    if guard is not None:
        return _refused(ledger, guard)
    if record is None and not (reason and mapping):
        what = "nothing is chosen"
        remedy = "Name a record, or --reason and --mapping, or --guard RUN."
        raise ConfigError(verb, what, remedy)
    rows = chosen(own, ledger, record, mapping, reason)
    if record is not None and len(rows) > 1:
        syncs = ", ".join(row.sync for row in rows)
        what = f"it is held in several syncs ({syncs})"
        raise ConfigError(record, what, "Say which: --mapping NAME.")
    if not rows:
        what = f"nothing of {mapping} is held as {reason}"
        raise ConfigError(verb, what, "`tasuki held` lists all.")
    if rows[0].reason == GUARD and record is None:
        what = "a refused run is named by its id"
        raise ConfigError(verb, what, f"Say --guard {rows[0].ref}.")
    return rows


def _refused(ledger: Ledger, run_id: str) -> list[HoldRow]:
    """Return the hold of a refused run; an older one's numbers are out of date."""
    from tasuki.ledger.hold_rows import GUARD

    asked = [row for row in ledger.holds() if row.reason == GUARD]
    found = [row for row in asked if row.ref == run_id]
    if found:
        return found
    run = ledger.run(run_id)
    later = [row for row in asked if run is not None and row.sync == run.sync]
    if later:
        what = f"a later run of {later[0].sync} has other numbers: {later[0].detail}"
        raise ConfigError(run_id, what, f"Say --guard {later[0].ref}.")
    what = "no guard has refused a run of this id, or it is settled"
    raise ConfigError(run_id, what, "`tasuki held --reason guard` lists them.")


def _looked_at(
    own: Context, ledger: Ledger, hold: HoldRow, answer: Answer, *, anyway: bool
) -> Answer:
    """Look at the document that is said to be there; return the answer in full."""
    from dataclasses import replace

    from tasuki.engine.written import TAKEN_BACK, note_of

    if hold.reason not in TAKEN_BACK:
        _prove(own, hold, answer.target, anyway=anyway)
        return answer
    mapping, note_id = note_of(own.project.mappings.in_order(), hold, answer.target)
    home = str(mapping.destination)
    with own.sync(mapping.id) as sync:
        stream = mapping.destination.stream
        shown = sync.destination.destination.fetch(stream, [note_id], [])
    taken = ledger.owners(mapping.id, home, [note_id])
    if note_id not in shown or note_id in taken:
        what = f"there is no {home}/{note_id}"
        if note_id in taken:
            what = f"{home}/{note_id} is that of {taken[note_id]}"
        raise ConfigError(hold.ref, what, "Give the id of the credit note over there.")
    return replace(answer, target=f"{home}/{note_id}")


def _prove(own: Context, hold: HoldRow, target: str, *, anyway: bool) -> None:
    """Refuse a document that is not there, or that is another one by what it says."""
    from tasuki.engine.answer import look_at

    with own.sync(hold.sync) as sync:
        proof = look_at(sync, hold, target)
    if proof.document is None:
        remedy = "Look for it in the system's own screens; `tasuki held` lists all."
        raise ConfigError(hold.ref, proof.words, remedy)
    if proof.differs and not anyway:
        named = ", ".join(proof.differs)
        what = f"{target} says something else than was sent in {named}"
        remedy = "If somebody has edited it since, repeat with --although-it-differs."
        raise ConfigError(hold.ref, what, remedy)
    mark = "it carries our mark" if proof.is_marked else "it is there"
    own.screen.aside(f"looked at {target}: {mark}")


def _record(
    own: Context,
    ledger: Ledger,
    verb: str,
    decided: list[tuple[HoldRow, Answer]],
    said: _Said,
) -> None:
    from datetime import timedelta

    from tasuki.engine.answer import ruling_of
    from tasuki.ledger.hold_rows import GUARD

    who, why = who_acts(said.by), given_reason(verb, said.why)
    hold, answer = decided[0]
    is_guard = hold.reason == GUARD
    until = None
    if is_guard and verb == "approve":
        until = own.project.clock.now() + timedelta(hours=answer.hours)
    made = [ruling_of(one, told, who, why) for one, told in decided]
    ledger.rule(made, until, closes=is_guard and verb == "reject")


def who_acts(by: str | None) -> str:
    """Return who decides: as said, or as the environment or the machine knows them."""
    if by or os.environ.get(_USER):
        return by or os.environ[_USER]
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        what = "this machine does not know who you are"
        raise ConfigError("by", what, f"Say --by NAME, or set {_USER}.") from None


def given_reason(verb: str, why: str) -> str:
    """Return why something is done; ConfigError where nobody has said it."""
    if why.strip():
        return why.strip()
    what = "there is no reason given"
    raise ConfigError(verb, what, 'Say why: --why "…"; it is kept as evidence.')


def _say(screen: Screen, words: list[str]) -> None:
    for one in words[:_SHOWN]:
        screen.line(one)
    if len(words) > _SHOWN:
        screen.line(f"… and {len(words) - _SHOWN:,} more of this kind")


def _next(screen: Screen, rows: list[HoldRow], said: _Said) -> None:
    if said.look:
        screen.line(f"{len(rows):,} in all; nothing is recorded (--look)")
        return
    screen.line(f"{len(rows):,} recorded; the next run carries it out:")
    for name in sorted({row.sync for row in rows}):
        screen.line(f"  tasuki run {name}")


def withdraw(
    context: typer.Context,
    record: Annotated[
        str, typer.Argument(help="connection/stream/id, an id, or a sync's name.")
    ],
    mapping: Mapping = None,
    by: By = None,
    why: Why = "",
) -> None:
    """Take back a decision that stands: an approval not yet used, or a rejection."""
    own = of(context)
    with own.ledger() as ledger:
        is_sync = record in own.project.mappings
        source_id = "" if is_sync else record.rpartition("/")[2]
        sync = record if is_sync else mapping
        standing = [
            row
            for row in ledger.rulings_about([source_id])
            if not row.outcome and sync in {None, row.sync}
        ]
        if not standing:
            what = "no decision about it stands"
            raise ConfigError(record, what, "`tasuki explain` tells what was decided.")
        ledger.withdraw(standing, who_acts(by), given_reason("withdraw", why))
    told = [f"{row.sync}: {row.choice} by {row.who} ({row.why})" for row in standing]

    def people(screen: Screen) -> None:
        for one in told:
            screen.line(f"withdrawn: {one}")

    own.screen.show({"withdrawn": told}, people)
