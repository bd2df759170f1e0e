"""Real processes, SIGKILLed at random moments, against stand-ins of the real systems.

Every qualified contact has exactly one Lead, every won deal that may be billed exactly
one invoice, however often the process dies; then a rerun writes nothing.
"""

import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tasuki.sandbox.faults import Fault, Kind
from tests.simulation.office import CUSTOMERS, INVOICES, LEADS, Office, Tally

KILLS_OF_LEADS, KILLS_OF_INVOICES, KILLS_WITH_LIES = 100, 100, 30

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with Office(folder, people=400, deals=90, won=60) as office:
        yield office


@pytest.fixture(scope="module")
def undisturbed(office: Office) -> dict[str, Any]:
    """What one quiet morning comes to, to compare with."""
    office.new_day()
    assert office.run(LEADS)["code"] in {0, 1}
    leads = office.rows("salesforce", "Lead")
    customers(office)
    assert office.run(INVOICES)["code"] in {0, 1}
    invoices = office.rows("freee", "invoices")
    return {"leads": leads, "invoices": invoices}


def customers(office: Office) -> None:
    """Let the deals' accounts become partners, so that invoices do not wait."""
    for name in (INVOICES, CUSTOMERS):
        assert office.run(name)["code"] in {0, 1}
    assert not office.rows("freee", "invoices")


def check_leads(office: Office, undisturbed: dict[str, Any]) -> None:
    leads = office.rows("salesforce", "Lead")
    names = ("HubSpot_Contact_Id__c", "Email", "Company", "Rating", "Status")

    def shown(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted(tuple(row.get(name) for name in names) for row in rows)

    assert shown(leads) == shown(undisturbed["leads"])
    addresses = Counter(row["Email"] for row in leads)
    assert not [a for a, n in addresses.items() if n > 1], "two leads for one person"
    assert office.links(LEADS) == {r["HubSpot_Contact_Id__c"]: r["Id"] for r in leads}


def check_invoices(office: Office, undisturbed: dict[str, Any]) -> None:
    invoices = office.rows("freee", "invoices")
    names = ("subject", "partner_code", "total_amount", "billing_date", "memo")

    def shown(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted(tuple(str(row.get(name)) for name in names) for row in rows)

    marks = Counter(row["memo"] for row in invoices)
    assert not [mark for mark, n in marks.items() if n > 1], "a deal is billed twice"
    assert shown(invoices) == shown(undisturbed["invoices"])
    by_id = {str(row["id"]): row for row in invoices}
    links = office.links(INVOICES)
    assert sorted(links.values()) == sorted(by_id)
    deals = {row["Id"]: row for row in office.rows("salesforce", "Opportunity")}
    for deal_id, invoice_id in links.items():
        deal, invoice = deals[deal_id], by_id[invoice_id]
        assert invoice["subject"] == deal["Name"]
        assert invoice["amount_excluding_tax"] == int(deal["Amount"])
        assert deal["freee_Invoice_Id__c"] == invoice_id
        assert deal["Invoice_Number__c"] == invoice["invoice_number"]


def check_a_rerun_writes_nothing(office: Office, mapping: str) -> None:
    office.run(mapping)  # reads what write-backs have changed
    before = office.rehearsal.writes()
    assert office.run(mapping)["code"] in {0, 1}
    assert office.rehearsal.writes() == before
    counts = office.last_counts()
    assert counts["created"] == counts["updated"] == 0


def test_leads_survive_a_hundred_kills(
    office: Office, undisturbed: dict[str, Any]
) -> None:
    tally, begin = Tally(), time.monotonic()
    seed = 0
    while tally.kills < KILLS_OF_LEADS:
        seed += 1
        office.new_day()
        office.until_done(LEADS, Random(seed), tally)
        check_leads(office, undisturbed)
        if seed % 5 == 1:
            check_a_rerun_writes_nothing(office, LEADS)
    print(f"\nleads, seeds 1 to {seed}: {tally}; {time.monotonic() - begin:.0f} s")


def test_invoices_survive_a_hundred_kills(
    office: Office, undisturbed: dict[str, Any]
) -> None:
    tally, begin = Tally(), time.monotonic()
    seed = 0
    while tally.kills < KILLS_OF_INVOICES:
        seed += 1
        office.new_day()
        customers(office)
        office.until_done(INVOICES, Random(seed), tally)
        check_invoices(office, undisturbed)
        if seed % 5 == 1:
            check_a_rerun_writes_nothing(office, INVOICES)
    print(f"\ninvoices, seeds 1 to {seed}: {tally}; {time.monotonic() - begin:.0f} s")


@pytest.mark.parametrize("lie", [Kind.RESET_AFTER, Kind.LATE_COMMIT])
def test_invoices_survive_kills_and_lost_answers(
    office: Office, undisturbed: dict[str, Any], lie: Kind
) -> None:
    tally, begin = Tally(), time.monotonic()
    seed = fired = 0
    while tally.kills < KILLS_WITH_LIES:
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
