"""All figures of a span, as of a moment; for everything, or for each part of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from tasuki.clock import TOKYO
from tasuki.insight.event import Stage
from tasuki.insight.journey import Journeys
from tasuki.insight.kpi.bottleneck import EARLIER, Narrowing, bottlenecks
from tasuki.insight.kpi.closing import Closing, closing
from tasuki.insight.kpi.duration import (
    Spread,
    lag,
    stay,
)
from tasuki.insight.kpi.forecast import Forecast, forecast
from tasuki.insight.kpi.funnel import (
    FUNNEL,
    Counted,
    cohorts,
    first_entries,
    pair_name,
    together,
)
from tasuki.insight.kpi.period import (
    Period,
    fiscal_quarter,
    fiscal_year,
    month_start,
    months,
    span,
)
from tasuki.insight.kpi.recurring import Recurring, mrr_on, recurring

DIMENSIONS: Final = ("segment", "source", "owner", "team")
UNKNOWN: Final = ""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured.

    Attributes:
        start: The first day, in Tokyo.
        end: The day after the last.
        as_of: The moment of observation: what was learned later does not count.
        by: One of DIMENSIONS; "" for everything together.
        funnel: The stages, in order.
        teams: Team by owner.
        fiscal_year_starts: The month.
        gross_margin: Of recurring revenue, for LTV.
    """

    start: date
    end: date
    as_of: datetime
    by: str = ""
    funnel: Sequence[Stage] = FUNNEL
    teams: dict[str, str] = field(default_factory=dict)
    fiscal_year_starts: int = 4
    gross_margin: Decimal = Decimal(1)

    @property
    def last(self) -> date:
        """The last day."""
        return self.end - _DAY

    @property
    def periods(self) -> list[Period]:
        """The months of the span; the first and the last may be cut."""
        whole = span(self.start, self.end)
        return [
            Period(one.label, max(one.start, whole.start), min(one.end, whole.end))
            for one in months(self.start, self.end)
        ]

    @property
    def judged(self) -> list[Period]:
        """The last whole month of the span, and those that it is compared with."""
        last = min(self.end, self.as_of.astimezone(TOKYO).date())
        return months(month_start(last, -EARLIER - 1), month_start(last))

    def fiscal(self, period: Period) -> str:
        """Return the fiscal year and quarter in which a period begins."""
        day = period.start.astimezone(TOKYO).date()
        year = fiscal_year(day, self.fiscal_year_starts)
        return f"{year} {fiscal_quarter(day, self.fiscal_year_starts)}"


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of everything, or of one part (`name`: a source, an owner, …)."""

    name: str
    periods: list[Counted]
    whole: Counted
    cohorts: list[Counted]
    stage_hours: dict[Stage, Spread]
    step_hours: dict[str, Spread]
    closing: Closing
    invoice_days: Spread
    payment_days: Spread
    recurring: Recurring
    forecast: Forecast
    bottlenecks: list[Narrowing]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a span; equal for equal events, whenever it is made."""

    asked: Asked
    parts: list[Figures]

    def to_json(self) -> dict[str, Any]:
        """Return plain values: rates and yen as text, times in hours or days."""
        asked = self.asked
        return {
            "from": asked.start.isoformat(),
            "to": asked.last.isoformat(),
            "as_of": asked.as_of.isoformat(),
            "by": asked.by or None,
            "timezone": "Asia/Tokyo",
            "parts": [_part_json(asked, one) for one in self.parts],
        }


def measure(journeys: Journeys, asked: Asked) -> Report:
    """Measure journeys as they were known at the asked moment."""
    if not asked.by:
        return Report(asked, [_figures("", journeys, journeys, asked)])
    parts = journeys.split(lambda subject: _value(journeys, subject, asked))
    figures = [_figures(name, one, journeys, asked) for name, one in parts.items()]
    return Report(asked, figures)


def _value(journeys: Journeys, subject: str, asked: Asked) -> str:
    """Return which part a subject belongs to; its own word before its company's."""
    facts = journeys.facts
    found = facts.about(subject, asked.by)
    if not found and asked.by == "team":
        found = asked.teams.get(facts.about(subject, "owner"), UNKNOWN)
    return found


def _figures(name: str, part: Journeys, whole: Journeys, asked: Asked) -> Figures:
    within, funnel = span(asked.start, asked.end), asked.funnel
    stays = {one: stay(part, one, within, asked.as_of) for one in funnel[:-1]}
    periods = first_entries(part, asked.periods, funnel)
    deals = closing(part, within)
    average = deals.average_won or closing(whole, within).average_won
    return Figures(
        name=name,
        periods=periods,
        whole=together(within, periods),
        cohorts=cohorts(part, asked.periods, funnel),
        stage_hours={stage: one.spread for stage, one in stays.items()},
        step_hours={
            pair_name(stage, after): stays[stage].before(after)
            for stage, after in pairwise(funnel)
        },
        closing=deals,
        invoice_days=lag(part, Stage.WON, Stage.INVOICED, within, asked.as_of),
        payment_days=lag(part, Stage.INVOICED, Stage.PAID, within, asked.as_of),
        recurring=_recurring(part, asked),
        forecast=forecast(part, whole),
        bottlenecks=bottlenecks(part, asked.judged, asked.as_of, average, funnel),
    )


def _recurring(part: Journeys, asked: Asked) -> Recurring:
    """Compare the day before the span with its last day, or with today before that."""
    last = min(asked.last, asked.as_of.astimezone(TOKYO).date())
    before, after = mrr_on(part, asked.start - _DAY), mrr_on(part, last)
    return recurring(before, after, asked.gross_margin)


def _part_json(asked: Asked, part: Figures) -> dict[str, Any]:
    return {
        "name": part.name or None,
        "period": {
            one.period.label: {
                "fiscal": asked.fiscal(one.period),
                **_counted(one, "ratio"),
            }
            for one in part.periods
        },
        "whole": _counted(part.whole, "ratio"),
        "cohort": {
            one.period.label: _counted(one, "conversion") for one in part.cohorts
        },
        "hours_in_stage": {n: one._asdict() for n, one in part.stage_hours.items()},
        "hours_of_step": {n: one._asdict() for n, one in part.step_hours.items()},
        "closing": _closing_json(part.closing),
        "invoice_lag_days": part.invoice_days._asdict(),
        "days_to_payment": part.payment_days._asdict(),
        "recurring": dict(_texts(part.recurring._asdict())),
        "forecast": dict(_texts(part.forecast._asdict())),
        "bottlenecks": [dict(_texts(one._asdict())) for one in part.bottlenecks],
    }


def _counted(one: Counted, rates: str) -> dict[str, Any]:
    return {"counts": dict(one.counts), rates: dict(_texts(one.rates))}


def _closing_json(one: Closing) -> dict[str, Any]:
    found = dict(_texts(one._asdict()))
    found["cycle_p50"] = one.cycle_p50
    return found


def _texts(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield values with decimals as text, at all depths."""
    for name, value in values.items():
        if isinstance(value, Decimal):
            yield name, f"{value:f}"
        elif isinstance(value, dict):
            yield name, dict(_texts(value))
        else:
            yield name, value
