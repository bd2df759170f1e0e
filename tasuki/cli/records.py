"""The command that tells the story of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.engine.explain import Story
    from tasuki.insight.event import StageEvent


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
    from tasuki.insight.journey_timeline import subjects_of, timeline

    own = of(context)
    with own.ledger() as ledger:
        story = explain(ledger, record)
        subjects = subjects_of(record, story.refs, own.project.stages)
        journey = timeline(ledger, subjects)

    def people(screen: Screen) -> None:
        if journey:
            print_journey(screen, journey)
        if story.moments or story.refs or not journey:
            print_story(screen, story)

    value = story.as_json() | {"journey": [_entered(one) for one in journey]}
    own.screen.show(value, people)
    leave(0 if story.moments or story.refs or journey else 1)


def print_journey(screen: Screen, journey: list[StageEvent]) -> None:
    """Say a customer's stages, a line each, from first touch on; times are Tokyo's."""
    from tasuki.clock import TOKYO
    from tasuki.insight.kpi.label import ENGLISH, JAPANESE, stage_word

    for one in journey:
        moment = one.entered_at.astimezone(TOKYO)
        words = (stage_word(one.stage, JAPANESE), stage_word(one.stage, ENGLISH))
        stage = " / ".join(dict.fromkeys(words))
        into = f" → {one.into}" if one.into else ""
        why = f" ({one.reason})" if one.reason else ""
        by = f" by {one.actor}" if one.actor else ""
        screen.line(
            f"{moment:%Y-%m-%d %H:%M:%S}  {stage}: {one.subject}{into}{why}, "
            f"{one.source}{by}"
        )
    screen.line()


def _entered(one: StageEvent) -> dict[str, str]:
    return {
        "at": one.entered_at.isoformat(),
        "observed_at": one.observed_at.isoformat(),
        "stage": str(one.stage),
        "subject": one.subject,
        "into": one.into,
        "source": one.source,
        "actor": one.actor,
        "reason": one.reason,
    }


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
