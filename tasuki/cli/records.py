"""Commands about single records: explain, dead, replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.engine.explain import Story
    from tasuki.ledger import CauseCount, DeadLetterRow, Ledger

Mapping = Annotated[str | None, typer.Option("--mapping", "-m", help="Of this sync.")]
Cause = Annotated[str | None, typer.Option(help="Of this cause.")]

_MOST = 1_000_000
_PRINTED = 50


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("explain")(explain_record)
    app.command("dead")(dead)
    app.command("replay")(replay)


def explain_record(
    context: typer.Context,
    record: Annotated[
        str, typer.Argument(help="connection/stream/id, or an id alone.")
    ],
) -> None:
    """Tell the story of one customer across all systems, from the ledger."""
    from tasuki.engine.explain import explain

    own = of(context)
    with own.ledger() as ledger:
        story = explain(ledger, record)
    own.screen.show(story.as_json(), lambda screen: print_story(screen, story))
    leave(0 if story.moments or story.refs else 1)


def print_story(screen: Screen, story: Story) -> None:
    """Say a story, a line a moment; times are Tokyo's."""
    from datetime import datetime

    from tasuki.clock import TOKYO

    if not story.moments and not story.refs:
        screen.line(f"{story.asked}: the ledger knows nothing of it")
        return
    for one in story.moments:
        moment = datetime.fromisoformat(one.at).astimezone(TOKYO)
        arrow = f" → {one.target}" if one.target else ""
        screen.line(f"{moment:%Y-%m-%d %H:%M:%S}  {one.kind:<12} {one.source}{arrow}")
        screen.line(f"{'':21}{one.sync}: {one.words}")


def dead(
    context: typer.Context,
    letter: Annotated[
        int | None, typer.Argument(help="One dead letter's number.")
    ] = None,
    mapping: Mapping = None,
    drop: Annotated[
        bool, typer.Option("--drop", help="Give this one up for good.")
    ] = False,
) -> None:
    """List dead letters: grouped by cause, or one in full."""
    own = of(context)
    if letter is not None:
        _one_letter(own, letter, drop=drop)
        return
    if drop:
        where = "dead"
        raise ConfigError(where, "nothing is chosen", "Give a number: dead N --drop.")
    with own.ledger() as ledger:
        _be_known(own, ledger, mapping)
        causes = [c for c in ledger.causes() if mapping in {None, c.sync}]
        rows = ledger.dead_letters(mapping, limit=_MOST)
    value = {
        "causes": [c._asdict() for c in causes],
        "letters": [_as_json(row) for row in rows],
    }
    own.screen.show(value, lambda screen: _causes(screen, causes, rows))
    leave(1 if causes else 0)


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
    value = row._asdict()
    del value["payload_text"]
    return value | {"payload": row.payload}


def _causes(
    screen: Screen, causes: list[CauseCount], rows: list[DeadLetterRow]
) -> None:
    if not causes:
        screen.line("no dead letters")
        return
    for cause in causes:
        screen.line(f"{cause.sync}: {cause.cause}: {cause.times:,}")
        screen.line(f"  {cause.words}")
        screen.line(f"  {cause.remedy}")
    shown = [(r.id, r.sync, r.source_id, r.cause, r.times) for r in rows[:_PRINTED]]
    if shown:
        screen.line()
        screen.table(("no.", "sync", "record", "cause", "times"), shown)
    if len(rows) > _PRINTED:
        screen.line(f"  … and {len(rows) - _PRINTED:,} more (--json lists them all)")


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
    everything: Annotated[bool, typer.Option("--all", help="All open ones.")] = False,
) -> None:
    """Let the next run try dead letters again."""
    own = of(context)
    if not (letters or mapping or cause or everything):
        what = "nothing is chosen"
        where = "replay"
        raise ConfigError(where, what, "Give numbers, --mapping, --cause or --all.")
    with own.ledger() as ledger:
        _be_known(own, ledger, mapping)
        rows = [
            row
            for row in ledger.dead_letters(mapping, limit=_MOST)
            if (not letters or row.id in letters) and cause in {None, row.cause}
        ]
        missing = sorted(set(letters or ()) - {row.id for row in rows})
        if missing:
            listed = ", ".join(map(str, missing))
            remedy = "`tasuki dead` lists those that are open."
            where = "replay"
            raise ConfigError(where, f"not open: {listed}", remedy)
        count = ledger.replay([row.id for row in rows])
    syncs = sorted({row.sync for row in rows})
    value = {"replayed": count, "syncs": syncs}

    def people(screen: Screen) -> None:
        screen.line(f"{count} dead letters will be tried again by the next run")
        for name in syncs:
            screen.line(f"  tasuki run {name}")

    own.screen.show(value, people)


def _be_known(own: Context, ledger: Ledger, mapping: str | None) -> None:
    """Refuse a name that neither the project nor the ledger knows."""
    if mapping and mapping not in {cause.sync for cause in ledger.causes()}:
        own.project.mappings[mapping]  # raises with the nearest name
