"""Won deals become plans, and what is due becomes invoices, against the stand-ins."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tasuki.billing.calendar import clamped
from tasuki.clock import SystemClock
from tasuki.engine.answer import Answer, ruling_of, settled
from tasuki.hub.showing import shown_plan
from tasuki.project import Project
from tasuki.sandbox.rehearsal import ENVIRONMENT
from tasuki.testing import ManualClock
from tests.end_to_end.relay import CUSTOMERS, LEADS, Relay, Row

PLANS, DUE = "plan.salesforce-hub", "invoice.hub-freee"


class Office(Relay):
    """A relay that bills by plans, on days that a test chooses."""

    def __init__(self, place: Path, more: Sequence[str] = ()) -> None:
        super().__init__(place, people=6, won=3, more=more)
        self.run(LEADS)
        self.sell()
        self.clock = ManualClock(SystemClock().now())
        self.first = clamped(
            self.project.today().year, self.project.today().month + 1, 1
        )
        told = ENVIRONMENT | self._more
        self.project = Project(place, environment=told, clock=self.clock)
        self.deal = min(self.won())
        for row in self.won().values():
            if row["Id"] != self.deal:
                self.edit(row["Id"], StageName="Closed Lost")

    def edit(self, deal: str, **fields: object) -> None:
        self.act("salesforce", "edit", object="Opportunity", id=deal, fields=fields)

    def month(self, number: int, day: int = 1) -> str:
        """Return a day of the month after the next one, or of a later one."""
        later = clamped(self.first.year, self.first.month + number, day)
        return later.isoformat()

    def on(self, day: str) -> None:
        moment = datetime.fromisoformat(f"{day}T03:00:00+00:00")
        self.clock.jump((moment - self.clock.now()).total_seconds())

    def bill_by_plan(self) -> list[Row]:
        """Run what the billing flow runs, and return the invoices made."""
        before = set(self.invoices())
        for mapping in (CUSTOMERS, PLANS, DUE, CUSTOMERS, DUE):
            report = self.run(mapping)
            assert not report["error"], report
        return [row for key, row in self.invoices().items() if key not in before]

    def approve(self) -> str:
        """Let a person approve what the plan's deal is held for; return the words."""
        (hold,) = self.ledger.holds(PLANS)
        answer = settled(hold, Answer())
        self.ledger.rule([ruling_of(hold, answer, "sato", "agreed with the customer")])
        return hold.detail

    def reject(self) -> None:
        """Let a person leave what the plan's deal is held for."""
        (hold,) = self.ledger.holds(PLANS)
        answer = settled(hold, Answer("leave"))
        self.ledger.rule([ruling_of(hold, answer, "sato", "no credit note")])

    def line(self, **fields: object) -> None:
        """Change the one line of the deal that is left, and take out the others."""
        first, *others = self.lines_of(self.deal)
        for one in others:
            self.act("salesforce", "delete", object="OpportunityLineItem", id=one["Id"])
        self.act(
            "salesforce",
            "edit",
            object="OpportunityLineItem",
            id=first["Id"],
            fields=fields,
        )

    def shown(self) -> dict[str, Any]:
        """Return what `tasuki billing plan` shows."""
        return shown_plan(
            self.ledger.billing(), self.deal, self.project.today(), months=3
        )

    def states(self) -> list[tuple[str, str]]:
        return [(one["state"], one["amount"]) for one in self.shown()["instalments"]]

    def amount(self) -> int:
        return int(self.won()[self.deal]["Amount"])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Office(tmp_path) as office:
        yield office


def test_a_subscription_is_billed_once_a_month(office: Office) -> None:
    start = office.month(0)
    office.edit(office.deal, Billing_Schedule__c="monthly", Service_Start__c=start)
    assert office.bill_by_plan() == []
    office.on(start)
    (first,) = office.bill_by_plan()
    assert first["billing_date"] == start
    assert first["amount_excluding_tax"] == office.amount()
    assert office.bill_by_plan() == []
    office.on(office.month(2, 15))
    months = [one["billing_date"] for one in office.bill_by_plan()]
    assert months == [office.month(1), office.month(2)]
    assert office.bill_by_plan() == []


def test_a_deal_amended_after_billing_is_asked_and_then_billed_the_difference(
    office: Office,
) -> None:
    office.line(Quantity=1, UnitPrice=100_000)
    (first,) = office.bill_by_plan()
    assert first["amount_excluding_tax"] == 100_000
    office.line(Quantity=1, UnitPrice=150_000)
    assert office.bill_by_plan() == []
    assert "差額請求 ¥50,000（請求済み ¥100,000 → 変更後 ¥150,000）" in office.approve()
    (difference,) = office.bill_by_plan()
    assert difference["amount_excluding_tax"] == 50_000
    assert office.bill_by_plan() == []
    assert office.states() == [("billed", "100000"), ("billed", "50000")]


def test_a_deal_lost_after_billing_is_asked_and_nothing_more_is_issued(
    office: Office,
) -> None:
    office.line(Quantity=1, UnitPrice=30_000)
    start = office.month(0)
    office.edit(office.deal, Billing_Schedule__c="monthly", Service_Start__c=start)
    office.on(start)
    assert len(office.bill_by_plan()) == 1
    office.edit(office.deal, StageName="Closed Lost")
    office.on(office.month(1, 2))
    assert office.bill_by_plan() == []
    assert ("paused", "30000") in office.states()
    assert "返還インボイス ¥30,000" in office.approve()
    office.on(office.month(2, 2))
    assert office.bill_by_plan() == []
    assert office.states() == [("billed", "30000"), ("closed", "-30000")]
    assert office.ledger.holds(PLANS) == []


def test_a_deal_lost_before_billing_is_withdrawn_unasked_and_may_be_won_again(
    office: Office,
) -> None:
    start = office.month(0)
    office.edit(office.deal, Service_Start__c=start)
    assert office.bill_by_plan() == []
    office.edit(office.deal, StageName="Negotiation/Review")
    office.on(start)
    assert office.bill_by_plan() == []
    assert office.shown()["state"] == "withdrawn"
    office.edit(office.deal, StageName="Closed Won")
    assert len(office.bill_by_plan()) == 1


def test_a_customer_with_a_closing_day_gets_one_invoice_for_all(office: Office) -> None:
    account = office.won()[office.deal]["AccountId"]
    office.act(
        "salesforce",
        "edit",
        object="Account",
        id=account,
        fields={"Closing_Day__c": "20", "Payment_Terms__c": "20日締め翌月10日払い"},
    )
    other = min(set(office.rows("Opportunity")) - {office.deal})
    days = {office.deal: office.month(0, 5), other: office.month(0, 18)}
    for deal, day in days.items():
        fields = {"AccountId": account, "Service_Start__c": day}
        office.edit(deal, StageName="Closed Won", **fields)
    office.on(office.month(0, 19))
    assert office.bill_by_plan() == []
    office.on(office.month(0, 20))
    (invoice,) = office.bill_by_plan()
    assert invoice["billing_date"] == office.month(0, 20)
    sums = [int(row["Amount"]) for row in office.won().values()]
    assert invoice["amount_excluding_tax"] == sum(sums)
    assert office.bill_by_plan() == []


def test_a_deal_billed_directly_before_is_not_billed_again_by_its_plan(
    office: Office,
) -> None:
    office.run(CUSTOMERS)
    office.bill()
    assert office.bill_by_plan() == []
    assert office.states() == [("billed", f"{office.amount()}")]
