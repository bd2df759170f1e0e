"""How long things take; what is still going on is told beside, never mixed in."""

from datetime import datetime, timedelta
from typing import NamedTuple

from tasuki.insight.event import Stage
from tasuki.insight.journey import Journeys
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


class Stay(NamedTuple):
    """What became of all who entered a stage.

    Attributes:
        ended: How long it took, by what came next.
        ages: How long the others have been there.
    """

    ended: dict[Stage, list[timedelta]]
    ages: list[timedelta]

    @property
    def spread(self) -> Spread:
        """The hours, whatever came next."""
        times = [one for listed in self.ended.values() for one in listed]
        return _spread(times, self.ages, SECONDS_PER_HOUR)

    def before(self, stage: Stage) -> Spread:
        """Return the hours of those that went straight to another stage."""
        return _spread(self.ended.get(stage, []), [], SECONDS_PER_HOUR)


def stay(journeys: Journeys, stage: Stage, entered: Period, as_of: datetime) -> Stay:
    """Look at every entry of a stage in a period, and at what came next."""
    found = Stay({}, [])
    start, end = entered.start, entered.end
    for journey in journeys.having(stage):
        for at, step in enumerate(journey.steps):
            if step.stage is not stage or not start <= step.at < end:
                continue
            after = journeys.next_after(journey, at)
            if after is None:
                found.ages.append(as_of - step.at)
            else:
                found.ended.setdefault(after.stage, []).append(after.at - step.at)
    return found


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
