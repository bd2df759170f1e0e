"""What came in for an invoice, read from its deal (取引), judged by freee's description."""

from collections.abc import Mapping

from tasuki.model.record import Query
from tests.contract.freee.opened import Opened, by_hand, opened, partner, records

_FIELDS = ("total_amount", "payment_status", "paid_amount", "due_amount", "paid_on")


def fill(o: Opened, count: int, **changes: object) -> list[int]:
    """Enter invoices by hand; return their ids."""
    (done,) = o.write("partner", partner("p", "C-1"))
    number = int(done.id)  # type: ignore[union-attr]
    for _ in range(count):
        o.act("create_invoice", **by_hand(number, **changes))
    return sorted(o.company.invoices.rows)


def told(o: Opened) -> Mapping[str, Mapping[str, object]]:
    pages = list(o.system.source.read(Query("invoice", _FIELDS), None))
    return {one.id: one.fields for one in records(pages)}


def test_an_invoice_tells_what_came_in_and_when() -> None:
    with opened() as o:
        paid, part, none = fill(o, 3)
        o.act("receive", id=paid, date="2026-12-25")
        o.act("receive", id=part, amount=10_000, date="2026-12-20")
        o.act("receive", id=part, amount=5_000, date="2026-12-21")
        found = told(o)
        assert found[str(paid)]["payment_status"] == "settled"
        assert found[str(paid)]["paid_amount"] == 110_000
        assert found[str(paid)]["paid_on"] == "2026-12-25"
        assert found[str(part)]["payment_status"] == "unsettled"
        assert found[str(part)]["paid_amount"] == 15_000
        assert found[str(part)]["due_amount"] == 95_000
        assert found[str(part)]["paid_on"] == "2026-12-21"
        assert found[str(none)]["paid_amount"] is None


def test_deals_are_listed_for_a_page_of_invoices_and_not_asked_for_one_by_one() -> None:
    with opened() as o:
        for one in fill(o, 30):
            o.act("receive", id=one)
        assert all(one["paid_amount"] == 110_000 for one in told(o).values())
        assert o.calls(r"GET /api/1/deals$") == 1
        assert o.calls(r"GET /api/1/deals/") == 0


def test_a_deal_whose_day_somebody_moved_is_asked_for_by_itself() -> None:
    with opened() as o:
        ids = fill(o, 5)
        for one in ids:
            o.act("receive", id=one)
        moved = int(str(o.company.invoices.rows[ids[0]]["deal_id"]))
        o.company.deals.rows[moved]["issue_date"] = "2025-01-31"
        assert told(o)[str(ids[0])]["paid_amount"] == 110_000
        assert o.calls(r"GET /api/1/deals/") == 1


def test_a_deal_that_was_deleted_leaves_its_invoice_without_a_payment() -> None:
    with opened() as o:
        (one,) = fill(o, 1)
        o.act("receive", id=one, amount=10_000)
        o.company.deals.rows.clear()
        assert told(o)[str(one)]["paid_amount"] is None


def test_deals_cost_no_call_where_nobody_asks_for_them() -> None:
    with opened() as o:
        (one,) = fill(o, 1)
        o.act("receive", id=one)
        list(o.system.source.read(Query("invoice", ("payment_status",)), None))
        assert o.calls("deals") == 0


def test_what_was_set_off_otherwise_counts_as_received() -> None:
    with opened() as o:
        (one,) = fill(o, 1)
        o.act("register", id=one)
        (deal,) = o.company.deals.rows.values()
        deal |= {"due_amount": 60_000}  # +更新 (a set-off), without a payment
        assert told(o)[str(one)]["paid_amount"] == 50_000
