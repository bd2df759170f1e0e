"""`tasuki collect`, `tasuki kpi` and the journey of `tasuki explain`, as typed."""

import csv
import io
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import Rehearsal
from tests.unit.cli.rehearsing import LEADS, Desk

SINCE = ("--from", "2020-01-01")
DEAL = "Opportunity"


def act(rehearsal: Rehearsal, name: str, **body: object) -> dict:
    server = rehearsal.servers["salesforce"]
    answer = httpx.post(f"{server.url}/__act/{name}", json=body)
    answer.raise_for_status()
    return answer.json()


def a_lead(rehearsal: Rehearsal) -> dict:
    leads = rehearsal.servers["salesforce"].sandbox.store.tables["Lead"].rows
    return next(row for row in leads.values() if not row.get("IsConverted"))


def whole(desk: Desk, *more: str) -> dict:
    return desk.tasuki("kpi", *SINCE, "--json", *more).json()["parts"][0]


def ago(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, **since: int) -> None:
    """Set the org's clock back."""
    store = rehearsal.servers["salesforce"].sandbox.store
    now = datetime.now(UTC) - timedelta(**since)
    monkeypatch.setattr(store, "_now", lambda: now)


def test_a_customer_is_followed_through_every_system(desk, rehearsal, monkeypatch):
    desk.tasuki("run", LEADS)
    first = desk.tasuki("collect", "--json").json()
    found = {one["name"]: one for one in first["entries"]}
    assert found["contacts"]["read"] == found["contacts"]["changes"] == 60
    # HubSpot: a list page, 50 + 10 with history; Salesforce: two walks each, a login,
    # and the list of stages.
    assert first["calls"] == 8

    lead = a_lead(rehearsal)
    ago(rehearsal, monkeypatch, seconds=90)
    made = act(rehearsal, "convert_lead", lead=lead["Id"])
    own = {"object": DEAL, "id": made["opportunity"]}
    before = whole(desk)["closing"]
    ago(rehearsal, monkeypatch, seconds=60)
    act(rehearsal, "edit", **own, fields={"StageName": "Closed Lost"})
    desk.tasuki("collect")
    assert whole(desk)["closing"]["lost"] == before["lost"] + 1
    ago(rehearsal, monkeypatch, seconds=30)
    act(rehearsal, "edit", **own, fields={"StageName": "Negotiation/Review"})
    desk.tasuki("collect")
    assert whole(desk)["closing"]["lost"] == before["lost"]
    ago(rehearsal, monkeypatch, seconds=0)
    act(rehearsal, "close_won", opportunity=made["opportunity"])
    desk.tasuki("collect")
    assert whole(desk)["closing"]["won"] == before["won"] + 1

    told = desk.tasuki("explain", f"hubspot/contacts/{lead['HubSpot_Contact_Id__c']}")
    at = [told.out.index(one) for one in ("リード獲得", "失注", "再開", "受注")]
    assert at == sorted(at)
    journey = desk.tasuki("explain", f"deal/{made['opportunity']}", "--json").json()
    of_deal = [one for one in journey["journey"] if one["subject"].startswith("deal/")]
    assert [one["stage"] for one in of_deal] == ["sql", "lost", "reopened", "won"]
    assert f"person/{lead['Id']}" in {one["subject"] for one in journey["journey"]}


def test_collecting_again_adds_nothing(desk):
    desk.tasuki("run", LEADS)
    desk.tasuki("collect")
    again = desk.tasuki("collect", "--json").json()
    assert sum(one["events"] for one in again["entries"]) == 0
    assert again["calls"] <= 6


def test_a_system_that_is_down_keeps_no_other_from_being_read(desk, rehearsal):
    fault = Fault(Kind.ERROR_BEFORE, status=500, times=50)
    rehearsal.servers["salesforce"].faults.plant(fault)
    said = desk.tasuki("collect", "--json")
    entries = {one["name"]: one for one in said.json()["entries"]}
    assert said.code == 3
    assert entries["contacts"]["events"] > 0
    assert "salesforce" in entries["leads"]["error"]


def test_figures_are_split_and_listed(desk):
    desk.tasuki("collect")
    report = desk.tasuki("kpi", *SINCE, "--by", "source", "--json").json()
    names = [part["name"] for part in report["parts"]]
    assert "OFFLINE" in names
    assert names[-1] is None
    leads = [part["whole"]["counts"]["lead"] for part in report["parts"]]
    assert sum(leads) == whole(desk)["whole"]["counts"]["lead"] == 60
    text = desk.tasuki("kpi", *SINCE, "--csv").out
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert ["", "whole", "counts", "lead", "60"] in rows
    assert "リード獲得" in desk.tasuki("kpi").out
    assert "cohort conversion" in desk.tasuki("kpi", "--language", "en").out


def test_what_was_not_known_yet_does_not_count(desk):
    desk.tasuki("collect")
    said = desk.tasuki("kpi", *SINCE, "--as-of", "2026-01-01", "--json")
    assert said.json()["parts"][0]["whole"]["counts"]["lead"] == 0
    assert "tasuki collect" in said.err


def test_mistakes_in_stages_are_told_by_line(desk):
    desk.write(
        "mappings/stages.yaml",
        "version: 1\nrecords:\n  contacts:\n    read: hubspot\n    subject: persn\n"
        "    date: {lead: createdate}\n",
    )
    said = desk.tasuki("kpi")
    assert said.code == 2
    assert "mappings/stages.yaml:5:14: 'persn' is none of" in said.err
    assert "mappings/stages.yaml:6:5: unknown key 'date'" in said.err
    assert "Did you mean 'dates'?" in said.err


def test_days_that_make_no_span_are_refused(desk):
    said = desk.tasuki("kpi", "--from", "2026-05-01", "--to", "2026-04-01")
    assert (said.code, said.out) == (2, "")
    assert desk.tasuki("kpi", "--from", "someday").code == 2
