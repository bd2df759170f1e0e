"""Won deals handed over to customer success, with the shipped mappings, over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasuki.clock import SystemClock
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.operation.leaks import hunt_once
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
from tests.end_to_end.relay import _POLICIES

ROOT = Path(__file__).parents[2]
KINTONE = "onboarding.salesforce-kintone"
TICKETS = "onboarding.salesforce-hubspot"
CASES = "onboarding.salesforce-salesforce"


class Success:
    """Sales and customer success as stand-ins, and a project that joins them."""

    def __init__(self, place: Path) -> None:
        self.rehearsal = Rehearsal(
            Registry(place), systems=("hubspot", "salesforce", "kintone")
        ).start(demo_world(people=60, deals=40, won=26, today=SystemClock().now()))
        text = self.rehearsal.connections_yaml()
        (place / "connections.yaml").write_text(text, encoding="utf-8")
        (place / "mappings").mkdir()
        (place / "mappings/policies.yaml").write_text(_POLICIES, encoding="utf-8")
        self.project = Project(place, environment=ENVIRONMENT)
        self.ledger = self.project.open_ledger()

    def close(self) -> None:
        self.ledger.close()
        self.rehearsal.stop()

    def run(self, mapping: str, **options: Any) -> dict[str, Any]:
        given = Options(**{"allow": 10_000} | options)
        sync = self.project.open_sync(self.project.mappings[mapping], self.ledger)
        try:
            return run_sync(sync, given).as_json()
        finally:
            sync.source.close()
            sync.destination.close()

    def table(self, name: str) -> dict[str, Any]:
        sandbox: Any = self.rehearsal.servers["salesforce"].sandbox
        rows: dict[str, Any] = sandbox.store.tables[name].rows
        return rows

    def sell(self, deal: str, **fields: object) -> None:
        """Let sales write something about a deal."""
        url = f"{self.rehearsal.servers['salesforce'].url}/__act/edit"
        body = {"object": "Opportunity", "id": deal, "fields": fields}
        answer = httpx.post(url, json=body)
        assert answer.is_success, answer.text

    @property
    def records(self) -> dict[int, Any]:
        sandbox: Any = self.rehearsal.servers["kintone"].sandbox
        rows: dict[int, Any] = sandbox.stores[5].rows
        return rows

    def won(self) -> list[str]:
        """Let the won deals be of today, and return them."""
        ids = [i for i, row in self.table("Opportunity").items() if row["IsWon"]]
        today = SystemClock().now().date().isoformat()
        for one in ids:
            self.sell(one, CloseDate=today, Description="窓口は総務")
        return ids


@pytest.fixture
def success(tmp_path: Path) -> Iterator[Success]:
    made = Success(tmp_path)
    yield made
    made.close()


def test_each_won_deal_is_onboarded_once_whatever_becomes_of_the_record(
    success: Success,
) -> None:
    deals = success.won()
    assert len(deals) >= 4
    server = success.rehearsal.servers["kintone"]
    server.faults.plant(Fault(Kind.RESET_AFTER, method="PUT", times=1))
    report = success.run(KINTONE)
    # The answer was lost: the second try met the records that the first one had made.
    assert report["attached"] == len(deals), report
    by_deal = {row.values["案件ID"]: row for row in success.records.values()}
    assert by_deal.keys() == set(deals)
    for row in by_deal.values():
        assert row.values["引き継ぎ事項"] == "窓口は総務"
        assert row.values["担当者"][0]["code"] == "cs-team"
        assert row.values["初回連絡期限"] > row.values["受注日"]
    # Customer success closes and deletes; sales adds to its notes, and lets a deal be.
    url = f"{server.url}/__act"
    kept, gone, *_ = (by_deal[one].number for one in deals)
    asked = {"app": 5, "id": kept, "record": {"状況": {"value": "完了"}}}
    httpx.post(f"{url}/edit", json=asked)
    httpx.post(f"{url}/delete", json={"app": 5, "id": gone})
    for deal in deals[:2]:
        success.sell(deal, Description="追記あり")
    success.run(KINTONE)
    success.run(KINTONE, full=True)
    assert len(success.records) == len(deals) - 1
    assert success.records[kept].values["状況"] == "完了"
    assert success.records[kept].values["引き継ぎ事項"] == "追記あり"
    before = server.total("PUT")
    success.run(KINTONE)
    assert server.total("PUT") == before


@pytest.mark.parametrize("mapping", [TICKETS, CASES])
def test_a_ticket_or_a_case_is_made_once_for_each_won_deal(
    success: Success, mapping: str
) -> None:
    deals = success.won()
    report = success.run(mapping)
    assert report["created"] == len(deals), report
    success.run(mapping, full=True)
    if mapping == CASES:
        made = list(success.table("Case").values())
        told = {row["Onboarding_Deal__c"] for row in made}
        assert {row["AccountId"] for row in made} <= success.table("Account").keys()
    else:
        sandbox: Any = success.rehearsal.servers["hubspot"].sandbox
        made = [row.values for row in sandbox.stores["tickets"].rows.values()]
        told = {row["external_id"] for row in made}
        assert all("窓口は総務" in row["content"] for row in made)
    assert len(made) == len(deals)
    assert told == set(deals)


def test_ways_to_onboard_run_by_name_only(success: Success) -> None:
    used = {one.id for one in success.project.used}
    assert used
    assert used.isdisjoint({KINTONE, TICKETS, CASES})


def test_kintone_apps_tell_of_late_onboardings_and_renewals(success: Success) -> None:
    page = (ROOT / "docs/how-to/onboarding.md").read_text(encoding="utf-8")
    block = page.partition("```yaml\n# leaks.yaml\n")[2].partition("```")[0]
    folder = success.project.root / "mappings"
    (folder / "leaks.yaml").write_text(block, encoding="utf-8")
    deals = success.won()
    success.run(KINTONE)
    late, begun, *_ = success.records.values()
    sandbox: Any = success.rehearsal.servers["kintone"].sandbox
    late.values |= {"初回連絡期限": "2026-01-05"}
    begun.values |= {"初回連絡期限": "2026-01-05", "状況": "進行中"}
    url = f"{success.rehearsal.servers['kintone'].url}/__act/add"
    soon = (SystemClock().now() + timedelta(days=30)).date().isoformat()
    for number, state in enumerate(("利用中", "更新待ち", "解約")):
        record = {
            "契約番号": f"K-{number}", "顧客名": "顧客", "開始日": "2025-01-01",
            "更新日": soon, "月額": "30000", "状態": state,
        }  # fmt: skip
        asked = {"app": 6, "record": {k: {"value": v} for k, v in record.items()}}
        httpx.post(url, json=asked).raise_for_status()
    found = hunt_once(success.project, success.ledger)
    met = {one.rule: one for one in found.findings if one.rule in {"L23", "L24", "L27"}}
    assert set(met) == {"L24", "L27"}, found.not_looked
    assert met["L24"].ref == f"kintone/onboarding/{late.number}"
    assert met["L27"].yen == 360_000
    (first,) = [
        x.number
        for x in sandbox.stores[6].rows.values()
        if x.values["契約番号"] == "K-0"
    ]
    assert met["L27"].ref == f"kintone/subscription/{first}"
    assert "knows of no invoices" in found.not_looked["L25"]
    assert len(deals) == len(success.records)
