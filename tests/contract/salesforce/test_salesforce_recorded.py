"""Answers that a real org once gave, read by our client."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from connectors.salesforce import CONNECTOR
from connectors.salesforce.client import decode, page
from connectors.salesforce.errors import remedy, translate
from connectors.salesforce.system import SalesforceSystem, field_facts
from tasuki.model.errors import AccessError, RejectedError
from tasuki.model.record import Query
from tasuki.model.write import Confirmed, Gone, Operation, Outcome, Rejected, Write
from tasuki.ports import Token
from tests.contract.salesforce.org import LOGIN, update
from tests.contract.wire import MemoryTokens, make_wire

FOLDER = Path(__file__).parents[2] / "recorded"
HOST = "https://acme.my.salesforce.com"


def recorded(name: str) -> list[dict[str, Any]]:
    lines = (FOLDER / f"salesforce-{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


LEADS = recorded("leads")
ERRORS = recorded("errors")


def a_system() -> SalesforceSystem:
    settings = CONNECTOR.settings(connector="salesforce", base_url=HOST, auth=LOGIN)
    wire = make_wire("sf", tokens=MemoryTokens(Token("token")))
    return SalesforceSystem(settings, wire)


def written(body: list[dict[str, Any]], count: int) -> list[Outcome]:
    """Return what we make of a recorded collections answer."""
    rows = [
        update(f"r{n}", f"00Q4S00000{n:05d}UAE", Email="x@y.jp") for n in range(count)
    ]
    with respx.mock(base_url=HOST, assert_all_called=False) as router:
        router.patch("/services/data/v67.0/composite/sobjects").respond(json=body)
        bin_answer = {"totalSize": 0, "done": True, "records": []}
        router.get(path__startswith="/services/data/v67.0/query").respond(
            json=bin_answer
        )
        system = a_system()
        outcomes = system.destination.write("Lead", rows, lambda: None)
        system.close()
        return outcomes


COLLECTIONS = [
    one
    for one in [*LEADS, *ERRORS]
    if "composite/sobjects" in (one.get("url") or one.get("request") or "")
    and isinstance(one["body"], list)
]


@pytest.mark.parametrize("answer", COLLECTIONS)
def test_each_row_of_a_recorded_answer_is_one_outcome(answer: dict[str, Any]):
    outcomes = written(answer["body"], len(answer["body"]))
    assert len(outcomes) == len(answer["body"])
    for outcome, row in zip(outcomes, answer["body"], strict=True):
        if row["success"]:
            assert outcome == Confirmed(outcome.ref, row["id"], created=False)
        else:
            assert isinstance(outcome, Rejected)
            assert outcome.code == row["errors"][0]["statusCode"]
            assert outcome.remedy == remedy(outcome.code)


def test_the_recordings_hold_a_converted_lead_and_we_know_it():
    [*_, last] = [
        one
        for one in COLLECTIONS
        if "CANNOT_UPDATE_CONVERTED_LEAD" in json.dumps(one["body"])
    ]
    contact = "0034S000005YJYcQAO"
    row = {
        "attributes": {"type": "Lead"},
        "Id": "00Q4S0000000000UAE",
        "ConvertedContactId": contact,
    }
    with respx.mock(base_url=HOST) as router:
        router.patch("/services/data/v67.0/composite/sobjects").respond(
            json=last["body"]
        )
        found = router.get("/services/data/v67.0/query").respond(
            json={"totalSize": 1, "done": True, "records": [row]}
        )
        system = a_system()
        write = Write("a", Operation.UPDATE, {"Title": "x"}, target_id=row["Id"])
        [gone] = system.destination.write("Lead", [write], lambda: None)
        system.close()
        assert found.call_count == 1
    assert isinstance(gone, Gone)
    assert gone.moved_to == ("Contact", contact)


@pytest.mark.parametrize(
    "answer",
    [one for one in LEADS if "/query" in one["url"] and one["body"]["records"]],
)
def test_recorded_query_answers_are_pages(answer: dict[str, Any]):
    unwrapped = page(decode(json.dumps(answer["body"]).encode()))
    assert len(unwrapped.records) == unwrapped.total
    assert unwrapped.next_url == ""


@pytest.mark.parametrize(
    "answer",
    [
        one
        for one in ERRORS
        if "composite" not in (one["request"] or "") and "multiple" not in one["source"]
    ],
)
def test_recorded_refusals_keep_the_vendors_code(answer: dict[str, Any]):
    body = answer["body"]
    first = body[0] if isinstance(body, list) else body
    code = first.get("errorCode") or first.get("error")
    status = answer["status"] or (401 if code == "INVALID_SESSION_ID" else 400)
    error = translate("sf/Lead", httpx.Response(status, json=body))
    kind = AccessError if code == "INVALID_SESSION_ID" else RejectedError
    assert type(error) is kind
    assert error.code == code


def test_a_real_description_is_understood():
    [answer] = recorded("describe-contact")
    facts = {one["name"]: field_facts(one) for one in answer["body"]["fields"]}
    assert len(facts) == 75
    assert [name for name, one in facts.items() if one.required] == ["LastName"]
    assert [name for name, one in facts.items() if one.unique] == [
        "Id",
        "Custom_External_ID__c",
    ]
    assert facts["AccountId"].references == "Account"
    assert facts["MailingAddress"].type == "other"


def test_numbers_of_an_answer_are_exact():
    body = decode(b'{"a": 3.5E8, "b": 110.0, "c": 0.1, "d": 7, "e": 1E400, "f": -0.5}')
    assert body == {
        "a": 350_000_000,
        "b": 110,
        "c": Decimal("0.1"),
        "d": 7,
        "e": Decimal("1E400"),
        "f": Decimal("-0.5"),
    }
    assert [type(one) for one in body.values()] == [
        int,
        int,
        Decimal,
        int,
        Decimal,
        Decimal,
    ]  # type: ignore[attr-defined]


def test_a_query_is_asked_as_salesforce_documents_it():
    with respx.mock(base_url=HOST) as router:
        route = router.get("/services/data/v67.0/query").respond(
            json={"totalSize": 0, "done": True, "records": []}
        )
        system = a_system()
        query = Query(
            "Opportunity",
            ("Name",),
            where="IsWon = true",
            include={
                "account": ("AccountId", ("Name",)),
                "lines": ("Lines__r", ("Id",)),
            },
        )
        list(system.source.read(query, None))
        system.close()
    assert route.calls.last.request.url.params["q"] == (
        "SELECT Id, Name, SystemModstamp, IsDeleted, Account.Id, Account.Name, "
        "(SELECT Id FROM Lines__r WHERE IsDeleted = false ORDER BY Id) FROM Opportunity "
        "WHERE (IsWon = true) ORDER BY SystemModstamp, Id"
    )
    assert route.calls.last.request.headers["authorization"] == "Bearer token"
