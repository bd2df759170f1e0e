"""`tasuki alerts`: channels, tests and rounds, as a person types them."""

import pytest

from tasuki.project import Project
from tests.unit.alert.offices import http_server
from tests.unit.cli.rehearsing import LEADS, Desk

ALERTS = """\
version: 1
enabled: true
dead_after: 1
channels:
  sales: {kind: slack, url: "${SALES_URL}"}
"""


def stop_a_run(desk: Desk, number: int = 1, state: str = "stopped") -> None:
    with Project(desk.folder).open_ledger() as ledger:
        ledger.start_run(f"r{number}", LEADS, "run")
        ledger.finish_run(f"r{number}", state, {}, {}, "x")


def test_as_shipped_nobody_is_told_and_the_command_says_so(desk: Desk) -> None:
    stop_a_run(desk)
    said = desk.tasuki("alerts")
    assert said.code == 0
    assert "alerts are off" in said.out
    assert f"run/{LEADS}" in said.out
    assert desk.tasuki("alerts", "send", "--json").json()["told"] == {}
    said = desk.tasuki("alerts", "test")
    assert said.code == 2
    assert "alerts are off" in said.err


def test_a_channel_is_tested_and_told_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_server() as post:
        desk.write("mappings/alerts.yaml", ALERTS)
        monkeypatch.setenv("SALES_URL", post.url)
        assert desk.tasuki("alerts", "test").out == "sales: sent\n"
        said = desk.tasuki("alerts", "test", "seles")
        assert (said.code, "Did you mean 'sales'?" in said.err) == (2, True)
        stop_a_run(desk)
        said = desk.tasuki("alerts", "send")
        assert (said.out, said.err) == ("sales: told of 1\n", "")
        assert desk.tasuki("alerts", "send").out == "nothing to tell\n"
        stop_a_run(desk, 2, "done")
        assert desk.tasuki("alerts", "send").out == "sales: told of 1\n"
    assert len(post.came) == 3
    assert f"【解消】{LEADS}" in post.came[-1][1].decode()


def test_a_dead_channel_is_seen_in_status_and_by_the_doctor(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("mappings/alerts.yaml", ALERTS)
    monkeypatch.setenv("SALES_URL", "http://127.0.0.1:9/geheim")
    stop_a_run(desk)
    said = desk.tasuki("alerts", "send")
    assert said.code == 1
    assert said.out == "sales: alerts/sales: nobody answers at its address\n"
    stop_a_run(desk, 2, "done")
    status = desk.tasuki("status")
    assert status.code == 1
    assert "alerts sales: dead since" in status.out
    doctor = desk.tasuki("doctor", "--json")
    (found,) = [one for one in doctor.json()["checks"] if one["where"] == "alerts"]
    assert (found["name"], found["ok"]) == ("sales", False)
    assert desk.tasuki("alerts").code == 1
    shown = desk.tasuki("alerts", "--json").json()["channels"][0]
    assert (shown["is_dead"], shown["waiting"]) == (True, 1)
    assert desk.tasuki("alerts", "test").code == 3
    assert "geheim" not in said.out + status.out + doctor.out


def test_a_file_that_cannot_be_is_told_by_check(desk: Desk) -> None:
    desk.write("mappings/alerts.yaml", ALERTS.replace("slack", "slak"))
    said = desk.tasuki("check")
    assert said.code == 2
    assert "mappings/alerts.yaml:5:17: 'slak' is no kind of channel" in said.err
