"""Deals that were closed: win rate, cycle and velocity, by final outcome.

A deal that was lost, reopened and won is one deal, won.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from tasuki.insight.event import Stage
from tasuki.insight.journey import Facts, Journey, Journeys
from tasuki.insight.kpi.figure import days, percentile, rate, rounded
from tasuki.insight.kpi.period import Period

AMOUNT: Final = "amount"
_CENT: Final = Decimal("0.01")
_DAY_MICROSECONDS: Final = Decimal(86_400_000_000)
_MICROSECOND: Final = timedelta(microseconds=1)


class Closing(NamedTuple):
    """What became of the deals that were closed in a period.

    Attributes:
        won: Deals, by final outcome.
        lost: Likewise.
        win_rate: won / (won + lost).
        won_amount: Sum of the won deals' amounts.
        average_won: For each won deal whose amount is known.
        cycle_days: From becoming a deal to won, sorted.
        cycle_average: Their mean, four places.
        open_deals: Open at the moment of observation.
        velocity: Yen a day: open × average won × win rate / average cycle.
    """

    won: int
    lost: int
    win_rate: Decimal | None
    won_amount: Decimal
    average_won: Decimal | None
    cycle_days: list[float]
    cycle_average: Decimal | None
    open_deals: int
    velocity: Decimal | None

    @property
    def cycle_p50(self) -> float | None:
        """The median cycle, nearest rank."""
        return percentile(self.cycle_days, 50)


def amount_of(facts: Facts, subject: str, name: str = AMOUNT) -> Decimal | None:
    """Return a subject's amount; None where none, or no number, is known."""
    written = facts.get(subject, name)
    try:
        found = Decimal(written) if written else None
    except InvalidOperation:
        return None
    return found if found is None or found.is_finite() else None


def closed(journeys: Journeys, period: Period) -> Iterator[Journey]:
    """Yield the deals whose final outcome came about in a period."""
    for stage in (Stage.WON, Stage.LOST):
        for journey in journeys.having(stage):
            at = journey.closed_at
            if journey.outcome is stage and at is not None and period.holds(at):
                yield journey


def open_deals(journeys: Journeys) -> Iterator[Journey]:
    """Yield the deals that have no outcome, or are open again."""
    for journey in journeys.having(Stage.SQL):
        if journey.outcome is None:
            last = journey.steps[-1].stage
            if last not in {Stage.DISQUALIFIED, Stage.RECYCLED}:
                yield journey


def closing(journeys: Journeys, period: Period) -> Closing:
    """Return win rate, cycle and velocity of the deals closed in a period."""
    won: list[Journey] = []
    lost = 0
    for journey in closed(journeys, period):
        if journey.outcome is Stage.WON:
            won.append(journey)
        else:
            lost += 1
    amounts = [amount_of(journeys.facts, one.subject) for one in won]
    known = [one for one in amounts if one is not None]
    total = sum(known, Decimal(0))
    cycles = sorted(_cycles(won))
    average = _mean_days(cycles)
    share = _share(len(won), lost)
    mean = total / len(known) if known else None
    count = sum(1 for _ in open_deals(journeys))
    return Closing(
        won=len(won),
        lost=lost,
        win_rate=rate(len(won), len(won) + lost),
        won_amount=total,
        average_won=mean,
        cycle_days=[days(one) for one in cycles],
        cycle_average=None if average is None else rounded(average),
        open_deals=count,
        velocity=_velocity(count, mean, share, average),
    )


def _share(won: int, lost: int) -> Decimal | None:
    return Decimal(won) / (won + lost) if won + lost else None


def _cycles(won: list[Journey]) -> Iterator[timedelta]:
    for journey in won:
        begun = journey.first.get(Stage.SQL)
        if begun is not None and journey.closed_at is not None:
            yield max(journey.closed_at - begun, timedelta())


def _mean_days(times: list[timedelta]) -> Decimal | None:
    whole = sum(times, timedelta()) // _MICROSECOND
    return Decimal(whole) / _DAY_MICROSECONDS / len(times) if times else None


def _velocity(
    count: int, mean: Decimal | None, share: Decimal | None, average: Decimal | None
) -> Decimal | None:
    if mean is None or share is None or not average:
        return None
    return rounded(count * mean * share / average, _CENT)
