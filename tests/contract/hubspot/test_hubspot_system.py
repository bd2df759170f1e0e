"""HubSpot's set-up facts, its limits, and its ways to say no."""

import subprocess
import sys

import httpx
import pytest
import respx
from pydantic import ValidationError

from connectors.hubspot import CONNECTOR
from tasuki.model.errors import (
    AccessError,
    NotSentError,
    RejectedError,
    ThrottledError,
)
from tasuki.model.policy import Limit, RetryPolicy
from tasuki.ports import Dated
from tasuki.sandbox.faults import Fault, Kind
from tests.contract.hubspot.opened import (
    HurriedClock,
    Opened,
    contacts,
    create,
    ids,
    opened,
)
from tests.contract.wire import make_wire

BASE = "https://api.hubapi.com"
SEARCH = f"{BASE}/crm/objects/2026-09/contacts/search"


def hurried() -> tuple[HurriedClock, object]:
    clock = HurriedClock()
    return clock, make_wire("hubspot", clock=clock, policy=RetryPolicy())


def settings(**more: object) -> object:
    asked = {"connector": "hubspot", "auth": {"token": "secret-token"}, **more}
    return CONNECTOR.settings.model_validate(asked)


def checks(it: Opened) -> dict[str, bool]:
    return {check.name: check.ok for check in it.system.doctor()}


def test_a_stream_is_described_with_what_mappings_are_checked_against():
    with opened() as it:
        fields = it.system.describe("contacts").fields
        assert fields["email"].unique
        assert not fields["lastname"].unique
        assert fields["external_id"].unique
        assert not fields["hs_object_id"].writable
        assert "marketingqualifiedlead" in fields["lifecyclestage"].options
        assert fields["lifecyclestage"].type == "picklist"
        assert fields["hubspotscore"].type == "number"
        assert fields["hs_email_optout"].type == "boolean"
        assert it.system.describe("contacts").fields is fields
        assert it.calls("properties") == 1
        assert it.wire.calls.counts() == {("hubspot", "set-up"): 1}


def test_describing_outlives_a_lost_answer():
    with opened() as it:
        it.server.faults.plant(Fault(Kind.RESET_BEFORE, path="properties"))
        it.server.faults.plant(Fault(Kind.ERROR_BEFORE, path="properties"))
        assert "email" in it.system.describe("contacts").fields


def test_describing_a_type_that_does_not_exist_is_a_refusal():
    with opened() as it, pytest.raises(RejectedError, match="infer object type"):
        it.system.describe("contcts")


def test_describing_with_a_wrong_token_is_an_access_error():
    with (
        opened(settings={"auth": {"token": "wrong"}}) as it,
        pytest.raises(AccessError),
    ):
        it.system.describe("contacts")


def test_the_doctor_is_content_with_a_sound_account():
    with opened() as it:
        found = checks(it)
        assert all(found.values())
        assert set(found) >= {"token", "API version", "contacts readable"}


def test_the_doctor_names_what_is_wrong():
    with opened(settings={"portal_id": "999"}) as it:
        del it.account.stores["deals"].properties["hs_lastmodifieddate"]
        found = checks(it)
        assert not found["portal_id"]
        assert not found["deals readable"]
    with opened(settings={"auth": {"token": "wrong"}}) as it:
        only = list(it.system.doctor())
        assert [check.ok for check in only] == [False]
        assert "Service keys" in only[0].remedy


def test_the_doctor_warns_of_an_api_version_near_its_end():
    clock = HurriedClock()
    with opened(
        wire=make_wire("hubspot", clock=clock), settings={"api_version": "v3"}
    ) as it:
        assert not checks(it)["API version"]


def test_a_record_has_a_page_in_hubspots_screens():
    with opened() as it:
        page = it.system.record_url("deals", "12")
        assert page == "https://app.hubspot.com/contacts/20261122/record/0-3/12"
        it.system.record_url("contacts", "13")
        assert it.calls() == 1
        assert it.system.record_url("line_items", "5") is None
    with opened(settings={"portal_id": "77"}) as it:
        assert "/77/record/2-9/4" in str(it.system.record_url("2-9", "4"))
        assert it.calls() == 0


def test_a_rate_limit_is_waited_out():
    clock, wire = hurried()
    with opened(wire=wire, rate_limits=(190, 5), now=clock.monotonic) as it:
        it.fill(3_000, 1_700_000_000_000)
        start = '{"v":1,"mode":"since","since":1700000000000}'
        assert len(ids(it.read(contacts(), start))) == 3_000
        assert all(1.0 <= wait < 1.2 for wait in clock.waits)
        assert it.calls("search") == 15 + len(clock.waits)


def test_retry_after_wins_and_stops_the_whole_connection():
    clock, wire = hurried()
    with opened(wire=wire) as it:
        it.server.faults.plant(Fault(Kind.LIMIT_403, retry_after=7))
        assert ids(it.read(contacts())) == []
        assert clock.waits == [7.05]
        assert wire.budget.pauses == [7.0]


def test_a_used_up_daily_quota_is_not_waited_for():
    clock, wire = hurried()
    system = CONNECTOR.open(settings(), wire)
    body = {"message": "daily", "policyName": "DAILY", "category": "RATE_LIMITS"}
    with respx.mock(base_url=BASE) as vendor:
        vendor.get("/crm/objects/2026-09/contacts").respond(429, json=body)
        with pytest.raises(ThrottledError) as caught:
            list(system.source.read(contacts(), None))
    assert caught.value.code == "DAILY"
    assert clock.waits == []
    system.close()


def test_searches_count_against_both_windows():
    with opened() as it:
        it.system.destination.count("contacts")
        it.read(contacts())
        assert it.wire.budget.acquired == {"search": 1, "": 1}


def test_limits_can_be_set():
    assert CONNECTOR.limits(settings()) == (
        Limit(190, 10.0),
        Limit(5, 1.1, window="search"),
    )
    own = settings(limits={"per_10_seconds": 100, "search_per_second": 2})
    assert [limit.calls for limit in CONNECTOR.limits(own)] == [100, 2]


def test_a_missing_scope_is_named():
    body = {
        "status": "error",
        "category": "MISSING_SCOPES",
        "message": "not granted",
        "errors": [{"context": {"requiredGranularScopes": ["crm.objects.deals.read"]}}],
    }
    system = CONNECTOR.open(settings(), make_wire("hubspot"))
    with respx.mock(base_url=BASE) as vendor:
        vendor.get("/crm/objects/2026-09/contacts").respond(403, json=body)
        with pytest.raises(AccessError) as caught:
            list(system.source.read(contacts(), None))
    assert "crm.objects.deals.read" in caught.value.remedy
    system.close()


def test_an_address_in_hubspots_words_is_masked():
    body = {"category": "VALIDATION_ERROR", "message": "taro@sample.co.jp is bad"}
    system = CONNECTOR.open(settings(), make_wire("hubspot"))
    with respx.mock(base_url=BASE) as vendor:
        vendor.get("/crm/objects/2026-09/contacts").respond(400, json=body)
        with pytest.raises(RejectedError) as caught:
            list(system.source.read(contacts(), None))
    assert str(caught.value) == ("hubspot/contacts: VALIDATION_ERROR: (address) is bad")
    system.close()


def test_nothing_left_this_machine_when_nobody_listens():
    own = settings(base_url="http://127.0.0.1:9")
    system = CONNECTOR.open(own, make_wire("h", policy=RetryPolicy(attempts=1)))
    with pytest.raises(NotSentError):
        system.destination.write("contacts", [create("a", "a@b.co")], lambda: None)
    system.close()


def test_a_search_has_the_five_keys_that_2026_09_requires():
    system = CONNECTOR.open(settings(), make_wire("hubspot"))
    with respx.mock:
        route = respx.post(SEARCH).respond(200, json={"total": 7, "results": []})
        assert system.destination.count("contacts") == 7
        asked = route.calls.last.request
    assert asked.headers["authorization"] == "Bearer secret-token"
    assert asked.read() == (
        b'{"filterGroups":[{"filters":[]}],"sorts":[{"propertyName":"hs_object_id",'
        b'"direction":"ASCENDING"}],"properties":[],"limit":1,"after":"0"}'
    )
    system.close()


def test_a_search_in_the_wrong_order_is_never_trusted():
    row = {"properties": {}, "updatedAt": "2026-11-22T00:00:00Z"}
    rows = [{**row, "id": str(n)} for n in range(400, 200, -1)]
    wire = make_wire("hubspot", policy=RetryPolicy(attempts=1))
    system = CONNECTOR.open(settings(), wire)
    with respx.mock:
        answer = httpx.Response(200, json={"total": 900, "results": rows})
        respx.post(SEARCH).mock(return_value=answer)
        with pytest.raises(Exception, match="out of the order"):
            list(system.source.read(contacts(), '{"v":1,"mode":"since","since":1}'))
    system.close()


def test_settings_hide_the_token_and_refuse_unknown_versions():
    assert "secret-token" not in repr(settings())
    with pytest.raises(ValidationError):
        settings(api_version="2031-03")


def test_listing_connectors_loads_neither_the_sdk_nor_the_stand_in():
    code = (
        "import sys, connectors.hubspot;"
        "print([m for m in sys.modules if m.split('.')[0] == 'hubspot'"
        " or 'sandbox' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_each_property_says_when_it_changed():
    clock = HurriedClock()
    with opened(now=clock.monotonic) as it:
        made = it.account.acts.create(
            "contacts", {"email": "a@x.jp", "jobtitle": "課長"}
        )
        clock.sleep(60)
        it.account.acts.edit("contacts", made, {"jobtitle": "部長"})
        clock.sleep(60)
        it.account.acts.edit("contacts", made, {"phone": "03"})
        assert isinstance(it.system, Dated)
        names = ["jobtitle", "phone", "email"]
        told = it.system.changed_at("contacts", [made, "999"], names)
        assert set(told) == {made}
        of = told[made]
        assert (of["phone"] - of["jobtitle"]).total_seconds() == 60
        assert (of["jobtitle"] - of["email"]).total_seconds() == 60


def test_times_are_asked_for_fifty_records_a_call():
    with opened() as it:
        it.fill(120, 1_700_000_000_000)
        asked = [str(row.id) for row in it.account.store("contacts").rows.values()]
        before = it.calls("batch/read")
        assert isinstance(it.system, Dated)
        assert len(it.system.changed_at("contacts", asked, ["phone"])) == 120
        assert it.calls("batch/read") - before == 3
