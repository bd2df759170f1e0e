"""Answers that HubSpot really gave, read by our client."""

import json
from pathlib import Path

import httpx
import pytest

from connectors.hubspot.outcomes import Tally
from connectors.hubspot.position import moment
from connectors.hubspot.sandbox import HubspotSandbox
from connectors.hubspot.source import is_last
from connectors.hubspot.vendor_errors import translate
from tasuki.model.errors import ThrottledError
from tasuki.model.write import Confirmed, Operation, Write
from tasuki.sandbox.server import SandboxServer

RECORDED = Path(__file__).parents[2] / "recorded" / "hubspot-export-contacts.jsonl"


def answers(path: str, status: int) -> list[dict]:
    lines = RECORDED.read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [a for a in found if a["url"].endswith(path) and a["status"] == status]


def test_every_recorded_search_is_one_last_page_with_times():
    searches = answers("/search", 200)
    assert len(searches) == 208
    for answer in searches:
        assert is_last(answer["body"])
        for row in answer["body"]["results"]:
            assert moment(row["updatedAt"]).tzinfo is not None
            assert row["updatedAt"] == row["properties"]["lastmodifieddate"]


def test_every_recorded_429_is_a_rate_limit_without_headers():
    limits = answers("/search", 429)
    assert len(limits) == 22
    for answer in limits:
        response = httpx.Response(429, json=answer["body"], headers=answer["headers"])
        error = translate("hubspot/contacts", response)
        assert isinstance(error, ThrottledError)
        assert error.retry_after == 1.0


@pytest.mark.parametrize("answer", answers("/batch/update", 200))
def test_every_recorded_update_confirms_its_rows_by_id(answer: dict):
    """In those days HubSpot did not send trace ids back."""
    writes = [
        Write(f"r{n}", Operation.UPDATE, row["properties"], target_id=row["id"])
        for n, row in enumerate(answer["requestBody"]["inputs"])
    ]
    tally = Tally(writes)
    assert tally.read(answer["body"]) == []
    assert all(isinstance(o, Confirmed) for o in tally.outcomes.values())
    assert len(tally.outcomes) == len(writes)


@pytest.mark.parametrize("answer", answers("/batch/create", 201))
def test_every_recorded_create_confirms_its_rows_by_key(answer: dict):
    inputs = answer["requestBody"]["inputs"]
    writes = [
        Write(
            f"r{n}",
            Operation.CREATE,
            row["properties"],
            key=("email", row["properties"]["email"].upper()),
        )
        for n, row in enumerate(inputs)
        if "email" in row["properties"]
    ]
    tally = Tally(writes)
    tally.read(answer["body"])
    assert len(tally.outcomes) == len(writes)


def test_the_stand_in_answers_with_the_fields_that_hubspot_does():
    real_search = next(
        a["body"] for a in answers("/search", 200) if a["body"]["results"]
    )
    real_create = answers("/batch/create", 201)[0]["body"]
    headers = {"authorization": "Bearer pat-sandbox"}
    with SandboxServer(HubspotSandbox()) as server:
        base = f"{server.url}/crm/v3/objects/contacts"
        rows = {"inputs": [{"properties": {"email": "a@sample.co.jp"}}]}
        made = httpx.post(f"{base}/batch/create", json=rows, headers=headers)
        search = httpx.post(f"{base}/search", json={"limit": 10}, headers=headers)
    assert made.status_code == 201
    assert set(real_create["results"][0]) <= set(made.json()["results"][0])
    assert set(search.json()) == set(real_search)
    assert set(search.json()["results"][0]) == set(real_search["results"][0])
    usual = {"createdate", "hs_object_id", "lastmodifieddate"}
    assert usual <= set(search.json()["results"][0]["properties"])
