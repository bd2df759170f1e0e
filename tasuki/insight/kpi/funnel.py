"""How many, and what became of them: counts, period ratios, cohorts.

A period ratio compares what happened in the same period, to different subjects; it may
exceed 1 and is no conversion. A cohort follows the same subjects.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from tasuki.insight.event import Stage
from tasuki.insight.journey import Journeys
from tasuki.insight.kpi.figure import rate
from tasuki.insight.kpi.period import Period, Periods

FUNNEL: Final = (Stage.LEAD, Stage.MQL, Stage.SAL, Stage.SQL, Stage.WON)

Rates = dict[str, Decimal | None]


class Counted(NamedTuple):
    """The counts of one period or cohort, and a rate for each pair of stages."""

    period: Period
    counts: dict[Stage, int]
    rates: Rates


def pair_name(before: Stage, after: Stage) -> str:
    """Return how a pair of stages is written: `mql->sal`."""
    return f"{before}->{after}"


def first_entries(
    journeys: Journeys, periods: Sequence[Period], stages: Sequence[Stage] = FUNNEL
) -> list[Counted]:
    """Count, for each period, the subjects whose first entry of a stage lies in it."""
    placed = Periods(periods)
    counts = [dict.fromkeys(stages, 0) for _ in placed.listed]
    for stage in stages:
        for journey in journeys.having(stage):
            index = placed.index(journey.first[stage])
            if index is not None:
                counts[index][stage] += 1
    return [
        Counted(period, counted, _ratios(counted))
        for period, counted in zip(placed.listed, counts, strict=True)
    ]


def together(whole: Period, parts: Sequence[Counted]) -> Counted:
    """Return the counts of a period that these make up."""
    counts = {stage: 0 for one in parts for stage in one.counts}
    for one in parts:
        for stage, count in one.counts.items():
            counts[stage] += count
    return Counted(whole, counts, _ratios(counts))


def _ratios(counted: dict[Stage, int]) -> Rates:
    return {
        pair_name(one, other): rate(counted[other], counted[one])
        for one, other in pairwise(counted)
    }


def cohorts(
    journeys: Journeys, periods: Sequence[Period], stages: Sequence[Stage] = FUNNEL
) -> list[Counted]:
    """Follow those whose first entry of the first stage lies in a period.

    Counted are the stages that they, or the deals that came of them, have reached by
    now. The conversion of a pair is the share of those who reached the one that also
    reached the other: never more than 1.
    """
    placed = Periods(periods)
    counts = [dict.fromkeys(stages, 0) for _ in placed.listed]
    both = [dict.fromkeys(map(_name, pairwise(stages)), 0) for _ in placed.listed]
    pairs = [(_name(pair), *pair) for pair in pairwise(stages)]
    for journey in journeys.having(stages[0]):
        index = placed.index(journey.first[stages[0]])
        if index is None:
            continue
        reached = journeys.entered(journey)
        for stage in stages:
            counts[index][stage] += stage in reached
        for name, one, other in pairs:
            both[index][name] += one in reached and other in reached
    return [
        Counted(
            period,
            counted,
            {name: rate(shared[name], counted[one]) for name, one, _ in pairs},
        )
        for period, counted, shared in zip(placed.listed, counts, both, strict=True)
    ]


def _name(pair: tuple[Stage, Stage]) -> str:
    return pair_name(*pair)
