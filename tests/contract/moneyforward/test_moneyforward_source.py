"""Reading クラウド請求書: nothing is missed although its filter knows days only."""

import json
from datetime import UTC, datetime

import pytest

from tasuki.model.errors import ConfigError, CursorExpiredError, TransientError
from tasuki.model.record import Query
from tests.contract.moneyforward.office import (
    Opened,
    create,
    ids,
    invoice,
    opened,
    records,
)


def many(o: Opened, count: int, customer: str = "") -> list[str]:
    """Enter invoices at the screen; return their ids."""
    partner = o.sandbox.masters.partners[customer or o.customer()]
    department = partner["departments"][0]["id"]  # type: ignore[index]
    line = {"name": "作業", "price": 1000, "quantity": 1, "excise": "ten_percent"}
    body = {
        "department_id": department,
        "billing_date": "2026-11-30",
        "due_date": "2026-12-31",
        "items": [line],
    }
    return [str(o.sandbox.billings.enter(body).body["id"]) for _ in range(count)]  # type: ignore[index]


def test_all_is_read_once_and_then_only_what_was_updated() -> None:
    with opened(history_from="2025-01-01") as o:
        old = many(o, 250)
        first = o.read("billing")
        assert sorted(ids(first)) == sorted(old)
        assert len(first) == 1 + 3  # a year without any, then three pages
        row = records(first)[0]
        assert row.fields["total_amount"] == 1100
        assert row.fields["payment_status"] == "未設定"
        assert row.modified == o.clock.now()
        o.clock.move(datetime(2026, 11, 25, 3, tzinfo=UTC))
        o.act("mark_paid", id=old[7])
        new = many(o, 1)
        o.clock.move(datetime(2026, 11, 26, 3, tzinfo=UTC))
        again = o.read("billing", first[-1].cursor)
        # The first read began on the 22nd: from the 21st on all is read once more.
        assert {old[7], *new} <= set(ids(again))
        third = o.read("billing", again[-1].cursor)
        assert sorted(ids(third)) == sorted([old[7], *new])
        paid = {r.id: r.fields["payment_status"] for r in records(third)}
        assert paid[old[7]] == "入金済み"


def test_a_change_late_on_a_day_in_japan_is_not_missed() -> None:
    """15:30 UTC is half past midnight of the next day in Tokyo."""
    with opened(history_from="2026-01-01") as o:
        o.clock.move(datetime(2026, 11, 22, 14, 50, tzinfo=UTC))
        (one,) = many(o, 1)
        cursor = o.read("billing")[-1].cursor
        o.clock.move(datetime(2026, 11, 22, 14, 59, tzinfo=UTC))
        o.act("mark_paid", id=one)
        o.clock.move(datetime(2026, 11, 22, 15, 30, tzinfo=UTC))
        pages = o.read("billing", cursor)
        assert records(pages)[0].fields["payment_status"] == "入金済み"
        o.clock.move(datetime(2026, 11, 23, 14, 0, tzinfo=UTC))
        assert ids(o.read("billing", pages[-1].cursor)) == [one]


@pytest.mark.parametrize("stream", ["billing", "partner"])
def test_a_read_goes_on_from_the_cursor_of_every_page(stream: str) -> None:
    with opened(history_from="2025-01-01") as o:
        expected = sorted(many(o, 230))
        if stream == "partner":
            expected = sorted(o.customer(f"P{n}") for n in range(229))
            expected = sorted({*expected, o.customer()})
        pages = o.read(stream)
        for place, page in enumerate(pages[:-1]):
            rest = o.read(stream, page.cursor)
            seen = {*ids(pages[: place + 1]), *ids(rest)}
            assert sorted(seen) == expected
            assert rest[-1].cursor == pages[-1].cursor


def test_an_invoice_that_slips_past_while_the_list_is_paged_is_read() -> None:
    with opened(history_from="2026-01-01") as o:
        made = many(o, 250)
        found: set[str] = set()
        for place, page in enumerate(o.system.source.read(Query("billing", ()), None)):
            found |= {record.id for record in page.records}
            if place == 0:
                for one in (made[240], made[245]):  # on the page that was read
                    o.act("delete_billing", id=one)
        assert set(made) <= found


def test_a_list_that_never_stands_still_ends_with_a_line() -> None:
    with opened(history_from="2026-01-01") as o:
        many(o, 150)

        def read() -> None:
            for _ in o.system.source.read(Query("billing", ()), None):
                many(o, 1)

        with pytest.raises(TransientError, match="faster than it is read"):
            read()


def test_partners_and_items_are_listed_and_only_what_was_updated_comes() -> None:
    with opened() as o:
        ids_ = [o.customer(f"SF-{n}") for n in range(3)]
        pages = o.read("partner")
        assert ids(pages) == ids_
        fields = records(pages)[0].fields
        assert (fields["code"], fields["person_dept"]) == ("SF-0", "第1部")
        o.clock.move(datetime(2026, 11, 25, 3, tzinfo=UTC))
        cursor = o.read("partner", pages[-1].cursor)[-1].cursor
        assert ids(o.read("partner", cursor)) == []
        item = create(
            "1", {"code": "I1", "name": "保守", "tax": "standard", "unit_price": 500}
        )
        o.write("item", item)
        (one,) = records(o.read("item"))
        assert (one.fields["unit_price"], one.fields["tax"]) == (500, "standard")


def test_what_is_asked_for_by_id_comes_as_it_is_now() -> None:
    with opened() as o:
        one, two = many(o, 2)
        o.act("mark_paid", id=one)
        query = Query("billing", (), where="payment_status=入金済み")
        rows = {
            r.id: r for r in o.system.source.fetch(query, [one, two, "gone", "../x"])
        }
        assert (rows[one].outside, rows[two].outside) == (False, True)
        assert rows["gone"].deleted
        assert rows["../x"].deleted
        assert ids(o.read("billing", where="payment_status=入金済み")) == [one]
        with pytest.raises(ConfigError):
            o.read("billing", where="color=red")
        with pytest.raises(ConfigError):
            o.read("quote")


@pytest.mark.parametrize(
    "cursor",
    ["", "no json", "[]", '{"v": 2, "stream": "billing"}', '{"v": 1, "stream": "partner"}',
     '{"v": 1, "stream": "billing", "since": "yesterday"}',
     '{"v": 1, "stream": "billing", "page": 0}'],
)  # fmt: skip
def test_a_foreign_cursor_is_expired(cursor: str) -> None:
    with opened() as o, pytest.raises(CursorExpiredError):
        o.read("billing", cursor)


def test_a_moment_gives_a_cursor_that_covers_it() -> None:
    with opened() as o:
        (one,) = many(o, 1)
        cursor = o.system.source.cursor_at("billing", o.clock.now())  # type: ignore[attr-defined]
        assert json.loads(cursor)["since"] == "2026-11-21"
        assert ids(o.read("billing", cursor)) == [one]


def test_amounts_and_days_come_as_numbers_and_days() -> None:
    """Days come with dashes or slashes, amounts as texts with a decimal."""
    with opened() as o:
        done = o.bill("1", **{k: v for k, v in invoice().items() if k != "lines"})
        o.act(
            "edit_billing", id=done.id, billing_date="2026/11/30", due_date="2026/12/31"
        )
        (record,) = records(o.read("billing"))
        assert record.fields["billing_date"] == "2026-11-30"
        assert record.fields["total_amount"] == 110000
        assert type(record.fields["total_amount"]) is int
