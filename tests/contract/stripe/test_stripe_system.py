"""Reading Stripe, its errors, what doctor finds, and shapes of the vendor's own."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.stripe import CONNECTOR
from connectors.stripe.client import encode, translate
from connectors.stripe.webhook import StripeWebhook
from tasuki.model.errors import (
    ConfigError,
    CursorExpiredError,
    DeliveryError,
    InDoubtError,
    RejectedError,
    ThrottledError,
    TransientError,
)
from tasuki.model.hint import CHANGED, DELETED, Hint
from tasuki.model.record import Query
from tasuki.model.sweep import SweepQuery
from tasuki.model.write import Confirmed, Gone, Operation, Write
from tasuki.webhook import Delivery, hmac_sha256
from tests.contract.stripe.account import create, opened, records, settings

SHAPES = Path(__file__).parents[2] / "recorded" / "stripe" / "shapes.json"


def test_a_body_is_spelt_with_brackets() -> None:
    body = {"lines": [{"price": 1, "on": True}], "metadata": {"k": None}}
    expected = b"lines%5B0%5D%5Bprice%5D=1&lines%5B0%5D%5Bon%5D=true&metadata%5Bk%5D="
    assert encode(body) == expected


def test_everything_is_listed_once_and_any_page_can_be_resumed() -> None:
    with opened() as o:
        made = {o.customer(f"c{n}") for n in range(205)}
        pages = o.read("customer")
        assert {one.id for one in records(pages)} == made
        assert len(records(pages)) == 205
        for place, page in enumerate(pages[:-1]):
            rest = {one.id for one in records(o.read("customer", page.cursor))}
            before = {one.id for one in records(pages[: place + 1])}
            assert rest | before == made
        assert len(o.read("customer", pages[-1].cursor)[0].records) <= 205


def test_events_tell_of_payments_by_hand_with_one_call() -> None:
    with opened() as o:
        names = ("paid", "part", "void", "off", "refunded", "gone")
        done = {name: o.bill(name).id for name in names}
        cursor = o.read("invoice")[-1].cursor
        o.clock.pass_by(hours=1)
        for name in names[:-1]:
            o.act("finalize", id=done[name])
        cursor = o.read("invoice", cursor)[-1].cursor
        o.clock.pass_by(hours=1)
        o.act("pay", id=done["paid"])
        o.act("part_pay", id=done["part"], amount=1000)
        o.act("void", id=done["void"])
        o.act("mark_uncollectible", id=done["off"])
        o.act("pay", id=done["refunded"])
        o.clock.pass_by(seconds=1)
        o.act("refund", id=done["refunded"], amount=500)
        o.act("delete_invoice", id=done["gone"])
        before = o.server.total("GET /v1/invoices")
        pages = o.read("invoice", cursor)
        found = {one.id: one for one in records(pages)}
        assert o.server.total("GET /v1/invoices") == before
        states = {n: found[i].fields.get("status") for n, i in done.items()}
        assert states == {
            "paid": "paid", "part": "open", "void": "void", "off": "uncollectible",
            "refunded": "paid", "gone": None,
        }  # fmt: skip
        assert found[done["gone"]].deleted
        assert found[done["part"]].fields["amount_paid"] == 1000
        assert found[done["refunded"]].fields["post_payment_credit_notes_amount"] == 500
        assert found[done["paid"]].fields["paid_at"] == "2026-11-22"
        (last,) = o.read("invoice", pages[-1].cursor)[-1:]
        assert last.records == []


def test_events_of_one_second_or_another_version_are_read_again() -> None:
    for version in ("2025-03-31.basil", "2020-08-27"):
        with opened({"account_version": version}) as o:
            one = o.bill("1").id
            cursor = o.read("invoice")[-1].cursor
            o.clock.pass_by(hours=1)
            o.act("finalize", id=one)
            o.act("pay", id=one)
            (record,) = records(o.read("invoice", cursor))
            assert record.fields["status"] == "paid"
            assert o.server.total(r"GET /v1/invoices/\(\?P<id>\\w\+\)$") >= 2


def test_a_cursor_older_than_events_or_of_something_else_is_given_up() -> None:
    with opened() as o:
        cursor = o.read("invoice")[-1].cursor
        o.clock.pass_by(days=30)
        for bad in (cursor, "nonsense", '{"v":1,"stream":"customer","since":1}'):
            with pytest.raises(CursorExpiredError):
                o.read("invoice", bad)


def test_filters_are_compared_here_and_unknown_ones_refused() -> None:
    with opened() as o:
        one = o.bill("1", metadata_salesforce_id="006A").id
        o.bill("2")
        (found,) = records(o.read("invoice", None, "metadata_salesforce_id=006A"))
        assert found.id == one
        query = Query("invoice", (), {"status": "paid"})
        there, gone = o.system.source.fetch(query, [one, "in_none"])
        assert (there.outside, gone.deleted) == (True, True)
        with pytest.raises(ConfigError):
            o.read("invoice", None, "colour=red")
        with pytest.raises(ConfigError):
            o.read("charge")


def test_customers_are_found_by_address_at_once_and_by_metadata_a_minute_later() -> (
    None
):
    with opened() as o:
        one = o.customer(email="Keiri@example.jp", metadata_salesforce_id="0'01")
        find = o.system.destination.find
        assert find("customer", "email", ["Keiri@example.jp"])
        asked = ("customer", "metadata_salesforce_id", ["0'01"])
        assert find(*asked) == {}
        o.clock.pass_by(minutes=2)
        assert [x.id for x in find(*asked)["0'01"]] == [one]
        with pytest.raises(ConfigError):
            find("customer", "balance", ["1"])


def test_a_deleted_customer_is_gone_and_its_fields_can_be_emptied_before() -> None:
    with opened() as o:
        one = o.customer(phone="03-1", address_city="港区", preferred_locale="ja")
        change = Write(
            "u", Operation.UPDATE, {"phone": None, "address_line1": "1"}, one
        )
        assert isinstance(o.write("customer", change), Confirmed)
        (told,) = o.system.source.fetch(Query("customer", ()), [one])
        shown = {"phone": None, "address_city": "港区", "address_line1": "1"}
        assert {name: told.fields[name] for name in shown} == shown
        o.act("delete_customer", id=one)
        late = Write("v", Operation.UPDATE, {"phone": "1"}, one)
        assert isinstance(o.write("customer", late), Gone)
        (told,) = o.system.source.fetch(Query("customer", ()), [one])
        assert told.deleted


def told(
    status: int, error: dict[str, Any], method: str = "POST", **headers: str
) -> Any:
    request = httpx.Request(method, "https://api.stripe.com/v1/invoices")
    given = {k.replace("_", "-"): v for k, v in headers.items()}
    body = {"error": error}
    response = httpx.Response(status, json=body, headers=given, request=request)
    return translate("stripe/invoice", response)


def test_its_errors_say_who_acts_next() -> None:
    lock = told(429, {"code": "lock_timeout", "message": "busy"})
    assert isinstance(lock, ThrottledError)
    busy = told(409, {"code": "idempotency_key_in_use", "message": "busy"})
    assert isinstance(busy, TransientError)
    card = told(402, {"type": "card_error", "code": "card_declined", "message": "no"})
    assert isinstance(card, RejectedError)
    assert isinstance(told(500, {"type": "api_error"}), TransientError)
    never = told(500, {"type": "api_error"}, stripe_should_retry="false")
    assert isinstance(never, InDoubtError)
    replay = told(500, {"type": "api_error"}, idempotent_replayed="true")
    assert isinstance(replay, RejectedError)
    again = told(400, {"message": "try"}, stripe_should_retry="true")
    assert isinstance(again, TransientError)
    words = "No such customer: taro@example.jp with rk_live_abc"
    mail = told(400, {"message": words, "param": "email"})
    assert "example.jp" not in str(mail)
    assert "rk_live" not in str(mail)


def test_the_doctor_names_the_mode_and_the_rates() -> None:
    with opened(tax_rates={"standard": "txr_standard", "reduced": "txr_gone"}) as o:
        checks = list(o.system.doctor())
        assert [c.ok for c in checks] == [True, True, True, True, False]
        assert "test mode" in checks[0].words
        assert "10 % exclusive" in checks[3].words
    with opened(api_key="rk_test_other") as o:
        assert [c.ok for c in o.system.doctor()] == [False]


def test_settings_refuse_what_is_no_key_and_tell_limits_by_mode() -> None:
    for wrong in ({"api_key": "pk_test_1"}, {"limits": {"x": 1}}, {"account": "x"},
                  {"tax_rates": {"standard": "10"}}):  # fmt: skip
        with pytest.raises(ValidationError):
            settings("http://127.0.0.1:1", **wrong)
    test = CONNECTOR.limits(settings("http://127.0.0.1:1"))
    live = CONNECTOR.limits(settings("http://127.0.0.1:1", api_key="sk_live_1"))
    assert (test[0].calls, live[0].calls) == (25, 100)


def test_records_have_a_page_of_the_right_mode_and_account() -> None:
    with opened(account="acct_1") as o:
        assert o.system.record_url("invoice", "in_1") == (
            "https://dashboard.stripe.com/acct_1/test/invoices/in_1"
        )
        assert "email" in o.system.describe("customer").fields
        with pytest.raises(ConfigError):
            o.system.describe("charge")


def test_a_sweep_shows_marks_and_what_was_sent() -> None:
    with opened() as o:
        done = o.bill("1", lines=[{"description": "a", "unit_price": 500}])
        o.act("finalize", id=done.id)
        o.act("void", id=done.id)
        destination: Any = o.system.destination
        (page,) = destination.sweep("invoice", SweepQuery(("total",)))
        assert [(one.marks, one.live) for one in page] == [(("m1",), False)]
        sent = {"partner_id": "cus_1", "lines": [{"unit_price": 500}]}
        assert destination.shown("invoice", sent)["total"] == 500


def test_the_stand_in_answers_in_the_vendors_own_shapes() -> None:
    """Every name it answers is one of the vendor's published fixtures."""
    shapes = json.loads(SHAPES.read_text(encoding="utf-8"))
    with opened() as o:
        o.bill("1")
        rows = {
            "invoice": o.invoices[0],
            "customer": next(iter(o.sandbox.customers.shelf.rows.values())),
            "invoiceitem": next(iter(o.sandbox.invoices.items.rows.values())),
            "event": next(iter(o.sandbox.events.shelf.rows.values())),
            "tax_rate": o.sandbox.invoices.tax_rates["txr_standard"],
            "line_item": o.invoices[0]["lines"]["data"][0],
        }
    for name, row in rows.items():
        assert set(row) <= set(shapes[name]), name
        for key, value in row.items():
            kind = shapes[name][key]
            if value is not None and kind != "null":
                assert type(value).__name__ == kind, f"{name}.{key}"


def test_the_state_is_kept_between_two_starts() -> None:
    with opened() as o:
        write = create("1", {"name": "甲"})
        first = o.write("customer", write)
        state = json.loads(json.dumps(o.sandbox.dump()))
        o.sandbox.load(state)
        again = o.write("customer", write)
        assert first.ref == again.ref
        assert isinstance(again, Confirmed)
        assert again.id == getattr(first, "id", "")
        assert o.sandbox.dump() == state


def test_a_fast_caller_is_told_to_wait() -> None:
    with opened({"per_second": 2}) as o:
        o.customer("1")
        o.customer("2")
        with pytest.raises(ThrottledError):
            o.customer("3")


def delivery(body: object, secret: str = "whsec_1", at: int = 1795316400) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    mark = hmac_sha256(secret, f"{at}.".encode() + raw).hex()
    headers = {"stripe-signature": f"t={at},v1={mark}"}
    return Delivery("POST", "https://hub.example/stripe", headers, raw)


def test_a_delivery_is_proved_and_names_its_object() -> None:
    hook = {"secret": "whsec_1"}
    receiver = StripeWebhook(settings("http://127.0.0.1:1", webhook=hook))
    now = datetime.fromtimestamp(1795316400, UTC)
    event = {
        "id": "evt_1",
        "type": "invoice.paid",
        "livemode": False,
        "data": {"object": {"id": "in_1", "object": "invoice"}},
    }
    good = delivery(event)
    receiver.verify(good, now)
    for bad in (delivery(event, "whsec_2"), delivery(event, at=1795310000)):
        with pytest.raises(DeliveryError):
            receiver.verify(bad, now)
    assert receiver.parse(good) == [Hint("invoice", "in_1", CHANGED, "evt_1")]
    gone = delivery({**event, "type": "invoice.deleted"})
    assert receiver.parse(gone)[0].kind == DELETED
    for other in ({"livemode": True}, {"account": "acct_2"}, {"data": {}}):
        assert receiver.parse(delivery({**event, **other}))[0].stream == ""
    for broken in (b"x", b"[]"):
        with pytest.raises(DeliveryError):
            receiver.parse(delivery(broken))
