"""Journeys: late, repeated, merged and reopened events."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.journey import Fact, Journeys, known_at
from tasuki.insight.kpi.bottleneck import bottlenecks
from tasuki.insight.kpi.closing import closing
from tasuki.insight.kpi.duration import lag, stay
from tasuki.insight.kpi.figure import percentile, wilson
from tasuki.insight.kpi.forecast import MOST_DRAWN, forecast
from tasuki.insight.kpi.funnel import cohorts, first_entries
from tasuki.insight.kpi.period import midnight, month_start, months, span
from tasuki.insight.kpi.recurring import mrr_on, recurring
from tasuki.insight.kpi.report import Asked, measure

BEGIN = datetime(2026, 4, 1, tzinfo=UTC)
APRIL = span(date(2026, 4, 1), date(2026, 5, 1))
AS_OF = datetime(2026, 7, 1, tzinfo=UTC)


def event(
    subject: str, stage: str, day: float, *, seen: float | None = None, into: str = ""
) -> StageEvent:
    at = BEGIN + timedelta(days=day)
    observed = at if seen is None else BEGIN + timedelta(days=seen)
    return StageEvent(
        subject, Stage(stage), at, observed, "crm", f"{subject}{stage}{day}", into=into
    )


def steps(journeys: Journeys, subject: str) -> list[str]:
    found = journeys.get(subject)
    return [str(step.stage) for step in found.steps] if found else []


def test_a_late_event_falls_into_its_place():
    told = [
        event("person/1", "lead", 1),
        event("person/1", "sal", 9),
        event("person/1", "mql", 3, seen=20),
    ]
    assert steps(Journeys.of(told), "person/1") == ["lead", "mql", "sal"]
    before = Journeys.of(known_at(told, BEGIN + timedelta(days=10)))
    assert steps(before, "person/1") == ["lead", "sal"]


def test_what_has_not_happened_yet_is_not_known():
    assert not list(
        known_at([event("deal/1", "renewed", 9, seen=1)], BEGIN + timedelta(days=2))
    )


def test_merged_people_go_on_as_one_through_chains():
    told = [
        event("person/1", "lead", 1),
        event("person/2", "mql", 2),
        event("person/3", "sal", 3),
        event("person/1", "merged", 4, into="person/2"),
        event("person/2", "merged", 5, into="person/3"),
    ]
    journeys = Journeys.of(told, [Fact("person/1", "source", "web")])
    assert len(journeys) == 1
    assert steps(journeys, "person/1") == ["lead", "mql", "sal"]
    assert journeys.facts.get("person/3", "source") == "web"


def test_people_merged_in_a_circle_have_one_survivor():
    told = [event(f"person/{n}", "lead", n) for n in (1, 2, 3)]
    told += [
        event(f"person/{n}", "merged", 5, into=f"person/{n % 3 + 1}") for n in (1, 2, 3)
    ]
    journeys = Journeys.of(told)
    assert list(journeys.by_subject) == ["person/1"]


def test_a_deal_told_won_by_two_systems_was_won_at_the_first():
    journey = Journeys.of(
        [
            event("deal/1", "sql", 0),
            event("deal/1", "won", 4),
            event("deal/1", "won", 5),
        ]
    ).get("deal/1")
    assert journey
    assert journey.closed_at == BEGIN + timedelta(days=4)


def test_a_reopened_deal_is_open():
    told = [
        event("deal/1", "sql", 0),
        event("deal/1", "won", 4),
        event("deal/1", "reopened", 5),
    ]
    found = closing(Journeys.of(told), APRIL)
    assert (found.won, found.lost, found.open_deals) == (0, 0, 1)


LINKED = [
    Fact("deal/1", "person", "person/1"),
    Fact("invoice/1", "deal", "deal/1"),
    Fact("person/1", "source", "web"),
]
TOLD = [
    event("person/1", "lead", 1),
    event("person/1", "sal", 2),
    event("deal/1", "sql", 4),
    event("deal/1", "won", 8),
    event("invoice/1", "invoiced", 10),
    event("invoice/1", "paid", 30),
]


def test_a_lead_is_followed_into_its_deal_and_its_invoice():
    journeys = Journeys.of(TOLD, LINKED)
    cohort = cohorts(journeys, [APRIL])[0]
    assert cohort.counts[Stage.WON] == 1
    assert lag(journeys, Stage.WON, Stage.INVOICED, APRIL, AS_OF).p50 == 2.0
    assert lag(journeys, Stage.INVOICED, Stage.PAID, APRIL, AS_OF).p50 == 20.0
    assert stay(journeys, Stage.SAL, APRIL, AS_OF).spread.p50 == 48.0
    assert journeys.facts.about("invoice/1", "source") == "web"


def test_what_goes_on_is_told_beside_what_has_ended():
    told = [
        event("person/1", "lead", 1),
        event("person/1", "mql", 2),
        event("person/2", "lead", 1),
    ]
    found = stay(
        Journeys.of(told), Stage.LEAD, APRIL, BEGIN + timedelta(days=11)
    ).spread
    assert (found.ended, found.p50, found.open, found.open_p50) == (1, 24.0, 1, 240.0)


def test_a_deal_that_was_lost_after_all_waits_for_no_invoice():
    told = [
        event("deal/1", "won", 4),
        event("deal/1", "reopened", 5),
        event("deal/1", "lost", 6),
    ]
    assert lag(Journeys.of(told), Stage.WON, Stage.INVOICED, APRIL, AS_OF).open == 0


def test_parts_by_source_sum_up_to_the_whole():
    told = [event(f"person/{n}", "lead", n % 28) for n in range(40)]
    facts = [
        Fact(f"person/{n}", "source", ("web", "event")[n % 2]) for n in range(0, 40, 3)
    ]
    asked = Asked(date(2026, 4, 1), date(2026, 5, 1), AS_OF, by="source")
    report = measure(Journeys.of(told, facts), asked)
    assert [part.name for part in report.parts] == ["event", "web", ""]
    assert sum(part.whole.counts[Stage.LEAD] for part in report.parts) == 40


def test_a_team_is_that_of_the_owner():
    facts = [Fact("person/1", "owner", "u1")]
    asked = Asked(
        date(2026, 4, 1), date(2026, 5, 1), AS_OF, by="team", teams={"u1": "東日本"}
    )
    report = measure(Journeys.of([event("person/1", "lead", 1)], facts), asked)
    assert [part.name for part in report.parts] == ["東日本"]


def funnel(month: int, leads: int, passed: int) -> list[StageEvent]:
    told = []
    for n in range(leads):
        day = (midnight(month_start(date(2025, 10, 1), month)) - BEGIN) / timedelta(
            days=1
        )
        told.append(event(f"person/{month}-{n}", "lead", day))
        if n < passed:
            told.append(event(f"person/{month}-{n}", "mql", day + 1))
    return told


def judged(leads: int, passed: int):
    told = [one for month in range(6) for one in funnel(month, 100, 50)]
    told += funnel(6, leads, passed)
    periods = months(date(2025, 10, 1), date(2026, 5, 1))
    assert len(periods) == 7
    found = bottlenecks(
        Journeys.of(told), periods, APRIL.end, Decimal(1000), (Stage.LEAD, Stage.MQL)
    )
    return found[0]


def test_a_drop_of_the_rate_is_a_bottleneck():
    found = judged(100, 30)
    assert (found.flagged, found.lost_yen, found.volume_yen) == (
        True,
        Decimal(20_000),
        Decimal(0),
    )


def test_a_drop_of_the_volume_is_none():
    found = judged(40, 20)
    assert (found.flagged, found.lost_yen, found.volume_yen) == (
        False,
        Decimal(0),
        Decimal(-30_000),
    )


def test_a_drop_that_may_be_chance_is_none():
    assert not judged(10, 4).flagged


def test_a_young_month_is_compared_at_its_age():
    told = [one for month in range(6) for one in funnel(month, 100, 0)]
    begin = (midnight(date(2025, 10, 1)) - BEGIN).days
    told += [
        event(f"person/{m}-{n}", "mql", begin + m * 30.4 + 60)
        for m in range(6)
        for n in range(100)
    ]
    told += funnel(6, 100, 0)
    periods = months(date(2025, 10, 1), date(2026, 5, 1))
    found = bottlenecks(
        Journeys.of(told), periods, APRIL.end, Decimal(1000), (Stage.LEAD, Stage.MQL)
    )
    assert (found[0].before, found[0].flagged) == (Decimal(0), False)


def test_a_forecast_is_the_same_every_time_and_lies_between_its_bounds():
    told = [event(f"deal/{n}", "sql", 0) for n in range(40)]
    told += [event(f"deal/{n}", ("won", "lost")[n % 2], 5) for n in range(20)]
    facts = [Fact(f"deal/{n}", "amount", str(100_000 * (n + 1))) for n in range(39)]
    one, other = (forecast(Journeys.of(told, facts)) for _ in range(2))
    assert one == other
    assert one.low < one.expected < one.high
    assert (one.deals, one.without_amount) == (19, 1)


def test_drawn_and_computed_bounds_agree():
    def bounds(count: int) -> tuple[float, float]:
        told = [event(f"deal/{n}", "sql", 0) for n in range(count)]
        facts = [Fact(f"deal/{n}", "amount", "1000") for n in range(count)]
        found = forecast(Journeys.of(told, facts))
        return float(found.low / found.open_amount), float(
            found.high / found.open_amount
        )

    assert bounds(MOST_DRAWN) == pytest.approx(bounds(MOST_DRAWN + 1), abs=0.02)


def test_recurring_revenue_runs_from_its_start_to_its_end():
    facts = [
        Fact("subscription/1", "mrr", "30000"),
        Fact("subscription/1", "starts", "2026-04-01"),
        Fact("subscription/1", "ends", "2026-04-30"),
        Fact("subscription/1", "company", "company/1"),
        Fact("subscription/2", "mrr", "20000"),
        Fact("subscription/2", "company", "company/1"),
    ]
    journeys = Journeys.of([event("subscription/2", "churned", 40)], facts)
    brought = [
        sum(mrr_on(journeys, date(2026, m, d)).values())
        for m, d in ((3, 31), (4, 1), (4, 30), (5, 1), (6, 1))
    ]
    assert brought == [20_000, 50_000, 50_000, 20_000, 0]


# --- properties -------------------------------------------------------------------

SUBJECTS = st.sampled_from(
    [f"person/{n}" for n in range(4)] + [f"deal/{n}" for n in range(3)]
)
STAGES = st.sampled_from([one for one in Stage if one is not Stage.MERGED])
DAYS = st.integers(0, 80)
ONE = st.builds(event, SUBJECTS, STAGES, DAYS, seen=DAYS)
MERGE = st.builds(
    lambda a, b, day: event(a, "merged", day, into=b), SUBJECTS, SUBJECTS, DAYS
)
LISTS = st.lists(st.one_of(ONE, ONE, MERGE), max_size=30)
FACTS = [Fact(f"deal/{n}", "person", f"person/{n}") for n in range(3)]


@settings(max_examples=60, deadline=None)
@given(LISTS, st.randoms())
def test_the_order_in_which_events_are_learned_changes_nothing(told, random):
    asked = Asked(date(2026, 4, 1), date(2026, 7, 1), AS_OF)
    shuffled = random.sample(told, len(told))
    one, other = (
        measure(Journeys.of(which, FACTS), asked) for which in (told, shuffled)
    )
    assert one.to_json() == other.to_json()


@settings(max_examples=60, deadline=None)
@given(LISTS, DAYS, st.lists(ONE, max_size=8))
def test_what_is_learned_later_changes_no_earlier_figure(told, day, later):
    cut = BEGIN + timedelta(days=day)
    later = [one._replace(observed_at=cut + timedelta(seconds=1)) for one in later]
    before = Journeys.of(known_at(told, cut), FACTS)
    after = Journeys.of(known_at([*told, *later], cut), FACTS)
    assert {j.subject: j.steps for j in before} == {j.subject: j.steps for j in after}


@settings(max_examples=60, deadline=None)
@given(LISTS)
def test_each_first_entry_counts_once_and_a_cohort_never_exceeds_itself(told):
    journeys = Journeys.of(told, FACTS)
    periods = months(date(2026, 4, 1), date(2026, 7, 1))
    whole = first_entries(journeys, [span(date(2026, 4, 1), date(2026, 7, 1))])[
        0
    ].counts
    for stage, count in whole.items():
        assert (
            sum(one.counts[stage] for one in first_entries(journeys, periods)) == count
        )
    for one in cohorts(journeys, periods):
        assert all(rate is None or 0 <= rate <= 1 for rate in one.rates.values())
        assert max(one.counts.values()) == one.counts[Stage.LEAD]


AMOUNTS = st.dictionaries(st.sampled_from("ABCDEF"), st.integers(0, 90).map(Decimal))


@given(AMOUNTS, AMOUNTS)
def test_recurring_revenue_adds_up(start, end):
    found = recurring(start, end)
    assert (
        found.start + found.expansion + found.new - found.contraction - found.churned
        == found.end
    )
    assert found.grr is None or found.grr <= min(Decimal(1), found.nrr or Decimal(0))


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_wilson_interval_holds_the_share(part, whole):
    part = min(part, whole)
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole + 1e-12
    assert part / whole - 1e-12 <= high <= 1


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_one_of_the_values(values, percent):
    found = percentile(sorted(values), percent)
    assert found in values
    below = sum(one <= found for one in values)
    assert below >= percent / 100 * len(values) - 1e-9
