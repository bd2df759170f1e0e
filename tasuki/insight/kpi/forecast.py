"""What the open deals will bring: expected, and between which bounds."""

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Final, NamedTuple

from tasuki.insight.event import Stage
from tasuki.insight.journey import Journey, Journeys
from tasuki.insight.kpi.closing import amount_of, open_deals
from tasuki.insight.kpi.figure import rounded

DRAWS: Final = 1_000
MOST_DRAWN: Final = 300
"""Of more deals the sum is as good as normal, and drawing takes seconds."""
_Z90: Final = 1.6448536269514722
_SEED: Final = 20_250_701
_ENDS: Final = frozenset({Stage.WON, Stage.LOST})
_YEN: Final = Decimal(1)


class Forecast(NamedTuple):
    """The open deals, weighed with what became of others at the same stage.

    Attributes:
        deals: Open ones with an amount.
        without_amount: Open ones that nobody has given an amount.
        open_amount: Sum of the amounts, unweighed.
        expected: Each amount × the chance of being won from its stage.
        low: One in twenty draws brought less.
        high: One in twenty draws brought more.
        chances: By stage, four places.
    """

    deals: int
    without_amount: int
    open_amount: Decimal
    expected: Decimal
    low: Decimal
    high: Decimal
    chances: dict[Stage, Decimal]


def forecast(journeys: Journeys, history: Journeys | None = None) -> Forecast:
    """Forecast the open deals; the same events always give the same figures.

    Args:
        journeys: The open deals are taken from these.
        history: What closed deals are counted in, to know the chances; the same ones
            where it is not given.
    """
    exact = _chances(journeys if history is None else history)
    open_, without = [], 0
    for journey in sorted(open_deals(journeys), key=lambda one: one.subject):
        amount = amount_of(journeys.facts, journey.subject)
        if amount is None:
            without += 1
        else:
            open_.append((amount, exact.get(_stands_at(journey), Decimal("0.5"))))
    expected = sum((amount * chance for amount, chance in open_), Decimal(0))
    low, high = _bounds(open_)
    return Forecast(
        deals=len(open_),
        without_amount=without,
        open_amount=sum((amount for amount, _ in open_), Decimal(0)),
        expected=rounded(expected, _YEN),
        low=low,
        high=high,
        chances={stage: rounded(chance) for stage, chance in exact.items()},
    )


def _chances(journeys: Journeys) -> dict[Stage, Decimal]:
    """Return (won + 1) / (won + lost + 2) over closed deals that were at a stage.

    One of each is added, so that few deals make no certainty.
    """
    won: Counter[Stage] = Counter()
    all_: Counter[Stage] = Counter()
    for end in _ENDS:
        for journey in journeys.having(end):
            if journey.outcome is end:
                stages = journey.first.keys() - _ENDS
                all_.update(stages)
                if end is Stage.WON:
                    won.update(stages)
    return {
        stage: Decimal(won[stage] + 1) / (count + 2)
        for stage, count in sorted(all_.items())
    }


def _stands_at(journey: Journey) -> Stage:
    """Return where an open deal stands: its last stage but what merely happened."""
    passing = {Stage.REOPENED, Stage.LOST, Stage.WON}
    stages = [step.stage for step in journey.steps if step.stage not in passing]
    return stages[-1] if stages else Stage.SQL


def _bounds(deals: list[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal]:
    if len(deals) > MOST_DRAWN:
        return _normal_bounds(deals)
    draw = Random(_SEED)  # noqa: S311 - a forecast, not a secret
    weighed = [(amount, float(chance)) for amount, chance in deals]
    sums = sorted(
        sum((a for a, chance in weighed if draw.random() < chance), Decimal(0))
        for _ in range(DRAWS)
    )
    return sums[DRAWS // 20 - 1], sums[DRAWS - DRAWS // 20 - 1]


def _normal_bounds(deals: list[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal]:
    mean = sum((amount * chance for amount, chance in deals), Decimal(0))
    spread = sum((a * a * c * (1 - c) for a, c in deals), Decimal(0)).sqrt()
    reach = spread * Decimal(_Z90)
    low, high = rounded(mean - reach, _YEN), rounded(mean + reach, _YEN)
    return max(low, Decimal(0)), high
