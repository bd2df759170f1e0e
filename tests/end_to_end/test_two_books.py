"""Two accounting systems beside each other: each deal is billed in one of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasuki.engine.answer import Answer, ruling_of, settled
from tests.end_to_end.relay import CUSTOMERS, INVOICES
from tests.end_to_end.test_billing_plans import PLANS, Office

MONEY = "moneyforward"


class TwoBooks(Office):
    """An office that bills some customers in freee, and others elsewhere."""

    def of(self, system: str) -> Any:
        return self.rehearsal.servers[system].sandbox

    def chain(self, system: str, *, credit: bool = False) -> None:
        """Run what bills plans in a system, and brings back what was paid."""
        notes = (f"credit_note.hub-{system}",) if credit else ()
        for name in (
            f"customer.salesforce-{system}", PLANS, f"invoice.hub-{system}",
            f"customer.salesforce-{system}", f"invoice.hub-{system}", *notes,
            f"payment.{system}-hub", "payment.hub-salesforce",
        ):  # fmt: skip
            report = self.run(name)
            assert not report["error"], report
            assert not report["dead"], report

    def bill_in(self, system: str) -> None:
        """Let the deal's customer be billed in a system."""
        account = self.won()[self.deal]["AccountId"]
        fields = {"Billing_System__c": system}
        self.act("salesforce", "edit", object="Account", id=account, fields=fields)

    def told(self) -> Mapping[str, Any]:
        row = self.rows("Opportunity")[self.deal]
        return {name: row[name] for name in ("Payment_Status__c", "Paid_Amount__c")}


@pytest.fixture
def books(tmp_path: Path) -> Iterator[TwoBooks]:
    with TwoBooks(tmp_path, (MONEY, "stripe")) as books:
        books.line(Quantity=1, UnitPrice=100_000, Tax_Rate__c="10")
        yield books


def test_a_deal_billed_directly_in_one_system_is_held_in_the_other(
    books: TwoBooks,
) -> None:
    other = f"invoice.salesforce-{MONEY}"
    customers = f"customer.salesforce-{MONEY}"
    for name in (CUSTOMERS, INVOICES, CUSTOMERS, INVOICES, other, customers, other):
        report = books.run(name)
    assert report["reasons"]["held"] == {"billed_elsewhere": 1}
    (hold,) = books.ledger.holds(other)
    answer = settled(hold, Answer("create"))
    books.ledger.rule([ruling_of(hold, answer, "sato", "cancelled in freee")])
    assert books.run(other)["created"] == 1


def test_a_plan_is_billed_in_money_forward_and_taken_back_there(
    books: TwoBooks,
) -> None:
    books.bill_in(MONEY)
    books.chain(MONEY)
    assert books.run("invoice.hub-freee")["reasons"]["skipped"] == {"other_system": 1}
    (invoice,) = books.of(MONEY).billings.rows.values()
    assert books.told()["Payment_Status__c"] == "未入金"
    books.act(MONEY, "mark_paid", id=invoice["id"])
    books.chain(MONEY)
    assert books.told() == {"Payment_Status__c": "入金済", "Paid_Amount__c": 110_000}
    books.edit(books.deal, StageName="Closed Lost")
    books.chain(MONEY, credit=True)
    books.approve()
    books.chain(MONEY, credit=True)
    books.chain(MONEY, credit=True)
    _, note = books.of(MONEY).billings.rows.values()
    assert note["document_name"] == "返還インボイス"
    assert float(note["total_price"]) == -float(invoice["total_price"])
    assert books.told()["Payment_Status__c"] == "過入金"


def test_a_plan_is_billed_at_stripe_and_paid_in_part(books: TwoBooks) -> None:
    books.bill_in("stripe")
    books.chain("stripe")
    (invoice,) = books.of("stripe").invoices.shelf.rows.values()
    books.act("stripe", "finalize", id=invoice["id"])
    books.act("stripe", "part_pay", id=invoice["id"], amount=10_000)
    books.chain("stripe")
    assert books.told() == {"Payment_Status__c": "一部入金", "Paid_Amount__c": 10_000}
    books.act("stripe", "part_pay", id=invoice["id"], amount=100_500)
    books.chain("stripe")
    assert books.told() == {"Payment_Status__c": "過入金", "Paid_Amount__c": 110_500}


def test_a_paid_invoice_at_stripe_is_taken_back_by_one_credit_note(
    books: TwoBooks,
) -> None:
    books.bill_in("stripe")
    books.chain("stripe")
    account = books.of("stripe")
    (invoice,) = account.invoices.shelf.rows.values()
    books.act("stripe", "finalize", id=invoice["id"])
    books.act("stripe", "pay", id=invoice["id"])
    books.line(UnitPrice=70_000)
    books.chain("stripe", credit=True)
    assert account.credit_notes.shelf.rows == {}
    books.approve()
    books.chain("stripe", credit=True)
    books.chain("stripe", credit=True)
    (note,) = account.credit_notes.shelf.rows.values()
    assert (note["invoice"], note["total"]) == (invoice["id"], 33_000)
    assert note["post_payment_amount"] == 33_000
    assert books.told() == {"Payment_Status__c": "入金済", "Paid_Amount__c": 77_000}
