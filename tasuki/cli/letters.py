"""Commands about dead letters: dead, replay."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasuki.cli.screen import Screen
    from tasuki.ledger import CauseCount, DeadLetterRow, Ledger

Mapping = Annotated[str | None, typer.Option("--mapping", "-m", help="Of this sync.")]
Cause = Annotated[
    str | None, typer.Option(help="Of this cause: its code, or its short name.")
]
Older = Annotated[
    str | None, typer.Option("--older-than", help="Refused last so long ago: 2d, 12h.")
]
Newer = Annotated[
    str | None, typer.Option("--newer-than", help="Refused last since then: 2d, 12h.")
]

_MOST = 1_000_000
_NUMBERS = 8
_AGE = re.compile(r"(\d+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("dead")(dead)
    app.command("replay")(replay)


class _Which(NamedTuple):
    """Which dead letters are meant."""

    mapping: str | None
    cause: str | None
    before: datetime | None
    after: datetime | None

    def fits(self, row: DeadLetterRow) -> bool:
        """Say whether a letter is meant; the ledger has looked at the mapping."""
        from tasuki.ledger.cause import group_of

        last = datetime.fromisoformat(row.last_at)
        return (
            (self.cause is None or self.cause in {row.cause, group_of(row)})
            and (self.before is None or last < self.before)
            and (self.after is None or last >= self.after)
        )


def _which(
    own: Context,
    mapping: str | None,
    cause: str | None,
    older: str | None,
    newer: str | None,
) -> _Which:
    now = own.project.clock.now()
    before = now - _age(older) if older else None
    return _Which(mapping, cause, before, now - _age(newer) if newer else None)


def _age(text: str) -> timedelta:
    found = _AGE.fullmatch(text.strip())
    if not found:
        raise ConfigError("age", f"'{text}' is no age", "Write 30m, 12h, 2d or 1w.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def dead(
    context: typer.Context,
    letter: Annotated[
        int | None, typer.Argument(help="One dead letter's number.")
    ] = None,
    mapping: Mapping = None,
    cause: Cause = None,
    older: Older = None,
    newer: Newer = None,
    drop: Annotated[
        bool, typer.Option("--drop", help="Give this one up for good.")
    ] = False,
) -> None:
    """List dead letters: a line for each cause, or one letter in full."""
    from tasuki.ledger.cause import grouped

    own = of(context)
    if letter is not None:
        _one_letter(own, letter, drop=drop)
        return
    if drop:
        where = "dead"
        raise ConfigError(where, "nothing is chosen", "Give a number: dead N --drop.")
    which = _which(own, mapping, cause, older, newer)
    with own.ledger() as ledger:
        _be_known(own, ledger, mapping)
        waiting = ledger.dead_letters(mapping, "replayed", _MOST)
        rows = _meant(ledger, which)
    causes = grouped([*rows, *filter(which.fits, waiting)])
    value = {
        "causes": [c._asdict() for c in causes],
        "letters": [_as_json(row) for row in rows],
    }
    own.screen.show(value, lambda screen: _causes(screen, causes, rows))
    leave(1 if causes else 0)


def _meant(ledger: Ledger, which: _Which) -> list[DeadLetterRow]:
    found = ledger.dead_letters(which.mapping, limit=_MOST)
    return [row for row in found if which.fits(row)]


def _one_letter(own: Context, number: int, *, drop: bool) -> None:
    with own.ledger() as ledger:
        if drop:
            ledger.drop([number])
        row = ledger.dead_letter(number)
    if row is None:
        remedy = "`tasuki dead` lists them."
        where = "dead"
        raise ConfigError(where, f"there is no dead letter {number}", remedy)
    own.screen.show(_as_json(row), lambda screen: _letter(screen, row))


def _as_json(row: DeadLetterRow) -> dict[str, object]:
    from tasuki.ledger.cause import group_of

    value = row._asdict()
    del value["payload_text"]
    return value | {"payload": row.payload, "group": group_of(row)}


def _causes(
    screen: Screen, causes: Sequence[CauseCount], rows: Sequence[DeadLetterRow]
) -> None:
    from tasuki.ledger.cause import group_of

    if not causes:
        screen.line("no dead letters")
        return
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        numbers[group_of(row)].append(row.id)
    for one in causes:
        screen.line(f"{one.sync}: {one.cause}: {one.times:,}  [{one.group}]")
        screen.line(f"  {one.words}")
        screen.line(f"  {one.remedy}")
        listed = sorted(numbers[one.group])
        named = ", ".join(map(str, listed[:_NUMBERS]))
        more = f" … {len(listed) - _NUMBERS:,} more" if len(listed) > _NUMBERS else ""
        screen.line(
            f"  {f'no. {named}{more}' if named else 'the next run tries again'}"
        )
    screen.line("`tasuki dead N` shows one in full; `tasuki replay --cause NAME` tries")


def _letter(screen: Screen, row: DeadLetterRow) -> None:
    screen.line(f"{row.sync}: {row.source_id}: {row.cause}")
    screen.line(f"  {row.words}")
    screen.line(f"  {row.remedy}")
    screen.line(f"  {row.state}, {row.times} times, first {row.first_at}")
    for name, value in row.payload.items():
        screen.line(f"    {name}: {value}")


def replay(
    context: typer.Context,
    letters: Annotated[list[int] | None, typer.Argument(help="Dead letters.")] = None,
    mapping: Mapping = None,
    cause: Cause = None,
    older: Older = None,
    newer: Newer = None,
    everything: Annotated[bool, typer.Option("--all", help="All open ones.")] = False,
    look: Annotated[
        bool, typer.Option("--look", help="Only show which they are.")
    ] = False,
) -> None:
    """Let the next run try dead letters again."""
    own = of(context)
    if not (letters or mapping or cause or older or newer or everything):
        what = "nothing is chosen"
        where = "replay"
        remedy = (
            "Give numbers, --mapping, --cause, --older-than, --newer-than or --all."
        )
        raise ConfigError(where, what, remedy)
    which = _which(own, mapping, cause, older, newer)
    with own.ledger() as ledger:
        _be_known(own, ledger, mapping)
        rows = [r for r in _meant(ledger, which) if not letters or r.id in letters]
        missing = sorted(set(letters or ()) - {row.id for row in rows})
        if missing:
            listed = ", ".join(map(str, missing))
            remedy = "`tasuki dead` lists those that are open."
            where = "replay"
            raise ConfigError(where, f"not open: {listed}", remedy)
        count = 0 if look else ledger.replay([row.id for row in rows])
    _tell(own, rows, count, look=look)


def _tell(
    own: Context, rows: Sequence[DeadLetterRow], count: int, *, look: bool
) -> None:
    """Say which letters it is about, by cause, and what happens next."""
    from tasuki.ledger.cause import grouped

    causes = grouped(rows)
    syncs = sorted({row.sync for row in rows})
    value: dict[str, object] = {"replayed": count, "syncs": syncs}
    if look:
        value["causes"] = [one._asdict() for one in causes]

    def people(screen: Screen) -> None:
        for one in causes:
            screen.line(f"{one.sync}: {one.cause}: {one.times:,}  {one.words}")
        if look:
            screen.line(f"{len(rows):,} in all; nothing is changed (--look)")
            return
        screen.line(f"{count:,} dead letters will be tried again by the next run")
        for name in syncs:
            screen.line(f"  tasuki run {name}")

    own.screen.show(value, people)


def _be_known(own: Context, ledger: Ledger, mapping: str | None) -> None:
    """Refuse a name that neither the project nor the ledger knows."""
    if mapping and not ledger.dead_letters(mapping, limit=1):
        own.project.mappings[mapping]  # raises with the nearest name
