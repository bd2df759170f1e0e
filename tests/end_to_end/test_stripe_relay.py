"""Won deals billed at Stripe, with the shipped mappings, over HTTP."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
from tests.end_to_end.relay import _POLICIES

CUSTOMERS = "customer.salesforce-stripe"
INVOICES = "invoice.salesforce-stripe"
PAYMENTS = "payment.stripe-salesforce"


class Books:
    """Sales and billing as stand-ins, and a project that joins them."""

    def __init__(self, place: Path, **account: Any) -> None:
        self.rehearsal = Rehearsal(
            Registry(place),
            systems=("salesforce", "stripe"),
            options={"stripe": {"index_lag": 0.0, **account}},
        ).start(demo_world(people=60, deals=40, won=26))
        text = self.rehearsal.connections_yaml()
        (place / "connections.yaml").write_text(text, encoding="utf-8")
        (place / "mappings").mkdir()
        (place / "mappings/policies.yaml").write_text(_POLICIES, encoding="utf-8")
        self.project = Project(place, environment=ENVIRONMENT)
        self.ledger = self.project.open_ledger()
        self.server = self.rehearsal.servers["stripe"]
        self.account: Any = self.server.sandbox

    def close(self) -> None:
        self.ledger.close()
        self.rehearsal.stop()

    def run(self, mapping: str) -> dict[str, Any]:
        sync = self.project.open_sync(self.project.mappings[mapping], self.ledger)
        try:
            return run_sync(sync, Options(allow=10_000)).as_json()
        finally:
            sync.source.close()
            sync.destination.close()

    def bill(self) -> dict[str, Any]:
        self.run(INVOICES)
        self.run(CUSTOMERS)
        return self.run(INVOICES)

    def act(self, name: str, **body: object) -> None:
        answer = httpx.post(f"{self.server.url}/__act/{name}", json=body)
        assert answer.status_code == 200, answer.text

    def billed(self) -> dict[str, dict[str, Any]]:
        """Return the deals that have been told of an invoice, by its id."""
        own: Any = self.rehearsal.servers["salesforce"].sandbox
        rows = own.store.tables["Opportunity"].rows.values()
        return {
            row["Stripe_Invoice_Id__c"]: row
            for row in rows
            if row.get("Stripe_Invoice_Id__c")
        }

    @property
    def invoices(self) -> dict[str, dict[str, Any]]:
        return dict(self.account.invoices.shelf.rows)

    def check_one_whole_each(self) -> None:
        """No deal is billed twice or in part, and every one told of exists."""
        rows = self.invoices
        marks = Counter(row["metadata"]["tasuki_key"] for row in rows.values())
        assert max(marks.values()) == 1
        told = self.billed()
        assert set(told) == set(rows)
        for one, deal in told.items():
            assert float(rows[one]["subtotal"]) == float(deal["Amount"])


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path)
    yield made
    made.close()


def test_won_deals_become_one_draft_each_and_payments_come_back(books: Books) -> None:
    report = books.bill()
    assert report["created"] >= 4
    assert report["held"] == 0
    books.check_one_whole_each()
    assert {row["status"] for row in books.invoices.values()} == {"draft"}
    paid, part, *_ = list(books.invoices)
    for one in (paid, part):
        books.act("finalize", id=one)
    books.act("pay", id=paid)
    books.act("part_pay", id=part, amount=1)
    assert books.run(PAYMENTS)["updated"] == 2
    deals = books.billed()
    assert deals[paid]["Payment_Status__c"] == "入金済"
    assert deals[part]["Payment_Status__c"] == "一部入金"
    assert deals[paid]["Stripe_Invoice_Number__c"]
    books.run(INVOICES)  # reads what write-backs have changed
    before = books.rehearsal.writes()
    for mapping in (CUSTOMERS, INVOICES, PAYMENTS):
        books.run(mapping)
    assert books.rehearsal.writes() == before


def test_lost_answers_and_requests_make_no_invoice_twice_and_none_in_part(
    books: Books,
) -> None:
    for kind, seed in (
        (Kind.RESET_AFTER, 3),
        (Kind.RESET_BEFORE, 5),
        (Kind.ERROR_AFTER, 7),
        (Kind.LATE_COMMIT, 9),
    ):
        fault = Fault(kind, "POST", "/v1/", times=0, one_in=6, seconds=0.05, seed=seed)
        books.server.faults.plant(fault)
    for _ in range(6):
        books.bill()
    books.server.faults.clear()
    report = books.bill()
    assert report["waiting"] + report["in_doubt"] + report["deferred"] == 0
    books.check_one_whole_each()
    customers = books.account.customers.shelf.rows.values()
    accounts = Counter(row["metadata"]["salesforce_id"] for row in customers)
    assert max(accounts.values()) == 1
    assert not [
        row for row in books.account.invoices.items.rows.values() if not row["invoice"]
    ]


def test_an_invoice_whose_sums_are_not_ours_is_held_as_a_draft(tmp_path: Path) -> None:
    books = Books(tmp_path, tax_off=1)
    try:
        report = books.bill()
        assert report["reasons"]["held"] == {"totals_disagree": report["held"]}
        assert len(books.billed()) == len(books.invoices) - report["held"]
        assert {row["status"] for row in books.invoices.values()} == {"draft"}
        assert "tax_total" in books.ledger.holds(INVOICES)[0].detail
        assert books.bill()["created"] == 0
        assert len(books.invoices) == report["held"] + report["created"]
    finally:
        books.close()
