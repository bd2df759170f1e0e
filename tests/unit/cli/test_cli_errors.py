"""Every error we know of: one clear line, its remedy, and the right exit code."""

import resource
import sqlite3
import threading

import pytest

from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import Rehearsal, connections_yaml
from tests.unit.cli.rehearsing import LEADS, Desk, Said


def is_one_error(said: Said, code: int) -> bool:
    lines = said.err.splitlines()
    assert said.code == code, said
    assert "Traceback" not in said.err
    assert len(lines) == 2, lines
    assert lines[1].startswith("  ")
    return True


def test_a_wrong_mapping_name_is_answered_with_the_nearest(desk: Desk) -> None:
    for command in ("plan", "run", "show", "test"):
        said = desk.tasuki(command, "lead.hubspot-salesforc")
        assert is_one_error(said, 2)
        assert f"Did you mean '{LEADS}'?" in said.err
    assert "Did you mean" in desk.tasuki("replay", "-m", "lead.hubspot").err


def test_a_system_that_is_down_is_said_in_one_line(desk: Desk) -> None:
    nowhere = dict.fromkeys(("hubspot", "salesforce", "freee"), "http://127.0.0.1:9")
    desk.write("connections.yaml", connections_yaml(nowhere))
    for command in ("plan", "run"):
        said = desk.tasuki(command, LEADS)
        assert is_one_error(said, 3)
        assert "hubspot/contacts: cannot connect" in said.err
        assert "nothing was lost" in said.err
    assert desk.tasuki("doctor").code == 3


def test_a_wrong_token_is_said_with_its_remedy_and_never_shown(desk: Desk) -> None:
    desk.edit(".env", "pat-sandbox", "pat-secret-of-mine")
    for arguments in (("plan", LEADS), ("run", LEADS)):
        said = desk.tasuki(*arguments)
        assert is_one_error(said, 3)
        assert "pat-secret-of-mine" not in said.out + said.err
    said = desk.tasuki("doctor", "hubspot")
    assert said.code == 3
    assert "BAD hubspot: token" in said.out
    assert "pat-secret-of-mine" not in said.out + said.err


def test_a_missing_variable_is_named_with_file_line_and_column(desk: Desk) -> None:
    desk.edit(".env", "HUBSPOT_TOKEN=", "OTHER=")
    said = desk.tasuki("run", LEADS)
    assert said.code == 2
    first, remedy, *_ = said.err.splitlines()
    assert first.startswith(
        "connections.yaml:5:17: the environment has no HUBSPOT_TOKEN"
    )
    assert "export HUBSPOT_TOKEN" in remedy


def test_a_mistake_in_a_mapping_is_named_with_file_line_and_column(desk: Desk) -> None:
    desk.write("mappings/mine.yaml", "version: 1\nsorce: hubspot/contacts\n")
    said = desk.tasuki("check")
    assert said.code == 2
    assert "mappings/mine.yaml:2:1: unknown key 'sorce'" in said.err
    assert "Did you mean 'source'?" in said.err


def test_a_project_without_connections_says_how_to_begin(desk: Desk) -> None:
    (desk.folder / "connections.yaml").unlink()
    said = desk.tasuki("check")
    assert is_one_error(said, 2)
    assert "`tasuki init`" in said.err


@pytest.mark.slow
def test_a_ledger_that_another_program_holds_is_said_in_one_line(desk: Desk) -> None:
    assert desk.tasuki("status").code == 0
    held = threading.Event()
    done = threading.Event()

    def hold() -> None:
        other = sqlite3.connect(desk.folder / ".tasuki" / "ledger.db")
        other.execute("BEGIN EXCLUSIVE")
        held.set()
        done.wait(60)
        other.rollback()
        other.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    try:
        said = desk.tasuki("run", LEADS)
    finally:
        done.set()
        holder.join()
    assert is_one_error(said, 3)
    assert "another program holds the ledger" in said.err


def test_a_full_disk_is_said_in_one_line(desk: Desk) -> None:
    assert desk.tasuki("status").code == 0
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        said = desk.tasuki("run", LEADS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert is_one_error(said, 3)
    assert "ledger.db: the disk" in said.err


def test_a_folder_that_cannot_be_written_is_said_in_one_line(desk: Desk) -> None:
    desk.write(".tasuki", "a file where a folder belongs")
    said = desk.tasuki("run", LEADS)
    assert is_one_error(said, 3)
    assert ".tasuki" in said.err


def test_an_unknown_option_is_an_error_of_use(desk: Desk) -> None:
    said = desk.tasuki("run", LEADS, "--ful")
    assert is_one_error(said, 2)
    assert said.err.startswith("tasuki run: ")
    assert desk.tasuki("runn").code == 2
    assert set(desk.tasuki("run", "--json").json()) == {"error", "remedy"}


def test_a_run_that_would_do_too_much_is_stopped(desk: Desk) -> None:
    from tasuki.cli.new_project import shipped_mappings

    text = shipped_mappings()[f"mappings/{LEADS}.yaml"]
    desk.write(f"mappings/{LEADS}.yaml", text.replace("creates: 500", "creates: 2"))
    said = desk.tasuki("run", LEADS)
    assert is_one_error(said, 1)
    assert "--yes-really" in said.err
    assert desk.tasuki("explain", "hubspot/contacts/40001").code in {0, 1}


def test_a_vendor_that_answers_500_stops_the_run(
    desk: Desk, rehearsal: Rehearsal
) -> None:
    fault = Fault(Kind.ERROR_BEFORE, status=500, times=50)
    rehearsal.servers["hubspot"].faults.plant(fault)
    said = desk.tasuki("run", LEADS)
    assert is_one_error(said, 3)


BROKEN = """
from tasuki.connector import ConnectionSettings, Connector


class Broken:
    def doctor(self):
        raise OSError("words that may quote a token")

    def close(self):
        pass


CONNECTOR = Connector(
    name="broken", settings=ConnectionSettings, streams=("things",),
    open=lambda settings, wire: Broken(), limits=lambda settings: (),
)
"""


def test_a_mistake_in_one_connector_does_not_end_the_doctor(desk: Desk) -> None:
    own = desk.folder / "connectors/broken"
    own.mkdir(parents=True)
    (own / "__init__.py").write_text(BROKEN)
    with (desk.folder / "connections.yaml").open("a") as file:
        file.write("\naaa: {connector: broken}\n")
    said = desk.tasuki("doctor", "aaa", "hubspot")
    assert "BAD aaa: system: aaa: ended by OSError at " in said.out
    assert "may quote a token" not in said.out + said.err
    assert "hubspot: token" in said.out
    assert said.code == 1
