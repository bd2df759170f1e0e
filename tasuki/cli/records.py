"""The command that tells the story of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.engine.explain import Story


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("explain")(explain_record)


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
