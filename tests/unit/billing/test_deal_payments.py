"""Where a deal's money stands, and what a credit takes back of which invoice."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki.billing.amendment import difference
from tasuki.billing.document import totals
from tasuki.billing.instalment import CREDIT, Instalment, instalments
from tasuki.billing.payment import Settlement, deal_payment, shares
from tasuki.billing.plan import PlanLine, read_plan
from tasuki.billing.returning import balances

TODAY = date(2026, 7, 1)
DUE = date(2026, 6, 30)


def paid(total: int, amount: int = 0, due: date | None = DUE) -> Settlement:
    return Settlement(Decimal(total), Decimal(amount), due)


@pytest.mark.parametrize(
    ("documents", "today", "status"),
    [
        ([], TODAY, "not_billed"),
        ([paid(1100)], DUE, "unpaid"),
        ([paid(1100)], TODAY, "overdue"),
        ([paid(1100, 100)], DUE, "part_paid"),
        ([paid(1100, 100)], TODAY, "overdue"),
        ([paid(1100, 1100)], TODAY, "paid"),
        ([paid(1100, 1200)], TODAY, "overpaid"),
        ([paid(1100, 1100), paid(1100, 0, TODAY)], TODAY, "part_paid"),
        ([paid(1100, 1100), paid(-100)], TODAY, "overpaid"),
        ([paid(1100, 1000), paid(-100)], TODAY, "paid"),
        ([paid(1100), paid(-1100)], TODAY, "paid"),
        ([paid(1100), paid(-100)], TODAY, "overdue"),
        ([paid(1100, due=None)], TODAY, "unpaid"),
        ([Settlement(Decimal(1100), cancelled=True)], TODAY, "not_billed"),
    ],
)
def test_a_deals_status_follows_from_its_documents(
    documents: list[Settlement], today: date, status: str
) -> None:
    assert deal_payment(documents, today).status == status


def test_a_credit_note_lessens_what_is_late() -> None:
    found = deal_payment([paid(1100), paid(-300)], TODAY)
    assert (found.billed, found.outstanding, found.overdue) == (800, 800, 800)
    assert found.due_on == DUE


amounts = st.integers(-(10**6), 10**6)
documents = st.lists(
    st.builds(
        Settlement,
        amounts.map(Decimal),
        amounts.map(Decimal),
        st.none() | st.dates(DUE - timedelta(5), DUE + timedelta(5)),
    ),
    max_size=6,
)


@given(documents)
@settings(max_examples=150)
def test_what_is_billed_is_paid_or_outstanding_less_what_is_too_much(
    documents: list[Settlement],
) -> None:
    found = deal_payment(documents, TODAY)
    assert found.billed == found.paid + found.outstanding - found.overpaid
    assert not (found.outstanding and found.overpaid)
    assert 0 <= found.overdue <= found.outstanding


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.integers(0, 10**7))
@settings(max_examples=100)
def test_an_invoice_is_shared_among_its_deals_to_the_yen(
    prices: list[int], amount: int
) -> None:
    parts = [
        Instalment(f"{n}", f"D{n}", DUE, (PlanLine("", Decimal(1), Decimal(p), "standard"),))
        for n, p in enumerate(prices)
    ]  # fmt: skip
    found = shares(parts, Decimal(amount), 0)
    assert sum(found.values()) == amount
    assert all(one >= 0 for one in found.values())


TAXES = ("standard", "reduced", "exempt")
lines = st.lists(
    st.fixed_dictionaries(
        {
            "description": st.just("品"),
            "quantity": st.integers(1, 20).map(str),
            "unit_price": st.integers(1, 10**5).map(str),
            "tax": st.sampled_from(TAXES),
        }
    ),
    min_size=1,
    max_size=5,
)


def as_document(one: Instalment) -> dict[str, object]:
    names = ("description", "quantity", "unit_price", "tax")
    return {"lines": [{n: getattr(line, n) for n in names} for line in one.lines]}


@given(lines)
@settings(max_examples=100)
def test_a_lost_deal_is_taken_back_as_the_exact_mirror_of_its_invoice(
    sold: list[dict[str, str]],
) -> None:
    agreed = {"deal": "D", "company": "A", "start": "2026-05-20", "lines": sold}
    (part,) = instalments(read_plan(agreed), TODAY)
    lost = read_plan(agreed | {"state": "withdrawn"})
    found = difference(lost, [part])
    (credit,) = balances(lost, found, [(part, "D")], 0, TODAY)
    assert (credit.kind, credit.returns) == (CREDIT, "D")
    ours, theirs = totals(as_document(part)), totals(as_document(credit))
    assert theirs.total_incl == -ours.total_incl
    assert [(b.tax_class, -b.base_excl, -b.tax) for b in theirs.breakdown] == [
        (b.tax_class, b.base_excl, b.tax) for b in ours.breakdown
    ]


def monthly(price: int) -> dict[str, object]:
    line = {"description": "料", "quantity": 1, "unit_price": price, "tax": "standard"}
    return {
        "deal": "D", "company": "A", "start": "2026-04-01", "schedule": "monthly",
        "lines": [line],
    }  # fmt: skip


def test_less_is_taken_back_from_the_latest_invoices_first() -> None:
    before = read_plan(monthly(1000))
    parts = [(one, one.id) for one in instalments(before, date(2026, 6, 30))]
    plan = read_plan(monthly(500))
    found = difference(plan, [one for one, _ in parts])
    made = balances(plan, found, parts, 0, TODAY)
    assert [(one.returns, one.amount) for one in made] == [
        ("D:2026-06-01", -1000),
        ("D:2026-05-01", -500),
    ]
    assert [one.id for one in made] == ["D:credit-1", "D:credit-2"]


def test_what_was_taken_back_already_is_not_taken_back_again() -> None:
    before = read_plan(monthly(1000))
    parts: list[tuple[Instalment, str | None]]
    parts = [(one, one.id) for one in instalments(before, date(2026, 6, 30))]
    first = balances(
        read_plan(monthly(500)),
        difference(read_plan(monthly(500)), [one for one, _ in parts]),
        parts,
        0,
        TODAY,
    )
    parts += [(one, None) for one in first]
    lost = read_plan(monthly(500) | {"state": "withdrawn"})
    more = balances(lost, difference(lost, [one for one, _ in parts]), parts, 2, TODAY)
    assert [(one.returns, one.amount) for one in more] == [
        ("D:2026-05-01", -500),
        ("D:2026-04-01", -1000),
    ]


def test_one_tax_up_and_another_down_is_left_to_a_person() -> None:
    sold = [{"description": "豆", "quantity": 1, "unit_price": 1000, "tax": "standard"}]
    agreed = {"deal": "D", "company": "A", "start": "2026-05-20", "lines": sold}
    (part,) = instalments(read_plan(agreed), TODAY)
    plan = read_plan(agreed | {"lines": [{**sold[0], "tax": "reduced"}]})
    (one,) = balances(plan, difference(plan, [part]), [(part, "D")], 0, TODAY)
    assert (one.kind, one.returns) == (CREDIT, "")
