"""Runs whose ledger has no room, is held by a stranger, or is tidied while they work."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.simulation.company import Company, Process, until
from tests.simulation.office import INVOICES, LEADS

ROOM = range(0, 60, 3)  # pages
TABLES = {LEADS: ("salesforce", "Lead"), INVOICES: ("freee", "invoices")}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
both = pytest.mark.parametrize("mapping", [LEADS, INVOICES])


@pytest.fixture
def office(firm: Company, undisturbed: dict[str, Any]) -> Iterator[Company]:
    assert undisturbed
    firm.on("")
    firm.morning()
    yield firm
    for server in firm.rehearsal.servers.values():
        server.faults.clear()
    firm.on("")


def stopped_with_one_line(process: Process, words: str) -> None:
    assert process.end() == 3, process.said()
    said = process.said()
    assert "Traceback" not in said
    told = [line for line in said.splitlines() if words in line]
    assert len(told) == 1, said
    assert "nothing was lost" in said


def pages(office: Company) -> int:
    return int(office.ledger("PRAGMA page_count")[0][0])


@both
def test_a_disk_that_fills_up_in_mid_run_loses_nothing_and_does_nothing_twice(
    office: Company, undisturbed: dict[str, Any], mapping: str
) -> None:
    made = []
    for room in ROOM:
        office.environment["LEDGER_PAGES"] = str(pages(office) + room)
        process = office.sync(mapping, act="work_on_a_small_disk")
        if process.end() in {0, 1}:
            break
        stopped_with_one_line(process, "the disk is full")
        made.append(len(office.rows(*TABLES[mapping])))
    assert made, "the disk was never full"
    assert made[-1] > 0, "none of the runs had sent anything"
    office.finish_all()
    assert office.everything() == undisturbed


@contextmanager
def held_by_a_stranger(office: Company) -> Iterator[None]:
    path = office.folder / ".tasuki/ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        yield
        stranger.execute("ROLLBACK")


@both
def test_a_ledger_that_a_stranger_holds_in_mid_run_stops_it_without_loss(
    office: Company, undisturbed: dict[str, Any], mapping: str
) -> None:
    office.slowly()
    process = office.sync(mapping, act="be_impatient")
    until(lambda: office.rows(*TABLES[mapping]))
    with held_by_a_stranger(office):
        stopped_with_one_line(process, "another program holds the ledger")
        made = len(office.rows(*TABLES[mapping]))
        again = office.sync(mapping, act="be_impatient")
        stopped_with_one_line(again, "another program holds the ledger")
        assert len(office.rows(*TABLES[mapping])) == made
    assert made
    assert office.open_intents(), "the receipts were kept though nobody could write"
    for server in office.rehearsal.servers.values():
        server.faults.clear()
    office.finish_all()
    assert office.everything() == undisturbed


def test_runs_go_on_beside_a_tidying_and_money_stays(
    office: Company, undisturbed: dict[str, Any]
) -> None:
    path = office.folder / ".tasuki/ledger.db"
    assert office.sync(LEADS).end() in {0, 1}
    with closing(sqlite3.connect(path)) as connection:
        for column in ("intent.done_at", "decision.decided_at", "run.finished_at"):
            table, name = column.split(".")
            older = f"'2020' || substr({name}, 5)"
            connection.execute(f"UPDATE {table} SET {name} = {older}")
        connection.commit()
    kept = "select * from decision where sync like 'invoice%' order by id"
    before = office.ledger(kept)
    assert before
    office.slowly()
    process = office.sync(INVOICES)
    until(lambda: office.rows("freee", "invoices"))
    tidied = office.command("tidy", "--json")
    assert tidied.end() == 0, tidied.said()
    assert '"payloads": 0' not in tidied.said()
    assert process.lives(), "the run was over before"
    assert process.end() in {0, 1}, process.said()
    for server in office.rehearsal.servers.values():
        server.faults.clear()
    office.finish_all()
    assert office.everything() == undisturbed
    assert office.ledger(kept)[: len(before)] == before
