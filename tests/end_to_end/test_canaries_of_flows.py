"""Prefect keeps nothing secret or personal of flows that go wrong."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.sandbox.faults import Fault, Kind
from tasuki.stack import Stack
from tests.end_to_end.canaries import (
    PERSONAL,
    WRITES,
    Company,
    columns,
    leaks,
    secrets,
)
from tests.end_to_end.flow_process import Flows, running, until

pytestmark = [pytest.mark.prefect, pytest.mark.slow]
ANYTHING = re.compile(".")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    made = Company(tmp_path_factory.mktemp("flows"))
    made.log_in()
    yield made
    made.stop()
    made.people.close()
    made.rehearsal.stop()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(False, id="mistakes"),
        pytest.param(True, id="and-faults", marks=pytest.mark.soak),
    ],
)
def flows(
    request: pytest.FixtureRequest, company: Company, prefect_server: Stack
) -> Iterator[Flows]:
    """Every flow has gone wrong, in every way that a run tells of."""
    told = {
        name: value
        for name, value in company.environment.items()
        if name not in prefect_server.prefect
    }
    told |= {"PREFECT_LOGGING_LEVEL": "DEBUG"}
    with running(company.place, prefect_server, **told) as found:
        faulty_runs(found)
        if request.param:
            runs_under_faults(company, found)
        yield found


def faulty_runs(flows: Flows) -> None:
    flows.fails("sync_leads", mapping="burst")
    flows.fails("reconcile_systems", mappings=["burst"])
    flows.run("sync_leads", mapping="loud", options={"allow": 9999})
    flows.run("sync_leads", mapping="refused", options={"allow": 9999})


def runs_under_faults(company: Company, flows: Flows) -> None:
    flows.run("sync_leads", mapping="unreadable", options={"allow": 9999})
    flows.run("sync_leads", options={"allow": 9999})
    flows.run("reconcile_systems", mappings=["refused", "lead.hubspot-salesforce"])
    company.people.work_leads()
    company.people.convert_and_win()
    for kind in (Kind.PARTIAL, Kind.UNAUTHORISED, Kind.ERROR_AFTER):
        for server in company.rehearsal.servers.values():
            server.faults.plant(Fault(kind, path=WRITES, times=3))
        for name in ("hand_over_qualified", "bill_won_deals"):
            flows._ask(name, {})
        for server in company.rehearsal.servers.values():
            server.faults.clear()


def database(stack: Stack) -> Path:
    return Path(stack.prefect["PREFECT_HOME"]) / "prefect.db"


def test_a_mistake_in_a_connector_fails_the_flow_without_its_words(
    flows: Flows,
) -> None:
    for name in ("sync-leads", "reconcile-systems"):
        runs = flows.seen("flow_runs", flows={"name": {"any_": [name]}})
        # Other tests' flows fail on this server too.
        failed = [
            run
            for run in runs
            if run["state_type"] == "FAILED" and "burst" in str(run["parameters"])
        ]
        assert failed, name
        words = failed[-1]["state"]["message"]
        assert "burst: ended by RuntimeError at " in words
        assert "Report it" in words


def test_prefect_has_seen_all_of_it(flows: Flows, prefect_server: Stack) -> None:
    def said() -> str:
        return json.dumps(flows.seen("logs", sort="TIMESTAMP_ASC"), ensure_ascii=False)

    assert "RuntimeError" in until(said, lambda text: "RuntimeError" in text)
    assert flows.seen("artifacts")
    tables = {table for table, _, _ in columns(database(prefect_server), ANYTHING)}
    assert {"artifact", "flow_run", "flow_run_state", "task_run_state", "log"} <= tables


def test_prefects_database_holds_no_canary(
    company: Company, flows: Flows, prefect_server: Stack
) -> None:
    assert flows.seen("flow_runs")
    for pattern in (secrets(company), PERSONAL):
        found = {
            (table, column, value[:300])
            for table, column, value in columns(database(prefect_server), pattern)
        }
        assert found == set()


def test_no_log_and_no_stored_file_holds_a_canary(
    company: Company, flows: Flows, prefect_server: Stack
) -> None:
    assert flows.seen("flow_runs")
    home = Path(prefect_server.prefect["PREFECT_HOME"])
    left = [
        path
        for place in (home, prefect_server.logs, company.place / ".prefect")
        for path in place.rglob("*")
        if path.is_file() and ".db" not in path.name and home / "ui" not in path.parents
    ]
    left.append(company.place / "runner.log")
    assert left[-1].stat().st_size > 500
    for pattern in (secrets(company), PERSONAL):
        assert [leak for path in left for leak in leaks(path, pattern)] == []
