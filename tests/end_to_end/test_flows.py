"""The flows through a real Prefect server: states, names, reports."""

import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasuki.sandbox.rehearsal import ENVIRONMENT
from tasuki.stack import Stack
from tests.end_to_end.relay import (
    CUSTOMERS,
    INVOICES,
    LEADS,
    LIFECYCLE,
    PAYMENTS,
    Relay,
    Report,
)

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.slow,
]
ROOT = Path(__file__).parents[2]
_PATIENCE = 30.0


class Flows:
    """Runs flows in another process, and asks the server what it saw of them."""

    def __init__(self, process: "subprocess.Popen[str]", api_url: str) -> None:
        self._process = process
        self._api = httpx.Client(base_url=api_url, timeout=30)

    def close(self) -> None:
        """End the process."""
        self._api.close()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def run(self, flow: str, **parameters: object) -> list[Report]:
        """Run a flow that ends well."""
        told = self._ask(flow, parameters)
        assert "error" not in told, told
        return told["reports"]

    def fails(self, flow: str, **parameters: object) -> str:
        """Run a flow that ends badly; returns its words."""
        told = self._ask(flow, parameters)
        assert "reports" not in told, told
        return told["error"]

    def _ask(self, flow: str, parameters: dict[str, object]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        order = {"flow": flow, "parameters": parameters}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the runner has died"
        return json.loads(line)

    def seen(self, what: str, **wanted: object) -> list[dict[str, Any]]:
        """Return flow runs, task runs or artifacts, newest first."""
        order = {} if what == "artifacts" else {"sort": "EXPECTED_START_TIME_DESC"}
        asked = {"limit": 200} | order | wanted
        answer = self._api.post(f"/{what}/filter", json=asked)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def last(self, flow: str) -> dict[str, Any]:
        """Return the newest run of a flow."""
        return self.seen("flow_runs", flows={"name": {"any_": [flow]}})[0]

    def stages(self, run: dict[str, Any], count: int) -> list[str]:
        """Return the names of a run's stages; the server notes them a little later."""

        def names() -> list[str]:
            rows = self.seen("task_runs", flow_runs={"id": {"any_": [run["id"]]}})
            return [row["name"] for row in reversed(rows)]

        return until(names, lambda found: len(found) >= count)

    def report(self, key: str) -> str:
        """Return the newest report under an artifact key."""
        answer = self._api.get(f"/artifacts/{key}/latest")
        assert answer.status_code == httpx.codes.OK, answer.text
        assert answer.json()["type"] == "markdown"
        return str(answer.json()["data"])


def until(look: Callable[[], Any], is_enough: Callable[[Any], bool]) -> Any:
    """Look again and again until it is enough, or patience ends."""
    deadline = time.monotonic() + _PATIENCE
    while not is_enough(found := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


@contextmanager
def running(place: Path, stack: Stack) -> Iterator[Flows]:
    """Start the process that runs flows of the project at `place`."""
    given = {"TASUKI_PROJECT": str(place), "PREFECT_LOGGING_LEVEL": "ERROR"}
    environment = {**os.environ, **stack.prefect, **ENVIRONMENT, **given}
    environment.pop("TASUKI_LEDGER_URL", None)
    environment["PYTHONPATH"] = str(ROOT)
    with (place / "runner.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/end_to_end/flow_runner.py")],
            cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True, env=environment,
        )  # fmt: skip
    flows = Flows(process, stack.prefect["PREFECT_API_URL"])
    try:
        yield flows
    finally:
        flows.close()


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
    found = flows.run("sync_leads", allow=10_000)
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
        ("sync-leads", f"leads {LEADS}", [LEADS]),
        ("hand-over-qualified", "hand over", [LIFECYCLE]),
        ("bill-won-deals", "bill won deals", [CUSTOMERS, INVOICES] * 2),
        ("follow-payments", "follow payments", [PAYMENTS]),
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


def test_every_flow_of_the_repository_is_run_here() -> None:
    shown = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    source = Path(__file__).read_text(encoding="utf-8")
    named = {
        node.value for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }  # fmt: skip
    assert shown <= named
