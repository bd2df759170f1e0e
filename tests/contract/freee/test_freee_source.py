"""Reading freee: everything once, afterwards what can have changed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.freee.sandbox.invoices import Invoices as SandboxInvoices
from connectors.freee.sandbox.partners import Partners as SandboxPartners
from tasuki.model.errors import (
    AccessError,
    ConfigError,
    CursorExpiredError,
    TransientError,
)
from tasuki.model.record import Query
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.freee.opened import Opened, by_hand, ids, opened, records


def fill(
    o: Opened, count: int, day: str = "2026-11-30", **changes: object
) -> list[int]:
    """Put invoices in as people at the screen do."""
    pid = o.company.partners.id_of("C1") or o.company.partners.add("サンプル", "C1")
    made = []
    for n in range(count):
        reply = o.company.invoices.enter(
            by_hand(pid, billing_date=day, subject=f"{n}", **changes)
        )
        made.append(reply.body["invoice"]["id"])  # type: ignore[index,call-overload]
    return made


def after_full(o: Opened, where: object = None) -> str:
    return o.read("invoice", None, where)[-1].cursor


def test_a_full_read_gives_every_invoice_and_costs_one_call_per_page() -> None:
    with opened() as o:
        made = fill(o, 250)
        pages = o.read("invoice")
        assert sorted(set(ids(pages)), key=int) == [str(n) for n in made]
        # Three pages, and one look at whether 10,000 are exceeded.
        assert o.calls("GET /iv/invoices") == 4


def test_an_empty_company_costs_one_call() -> None:
    with opened() as o:
        pages = o.read("invoice")
        assert ids(pages) == []
        assert o.calls() == 1
        assert pages[-1].cursor


def test_a_record_has_the_fields_of_the_list_and_a_version_of_its_own() -> None:
    with opened() as o:
        (number,) = fill(o, 1)
        (record,) = records(o.read("invoice"))
        assert record.fields["total_amount"] == 110000
        assert record.fields["payment_status"] == "unsettled"
        (again,) = o.system.source.fetch(Query("invoice", ()), [record.id])
        assert again.version == record.version
        o.act("pay", id=number)
        (paid,) = o.system.source.fetch(Query("invoice", ()), [record.id])
        assert paid.version != record.version


def test_reading_resumes_from_the_cursor_of_every_page() -> None:
    with opened() as o:
        made = {str(n) for n in fill(o, 320)}
        pages = o.read("invoice")
        for done in range(len(pages)):
            before = set(ids(pages[: done + 1]))
            rest = set(ids(o.read("invoice", pages[done].cursor)))
            assert before | rest == made


@pytest.mark.slow
def test_more_than_ten_thousand_invoices_of_one_day_are_read_whole() -> None:
    with opened() as o:
        made = fill(o, 10_050)
        for number in made[:2000]:
            o.company.invoices.set_status(number, "settled")
        found = ids(o.read("invoice"))
        assert {int(i) for i in found} == set(made)
        assert o.calls("GET /iv/invoices") < 160


@pytest.mark.slow
def test_more_than_ten_thousand_over_several_days_are_halved_by_day() -> None:
    with opened(history_from="2026-01-01") as o:
        first = fill(o, 5100, "2026-03-31")
        second = fill(o, 5100, "2026-09-30")
        assert {int(i) for i in ids(o.read("invoice"))} == {*first, *second}


def test_an_invoice_deleted_while_the_list_is_paged_hides_no_other() -> None:
    with opened() as o:
        made = fill(o, 300)
        found: set[str] = set()
        for turn, page in enumerate(o.system.source.read(Query("invoice", ()), None)):
            found |= {record.id for record in page.records}
            if turn == 0:
                for number in made[-30:-10]:  # of the page already read
                    o.company.invoices.delete(number)
        assert {str(n) for n in made} <= found


def test_an_invoice_that_moves_in_front_while_the_list_is_paged_is_read() -> None:
    """Its day is changed by hand: from a page still to come to one already read."""
    with opened() as o:
        made = fill(o, 300, "2025-01-31")
        invoices = o.company.invoices
        for number in made:
            invoices.set_status(number, "settled")  # nobody follows it later
        moving = made[10]
        found: set[str] = set()
        for turn, page in enumerate(o.system.source.read(Query("invoice", ()), None)):
            found |= {record.id for record in page.records}
            if turn == 0:
                invoices._leave(invoices.rows[moving])
                invoices.rows[moving]["billing_date"] = "2025-06-30"
                invoices._enter(invoices.rows[moving])
        assert found == {str(number) for number in made}


@pytest.mark.parametrize(
    ("stream", "table", "size"),
    [("invoice", SandboxInvoices, 150), ("partner", SandboxPartners, 3100)],
)
def test_a_list_that_never_ends_stops_with_a_line(
    stream: str, table: Any, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes no notice of the offset serves its first page for ever."""
    answer = table.index

    def stuck(self: Any, request: Any) -> Any:
        if request.params.get("limit") == ["1"]:
            return answer(self, request)
        return answer(self, replace(request, params=request.params | {"offset": ["0"]}))

    monkeypatch.setattr(table, "index", stuck)
    with opened() as o:
        if stream == "invoice":
            fill(o, size)
        else:
            for n in range(size):
                o.company.partners.add(f"会社{n}", f"C{n}")
        with pytest.raises(TransientError, match="round in circles"):
            o.read(stream)
        assert o.calls("GET") <= 4


def test_an_old_invoice_that_was_paid_is_seen_the_next_time() -> None:
    with opened() as o:
        old, _ = fill(o, 2, "2025-01-31")
        cursor = after_full(o)
        o.act("pay", id=old)
        pages = o.read("invoice", cursor)
        status = {r.id: r.fields["payment_status"] for r in records(pages)}
        assert status[str(old)] == "settled"
        # Recent ones, unpaid ones, and the one that left the unpaid.
        assert o.calls("GET /iv/invoices") == 1 + 2 + 1
        assert str(old) not in ids(o.read("invoice", pages[-1].cursor))


def test_an_old_invoice_that_was_cancelled_or_deleted_is_seen_too() -> None:
    with opened() as o:
        gone, cancelled = fill(o, 2, "2025-01-31")
        cursor = after_full(o)
        o.company.invoices.delete(gone)
        o.company.invoices.rows[cancelled]["cancel_status"] = "canceled"
        found = {r.id: r for r in records(o.read("invoice", cursor))}
        assert found[str(gone)].deleted
        assert found[str(cancelled)].fields["cancel_status"] == "canceled"


def test_an_invoice_paid_while_the_first_read_goes_on_is_not_missed() -> None:
    with opened() as o:
        made = fill(o, 250, "2025-01-31")
        cursor = ""
        for turn, page in enumerate(o.system.source.read(Query("invoice", ()), None)):
            if turn == 0:
                o.act("pay", id=int(page.records[0].id))
                paid = page.records[0].id
            cursor = page.cursor
        assert paid in {str(n) for n in made}
        status = {
            r.id: r.fields["payment_status"] for r in records(o.read("invoice", cursor))
        }
        assert status[paid] == "settled"


def test_a_failed_card_payment_stays_followed() -> None:
    with opened() as o:
        (number,) = fill(o, 1, "2025-01-31")
        o.act("set_payment_status", id=number, status="failed")
        cursor = after_full(o)
        pages = o.read("invoice", cursor)
        assert str(number) in ids(pages)
        o.act("pay", id=number)
        assert str(number) in ids(o.read("invoice", pages[-1].cursor))


def test_a_new_invoice_is_seen_the_next_time_even_when_dated_ahead() -> None:
    with opened() as o:
        fill(o, 3)
        cursor = after_full(o)
        (ahead,) = fill(o, 1, "2027-06-30")
        assert str(ahead) in ids(o.read("invoice", cursor))


def test_paid_old_invoices_cost_no_calls_later() -> None:
    with opened() as o:
        for number in fill(o, 300, "2024-05-31"):
            o.company.invoices.set_status(number, "settled")
        cursor = after_full(o)
        before = o.calls()
        o.read("invoice", cursor)
        assert o.calls() - before == 2


def test_the_cursor_of_thousands_of_unpaid_invoices_stays_small() -> None:
    with opened() as o:
        fill(o, 5000)
        assert len(after_full(o)) < 12_000


def test_filters_that_change_are_compared_here_and_fixed_ones_are_asked() -> None:
    with opened() as o:
        made = fill(o, 4)
        o.act("pay", id=made[0])
        where = {"payment_status": "settled", "partner_ids": "101"}
        assert ids(o.read("invoice", None, where)) == [str(made[0])]
        assert ids(o.read("invoice", None, "payment_status=settled")) == [str(made[0])]
        with pytest.raises(ConfigError):
            o.read("invoice", None, {"colour": "red"})
        with pytest.raises(ConfigError):
            o.read("invoice", None, "Status = 'paid'")


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "{}", "[]", '{"v":9,"stream":"invoice"}', '{"v":1,"stream":"partner"}',
     '{"v":1,"stream":"invoice","began":"2026-11-22","open":[1]}',
     '{"v":1,"stream":"invoice","began":"?","open":{}}',
     '{"v":1,"stream":"invoice","began":"2026-11-22","open":{},"position":"x"}'],
)  # fmt: skip
def test_an_unknown_cursor_asks_for_everything_anew(cursor: str) -> None:
    with opened() as o:
        if not cursor:
            assert o.read("invoice", cursor)
            return
        with pytest.raises(CursorExpiredError):
            o.read("invoice", cursor)


def test_reads_are_repeated_when_the_connection_breaks() -> None:
    with opened() as o:
        made = fill(o, 150)
        o.server.faults.plant(
            Fault(Kind.RESET_BEFORE, "GET"),
            Fault(Kind.NOT_JSON, "GET", skip=1),
            Fault(Kind.TRUNCATE, "GET", skip=2),
        )
        assert {int(i) for i in ids(o.read("invoice"))} == set(made)


def test_partners_are_read_whole_then_from_the_day_before() -> None:
    with opened() as o:
        for n in range(3100):
            o.company.partners.add(f"会社{n}", f"C{n}")
        pages = o.read("partner")
        assert len(set(ids(pages))) == 3100
        assert o.calls("GET /api/1/partners") == 2
        rest = ids(o.read("partner", pages[0].cursor))
        assert set(ids(pages[:1])) | set(rest) == set(ids(pages))
        cursor = pages[-1].cursor
        assert json.loads(cursor)["since"] == "2026-11-21"
        o.clock.move(datetime(2026, 11, 25, tzinfo=UTC))
        number = o.company.partners.add("新会社", "N1")
        later = o.read("partner", cursor)
        assert str(number) in ids(later)
        assert ids(o.read("partner", later[-1].cursor)) == [str(number)]


def test_a_partner_carries_its_address_by_name_too() -> None:
    with opened() as o:
        address = {
            "zipcode": "100-0001",
            "prefecture_code": 12,
            "street_name1": "千代田",
        }
        number = o.company.partners.add("A", "C1", address_attributes=address)
        (record,) = records(o.read("partner"))
        assert record.fields["prefecture"] == "東京都"
        assert record.modified == datetime(2026, 11, 21, 15, tzinfo=UTC)
        (same, gone) = o.system.source.fetch(Query("partner", ()), [record.id, "9"])
        assert same.version == record.version
        assert (gone.id, gone.deleted) == ("9", True)
        assert record.id == str(number)


def test_a_partner_list_that_shrinks_while_paged_hides_nobody() -> None:
    with opened() as o:
        for n in range(6100):
            o.company.partners.add(f"会社{n}", f"C{n}")
        found: set[str] = set()
        for turn, page in enumerate(o.system.source.read(Query("partner", ()), None)):
            found |= {record.id for record in page.records}
            if turn == 0:
                for number in range(101, 150):
                    o.company.partners.archive(number)
        assert len(found) == 6100


def test_a_wrong_token_stops_the_connection_with_a_remedy() -> None:
    with opened(auth={"flow": "token", "token": "wrong"}) as o:
        with pytest.raises(AccessError) as caught:
            o.read("invoice")
        assert "tasuki login freee" in caught.value.remedy
        assert o.calls() == 1


def test_a_foreign_company_is_named_as_the_cause() -> None:
    with opened(company_id=5) as o:
        with pytest.raises(AccessError) as caught:
            o.read("partner")
        assert "company_id" in caught.value.remedy


def test_calls_to_freee_invoice_count_in_their_own_window() -> None:
    with opened() as o:
        o.read("invoice")
        o.read("partner")
        assert dict(o.wire.budget.acquired) == {"iv": 1, "": 1}  # type: ignore[attr-defined]
        assert o.wire.calls.counts() == {("freee", "read"): 2}


def test_a_day_passes_in_japan_before_it_does_in_london() -> None:
    with opened() as o:
        o.clock.move(datetime(2026, 11, 22, 15, 30, tzinfo=UTC))
        state = json.loads(after_full(o))
        assert state["began"] == "2026-11-23"
        assert o.clock.now() - datetime(2026, 11, 22, tzinfo=UTC) < timedelta(days=1)
