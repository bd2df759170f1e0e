"""The command that shows what waits for a person, and all that is needed to decide."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.model.errors import ConfigError, TasukiError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.ledger import HoldRow, Ledger, RulingRow

Mapping = Annotated[str | None, typer.Option("--mapping", "-m", help="Of this sync.")]
Reason = Annotated[str | None, typer.Option(help="Held for this reason.")]
Ref = Annotated[
    str | None,
    typer.Argument(help="connection/stream/id, an id alone, or a refused run's id."),
]

_PRINTED = 10


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("held")(held)


def held(
    context: typer.Context,
    record: Ref = None,
    mapping: Mapping = None,
    reason: Reason = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not look at the candidates now.")
    ] = False,
) -> None:
    """List what waits for a person: grouped, or one in full with its candidates."""
    own = of(context)
    with own.ledger() as ledger:
        rows = chosen(own, ledger, record, mapping, reason)
        rulings = rulings_of(ledger, rows)
    if record is not None:
        _each_in_full(own, rows, rulings, offline=offline)
        leave(1)
    value = [as_json(row, rulings.get(_key(row), ())) for row in rows]
    own.screen.show({"held": value}, lambda screen: _groups(screen, rows, rulings))
    leave(1 if rows else 0)


def chosen(
    own: Context,
    ledger: Ledger,
    record: str | None,
    mapping: str | None,
    reason: str | None,
) -> list[HoldRow]:
    """Return the open holds that are meant; ConfigError where there is none by name."""
    rows = ledger.holds(mapping)
    if mapping and not rows:
        own.project.mappings[mapping]  # raises with the nearest name
    if reason is not None:
        rows = [row for row in rows if row.reason == reason]
    if record is None:
        return rows
    found = [row for row in rows if _is_meant(row, record)]
    if not found:
        raise ConfigError(record, _why_not(ledger, record), "`tasuki held` lists all.")
    return found


def _is_meant(row: HoldRow, record: str) -> bool:
    return record == row.ref or (bool(row.source_id) and record == row.source_id)


def _why_not(ledger: Ledger, record: str) -> str:
    """Say what became of a record that is not held."""
    from tasuki.engine.answer import not_held

    decisions = ledger.everything_about(record.rpartition("/")[2]).decisions
    if not decisions:
        return "it is not held"
    last = decisions[-1]
    return not_held("it is not held", last.outcome, last.reason or last.outcome)


def rulings_of(
    ledger: Ledger, rows: list[HoldRow]
) -> dict[tuple[str, str], list[RulingRow]]:
    """Return what people have decided about these holds, by (source id, sync)."""
    found: dict[tuple[str, str], list[RulingRow]] = defaultdict(list)
    for ruling in ledger.rulings_about(sorted({row.source_id for row in rows})):
        found[ruling.source_id, ruling.sync].append(ruling)
    return found


def _key(row: HoldRow) -> tuple[str, str]:
    return row.source_id, row.sync


def as_json(row: HoldRow, rulings: list[RulingRow] | tuple[()]) -> dict[str, object]:
    """Return a hold as plain values."""
    return {
        "ref": row.ref,
        "sync": row.sync,
        "reason": row.reason,
        "detail": row.detail,
        "since": row.since,
        "seen_at": row.seen_at,
        "question": row.question,
        "rulings": [ruling_json(one) for one in rulings],
    }


def ruling_json(one: RulingRow) -> dict[str, object]:
    """Return a ruling as plain values."""
    return {
        "choice": one.choice,
        "target": one.target,
        "who": one.who,
        "why": one.why,
        "at": one.ruled_at,
        "expires_at": one.expires_text,
        "outcome": one.outcome or "stands",
        "words": one.words,
        "ended_at": one.ended_at or None,
    }


# -- in words --------------------------------------------------------------------------


def _groups(
    screen: Screen,
    rows: list[HoldRow],
    rulings: dict[tuple[str, str], list[RulingRow]],
) -> None:
    from tasuki.engine.answer import HOW, options_of

    if not rows:
        screen.line("nothing is held")
        return
    groups: dict[tuple[str, str, str], list[HoldRow]] = defaultdict(list)
    for row in rows:
        groups[row.sync, row.reason, options_of(row)].append(row)
    for (sync, reason, options), some in groups.items():
        screen.line(f"{sync}: {reason}: {len(some):,}, since {_time(some[0].since)}")
        screen.line(f"  {HOW.get(reason, '')}".rstrip())
        screen.line(f"  approve: {options or 'impossible'}; reject: leave it out")
        for row in some[:_PRINTED]:
            told = _standing(rulings.get(_key(row), []))
            screen.line(f"    {row.ref}  {row.detail}{told}")
        if len(some) > _PRINTED:
            screen.line(f"    … and {len(some) - _PRINTED:,} more (--json lists all)")
    screen.line("`tasuki held RECORD` shows one in full")


def _standing(rulings: list[RulingRow]) -> str:
    """Say what was decided last, where that is news."""
    if not rulings:
        return ""
    last = rulings[-1]
    words = f"  [{last.choice} by {last.who}: "
    if not last.outcome:
        return f"{words}the next run carries it out]"
    return f"{words}{last.outcome}, {last.words}]" if last.outcome == "stale" else ""


def _time(text: str) -> str:
    from datetime import datetime

    from tasuki.clock import TOKYO

    return f"{datetime.fromisoformat(text).astimezone(TOKYO):%Y-%m-%d %H:%M}"


def _each_in_full(
    own: Context,
    rows: list[HoldRow],
    rulings: dict[tuple[str, str], list[RulingRow]],
    *,
    offline: bool,
) -> None:
    values = []
    for row in rows:
        present: dict[str, dict[str, object]] = {}
        if not offline and row.question.get("candidates"):
            present = _present(own, row)
        values.append(as_json(row, rulings.get(_key(row), ())) | {"present": present})

    def people(screen: Screen) -> None:
        for row, value in zip(rows, values, strict=True):
            _in_full(screen, row, value)

    own.screen.show(values, people)


def _present(own: Context, row: HoldRow) -> dict[str, dict[str, object]]:
    """Look at the candidates as they are now; what cannot be looked at is left out."""
    from tasuki.engine.candidates import present_values

    try:
        with own.sync(row.sync) as sync:
            return present_values(sync, row)
    except TasukiError as error:
        own.screen.aside(f"the candidates were not looked at: {error}")
        return {}


def _in_full(screen: Screen, row: HoldRow, value: dict[str, Any]) -> None:
    from tasuki.engine.answer import HOW, options_of

    question = row.question
    screen.line(f"{row.sync}: {row.ref}: {row.reason}, since {_time(row.since)}")
    screen.line(f"  {HOW.get(row.reason, '')} {row.detail}".rstrip())
    for name, (old, new) in question.get("changed", {}).items():
        screen.line(f"    {name}: sent {_said(old)}, now {_said(new)}")
    for one in question.get("candidates", ()):
        _candidate(screen, one, value["present"].get(one["ref"], {}))
    payload = question.get("payload", {})
    if payload:
        screen.line("  what would be sent:")
    for name, sent in payload.items():
        screen.line(f"    {name}: {_said(sent)}")
    for name in ("creates", "changes", "deletes", "known", "sent_at", "tries"):
        if name in question:
            screen.line(f"  {name}: {question[name]}")
    for one in value["rulings"]:
        target = f" {one['target']}" if one["target"] else ""
        screen.line(f"  {_time(one['at'])} {one['choice']}{target} by {one['who']}")
        screen.line(f"    why: {one['why']}")
        screen.line(f"    {one['outcome']}: {one['words']}".rstrip(": "))
    screen.line(f"  approve: {options_of(row) or 'impossible'}; reject: leave it out")


def _candidate(screen: Screen, one: dict[str, Any], present: dict[str, object]) -> None:
    taken = f", the counterpart of {one['taken_by']}" if one.get("taken_by") else ""
    linked = ", only linked, never written to" if one.get("attach_only") else ""
    screen.line(f"  candidate {one['ref']} (by {one['step']}{taken}{linked})")
    for name, now in present.items():
        screen.line(f"    {name}: {_said(now)}")


def _said(value: object) -> str:
    import json

    if value is None or value == "":
        return "(blank)"
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
