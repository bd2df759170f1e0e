"""What its errors mean, the login, what doctor finds, and that paid mail is unknown."""

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
import pytest
from pydantic import ValidationError

from connectors.moneyforward import CONNECTOR
from connectors.moneyforward.client import CREATE, translate
from connectors.moneyforward.settings import login_flow
from tasuki.model.errors import (
    AccessError,
    ConfigError,
    RejectedError,
    TasukiError,
    ThrottledError,
)
from tasuki.model.record import Query
from tasuki.ports import Token
from tasuki.sandbox.faults import Fault, Kind
from tasuki.transport.calls import Calls
from tasuki.transport.oauth import TokenEndpoint, authorize_url, new_state
from tests.contract.moneyforward.office import Opened, opened, settings
from tests.contract.wire import MemoryTokens

HERE = Path(__file__).parents[3] / "connectors" / "moneyforward"
BACK = "http://127.0.0.1:8917/callback"
OAUTH = {
    "flow": "oauth",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
}


def told(
    status: int, body: object, path: str = CREATE, **headers: str
) -> TasukiError | None:
    request = httpx.Request("POST", f"https://invoice.moneyforward.com{path}")
    given = {k.replace("_", "-"): v for k, v in headers.items()}
    response = httpx.Response(status, json=body, headers=given, request=request)
    return translate("moneyforward/billing", response)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, {}),
        (403, {"errors": [{"message": "プランの上限に達しました"}]}),
        (400, {"errors": ["帳票の作成可能件数を超えています"]}),
        (422, {"message": "Your plan does not allow more documents"}),
    ],
)
def test_a_full_plan_is_told_apart_from_a_wrong_invoice(
    status: int, body: object
) -> None:
    error = told(status, body)
    assert isinstance(error, RejectedError)
    assert error.code == "quota"
    elsewhere = told(status, body, "/api/v3/partners")
    assert not isinstance(elsewhere, RejectedError) or elsewhere.code != "quota"


def test_the_other_errors_say_who_acts_next() -> None:
    wrong = told(400, {"errors": {"title": ["件名が長すぎます"]}})
    assert isinstance(wrong, RejectedError)
    assert (wrong.code, wrong.answer) == ("400", "件名が長すぎます")
    fast = told(429, {}, retry_after="7")
    assert isinstance(fast, ThrottledError)
    assert fast.retry_after == 7
    assert isinstance(told(401, {"error": "invalid_token"}), AccessError)
    portal = told(403, {"message": "forbidden"})
    assert isinstance(portal, AccessError)
    assert "アプリポータル" in portal.remedy
    assert told(500, {}) is None
    assert told(200, {}) is None


def test_no_part_of_the_connector_knows_paid_mail() -> None:
    """郵送 costs money at once: no path, no name and no text may lead to it."""
    found = {
        f"{path.name}:{node.lineno} {node.value}"
        for path in HERE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and "posting" in str(node.value)
        if node.value != "posting_status"  # read, never written
    }
    assert not found
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for path in HERE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
    }
    assert not [name for name in names if "posting" in name.lower()]
    with opened() as o:  # and the stand-in would tell
        answer = httpx.post(f"{o.server.url}/api/v3/billings/x/posting")
        assert answer.status_code == 500
        assert o.sandbox.posted == ["/api/v3/billings/x/posting"]
        o.sandbox.posted.clear()


# Login


def first_token(o: Opened) -> Token:
    """Log in through the page that sends the code to the redirect."""
    flow = login_flow(settings(o.server.url, auth=OAUTH))
    assert flow is not None
    page = httpx.get(authorize_url(flow, BACK, new_state()))
    (code,) = parse_qs(urlsplit(page.headers["location"]).query)["code"]
    point = TokenEndpoint(flow, "moneyforward", clock=o.clock, calls=Calls())
    try:
        return point.exchange(code, BACK)
    finally:
        point.close()


def test_tokens_last_an_hour_and_are_renewed_before_they_end() -> None:
    with opened() as o:
        tokens = MemoryTokens(first_token(o))
        old = tokens.token
        assert old
        assert old.expires_at == o.clock.now() + timedelta(hours=1)
        wire = replace(o.wire, tokens=tokens)
        system = CONNECTOR.open(settings(o.server.url, auth=OAUTH), wire)
        system.source.fetch(Query("billing", ()), ["x"])
        assert tokens.token == old
        o.clock.pass_by(minutes=58)
        system.source.fetch(Query("billing", ()), ["x"])
        assert tokens.token.refresh != old.refresh
        o.act("expire_access")  # a renewal elsewhere ends the pair at once
        system.source.fetch(Query("billing", ()), ["x"])
        o.act("expire_access")
        o.act("expire_refresh")
        with pytest.raises(AccessError) as caught:
            system.source.fetch(Query("billing", ()), ["x"])
        assert "tasuki login moneyforward" in caught.value.remedy
        system.close()


def test_a_login_asks_for_both_scopes_and_names_the_app_by_basic_auth() -> None:
    flow = login_flow(settings("http://127.0.0.1:1", auth=OAUTH))
    assert flow is not None
    assert flow.basic_auth
    assert flow.scope.split() == ["mfc/invoice/data.read", "mfc/invoice/data.write"]
    assert "sandbox-secret" not in repr(flow)
    with opened() as o:
        wrong = settings(o.server.url, auth=OAUTH | {"client_secret": "no"})
        flow = login_flow(wrong)
        assert flow is not None
        point = TokenEndpoint(flow, "moneyforward", clock=o.clock, calls=Calls())
        with pytest.raises(AccessError) as caught:
            point.exchange("x", BACK)
        assert "client_id" in caught.value.remedy
        point.close()


# Doctor and the rest


def doctor(o: Opened) -> dict[str, tuple[bool, str]]:
    return {one.name: (one.ok, one.words) for one in o.system.doctor()}


def test_doctor_shows_the_office_its_rounding_and_the_months_documents() -> None:
    with opened({"rounding_consumption_tax": "round_off"}, office="1234-5678") as o:
        before = doctor(o)
        assert before["端数処理"][1].startswith("not known before the first invoice")
        o.bill("1")
        found = doctor(o)
        assert [ok for ok, _ in found.values()] == [True] * 6
        assert found["office"][1] == "office 1234-5678"
        assert "tax round_off" in found["端数処理"][1]
        assert found["documents"][1].startswith("1 invoices made this month")


def test_doctor_names_another_office_other_prices_and_a_dead_login() -> None:
    with opened(office="9999-0000", price_mode="inclusive") as o:
        o.bill("1")
        found = doctor(o)
        assert not found["office"][0]
        assert not found["端数処理"][0]
        o.server.faults.plant(Fault(Kind.UNAUTHORISED, times=0))
        assert list(doctor(o)) == ["login"]


def test_the_schema_names_what_can_be_written_and_pages_of_records() -> None:
    with opened() as o:
        billing = o.system.describe("billing").fields
        assert billing["lines"].required
        assert not billing["posting_status"].writable
        assert billing["subject"].length == 200
        assert o.system.describe("partner").fields["code"].unique
        with pytest.raises(ConfigError):
            o.system.describe("quote")
        with pytest.raises(ConfigError):
            o.system.destination.facts("quote")
        url = o.system.record_url("billing", "abc")
        assert url == "https://invoice.moneyforward.com/billings/abc"
        assert o.system.record_url("partner", "abc") is None


@pytest.mark.parametrize(
    "change",
    [{"mark_prefix": "two words"}, {"mark_prefix": "a,b"}, {"limits": {"per_day": 1}},
     {"color": "red"}, {"auth": {"flow": "oauth", "client_id": "x"}}],
)  # fmt: skip
def test_wrong_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings("http://127.0.0.1:1", **change)


def test_the_stand_in_keeps_its_state() -> None:
    with opened() as o:
        done = [o.bill(str(n)) for n in range(3)]
        o.act("delete_billing", id=done[1].id)
        state = orjson.loads(orjson.dumps(o.sandbox.dump()))
        with opened() as other:
            other.sandbox.load(state)
            assert other.sandbox.dump() == o.sandbox.dump()
            fresh = other.bill("9")
            assert fresh.answer["invoice_number"] == "0004"
            assert len(other.read("billing")[-1].records) == 3


def test_the_stand_in_counts_its_seconds_and_months_and_knows_its_paths() -> None:
    with opened({"per_second": 2, "monthly_documents": 1}) as o:
        headers = {"authorization": "Bearer sandbox-token"}

        def get(path: str) -> int:
            url = f"{o.server.url}/api/v3{path}"
            return httpx.get(url, headers=headers).status_code

        assert [get("/office") for _ in range(3)] == [200, 200, 429]
        o.clock.move(datetime(2026, 11, 22, 3, 0, 5, tzinfo=UTC))
        assert get("/billings?per_page=101") == 400
        assert get("/billings?color=red") == 400
        o.clock.pass_by(seconds=5)
        answer = httpx.post(
            f"{o.server.url}/api/v3/billings",
            json={},
            headers={"authorization": "Bearer sandbox-token"},
        )
        assert answer.status_code == 404
