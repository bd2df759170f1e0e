"""What must be true of an office after its runs were killed."""

from collections import Counter
from typing import Any

from tests.simulation.office import CUSTOMERS, INVOICES, LEADS, Office


def quiet_morning(office: Office) -> dict[str, Any]:
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
