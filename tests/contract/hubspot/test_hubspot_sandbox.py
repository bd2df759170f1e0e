"""The stand-in is never more forgiving than HubSpot."""

from datetime import UTC, datetime

import httpx
import pytest

from connectors.hubspot.sandbox import HubspotSandbox
from tasuki.sandbox.server import SandboxServer
from tasuki.sandbox.world import Person, World
from tests.contract.hubspot.opened import contacts, opened, records

HEADERS = {"authorization": "Bearer pat-sandbox"}
OBJECTS = "/crm/objects/2026-09/contacts"


def search(**more: object) -> dict[str, object]:
    body = {
        "filterGroups": [],
        "sorts": [],
        "properties": [],
        "limit": 10,
        "after": "0",
    }
    return body | more


def filtered(*filters: dict[str, object]) -> dict[str, object]:
    return search(filterGroups=[{"filters": list(filters)}])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/search", {"limit": 10}),
        ("/search", search(limit=201)),
        ("/search", search(limit=200, after="9900")),
        ("/search", filtered({"propertyName": "no_such", "operator": "HAS_PROPERTY"})),
        ("/search", filtered({"propertyName": "email", "operator": "LIKE"})),
        ("/search", search(sorts=["email", "phone"])),
        ("/batch/read", {"inputs": [{"id": str(n)} for n in range(101)]}),
        ("/batch/upsert", {"inputs": [{"id": "x", "properties": {}}]}),
        ("/batch/update", {"inputs": [{"id": "a@b.co", "idProperty": "email"}]}),
        ("/batch/upsert", {"inputs": [{"id": k, "idProperty": "email"} for k in "aA"]}),
        ("/batch/upsert", {}),
    ],
)
def test_what_hubspot_refuses_is_refused(path: str, body: dict[str, object]):
    with opened() as it:
        answer = httpx.post(it.server.url + OBJECTS + path, json=body, headers=HEADERS)
        assert answer.status_code == 400
        assert answer.json()["category"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"operator": "EQ", "value": "SATO"}, {"1"}),
        ({"operator": "NEQ", "value": "sato"}, {"2", "3"}),
        ({"operator": "IN", "values": ["sato", "ito"]}, {"1", "2"}),
        ({"operator": "IN", "values": ["Sato"]}, set()),
        ({"operator": "NOT_HAS_PROPERTY"}, {"3"}),
        ({"operator": "CONTAINS_TOKEN", "value": "at*"}, {"1"}),
    ],
)
def test_search_compares_text_as_hubspot_does(test: dict, expected: set[str]):
    with opened() as it:
        for number, name in enumerate(("Sato", "Ito", ""), 1):
            person = {"lastname": name, "email": f"{number}@sample.co.jp"}
            it.account.acts.create("contacts", person)
        body = filtered({"propertyName": "lastname", **test})
        url = it.server.url + OBJECTS + "/search"
        answer = httpx.post(url, json=body, headers=HEADERS).json()
        assert {row["id"] for row in answer["results"]} == expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"operator": "GT", "value": "9"}, 2),
        ({"operator": "LTE", "value": "10"}, 2),
        ({"operator": "BETWEEN", "value": "9", "highValue": "10"}, 2),
    ],
)
def test_search_compares_numbers_as_numbers(test: dict, expected: int):
    with opened() as it:
        for score in ("9", "10", "100"):
            it.account.acts.create("contacts", {"hubspotscore": score})
        body = filtered({"propertyName": "hubspotscore", **test})
        url = it.server.url + OBJECTS + "/search"
        assert httpx.post(url, json=body, headers=HEADERS).json()["total"] == expected


def test_people_of_the_world_are_contacts():
    morning = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    taro = Person(
        41,
        morning,
        morning,
        email="Taro@Sample.co.jp",
        lastname="山田",
        lifecycle="marketingqualifiedlead",
        score=82,
        opted_out=True,
    )
    with opened() as it:
        it.account.seed(World(morning, [taro]))
        wanted = ("email", "hubspotscore", "hs_email_optout", "lifecyclestage", "phone")
        record = records(it.read(contacts(*wanted)))[0]
        assert record.id == "41"
        assert record.modified == morning
        assert record.fields["email"] == "taro@sample.co.jp"
        assert record.fields["hubspotscore"] == "82"
        assert record.fields["hs_email_optout"] == "true"
        assert record.fields["phone"] is None
        assert it.account.acts.create("contacts", {}) == "42"


def test_an_account_survives_being_dumped_and_loaded():
    with opened() as it, SandboxServer(HubspotSandbox()) as other:
        firm = it.account.acts.create("companies", {"name": "山田商事"})
        links = [("companies", firm, True)]
        it.account.acts.create("contacts", {"email": "a@sample.co.jp"}, links)
        it.account.acts.create("contacts", {"email": "b@sample.co.jp"})
        it.account.acts.merge("contacts", "2", "3")
        state = httpx.get(f"{it.server.url}/__state").json()
        httpx.put(f"{other.url}/__state", json=state)
        assert httpx.get(f"{other.url}/__state").json() == state
        body = {"inputs": [{"id": "B@sample.co.jp"}], "idProperty": "email"}
        body["properties"] = ["email"]
        url = f"{other.url}{OBJECTS}/batch/read"
        found = httpx.post(url, json=body, headers=HEADERS).json()
        assert [row["id"] for row in found["results"]] == ["2"]


def test_people_act_over_http():
    with opened() as it:
        act = f"{it.server.url}/__act"
        form = {"email": "taro@sample.co.jp", "lastname": "山田"}
        made = httpx.post(f"{act}/submit_form", json=form).json()["id"]
        again = httpx.post(f"{act}/submit_form", json=form | {"phone": "03-1234-5678"})
        assert again.json()["id"] == made
        edit = {"stream": "contacts", "id": made, "properties": {"state": "東京都"}}
        assert httpx.post(f"{act}/edit", json=edit).status_code == 200
        row = it.account.stores["contacts"].rows[int(made)]
        assert row.values["lifecyclestage"] == "lead"
        assert row.values["phone"] == "03-1234-5678"
        assert row.values["state"] == "東京都"
        away = {"stream": "contacts", "id": made}
        assert httpx.post(f"{act}/archive", json=away).status_code == 200
        assert it.read(contacts())[0].records == []
        assert httpx.post(f"{act}/archive", json={}).status_code == 400
        assert httpx.post(f"{act}/dance", json={}).status_code == 404


def test_a_property_can_be_added_and_used_as_a_key():
    with opened() as it:
        made = {"name": "sales_key", "type": "string", "hasUniqueValue": True}
        url = f"{it.server.url}/crm/v3/properties/deals"
        assert httpx.post(url, json=made, headers=HEADERS).status_code == 201
        assert httpx.post(url, json=made, headers=HEADERS).status_code == 409
        assert it.system.describe("deals").fields["sales_key"].unique


def test_real_limits_are_told_in_headers_except_for_search():
    with opened(rate_limits=(3, 1)) as it:
        url = it.server.url + OBJECTS
        first = httpx.post(f"{url}/search", json=search(), headers=HEADERS)
        second = httpx.post(f"{url}/search", json=search(), headers=HEADERS)
        listed = httpx.get(url, headers=HEADERS)
        httpx.get(url, headers=HEADERS)
        last = httpx.get(url, headers=HEADERS)
        assert (first.status_code, second.status_code) == (200, 429)
        assert second.json()["policyName"] == "SECONDLY"
        assert "x-hubspot-ratelimit-max" not in first.headers
        assert listed.headers["x-hubspot-ratelimit-remaining"] == "1"
        assert last.json()["policyName"] == "TEN_SECONDLY_ROLLING"
