"""What freee's errors mean, what doctor finds, and that the stand-in keeps its state."""

import json

import httpx
import orjson
import pytest
import respx
from pydantic import ValidationError

from connectors.freee import CONNECTOR
from connectors.freee.client import translate
from tasuki.model.errors import (
    AccessError,
    ConfigError,
    RejectedError,
    TasukiError,
    ThrottledError,
)
from tasuki.model.record import Query
from tasuki.transport.http import exact_json
from tests.contract.freee.opened import by_hand, create, invoice, opened, settings
from tests.contract.wire import make_wire


def told(status: int, body: object, **headers: str) -> TasukiError | None:
    response = httpx.Response(
        status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    return translate("freee/invoice", response)


def test_a_403_is_a_limit_when_it_speaks_of_one_or_the_counter_is_empty() -> None:
    words = {"message": "アクセスする権限がありません"}
    for limit in (
        told(403, {"message": "しばらくしてから再度お試しください"}),
        told(403, words, x_ratelimit_remaining_day="0"),
        told(403, {"error": "rate_limit_exceeded"}),
    ):
        assert isinstance(limit, ThrottledError)
        assert limit.retry_after == 600
    assert isinstance(told(403, words, x_ratelimit_remaining="7"), AccessError)


def test_a_403_about_addresses_is_no_limit() -> None:
    body = {"code": "source_ip_address_limit", "message": "利用できません（利用制限）"}
    error = told(403, body)
    assert isinstance(error, AccessError)
    assert "IP" in error.remedy


def test_a_429_waits_until_the_window_opens_again() -> None:
    error = told(
        429,
        {"status_code": 429, "errors": []},
        x_ratelimit_remaining_minute="0",
        x_ratelimit_reset_minute="2026-11-22T03:00:40.000000Z",
        date="Sun, 22 Nov 2026 03:00:10 GMT",
    )
    assert isinstance(error, ThrottledError)
    assert error.retry_after == 30


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("expired_access_token", "tasuki login freee"),
        ("user_do_not_have_permission", "権限"),
        ("company_not_found", "company_id"),
        ("freee_plan_limit", "plan"),
    ],
)
def test_a_401_says_who_must_do_what(code: str, word: str) -> None:
    error = told(401, {"message": "アクセスする権限がありません", "code": code})
    assert isinstance(error, AccessError)
    assert word in error.remedy


def test_freees_words_reach_the_message() -> None:
    body = {"status_code": 400, "errors": [
        {"type": "status", "messages": ["不正なリクエストです。"]},
        {"type": "validation", "messages": ["件名が長すぎます。"]},
    ]}  # fmt: skip
    error = told(400, body)
    assert isinstance(error, RejectedError)
    assert str(error) == (
        "freee/invoice: 400 validation: 不正なリクエストです。 / 件名が長すぎます。"
    )
    assert told(503, {}) is None


def test_amounts_are_never_floats() -> None:
    body = exact_json(b'{"total_amount": 1100.0, "amount_tax": 100.1}')
    assert not any(isinstance(v, float) for v in body.values())  # type: ignore[attr-defined]


@respx.mock
def test_requests_go_to_freees_hosts_with_bearer_and_company() -> None:
    route = respx.get("https://api.freee.co.jp/iv/invoices").respond(
        json={"invoices": []}
    )
    given = settings("https://api.freee.co.jp")
    system = CONNECTOR.open(given.model_copy(update={"base_url": None}), make_wire())
    list(system.source.read(Query("invoice", ()), None))
    request = route.calls.last.request
    assert request.url.params["company_id"] == "123456"
    assert request.headers["authorization"] == "Bearer sandbox-token"
    system.close()


def test_doctor_is_content_with_a_company_well_set_up() -> None:
    with opened(template_id=11) as o:
        checks = {check.name: check for check in o.system.doctor()}
        assert all(check.ok for check in checks.values())
        assert {"login", "company", "取引先コード", "template", "limits"} <= set(checks)
        assert "29 this minute" in checks["limits"].words


def test_doctor_names_what_is_wrong_and_what_to_do() -> None:
    with opened({"use_partner_code": False}, template_id=99) as o:
        wrong = {check.name: check for check in o.system.doctor() if not check.ok}
        assert set(wrong) == {"取引先コード", "template"}
        assert all(check.remedy for check in wrong.values())
    with opened(auth={"flow": "token", "token": "wrong"}) as o:
        (only,) = o.system.doctor()
        assert not only.ok


def test_the_schema_knows_lengths_and_what_is_required() -> None:
    with opened() as o:
        fields = o.system.describe("invoice").fields
        assert fields["subject"].length == 255
        assert fields["billing_date"].required
        assert not fields["total_amount"].writable
        assert o.system.describe("partner").fields["name"].unique
        with pytest.raises(ConfigError):
            o.system.describe("deals")


def test_an_invoice_has_a_page_in_freee() -> None:
    with opened() as o:
        url = o.system.record_url("invoice", "12")
        assert url == "https://invoice.secure.freee.co.jp/reports/invoices/12"
        assert o.system.record_url("partner", "12") is None


def test_limits_are_freees_unless_the_connection_says_otherwise() -> None:
    limits = CONNECTOR.limits(settings("http://x", limits={"per_minute": 10}))
    assert [(x.calls, x.seconds, x.window) for x in limits] == [
        (10, 60, "iv"),
        (1500, 3600, "iv"),
        (3000, 86400, ""),
    ]
    with pytest.raises(ValidationError):
        settings("http://x", limits={"per_second": 1})


def test_a_mark_prefix_is_one_word() -> None:
    with pytest.raises(ValidationError):
        settings("http://x", mark_prefix="a b")


def test_the_stand_in_survives_being_put_away_and_taken_out() -> None:
    with opened() as o:
        pid = o.company.partners.add("サンプル", "C1")
        write = create("1", invoice(pid))
        o.write("invoice", write)
        state = orjson.loads(orjson.dumps(o.company.dump()))
    with opened() as again:
        again.company.load(state)
        assert orjson.loads(orjson.dumps(again.company.dump())) == state
        (sighting,) = again.system.destination.probe("invoice", [write])
        assert len(sighting.found) == 1
        again.write("invoice", create("2", invoice(pid)))
        numbers = [
            row["invoice_number"] for row in again.company.invoices.rows.values()
        ]
        assert len(set(numbers)) == 2


def test_the_stand_in_is_as_strict_as_freee() -> None:
    with opened() as o:
        pid = o.company.partners.add("サンプル", "C1")
        enter = o.company.invoices.enter
        for wrong in (
            {"lines": []},
            {"partner_title": "殿"},
            {"partner_code": "C1"},
            {"colour": "red"},
            {"template_id": 12345},
            {"invoice_number": "1"},
            {"lines": [{"type": "text", "description": "x", "quantity": 1}]},
            {"lines": [{"quantity": 1, "unit_price": "1", "tax_rate": 10,
                        "reduced_tax_rate": True}]},
            {"lines": [{"quantity": 1, "unit_price": "1.2345", "tax_rate": 10}]},
        ):  # fmt: skip
            assert enter(by_hand(pid) | wrong).status == 400, wrong
        url = f"{o.server.url}/iv/invoices?company_id=123456"
        auth = {"authorization": "Bearer sandbox-token"}
        wall = httpx.get(f"{url}&limit=100&offset=9901", headers=auth)
        assert wall.status_code == 400
        assert httpx.get(f"{url}&limit=101", headers=auth).status_code == 400
        assert httpx.get(url).status_code == 401
        o.server.violations.clear()  # the three were wrong on purpose


def test_cancelling_and_restoring_answer_as_described() -> None:
    with opened() as o:
        pid = o.company.partners.add("サンプル", "C1")
        made = json.loads(o.company.invoices.enter(by_hand(pid)).encoded()[0])
        path = f"{o.server.url}/iv/invoices/{made['invoice']['id']}"
        auth = {"authorization": "Bearer sandbox-token"}
        for what, status in (("cancel", "canceled"), ("uncancel", "uncanceled")):
            body = {"company_id": 123456}
            answer = httpx.put(f"{path}/{what}", json=body, headers=auth).json()
            assert answer["invoice"]["cancel_status"] == status
