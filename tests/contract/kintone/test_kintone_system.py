"""The rest of the connector: forms, settings, requests shown offline, webhooks."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.kintone import CONNECTOR
from connectors.kintone.vendor_errors import translate
from connectors.kintone.webhook import KintoneWebhook
from tasuki.model.errors import (
    AccessError,
    ConfigError,
    DeliveryError,
    RejectedError,
    ThrottledError,
    TransientError,
)
from tasuki.model.hint import CHANGED, DELETED, Hint
from tasuki.model.policy import Limit
from tasuki.model.write import Operation, UnrenderedError, Write
from tasuki.sandbox.faults import Fault, Kind
from tasuki.webhook import Delivery
from tests.contract.kintone.opened import (
    APPS,
    Opened,
    create,
    onboardings,
    opened,
    update,
)

HOME = {
    "connector": "kintone",
    "base_url": "https://sample.cybozu.com",
    "apps": APPS,
    "webhook": {"secret": "a-long-secret"},
}


def settings(**more: Any) -> Any:
    return CONNECTOR.settings.model_validate({**HOME, **more})


@pytest.fixture(name="domain")
def _domain() -> Iterator[Opened]:
    with opened() as one:
        yield one


def test_a_form_says_types_lengths_choices_and_keys(domain: Opened) -> None:
    fields = domain.system.describe("onboarding").fields
    key = fields["案件ID"]
    assert (key.type, key.length, key.required, key.unique) == ("text", 64, True, True)
    status = fields["状況"]
    assert status.options == ("未着手", "進行中", "完了", "中止")
    assert not status.required  # it has a default
    assert fields["担当者"].type == "list"
    assert not fields["更新日時"].writable
    assert fields["$id"].unique
    assert domain.calls("form") == 1
    domain.system.describe("onboarding")
    assert domain.calls("form") == 1


def test_a_renamed_update_time_is_found_by_its_type(domain: Opened) -> None:
    domain.fill(1)
    domain.read(onboardings())
    fields = domain.domain.stores[5].app.fields
    del fields["更新日時"]
    domain.clock.sleep(601)
    with pytest.raises(ConfigError, match="更新日時"):
        domain.read(onboardings())


def test_doctor_names_what_is_wrong_with_each_app(domain: Opened) -> None:
    domain.domain.stores[6].app.token = "sandboxrenewed"
    checks = {check.name: check for check in domain.system.doctor()}
    assert checks["onboarding (app 5)"].ok
    assert checks["onboarding keys"].words == "案件ID"
    wrong = checks["subscription (app 6)"]
    assert not wrong.ok
    assert "APIトークン" in wrong.remedy
    assert "sandbox" not in f"{wrong.words} {wrong.remedy}"


def test_doctor_finds_people_that_are_none() -> None:
    apps = {"onboarding": {**APPS["onboarding"], "people": ["顧客名"]}}
    with opened(settings={"apps": apps}) as domain:
        (check,) = [c for c in domain.system.doctor() if "people" in c.name]
        assert not check.ok
        assert "顧客名" in check.words


def test_a_record_has_an_address(domain: Opened) -> None:
    url = domain.system.record_url("onboarding", "7")
    assert url == f"{domain.server.url}/k/5/show#record=7"
    assert domain.system.record_url("nothing", "7") is None


def test_a_password_serves_where_there_are_no_tokens() -> None:
    login = {
        "apps": {"onboarding": {"app": 5}},
        "auth": {"user": "sandbox", "password": "sandbox"},
    }
    with opened(settings=login) as domain:
        domain.fill(1)
        assert len(domain.read(onboardings())) == 1
        domain.domain._login = "sandbox:changed"
        with pytest.raises(AccessError) as caught:
            domain.read(onboardings())
        assert "password" in caught.value.remedy


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"base_url": None}, "base_url is missing"),
        ({"apps": {}}, "apps"),
        ({"apps": {"a": {"app": 5}}}, "apps without a token"),
        ({"apps": {"a": {"app": 5, "token": "x y"}}}, "no blanks"),
        ({"apps": {"a": {"app": 0, "token": "x"}}}, "greater than 0"),
        ({"limits": {"per_minute": 5}}, "unknown limits"),
        ({"overlap_seconds": 5}, "greater than or equal to 60"),
    ],
)
def test_wrong_settings_say_what_is_missing(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**wrong)


def test_each_app_has_a_daily_budget_of_its_own() -> None:
    limits = CONNECTOR.limits(settings(limits={"per_day": 100_000}))
    assert limits == (
        Limit(100_000, 86_400.0, "app5"),
        Limit(100_000, 86_400.0, "app6"),
    )
    with opened() as domain:
        domain.fill(1)
        domain.read(onboardings())
        budget: Any = domain.wire.budget
        assert budget.acquired["app5"] == 2  # the form, and one page


def test_a_stream_without_an_app_says_where_to_name_it(domain: Opened) -> None:
    with pytest.raises(ConfigError, match="no app named 'orders'"):
        domain.system.describe("orders")


def test_too_many_at_once_is_waited_for(domain: Opened) -> None:
    domain.fill(1)
    domain.server.faults.plant(Fault(Kind.LIMIT_403, times=2))
    assert len(domain.read(onboardings())) == 1
    assert domain.clock.waits


def test_requests_are_shown_without_a_call() -> None:
    made = CONNECTOR.render
    assert made is not None
    request = made(settings(), "onboarding", create("a", "D1", 担当者="cs-team"))
    assert request.plain == {
        "method": "PUT",
        "path": "/k/v1/records.json",
        "body": {
            "app": 5,
            "upsert": True,
            "records": [
                {
                    "updateKey": {"field": "案件ID", "value": "D1"},
                    "record": {
                        "顧客名": {"value": "見本株式会社"},
                        "担当者": {"value": [{"code": "cs-team"}]},
                    },
                }
            ],
        },
    }
    request = made(settings(), "onboarding", update("a", "7", 件名=None))
    assert request.body["records"] == [{"id": 7, "record": {"件名": {"value": ""}}}]
    with pytest.raises(UnrenderedError, match="重複禁止"):
        made(settings(), "onboarding", Write("a", Operation.CREATE, {"件名": "x"}))


def test_an_app_of_a_guest_space_has_its_own_paths() -> None:
    apps = {"onboarding": {**APPS["onboarding"], "space": 3}}
    made = CONNECTOR.render
    assert made is not None
    request = made(settings(apps=apps), "onboarding", update("a", "7", 件名="x"))
    assert request.path == "/k/guest/3/v1/records.json"


def answer(status: int, code: str = "", **more: Any) -> httpx.Response:
    body = {"code": code, "id": "x", "message": '"秘密"は違います。', **more}
    return httpx.Response(status, json=body)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer(520, "GAIA_IA02"), AccessError),
        (answer(400, "GAIA_IA02"), AccessError),
        (answer(404, "GAIA_AP01"), AccessError),
        (answer(401, "CB_WA01"), AccessError),
        (answer(403, "GAIA_XX99"), AccessError),
        (answer(429, "GAIA_TO04"), ThrottledError),
        (answer(520, "GAIA_DA02"), TransientError),
        (answer(500), TransientError),
        (answer(409, "GAIA_CO02"), RejectedError),
        (answer(520, "GAIA_RE01"), RejectedError),
        (answer(400, "CB_VA01"), RejectedError),
        (httpx.Response(200, html="<html>"), TransientError),
        (httpx.Response(302, html="<html>"), TransientError),
    ],
)
def test_the_code_says_who_acts_next(response: httpx.Response, kind: type) -> None:
    error = translate("kintone/onboarding", response)
    assert type(error) is kind or isinstance(error, kind)
    assert "秘密" not in str(error)
    if kind is not ThrottledError:
        assert not isinstance(error, ThrottledError)


def delivery(body: object, token: str = "a-long-secret") -> Delivery:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery("POST", "https://hub/hooks/kintone", {}, text, token)


def test_a_webhook_without_its_secret_is_refused() -> None:
    hook = KintoneWebhook(settings())
    now = datetime(2026, 11, 22, tzinfo=UTC)
    hook.verify(delivery({}), now)
    for wrong in ("", "a-long-secre", "A-LONG-SECRET"):
        with pytest.raises(DeliveryError):
            hook.verify(delivery({}, wrong), now)


@pytest.mark.parametrize(
    ("told", "hint"),
    [
        (
            {
                "id": "e1",
                "type": "UPDATE_RECORD",
                "app": {"id": "5"},
                "record": {"$id": {"type": "__ID__", "value": "7"}},
            },
            Hint("onboarding", "7", CHANGED, "e1"),
        ),
        (
            {"id": "e2", "type": "DELETE_RECORD", "app": {"id": "6"}, "recordId": "8"},
            Hint("subscription", "8", DELETED, "e2"),
        ),
        (
            {"id": "e3", "type": "ADD_RECORD", "app": {"id": "99"}, "recordId": "8"},
            Hint("", "", CHANGED, "e3"),
        ),
        ({"id": "e4", "app": {"id": "5"}, "record": 3}, Hint("", "", CHANGED, "e4")),
    ],
)
def test_a_webhook_is_a_hint_at_one_record(told: object, hint: Hint) -> None:
    assert KintoneWebhook(settings()).parse(delivery(told)) == [hint]


@pytest.mark.parametrize("body", [b"no json", [1]])
def test_a_webhook_that_is_no_notification_is_refused(body: object) -> None:
    with pytest.raises(DeliveryError):
        KintoneWebhook(settings()).parse(delivery(body))


def test_the_stand_in_keeps_its_state(domain: Opened) -> None:
    domain.write(create("a", "D1", 担当者="cs-team"))
    state = json.loads(json.dumps(domain.domain.dump()))
    with opened() as other:
        other.domain.load(state)
        assert other.domain.dump() == domain.domain.dump()
        found = other.system.destination.find("onboarding", "案件ID", ["D1"])
        assert [c.id for c in found["D1"]] == ["1"]
