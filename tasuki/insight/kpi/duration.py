"""How long things take; what is still going on is told beside, never mixed in."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tasuki.insight.event import Stage
from tasuki.insight.journey import Journey, Journeys
from tasuki.insight.kpi.figure import (
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    percentile,
)
from tasuki.insight.kpi.period import Period


class Spread(NamedTuple):
    """Times of what has ended, and how long the rest has been going on.

    Attributes:
        ended: How many have ended.
        p50: The median of those, nearest rank.
        p90: Nine of ten took no longer.
        open: How many are going on.
        open_p50: The median age of those.
    """

    ended: int
    p50: float | None
    p90: float | None
    open: int = 0
    open_p50: float | None = None


def time_in_stage(
    journeys: Journeys, stage: Stage, entered: Period, as_of: datetime
) -> Spread:
    """Return the hours from entering a stage to what came next."""
    ended: list[timedelta] = []
    ages: list[timedelta] = []
    for journey, at in _entries(journeys, stage, entered):
        after = journeys.next_after(journey, journey.steps[at])
        if after is None:
            ages.append(as_of - journey.steps[at].at)
        else:
            ended.append(after.at - journey.steps[at].at)
    return _spread(ended, ages, SECONDS_PER_HOUR)


def transitions(
    journeys: Journeys, before: Stage, after: Stage, entered: Period
) -> list[timedelta]:
    """Return how long each step from one stage straight to another took, sorted."""
    found: list[timedelta] = []
    for journey, at in _entries(journeys, before, entered):
        step = journeys.next_after(journey, journey.steps[at])
        if step is not None and step.stage is after:
            found.append(step.at - journey.steps[at].at)
    return sorted(found)


def _entries(
    journeys: Journeys, stage: Stage, entered: Period
) -> Iterator[tuple[Journey, int]]:
    for journey in journeys.having(stage):
        for at, step in enumerate(journey.steps):
            if step.stage is stage and entered.holds(step.at):
                yield journey, at


def lag(
    journeys: Journeys, before: Stage, after: Stage, entered: Period, as_of: datetime
) -> Spread:
    """Return the days from a first entry to that of a later stage.

    Invoice lag is `won` to `invoiced`, days to payment `invoiced` to `paid`. A deal
    that was lost after all, or is open again, waits for nothing.
    """
    ended: list[timedelta] = []
    ages: list[timedelta] = []
    for journey in journeys.having(before):
        begun = journey.first[before]
        if not entered.holds(begun):
            continue
        if before is Stage.WON and journey.outcome is not Stage.WON:
            continue
        done = journeys.reached(journey, after)
        if done is None:
            ages.append(as_of - begun)
        else:
            ended.append(done - begun)
    return _spread(ended, ages, SECONDS_PER_DAY)


def _spread(ended: list[timedelta], ages: list[timedelta], unit: int) -> Spread:
    done = sorted(round(one.total_seconds() / unit, 4) for one in ended)
    going = sorted(round(one.total_seconds() / unit, 4) for one in ages)
    return Spread(
        len(done),
        percentile(done, 50),
        percentile(done, 90),
        len(going),
        percentile(going, 50),
    )


def spread_of_hours(times: list[timedelta]) -> Spread:
    """Return the spread of steps that have all ended, in hours."""
    return _spread(times, [], SECONDS_PER_HOUR)
