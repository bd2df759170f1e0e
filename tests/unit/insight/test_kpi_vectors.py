"""The worked example of The Model: every figure as it was computed by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.journey import Fact, Journeys
from tasuki.insight.kpi.closing import closing, open_deals
from tasuki.insight.kpi.duration import stay
from tasuki.insight.kpi.figure import percentile, rate
from tasuki.insight.kpi.forecast import forecast
from tasuki.insight.kpi.funnel import Counted, cohorts, first_entries
from tasuki.insight.kpi.period import (
    Period,
    fiscal_quarter,
    fiscal_year,
    months,
    span,
)
from tasuki.insight.kpi.recurring import recurring
from tasuki.insight.kpi.report import Asked, measure
from tests.vector_files import document

pytestmark = pytest.mark.vectors


@cache
def example() -> dict[str, Any]:
    return document("kpi_example")


def expected(name: str) -> Any:
    return example()["expected"][name]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def journeys() -> Journeys:
    events = [
        StageEvent(
            one["entity"],
            Stage(one["stage"]),
            moment(one["at"]),
            moment(one["at"]),
            "example",
            str(number),
        )
        for number, one in enumerate(example()["events"])
    ]
    amounts = example()["amounts"].items()
    return Journeys.of(
        events, [Fact(n, "amount", str(amount)) for n, amount in amounts]
    )


def whole() -> Period:
    return span(date(2025, 3, 1), date(2025, 7, 1))


def told(counted: list[Counted], rates: str) -> dict[str, Any]:
    return {
        one.period.label: {
            "counts": {str(stage): count for stage, count in one.counts.items()},
            rates: {n: None if r is None else str(r) for n, r in one.rates.items()},
        }
        for one in counted
    }


def test_cohorts_by_the_month_of_the_lead():
    found = told(
        cohorts(journeys(), months(date(2025, 3, 1), date(2025, 6, 1))), "conversion"
    )
    assert found == expected("cohort_by_lead_month")


def test_first_entries_by_period():
    found = told(
        first_entries(journeys(), months(date(2025, 3, 1), date(2025, 7, 1))), "ratio"
    )
    assert found == expected("period_first_entries")


def test_a_month_cut_in_utc_would_count_other_leads():
    cut = [
        Period(one.label, one.start + timedelta(hours=9), one.end + timedelta(hours=9))
        for one in months(date(2025, 3, 1), date(2025, 6, 1))
    ]
    found = {
        o.period.label: o.counts[Stage.LEAD] for o in first_entries(journeys(), cut)
    }
    assert found == expected("pitfall_lead_count_if_month_cut_in_UTC")


def test_win_rate_counts_a_reopened_deal_once():
    found, wanted = closing(journeys(), whole()), expected("win_rate_final_outcome")
    assert (found.won, found.lost, str(found.win_rate)) == (
        wanted["won"],
        wanted["lost"],
        wanted["rate"],
    )
    assert str(rate(3, 5)) == expected("pitfall_win_rate_if_reopened_counted_twice")


def test_cycle_open_deals_and_velocity():
    found, wanted = (
        closing(journeys(), whole()),
        expected("pipeline_velocity_jpy_per_day"),
    )
    assert found.cycle_days == expected("sales_cycle_days_sql_to_won")
    assert [one.subject for one in open_deals(journeys())] == expected(
        "open_opportunities"
    )
    assert found.open_deals == wanted["open_count"]
    assert str(found.average_won) == wanted["avg_won_amount"]
    assert str(found.win_rate) == wanted["win_rate"]
    assert float(found.cycle_average or 0) == wanted["avg_cycle_days"]
    assert str(found.velocity) == wanted["value"]


def test_hours_from_mql_to_sal_of_each_entry():
    wanted = expected("mql_to_sal_hours_each_entry")
    as_of = moment(expected("as_of"))
    found = stay(journeys(), Stage.MQL, whole(), as_of)
    values = sorted(one.total_seconds() / 3600 for one in found.ended[Stage.SAL])
    assert values == wanted["values"]
    assert percentile(values, 50) == wanted["p50"]
    assert percentile(values, 90) == wanted["p90"]


def test_recurring_revenue():
    wanted = expected("mrr_example")
    found = recurring(
        {name: Decimal(amount) for name, amount in wanted["start"].items()},
        {name: Decimal(amount) for name, amount in wanted["end"].items()},
    )
    assert [
        found.start,
        found.expansion,
        found.contraction,
        found.churned,
        found.new,
    ] == [
        wanted[name]
        for name in ("start_mrr", "expansion", "contraction", "churned_mrr", "new_mrr")
    ]
    assert [
        str(one)
        for one in (found.nrr, found.grr, found.logo_churn, found.arpa, found.ltv)
    ] == [
        wanted[name]
        for name in ("nrr", "grr", "logo_churn", "arpa_start", "ltv_simple")
    ]


def test_fiscal_years_begin_in_april():
    for day, wanted in expected("fiscal").items():
        one = date.fromisoformat(day)
        assert {"fy": fiscal_year(one), "quarter": fiscal_quarter(one)} == wanted


def test_weighted_forecast():
    found, wanted = forecast(journeys()), expected("forecast_weighted")
    assert str(found.chances[Stage.SQL]) == wanted["sql_probability"]
    assert str(found.expected) == wanted["expected"]
    assert found.deals == len(wanted["open"])


def test_the_whole_report_says_the_same():
    as_of = moment(expected("as_of")).astimezone(UTC)
    report = measure(journeys(), Asked(date(2025, 3, 1), date(2025, 7, 1), as_of))
    part = report.to_json()["parts"][0]
    for label, wanted in expected("period_first_entries").items():
        assert part["period"][label]["counts"] == wanted["counts"]
        assert part["period"][label]["ratio"] == wanted["ratio"]
    for label, wanted in expected("cohort_by_lead_month").items():
        assert part["cohort"][label] == wanted
    assert (
        part["closing"]["velocity"]
        == expected("pipeline_velocity_jpy_per_day")["value"]
    )
    assert part["forecast"]["expected"] == expected("forecast_weighted")["expected"]
