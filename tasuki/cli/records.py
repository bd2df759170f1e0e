"""Commands about single records: explain, dead, replay."""

from datetime import datetime
from typing import Annotated

import typer

from tasuki.cli.context import leave, of
from tasuki.cli.screen import Screen
from tasuki.clock import TOKYO
from tasuki.engine.explain import Story, explain
from tasuki.ledger import DeadLetterRow
from tasuki.model.errors import ConfigError

Mapping = Annotated[str | None, typer.Option("--mapping", "-m", help="Of this sync.")]
Cause = Annotated[str | None, typer.Option(help="Of this cause.")]


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
    own = of(context)
    with own.ledger() as ledger:
        story = explain(ledger, record)
    own.screen.show(story.as_json(), lambda screen: print_story(screen, story))
    leave(0 if story.moments or story.refs else 1)


def print_story(screen: Screen, story: Story) -> None:
    """Say a story, a line a moment; times are Tokyo's."""
    if not story.moments and not story.refs:
        screen.line(f"{story.asked}: the ledger knows nothing of it")
        return
    for one in story.moments:
        at = datetime.fromisoformat(one.at).astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S")
        arrow = f" → {one.target}" if one.target else ""
        screen.line(f"{at}  {one.kind:<12} {one.source}{arrow}")
        screen.line(f"{'':21}{one.sync}: {one.words}")


def dead(
    context: typer.Context,
    letter: Annotated[int | None, typer.Argument(help="One dead letter's number.")] = None,
    mapping: Mapping = None,
) -> None:
    """List dead letters: grouped by cause, or one in full."""
    own = of(context)
    with own.ledger() as ledger:
        if letter is not None:
            row = ledger.dead_letter(letter)
            if row is None:
                raise ConfigError(f"dead letter {letter}", "there is none", "`tasuki dead`")
            own.screen.show(
                row._asdict() | {"payload": row.payload}, lambda s: _letter(s, row)
            )
            return
        causes = [c for c in ledger.causes() if mapping in {None, c.sync}]
        rows = [r for r in ledger.open_letters() if mapping in {None, r.sync}]
    value = {
        "causes": [c._asdict() for c in causes],
        "letters": [r._asdict() | {"payload": r.payload} for r in rows],
    }

    def people(screen: Screen) -> None:
        if not causes:
            screen.line("no dead letters")
            return
        for cause in causes:
            screen.line(f"{cause.sync}: {cause.cause}: {cause.count:,}")
            screen.line(f"  {cause.words}")
            screen.line(f"  {cause.remedy}")
        shown = [(r.id, r.sync, r.source_id, r.cause, r.count) for r in rows[:50]]
        screen.table(("no.", "sync", "record", "cause", "times"), shown)

    own.screen.show(value, people)
    leave(1 if causes else 0)


def _letter(screen: Screen, row: DeadLetterRow) -> None:
    screen.line(f"{row.sync}: {row.source_id}: {row.cause}")
    screen.line(f"  {row.words}")
    screen.line(f"  {row.remedy}")
    screen.line(f"  state {row.state}, {row.count} times, first {row.first_at}")
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
        raise ConfigError("replay", what, "Give numbers, --mapping, --cause or --all.")
    with own.ledger() as ledger:
        rows = [
            row
            for row in ledger.open_letters()
            if (not letters or row.id in letters)
            and mapping in {None, row.sync}
            and cause in {None, row.cause}
        ]
        count = ledger.replay([row.id for row in rows])
    syncs = sorted({row.sync for row in rows})
    value = {"replayed": count, "syncs": syncs}

    def people(screen: Screen) -> None:
        screen.line(f"{count} dead letters will be tried again")
        for name in syncs:
            screen.line(f"  tasuki run {name}")

    own.screen.show(value, people)
