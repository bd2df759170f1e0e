"""Where customers are lost now who were not before, and what that costs in yen.

Each handoff of the last whole month is compared with the same handoff of the months
before it, at the same age: a month that has just ended is not measured against months
that have had half a year to mature.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from tasuki.insight.event import Stage
from tasuki.insight.journey import Journeys
from tasuki.insight.kpi.figure import rounded, wilson
from tasuki.insight.kpi.funnel import FUNNEL, pair_name
from tasuki.insight.kpi.period import Period, Periods

EARLIER: Final = 6
_YEN: Final = Decimal(1)


class Narrowing(NamedTuple):
    """One handoff, now and before.

    Attributes:
        name: `mql->sal`.
        entries: Subjects that entered the first stage in the month.
        passed: Those of them that have entered the second.
        now: passed / entries.
        before: Mean of that share in earlier months, at the same age.
        low: Wilson 95 % interval of `now`.
        high: Likewise.
        flagged: `now` lies below `before` beyond chance.
        lost_yen: (before − now) × entries × downstream conversion × average won.
        volume_yen: What fewer or more entries are worth at the old share: no fault of
            this handoff.
    """

    name: str
    entries: int
    passed: int
    now: Decimal | None
    before: Decimal | None
    low: Decimal
    high: Decimal
    flagged: bool
    lost_yen: Decimal | None
    volume_yen: Decimal | None


class _Month(NamedTuple):
    entries: int
    passed: int

    @property
    def share(self) -> Decimal | None:
        return Decimal(self.passed) / self.entries if self.entries else None


def bottlenecks(
    journeys: Journeys,
    months: Sequence[Period],
    as_of: datetime,
    average_won: Decimal | None,
    stages: Sequence[Stage] = FUNNEL,
) -> list[Narrowing]:
    """Return every handoff, the flagged and the costly first.

    Args:
        journeys: As known at `as_of`.
        months: The month to judge, last, and those that it is compared with.
        as_of: Reaching the second stage later does not count.
        average_won: What a won deal brings.
        stages: Neighbours are handoffs.
    """
    age = max(as_of - months[-1].end, timedelta())
    seen = [_by_month(journeys, pair, months, age) for pair in pairwise(stages)]
    before = [_mean(one[:-1]) for one in seen]
    entries = [_mean_entries(one[:-1]) for one in seen]
    found = []
    for at, pair in enumerate(pairwise(stages)):
        value = _worth(before[at + 1 :], average_won)
        found.append(_judged(pair, seen[at][-1], before[at], entries[at], value))
    return sorted(found, key=_rank)


def _rank(one: Narrowing) -> tuple[bool, Decimal]:
    return not one.flagged, -(one.lost_yen or Decimal(0))


def _by_month(
    journeys: Journeys,
    pair: tuple[Stage, Stage],
    months: Sequence[Period],
    age: timedelta,
) -> list[_Month]:
    placed = Periods(months)
    entries, passed = [0] * len(months), [0] * len(months)
    for journey in journeys.having(pair[0]):
        index = placed.index(journey.first[pair[0]])
        if index is None:
            continue
        entries[index] += 1
        done = journeys.reached(journey, pair[1])
        passed[index] += done is not None and done < months[index].end + age
    return [_Month(one, two) for one, two in zip(entries, passed, strict=True)]


def _mean(months: Sequence[_Month]) -> Decimal | None:
    shares = [one.share for one in months if one.share is not None]
    return sum(shares, Decimal(0)) / len(shares) if shares else None


def _mean_entries(months: Sequence[_Month]) -> Decimal:
    counts = [one.entries for one in months if one.entries]
    return Decimal(sum(counts)) / len(counts) if counts else Decimal(0)


def _worth(downstream: Sequence[Decimal | None], average: Decimal | None) -> Decimal:
    """Return what one subject that passes is worth, by what became of others."""
    worth = average or Decimal(0)
    for share in downstream:
        worth *= share if share is not None else Decimal(1)
    return worth


def _judged(
    pair: tuple[Stage, Stage],
    month: _Month,
    before: Decimal | None,
    usual_entries: Decimal,
    worth: Decimal,
) -> Narrowing:
    low, high = (Decimal(one) for one in wilson(month.passed, month.entries))
    now = month.share
    lost = volume = None
    if now is not None and before is not None:
        lost = rounded((before - now) * month.entries * worth, _YEN)
    if before is not None:
        volume = rounded((month.entries - usual_entries) * before * worth, _YEN)
    return Narrowing(
        name=pair_name(*pair),
        entries=month.entries,
        passed=month.passed,
        now=None if now is None else rounded(now),
        before=None if before is None else rounded(before),
        low=rounded(low),
        high=rounded(high),
        flagged=before is not None and now is not None and high < before,
        lost_yen=lost,
        volume_yen=volume,
    )
