"""Invoices that somebody made by hand in freee or クラウド請求書 are not billed again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasuki.engine.answer import Answer, meaning, ruling_of, settled
from tests.end_to_end import test_moneyforward_relay as moneyforward
from tests.end_to_end.relay import CUSTOMERS, INVOICES, PAYMENTS, Relay


class Desk(Relay):
    """A relay whose back office has typed one deal's invoice before Tasuki came."""

    def __init__(self, place: Path) -> None:
        super().__init__(place, people=30, won=8)
        self.run("lead.hubspot-salesforce")
        self.sell()
        self.run(INVOICES)
        self.run(CUSTOMERS)
        self.deal = min(self.won())
        self._type_by_hand()

    def _type_by_hand(self) -> None:
        """Leave an invoice of the deal's that carries no mark and nobody knows of."""
        backup = self.place / "before.db"
        self.ledger.back_up(backup)
        assert self.run(INVOICES, only=(self.deal,))["created"] == 1
        (self.typed,) = self.invoices()
        self.act("freee", "edit_memo", id=int(self.typed), memo="手入力")
        blank = {"freee_Invoice_Id__c": None, "Invoice_Number__c": None}
        self.act("salesforce", "edit", object="Opportunity", id=self.deal, fields=blank)
        self.ledger.restore(backup, {}, force=True, newest=True)

    def told(self) -> Any:
        return self.won()[self.deal]["freee_Invoice_Id__c"]

    def of_the_deal(self) -> list[str]:
        subject = self.won()[self.deal]["Name"]
        rows = self.invoices().items()
        return [key for key, row in rows if row["subject"] == subject]


def rule(books: Any, mapping: str, answer: Answer) -> str:
    (hold,) = books.ledger.holds(mapping)
    full = settled(hold, answer)
    books.ledger.rule([ruling_of(hold, full, "sato", "looked at both")])
    return meaning(hold, full)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        yield desk


def test_an_invoice_made_by_hand_is_adopted_and_paid_and_never_made_again(
    desk: Desk,
) -> None:
    report = desk.run(INVOICES)
    assert report["reasons"]["held"] == {"exists_already": 1}
    assert report["created"] >= 3
    assert desk.of_the_deal() == [desk.typed]
    (hold,) = desk.ledger.holds(INVOICES)
    assert hold.detail == f"looks the same: freee/invoice/{desk.typed}"
    assert "nothing is written" in rule(desk, INVOICES, Answer("attach", desk.typed))
    assert desk.run(INVOICES)["attached"] == 1
    assert desk.told() == desk.typed
    assert desk.won()[desk.deal]["Invoice_Number__c"]
    assert desk.invoices()[desk.typed]["memo"] == "手入力"
    desk.act("freee", "pay", id=int(desk.typed))
    desk.run(PAYMENTS)
    assert desk.won()[desk.deal]["Payment_Status__c"] == "入金済"
    desk.run(INVOICES)
    before = desk.rehearsal.writes()
    assert desk.run(INVOICES, full=True)["created"] == 0
    assert desk.rehearsal.writes() == before
    assert desk.ledger.holds(INVOICES) == []


def test_an_invoice_that_is_not_this_deals_is_ignored_by_a_person(desk: Desk) -> None:
    assert desk.run(INVOICES)["held"] == 1
    rule(desk, INVOICES, Answer("create"))
    assert desk.run(INVOICES)["created"] == 1
    assert len(desk.of_the_deal()) == 2
    assert desk.told() not in {None, desk.typed}
    assert desk.run(INVOICES)["created"] == 0


def test_a_deal_that_a_person_leaves_at_its_typed_invoice_is_not_billed(
    desk: Desk,
) -> None:
    desk.run(INVOICES)
    rule(desk, INVOICES, Answer("leave_for_good"))
    for _ in range(2):
        report = desk.run(INVOICES, full=True)
        assert (report["created"], report["held"]) == (0, 0)
    assert desk.of_the_deal() == [desk.typed]


def test_with_a_lost_ledger_nothing_that_was_billed_is_billed_again(
    desk: Desk,
) -> None:
    desk.ledger.back_up(desk.place / "later.db")
    made = desk.run(INVOICES)["created"]
    documents = len(desk.invoices())
    desk.ledger.restore(desk.place / "later.db", {}, force=True, newest=True)
    report = desk.run(INVOICES)
    assert report["created"] == 0
    assert report["reasons"]["held"] == {"exists_already": made + 1}
    assert len(desk.invoices()) == documents


def test_a_draft_typed_in_money_forward_is_adopted_too(tmp_path: Path) -> None:
    books = moneyforward.Books(tmp_path)
    try:
        mapping = moneyforward.INVOICES
        books.run(mapping)
        books.run(moneyforward.CUSTOMERS)
        books.ledger.back_up(tmp_path / "before.db")
        books.run(mapping)
        billed = books.billed()
        typed, deal = min(billed.items())
        books.act("edit_billing", id=typed, tag_names=[])
        books.ledger.restore(tmp_path / "before.db", {}, force=True, newest=True)
        report = books.run(mapping, only=(deal["Id"],))
        assert report["reasons"]["held"] == {"exists_already": 1}
        rule(books, mapping, Answer("attach", typed))
        assert books.run(mapping, only=(deal["Id"],))["attached"] == 1
        assert set(books.invoices) == set(billed)
    finally:
        books.close()
