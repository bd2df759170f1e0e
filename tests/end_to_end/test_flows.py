"""The flows through a real Prefect server: states, names, reports."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.model.hint import Hint
from tasuki.project import Project
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import ENVIRONMENT
from tasuki.stack import Stack
from tests.end_to_end.flow_process import Flows, running, until
from tests.end_to_end.relay import (
    CUSTOMERS,
    INVOICES,
    LEADS,
    LIFECYCLE,
    PAYMENTS,
    Relay,
    Report,
)
from tests.unit.alert.offices import http_server

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.slow,
]
ROOT = Path(__file__).parents[2]
ALERTS = """\
version: 1
enabled: true
channels: {boss: {kind: slack, url: "${file:slack.url}"}}
"""


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with Relay(tmp_path_factory.mktemp("flows")) as made:
        yield made


@pytest.fixture(scope="module")
def flows(relay: Relay, prefect_server: Stack) -> Iterator[Flows]:
    """The whole relay, run once by its flows."""
    with running(relay.place, prefect_server) as found:
        yield found


@pytest.fixture(scope="module")
def reports(relay: Relay, flows: Flows) -> list[Report]:
    found = flows.run("sync_leads", options={"allow": 10_000})
    relay.sell()
    found += flows.run("hand_over_qualified")
    found += flows.run("bill_won_deals")
    relay.people.pay()
    return found + flows.run("follow_payments")


def test_the_flows_carry_the_whole_relay(relay: Relay, reports: list[Report]) -> None:
    assert [one["sync"] for one in reports] == [
        LEADS, LIFECYCLE, CUSTOMERS, INVOICES, CUSTOMERS, INVOICES, PAYMENTS,
    ]  # fmt: skip
    assert {one["state"] for one in reports} == {"done"}
    assert len(relay.rows("Lead")) == reports[0]["created"] > 0
    assert len(relay.invoices()) == reports[-2]["created"] > 0


@pytest.mark.usefixtures("reports")
@pytest.mark.parametrize(
    ("flow", "name", "stages"),
    [
        ("sync-leads", f"リード連携 {LEADS}", [LEADS]),
        ("hand-over-qualified", "商談状況をマーケティングへ", [LIFECYCLE]),
        ("bill-won-deals", "受注の請求", [CUSTOMERS, INVOICES] * 2),
        ("follow-payments", "入金状況の反映", [PAYMENTS]),
    ],
)
def test_runs_and_stages_have_names_that_people_read(
    flows: Flows, flow: str, name: str, stages: list[str]
) -> None:
    run = flows.last(flow)
    assert run["state_type"] == "COMPLETED", run["state"]
    assert run["name"] == name
    assert flows.stages(run, len(stages)) == stages


@pytest.mark.usefixtures("reports")
def test_each_sync_has_its_report_under_a_stable_key(
    flows: Flows, reports: list[Report]
) -> None:
    keys = {one["sync"]: "run-" + one["sync"].replace(".", "-") for one in reports}
    for sync, key in keys.items():
        last = [one for one in reports if one["sync"] == sync][-1]
        text = flows.report(key)
        assert text.startswith(f"## {sync}\n")
        assert f"| 読み込み | {last['read']:,} |" in text
        for reason, count in last["reasons"].get("skipped", {}).items():
            assert f"| 対象外 | `{reason}` | {count:,} |" in text


@pytest.mark.usefixtures("reports")
def test_what_a_run_did_is_told_in_one_event_of_a_kind(
    flows: Flows, reports: list[Report]
) -> None:
    def counts() -> dict[str, int]:
        found = flows.events("tasuki.")
        return {e["event"]: e["payload"].get("count", 0) for e in found}

    told = until(counts, lambda seen: "tasuki.invoice.created" in seen)
    assert told["tasuki.invoice.created"] == reports[-2]["created"]
    leads = reports[0]["created"] + reports[0]["attached"]
    assert told["tasuki.lead.qualified"] == leads


@pytest.mark.usefixtures("reports")
def test_the_funnel_is_a_table_of_counts(flows: Flows, reports: list[Report]) -> None:
    key = "funnel-lead-hubspot-salesforce"
    found = [one for one in flows.seen("artifacts") if one["key"] == key]
    rows = {row["段階"]: row["件数"] for row in json.loads(found[-1]["data"])}
    assert rows["読み込み"] == reports[0]["read"]
    assert rows["対象"] == reports[0]["read"] - reports[0]["skipped"]


@pytest.mark.usefixtures("reports")
def test_no_record_leaves_the_ledger_for_prefect(relay: Relay, flows: Flows) -> None:
    seen = json.dumps(flows.seen("artifacts"), ensure_ascii=False)
    seen += json.dumps(flows.seen("flow_runs"), ensure_ascii=False)
    addresses = {str(row["Email"]) for row in relay.rows("Lead").values()}
    assert addresses
    assert not [address for address in addresses if address in seen]


@pytest.mark.usefixtures("reports")
def test_a_second_pass_completes_and_writes_nothing(relay: Relay, flows: Flows) -> None:
    before = relay.rehearsal.writes()
    for name in (
        "sync_leads",
        "hand_over_qualified",
        "bill_won_deals",
        "follow_payments",
    ):
        flows.run(name)
    assert relay.rehearsal.writes() == before


@pytest.mark.usefixtures("reports")
def test_one_contact_that_cannot_wait_is_handed_over_alone(
    relay: Relay, flows: Flows
) -> None:
    made = relay.act(
        "hubspot", "submit_form", email="ima@sugu-denki.example.jp", lastname="今",
        lifecyclestage="marketingqualifiedlead",
    )  # fmt: skip
    reports = flows.run("hand_over_qualified", contacts=[made["id"]])
    assert (reports[0]["read"], reports[0]["created"]) == (1, 1)
    assert relay.lead_of(made["id"])["LastName"] == "今"


@pytest.mark.usefixtures("reports")
def test_a_stage_that_stops_fails_the_run_with_reason_and_remedy(
    relay: Relay, flows: Flows
) -> None:
    with relay.without("hubspot"):
        words = flows.fails("sync_leads")
    stopped = relay.ledger.runs(LEADS, limit=1)[0]
    run = flows.last("sync-leads")
    assert run["state_type"] == "FAILED"
    for told in (words, run["state"]["message"]):
        assert stopped.error in told
        assert "run again: nothing was lost" in told
    assert "**途中で停止しました**" in flows.report("run-lead-hubspot-salesforce")
    assert flows.run("sync_leads")[0]["state"] == "done"


@pytest.mark.usefixtures("reports")
def test_a_flow_that_cannot_begin_leaves_a_report_with_the_remedy(flows: Flows) -> None:
    wrong = "lead.hubspot-salesfroce"
    words = flows.fails("sync_leads", mapping=wrong)
    assert "\n" not in words
    assert "Did you mean 'lead.hubspot-salesforce'?" in words
    text = flows.report("run-lead-hubspot-salesfroce")
    assert f"**開始できませんでした**: mappings: there is no mapping '{wrong}'" in text


@pytest.mark.usefixtures("reports")
def test_a_dry_run_of_one_record_shows_what_would_happen_and_sends_nothing(
    relay: Relay, flows: Flows
) -> None:
    made = relay.act(
        "hubspot", "submit_form", email="tameshi@sugu-denki.example.jp", lastname="試",
        lifecyclestage="marketingqualifiedlead",
    )  # fmt: skip
    before = relay.rehearsal.writes()
    wish = {"dry_run": True, "records": [made["id"]]}
    (preview,) = flows.run("sync_leads", options=wish)
    assert preview["counts"] == {"create": 1}
    assert relay.rehearsal.writes() == before
    text = flows.report("plan-lead-hubspot-salesforce")
    assert "試行（何も送信していません）" in text
    assert f"tasuki run {LEADS} --only {made['id']}" in text
    assert flows.last("sync-leads")["name"].endswith(f"· 試行 · {made['id']}")
    flows.run("sync_leads", options={"records": [made["id"]]})
    lead = relay.lead_of(made["id"])
    key = f"link-lead-hubspot-salesforce-{made['id']}"
    (link,) = [one for one in flows.seen("artifacts") if one["key"] == key]
    assert str(lead["Id"]) in link["data"]


@pytest.mark.usefixtures("reports")
def test_a_run_that_takes_long_has_a_bar_that_ends_full(
    relay: Relay, flows: Flows
) -> None:
    slow = Fault(Kind.HANG_BEFORE, seconds=11.0)
    relay.rehearsal.servers["hubspot"].faults.plant(slow)
    assert flows.run("sync_leads", options={"full": True})[0]["state"] == "done"
    key = "progress-lead-hubspot-salesforce"
    (bar,) = [one for one in flows.seen("artifacts") if one["key"] == key]
    assert float(bar["data"]) == 100
    assert bar["description"].startswith("読み込み ")


@pytest.mark.usefixtures("reports")
def test_both_sides_are_compared_at_night(flows: Flows) -> None:
    (report,) = flows.run("reconcile_systems", mappings=[LEADS])
    assert report["state"] == "done"
    run = flows.last("reconcile-systems")
    assert (run["state_type"], run["name"]) == ("COMPLETED", "突き合わせ")
    assert flows.stages(run, 2) == [f"reconcile {LEADS}", f"drift {LEADS}"]
    assert "はじめてスキーマを記録しました" in flows.report(
        "run-drift-lead-hubspot-salesforce"
    )


@pytest.mark.usefixtures("reports")
def test_the_archive_is_looked_after_at_night(relay: Relay, flows: Flows) -> None:
    (watch,) = flows.run("keep_archive")
    assert (watch["entries"], watch["faults"]) == (2 * len(relay.invoices()), [])
    assert flows.last("keep-archive")["state_type"] == "COMPLETED"
    content = next((relay.place / ".tasuki" / "archive").glob("*/*"))
    content.chmod(0o600)
    content.unlink()
    assert "not as they were recorded" in flows.fails("keep_archive")
    assert "is missing" in flows.report("tasuki-archive")
    with http_server() as post:
        (relay.place / "slack.url").write_text(post.url)
        (relay.place / "mappings" / "alerts.yaml").write_text(ALERTS, encoding="utf-8")
        (sent,) = flows.run("send_alerts")
        (again,) = flows.run("send_alerts")
    assert (sent["told"].keys(), sent["failed"], again["told"]) == ({"boss"}, {}, {})
    (told,) = [body.decode() for _, body in post.came]
    assert "電子取引データの保存に異常が 1 件あります" in told
    assert flows.last("send-alerts")["name"] == "通知"


@pytest.mark.usefixtures("reports")
def test_the_journey_is_measured(flows: Flows) -> None:
    (measured,) = flows.run("measure_journey")
    assert measured["journeys"] > 0
    assert sum(one["events"] for one in measured["entries"]) > measured["journeys"]
    assert flows.last("measure-journey")["name"] == "ファネルの計測"
    assert "| リード" in flows.report("tasuki-funnel")
    assert flows.report("tasuki-handoffs").startswith("## ")


@pytest.mark.usefixtures("reports")
def test_leaks_are_looked_for(flows: Flows) -> None:
    (found,) = flows.run("find_leaks")
    assert found["line"].startswith(f"leaks: {found['open']} open")
    assert flows.last("find-leaks")["state_type"] == "COMPLETED"
    assert flows.report("tasuki-leaks").startswith("## バケツの穴")


@pytest.mark.usefixtures("reports")
def test_won_deals_are_handed_to_customer_success_once(flows: Flows) -> None:
    (first,) = flows.run("onboard_customers", options={"allow": 1_000})
    (again,) = flows.run("onboard_customers")
    assert (first["state"], again["state"]) == ("done", "done")
    assert first["created"] > 0 == again["created"]


@pytest.mark.usefixtures("reports")
def test_the_week_is_told_on_one_page(flows: Flows) -> None:
    (told,) = flows.run("review_week")
    assert told["line"].startswith(f"review {told['week']}: ")
    page = flows.report("tasuki-review")
    assert page.startswith(f"## 週次レビュー {told['week']}")
    assert "まだ一度も確認していません" not in page
    assert flows.last("review-week")["name"] == "週次レビュー"
    assert "is not over" in flows.fails("review_week", week="2099-W01")


@pytest.mark.usefixtures("reports")
def test_hints_are_swept_though_nobody_follows_them(relay: Relay, flows: Flows) -> None:
    hint = Hint("contacts", "40001", "changed", "one-event")
    with Project(relay.place, environment=ENVIRONMENT).open_ledger() as ledger:
        assert ledger.put_hints([("hubspot", hint)]) == 1
    (report,) = flows.run("drain_inbox")
    assert (report["hints"], report["done"], report["waiting"]) == (1, 1, 0)


@pytest.mark.usefixtures("reports")
def test_a_backfill_is_gone_on_with_part_by_part(relay: Relay, flows: Flows) -> None:
    assert flows.run("backfill_mapping") == []
    at = ["--project", str(relay.place)]
    planned = subprocess.run(
        [sys.executable, "-m", "tasuki.cli", *at, "backfill", LEADS,
         "--parts", "2", "--plan"],
        capture_output=True, text=True, check=False, env=os.environ | ENVIRONMENT,
    )  # fmt: skip
    assert planned.returncode == 0, planned.stderr
    done = [flows.run("backfill_part", mapping=LEADS, part=part)[0] for part in (1, 2)]
    assert all(one["state"] == "done" and one["created"] == 0 for one in done)
    assert (
        "done already" in flows.run("backfill_part", mapping=LEADS, part=1)[0]["held"]
    )


def test_every_flow_of_the_repository_is_run_here() -> None:
    shown = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    source = Path(__file__).read_text(encoding="utf-8")
    named = {
        node.value for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }  # fmt: skip
    assert shown <= named
