"""Real processes, SIGKILLed at random moments, against stand-ins of the real systems.

Every qualified contact has exactly one Lead, every won deal that may be billed exactly
one invoice, however often the process dies; then a rerun writes nothing.
"""

import time
from collections.abc import Iterator
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

SHORT, SHORT_WITH_LIES, LONG, LONG_WITH_LIES = 18, 8, 100, 40

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with Office(folder, people=400, deals=90, won=60) as office:
        yield office


@pytest.fixture(scope="module")
def undisturbed(office: Office) -> dict[str, Any]:
    return quiet_morning(office)


def kill_leads(office: Office, undisturbed: dict[str, Any], kills: int) -> None:
    tally, begin = Tally(), time.monotonic()
    seed = 0
    while tally.kills < kills:
        seed += 1
        office.new_day()
        office.until_done(LEADS, Random(seed), tally)
        check_leads(office, undisturbed)
        if seed % 5 == 1:
            check_a_rerun_writes_nothing(office, LEADS)
    print(f"\nleads, seeds 1 to {seed}: {tally}; {time.monotonic() - begin:.0f} s")


def kill_invoices(office: Office, undisturbed: dict[str, Any], kills: int) -> None:
    tally, begin = Tally(), time.monotonic()
    seed = 0
    while tally.kills < kills:
        seed += 1
        office.new_day()
        customers(office)
        office.until_done(INVOICES, Random(seed), tally)
        check_invoices(office, undisturbed)
        if seed % 5 == 1:
            check_a_rerun_writes_nothing(office, INVOICES)
    print(f"\ninvoices, seeds 1 to {seed}: {tally}; {time.monotonic() - begin:.0f} s")


def kill_and_lie(
    office: Office, undisturbed: dict[str, Any], lie: Kind, kills: int
) -> None:
    tally, begin = Tally(), time.monotonic()
    seed = fired = 0
    while tally.kills < kills:
        seed += 1
        office.new_day()
        customers(office)
        fault = Fault(
            lie,
            method="POST",
            path="/invoices$",
            times=0,
            one_in=10,
            seconds=0.2,
            seed=seed,
        )
        office.plant("freee", fault)
        office.until_done(INVOICES, Random(seed), tally)
        fired += fault.fired
        office.rehearsal.servers["freee"].faults.clear()
        office.finish(INVOICES)
        check_invoices(office, undisturbed)
        check_a_rerun_writes_nothing(office, INVOICES)
    assert fired
    print(
        f"\n{lie} ({fired} times), seeds 1 to {seed}: {tally}; "
        f"{time.monotonic() - begin:.0f} s"
    )


def test_leads_survive_kills(office: Office, undisturbed: dict[str, Any]) -> None:
    kill_leads(office, undisturbed, SHORT)


def test_invoices_survive_kills(office: Office, undisturbed: dict[str, Any]) -> None:
    kill_invoices(office, undisturbed, SHORT)


@pytest.mark.parametrize("lie", [Kind.RESET_AFTER, Kind.LATE_COMMIT])
def test_invoices_survive_kills_and_lost_answers(
    office: Office, undisturbed: dict[str, Any], lie: Kind
) -> None:
    kill_and_lie(office, undisturbed, lie, SHORT_WITH_LIES)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_hundreds_of_kills(office: Office, undisturbed: dict[str, Any]) -> None:
    kill_leads(office, undisturbed, LONG)
    kill_invoices(office, undisturbed, LONG)
    for lie in (Kind.RESET_AFTER, Kind.LATE_COMMIT):
        kill_and_lie(office, undisturbed, lie, LONG_WITH_LIES)


def test_of_two_processes_at_once_one_works_and_one_says_who_does(
    office: Office, undisturbed: dict[str, Any]
) -> None:
    office.new_day()
    customers(office)
    drip = Fault(Kind.DRIP, method="POST", path="/invoices$", times=0, seconds=0.2)
    office.plant("freee", drip)
    with office.second_runner() as second:
        office.begin(INVOICES)
        while not office.ledger("select 1 from lease where owner <> ''"):
            time.sleep(0.005)
        begin = len(second.said())
        told = office.run(INVOICES, runner=second)
        words = second.said()[begin:]
        assert office.runner.end()["code"] in {0, 1}
    assert told["code"] == 1
    assert "is held by process" in words
    check_invoices(office, undisturbed)
    check_a_rerun_writes_nothing(office, INVOICES)
