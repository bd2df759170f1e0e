"""Plans and their instalments: sums that hold, periods that come once."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki.billing.amendment import balancing, difference, proposal
from tasuki.billing.due import due_invoices
from tasuki.billing.errors import BillingError
from tasuki.billing.instalment import Instalment, instalments
from tasuki.billing.plan import BillingPlan, read_plan

_FAR = date(2032, 1, 1)
_TAXES = ("standard", "reduced", "exempt")


def fields(**more: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "deal": "D",
        "company": "A",
        "start": "2026-04-01",
        "lines": [line(100_000)],
    }
    return usual | more


def line(price: int, tax: str = "standard") -> dict[str, str]:
    return {
        "description": "保守",
        "quantity": "1",
        "unit_price": f"{price}",
        "tax": tax,
    }


def plan(**more: Any) -> BillingPlan:
    return read_plan(fields(**more))


days = st.dates(date(2024, 1, 1), date(2027, 12, 31))
lines = st.lists(
    st.builds(line, st.integers(1, 10**9), st.sampled_from(_TAXES)),
    min_size=1,
    max_size=5,
)
weights = st.lists(st.integers(1, 100), min_size=1, max_size=6)


@st.composite
def recurring(draw: st.DrawFn) -> BillingPlan:
    start = draw(days)
    length = draw(st.integers(0, 900))
    return plan(
        schedule=draw(st.sampled_from(["monthly", "yearly"])),
        start=start,
        end=draw(st.none() | st.just(start + timedelta(days=length))),
        anchor_day=draw(st.none() | st.integers(1, 31)),
        bill=draw(st.sampled_from(["start", "end"])),
        closing_day=draw(st.none() | st.integers(1, 31)),
        lines=draw(lines),
    )


@st.composite
def divided(draw: st.DrawFn) -> BillingPlan:
    sold = draw(lines)
    total = sum(int(one["unit_price"]) for one in sold)
    if draw(st.booleans()):
        sold = [*sold, line(-draw(st.integers(0, total - 1)))]
    parts = [{"bill_on": draw(days), "weight": weight} for weight in draw(weights)]
    return plan(
        schedule="milestones",
        milestones=parts,
        lines=sold,
        remainder=draw(st.sampled_from(["first", "last", "spread"])),
    )


@given(divided())
def test_milestones_add_up_to_the_deal_and_each_line_to_itself(
    agreed: BillingPlan,
) -> None:
    parts = instalments(agreed, _FAR)
    assert sum(one.amount for one in parts) == agreed.amount
    for tax in _TAXES:
        told = sum(x.amount for one in parts for x in one.lines if x.tax == tax)
        assert told == sum(x.amount for x in agreed.lines if x.tax == tax)
    assert all(one.amount >= 0 for one in parts)


@given(recurring())
@settings(max_examples=60)
def test_periods_follow_each_other_and_come_once(agreed: BillingPlan) -> None:
    parts = instalments(agreed, _FAR)
    assert len({one.id for one in parts}) == len(parts)
    assert [one.bill_on for one in parts] == sorted({one.bill_on for one in parts})
    assert all(0 <= one.amount <= agreed.amount for one in parts)
    if agreed.end is None:
        assert parts[-1].amount == agreed.amount


@given(recurring(), st.lists(st.integers(0, 400), max_size=8))
@settings(max_examples=60)
def test_whatever_days_it_is_looked_at_each_instalment_is_billed_once(
    agreed: BillingPlan, later: list[int]
) -> None:
    closed: list[str] = []
    billed: list[str] = []
    for days_on in [*sorted(later), 3000]:
        today = agreed.start + timedelta(days=days_on)
        until = min(today, _FAR)
        left = [one for one in instalments(agreed, until) if one.id not in billed]
        for due in due_invoices([(agreed, one) for one in left], closed, today):
            assert due.id not in closed
            closed.append(due.id)
            billed += [one.id for _, one in due.parts]
    wanted = instalments(agreed, min(agreed.start + timedelta(days=2600), _FAR))
    assert len(billed) == len(set(billed))
    assert {one.id for one in wanted} <= set(billed)


@given(divided(), st.integers(0, 6), lines)
def test_what_makes_up_for_a_difference_leaves_none(
    agreed: BillingPlan, some: int, amended: list[dict[str, str]]
) -> None:
    billed = instalments(agreed, _FAR)[:some]
    changed = plan(
        schedule="milestones",
        milestones=[{"bill_on": one.bill_on, "weight": 1} for one in agreed.milestones],
        lines=amended,
    )
    found = difference(changed, billed)
    if not found.by_tax:
        return
    made = balancing(changed, found, 0, date(2027, 1, 1))
    assert made.amount == found.total
    assert difference(changed, [*billed, made]).by_tax == ()


def test_the_first_and_the_last_month_are_charged_by_their_days() -> None:
    agreed = plan(
        schedule="monthly",
        start="2024-02-15",
        end="2024-04-10",
        anchor_day=1,
        lines=[line(30_000)],
    )
    assert told(agreed) == [
        ("D:2024-02-01", "2024-02-15", 15_517),
        ("D:2024-03-01", "2024-03-01", 30_000),
        ("D:2024-04-01", "2024-04-01", 10_000),
    ]


def test_months_of_thirty_days_never_charge_more_than_the_whole() -> None:
    agreed = plan(
        schedule="monthly",
        start="2026-05-02",
        end="2026-06-15",
        anchor_day=1,
        proration="fixed_30",
        lines=[line(30_000)],
    )
    assert [amount for _, _, amount in told(agreed)] == [30_000, 15_000]


def test_months_that_begin_on_the_31st_do_not_drift() -> None:
    agreed = plan(schedule="monthly", start="2026-01-31", end="2026-05-30")
    starts = [bill_on for _, bill_on, _ in told(agreed)]
    assert starts == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_a_cancelled_subscription_ends_on_its_day() -> None:
    agreed = plan(schedule="monthly", cancelled_on="2026-05-10", lines=[line(31_000)])
    assert [amount for _, _, amount in told(agreed)] == [31_000, 10_000]


def test_a_year_in_arrears_is_billed_on_its_last_day() -> None:
    agreed = plan(schedule="yearly", bill="end", end="2028-03-31")
    assert told(agreed) == [
        ("D:2026-04-01", "2027-03-31", 100_000),
        ("D:2027-04-01", "2028-03-31", 100_000),
    ]


def test_milestones_by_amount_leave_the_rest_to_one() -> None:
    agreed = plan(
        schedule="milestones",
        milestones=[{"months": 0, "amount": 33_333}, {"months": 1, "days": 4}],
    )
    assert told(agreed) == [
        ("D:1", "2026-04-01", 33_333),
        ("D:2", "2026-05-05", 66_667),
    ]


def test_what_comes_after_the_closing_goes_into_the_next() -> None:
    agreed = plan(closing_day=20, start="2026-04-10")
    (own,) = instalments(agreed, _FAR)
    (first,) = due_invoices([(agreed, own)], [], date(2026, 4, 20))
    late = Instalment("L", "L", date(2026, 4, 15), own.lines)
    assert due_invoices([(agreed, late)], [first.id], date(2026, 4, 30)) == []
    (second,) = due_invoices([(agreed, late)], [first.id], date(2026, 5, 20))
    assert (first.billing_date, second.billing_date) == (
        date(2026, 4, 20),
        date(2026, 5, 20),
    )


def test_customers_entities_and_terms_are_not_consolidated_with_each_other() -> None:
    one = plan(closing_day=31, payment_terms="月末締め翌月末払い")
    others = [
        plan(closing_day=31, payment_terms="月末締め翌々月末払い"),
        plan(closing_day=31, payment_terms="月末締め翌月末払い", billing_entity="工場"),
        plan(closing_day=31, payment_terms="月末締め翌月末払い", company="B"),
    ]
    parts = [(each, instalments(each, _FAR)[0]) for each in [one, one, *others]]
    made = due_invoices(parts, [], date(2026, 4, 30))
    assert sorted(len(due.parts) for due in made) == [1, 1, 1, 2]


def test_proposals_say_what_to_issue_in_both_languages() -> None:
    billed = instalments(plan(), _FAR)
    more, less = plan(lines=[line(120_000)]), plan(lines=[line(90_000)])
    assert proposal(more, difference(more, billed)) == (
        "差額請求 ¥20,000（請求済み ¥100,000 → 変更後 ¥120,000） / "
        "difference invoice ¥20,000"
    )
    assert "返還インボイス ¥10,000" in proposal(less, difference(less, billed))
    lost = plan(state="withdrawn")
    assert proposal(lost, difference(lost, billed)).startswith(
        "返還インボイス ¥100,000（失注・取消: 請求済み ¥100,000 → 変更後 ¥0）"
    )
    retaxed = plan(lines=[line(100_000, "reduced")])
    assert "税区分の変更" in proposal(retaxed, difference(retaxed, billed))


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"total": "99999"}, "total"),
        ({"schedule": "weekly"}, "schedule"),
        ({"schedule": "milestones"}, "milestones"),
        ({"schedule": "yearly", "proration": "fixed_30"}, "proration"),
        ({"end": "2026-03-31"}, "end"),
        ({"start": None}, "start"),
        ({"start": "soon"}, "start"),
        ({"lines": []}, "lines"),
        ({"lines": [{"unit_price": "1"}]}, "lines[0].tax"),
        ({"lines": [{"tax": "standard"}]}, "lines[0].unit_price"),
        ({"closing_day": "32"}, "closing_day"),
        ({"colour": "red"}, "billing plan"),
        ({"schedule": "milestones", "milestones": [{"weight": 1}]}, "bill_on"),
    ],
)
def test_a_plan_that_is_none_is_refused_by_the_name_of_its_field(
    wrong: dict[str, Any], where: str
) -> None:
    with pytest.raises(BillingError) as caught:
        plan(**wrong)
    assert where in caught.value.where


def test_milestones_that_do_not_add_up_are_refused() -> None:
    agreed = plan(
        schedule="milestones",
        milestones=[{"months": 0, "amount": 1}, {"months": 1, "amount": 2}],
    )
    with pytest.raises(BillingError, match="add up to 3"):
        instalments(agreed, _FAR)


def told(agreed: BillingPlan) -> list[tuple[str, str, int]]:
    return [(x.id, f"{x.bill_on}", int(x.amount)) for x in instalments(agreed, _FAR)]
