"""Two real processes at once on one ledger, SQLite and PostgreSQL: one effect each."""

import pytest

from tests.simulation.company import Company, Process, until
from tests.simulation.office import INVOICES, LEADS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Held = dict[str, list[tuple[str, ...]]]
NEVER_SAID = ("locked", "SQLITE_", "SQLSTATE", "Traceback", "deadlock")


def both(company: Company, mapping: str) -> list[Process]:
    return [company.sync(mapping), company.sync(mapping)]


@pytest.mark.parametrize(
    "mapping", [pytest.param(LEADS, marks=pytest.mark.soak), INVOICES]
)
def test_of_two_runs_of_one_sync_one_works_and_one_says_so_in_a_line(
    company: Company, undisturbed: Held, mapping: str
) -> None:
    company.morning()
    company.slowly()
    runs = both(company, mapping)
    codes = [one.end() for one in runs]
    refused = [one for one in runs if "is held by process" in one.said()]
    assert len(refused) == 1, [one.said() for one in runs]
    (line, remedy) = refused[0].said().splitlines()
    worker = next(one for one in runs if one is not refused[0])
    assert f"'sync:{mapping}' is held by process {worker.pid} on" in line
    assert "the other run does the work" in remedy
    assert codes[runs.index(refused[0])] == 1
    assert codes[runs.index(worker)] in {0, 1}
    company.finish_all()
    assert company.everything() == undisturbed
    assert company.ledger("select distinct state from run") == [("done",)]


def test_different_syncs_and_people_who_look_share_one_ledger(
    company: Company, undisturbed: Held
) -> None:
    company.morning()
    company.slowly()
    runs = [company.sync(LEADS), company.sync(INVOICES)]
    until(lambda: company.holder(INVOICES) and company.holder(LEADS))
    looks = []
    while company.holder(INVOICES) or company.holder(LEADS):
        for words in (["status"], ["plan", INVOICES], ["explain", "101"]):
            looks.append(company.command(*words))
            assert looks[-1].end() in {0, 1}, looks[-1].said()
    assert [one.end() for one in runs] <= [1, 1]
    assert len(looks) >= 3
    said = "".join(one.said() for one in (*runs, *looks))
    assert not [word for word in NEVER_SAID if word in said], said
    company.finish_all()
    assert company.everything() == undisturbed
