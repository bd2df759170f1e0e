"""Status and metrics: what stands in the ledger, for people, programs, Prometheus."""

import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tasuki.engine.run import run_sync
from tasuki.operation.endpoint import serve_metrics
from tasuki.operation.metrics import exposition
from tasuki.operation.picture import take_picture
from tasuki.project import Project
from tasuki.sandbox.rehearsal import ENVIRONMENT
from tests.unit.cli.rehearsing import LEADS, Desk, new_project, stand_ins


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("watched")
    with stand_ins() as rehearsal:
        new_project(place, rehearsal.connections_yaml())
        project = Project(place, environment=ENVIRONMENT)
        with project.open_ledger() as ledger:
            sync = project.open_sync(project.mappings[LEADS], ledger)
            run_sync(sync)
            sync.source.close()
            sync.destination.close()
    return place


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_status_says_how_each_mapping_and_connection_stands(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    desk = Desk(folder, capsys)
    said = desk.tasuki("status", "--json").json()
    leads = next(one for one in said["mappings"] if one["mapping"] == LEADS)
    assert leads["last_state"] == "done"
    assert leads["holders"] == []
    assert leads["cursor_age_seconds"] < 600
    hubspot = next(o for o in said["connections"] if o["connection"] == "hubspot")
    assert {one["calls"] for one in hubspot["limits"]} == {190, 5}
    assert said["ledger_bytes"] > 10_000
    left = sum(o["held"] + o["dead"] + o["in_doubt"] for o in said["mappings"])
    answer = desk.tasuki("status")
    assert answer.code == (1 if left else 0)
    assert LEADS in answer.out


def test_metrics_are_what_the_runs_did_and_no_label_is_of_a_record(
    folder: Path,
) -> None:
    project = Project(folder, environment=ENVIRONMENT)
    with project.open_ledger() as ledger:
        text = exposition(take_picture(project, ledger)).decode()
        counts = ledger.runs()[0].counts
    found = samples(text)
    assert found["tasuki_records_total", "created", LEADS] == counts["created"]
    assert found["tasuki_runs_total", "done", LEADS] == 1
    assert found["tasuki_last_run", "done", LEADS] == 1
    assert found["tasuki_calls_total", "hubspot", LEADS, "read"] >= 1
    assert found["tasuki_budget_limit", "10", "all", "hubspot"] == 190
    assert "@" not in text


def test_sums_outlive_the_runs_they_are_made_of(folder: Path) -> None:
    project = Project(folder, environment=ENVIRONMENT)
    with project.open_ledger() as ledger:
        before = ledger.totals()
        with ledger._database.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE kept AS SELECT * FROM run")
            connection.exec_driver_sql("DELETE FROM run")
        assert ledger.totals() == before
        assert before[LEADS, "runs:done"] == 1
        with ledger._database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO run SELECT * FROM kept")
            connection.exec_driver_sql("DROP TABLE kept")


def test_the_endpoint_is_ready_while_the_ledger_answers(folder: Path) -> None:
    project = Project(folder, environment=ENVIRONMENT)
    with (
        project.open_ledger() as ledger,
        serve_metrics(project, ledger, "127.0.0.1", 0) as url,
    ):
        for path, word in (("/health/ready", "ready"), ("/metrics", "tasuki_ledger")):
            with urllib.request.urlopen(url + path) as answer:
                assert word in answer.read().decode()
        with ledger._database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE lease RENAME TO lease_away")
        try:
            with pytest.raises(HTTPError) as refused:
                urllib.request.urlopen(f"{url}/health/ready")
            assert refused.value.code == 503
            refused.value.close()
        finally:
            with ledger._database.writing() as connection:
                connection.exec_driver_sql("ALTER TABLE lease_away RENAME TO lease")
