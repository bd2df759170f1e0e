"""What is paid of planned invoices comes back to their deals, against the stand-ins."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from tasuki.cli import main
from tasuki.sandbox.rehearsal import ENVIRONMENT
from tests.end_to_end.relay import INVOICES
from tests.end_to_end.test_billing_plans import DUE, PLANS, Office

PAYMENTS = ("payment.freee-hub", "payment.hub-salesforce", "payment.hub-hubspot")
CREDITS = "credit_note.hub-freee"


class Counter(Office):
    """An office whose customers pay."""

    def follow(self) -> str:
        """Run what brings payments back; return what the deal says of its money."""
        for mapping in PAYMENTS:
            report = self.run(mapping)
            assert not report["error"], report
            assert not report["dead"], report
        return str(self.won_or_lost()["Payment_Status__c"])

    def won_or_lost(self) -> dict[str, object]:
        return self.rows("Opportunity")[self.deal]

    def money(self) -> tuple[int, int]:
        row = self.won_or_lost()
        return int(row["Paid_Amount__c"]), int(row["Outstanding_Amount__c"])  # type: ignore[call-overload]

    def receive(self, invoice: dict[str, object], amount: int | None = None) -> None:
        self.act("freee", "receive", id=invoice["id"], amount=amount)

    def give_back(self) -> list[dict[str, object]]:
        """Run the credit notes; return those made."""
        before = set(self.invoices())
        report = self.run(CREDITS)
        assert not report["error"], report
        assert not report["dead"], report
        return [row for key, row in self.invoices().items() if key not in before]

    def write_credit_note(self, invoice: dict[str, object]) -> str:
        """Write one of the whole invoice in freee's screens; return its id."""
        names = ("partner_id", "partner_title", "tax_entry_method", "tax_fraction")
        body = {name: invoice[name] for name in names}
        line = {"type": "item", "description": "返還", "quantity": -1}
        tax = {"tax_rate": 10, "reduced_tax_rate": False}
        body |= {
            "billing_date": invoice["billing_date"],
            "subject": "返還",
            "withholding_tax_entry_method": "out",
            "lines": [line | tax | {"unit_price": "100000"}],
        }
        url = f"{self.rehearsal.servers['freee'].url}/__act/create_invoice"
        answer = httpx.post(url, json=body)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return str(answer.json()["invoice"]["id"])

    def say(self, *words: str) -> int:
        """Say something on the command line; return the exit code."""
        return main(["-p", str(self.place), *words, "--by", "sato"])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Counter]:
    with Counter(tmp_path) as office:
        office.line(Quantity=1, UnitPrice=100_000, Tax_Rate__c="10")
        yield office


def day_after(invoice: dict[str, object]) -> str:
    due = date.fromisoformat(str(invoice["payment_date"]))
    return (due + timedelta(days=1)).isoformat()


def test_a_deals_money_is_unpaid_then_partly_paid_then_late_then_paid(
    office: Counter,
) -> None:
    deal = office.act(
        "hubspot", "create", stream="deals", properties={"external_id": office.deal}
    )
    (invoice,) = office.bill_by_plan()
    assert office.follow() == "未入金"
    assert office.money() == (0, 110_000)
    office.receive(invoice, 10_000)
    assert office.follow() == "一部入金"
    assert office.money() == (10_000, 100_000)
    office.on(day_after(invoice))
    assert office.follow() == "期限超過"
    office.receive(invoice, 100_000)
    assert office.follow() == "入金済"
    assert office.money() == (110_000, 0)
    assert office.won_or_lost()["Paid_On__c"]
    store = office.rehearsal.servers["hubspot"].sandbox.store("deals")  # type: ignore[attr-defined]
    values = store.rows[int(deal["id"])].values
    assert values["payment_status"] == "入金済"
    assert [office.run(one)["updated"] for one in PAYMENTS] == [0, 0, 0]


def test_a_deal_of_two_invoices_is_paid_when_both_are(office: Counter) -> None:
    office.edit(
        office.deal, Billing_Schedule__c="milestones", Service_Start__c=office.month(0)
    )
    office.on(office.month(2))
    first, second = office.bill_by_plan()
    office.act("freee", "pay", id=first["id"])
    assert office.follow() in {"一部入金", "期限超過"}
    assert sum(office.money()) == 110_000
    office.act("freee", "pay", id=second["id"])
    assert office.follow() == "入金済"


def test_a_consolidated_invoice_paid_in_part_is_shared_by_its_deals(
    office: Counter,
) -> None:
    account = office.won()[office.deal]["AccountId"]
    terms = {"Closing_Day__c": "20", "Payment_Terms__c": "20日締め翌月10日払い"}
    office.act("salesforce", "edit", object="Account", id=account, fields=terms)
    other = min(set(office.rows("Opportunity")) - {office.deal})
    for deal in (office.deal, other):
        fields = {"AccountId": account, "Service_Start__c": office.month(0, 5)}
        office.edit(deal, StageName="Closed Won", **fields)
    office.on(office.month(0, 20))
    (invoice,) = office.bill_by_plan()
    office.receive(invoice, 50_001)
    assert office.follow() == "一部入金"
    rows = office.rows("Opportunity")
    paid = [int(rows[one]["Paid_Amount__c"]) for one in (office.deal, other)]
    left = [int(rows[one]["Outstanding_Amount__c"]) for one in (office.deal, other)]
    assert min(paid) > 0
    assert sum(paid) == 50_001
    assert sum(paid + left) == invoice["total_amount"]


def test_a_lost_deal_gets_one_credit_note_that_mirrors_its_invoice(
    office: Counter,
) -> None:
    (invoice,) = office.bill_by_plan()
    assert office.give_back() == []
    office.edit(office.deal, StageName="Closed Lost")
    assert office.bill_by_plan() == []
    assert office.give_back() == []
    assert "返還インボイス ¥100,000" in office.approve()
    assert office.bill_by_plan() == []
    (note,) = office.give_back()
    for name in ("total_amount", "amount_tax_10", "amount_excluding_tax_10"):
        assert note[name] == -invoice[name]
    assert note["subject"].startswith("返還インボイス")
    assert str(int(invoice["billing_date"][:4])) in note["invoice_note"]
    assert office.give_back() == []
    assert office.bill_by_plan() == []
    assert ("billed", "-100000") in office.states()
    assert office.follow() == "入金済"
    assert office.money() == (0, 0)


def test_a_credit_note_of_what_was_paid_shows_it_as_overpaid(office: Counter) -> None:
    (invoice,) = office.bill_by_plan()
    office.act("freee", "pay", id=invoice["id"])
    office.line(Quantity=1, UnitPrice=60_000)
    assert office.bill_by_plan() == []
    office.approve()
    assert office.bill_by_plan() == []
    (note,) = office.give_back()
    assert note["total_amount"] == -44_000
    assert office.follow() == "過入金"
    office.act("freee", "pay", id=note["id"])  # the customer has it back
    assert office.follow() == "入金済"


def test_a_lost_deal_that_a_person_leaves_is_billed_no_further(office: Counter) -> None:
    start = office.month(0)
    office.edit(office.deal, Billing_Schedule__c="monthly", Service_Start__c=start)
    office.on(start)
    assert len(office.bill_by_plan()) == 1
    office.edit(office.deal, StageName="Closed Lost")
    office.bill_by_plan()
    (hold,) = office.ledger.holds(PLANS)
    assert hold.reason == "lost_after_billing"
    office.reject()
    office.on(office.month(2))
    assert office.bill_by_plan() == []
    assert office.shown()["questions"]
    office.edit(office.deal, StageName="Closed Won")
    assert len(office.bill_by_plan()) == 2


def test_a_cancelled_invoice_does_not_count(office: Counter) -> None:
    (invoice,) = office.bill_by_plan()
    assert office.follow() == "未入金"
    office.act("freee", "cancel", id=invoice["id"])
    office.run(PAYMENTS[0])
    plans = office.ledger.billing()
    assert plans.payments.told([office.deal])[office.deal]["cancelled"]
    assert office.run(DUE)["created"] == 0


def test_a_deal_with_a_plan_is_not_billed_directly_beside_it(office: Counter) -> None:
    assert len(office.bill_by_plan()) == 1
    report = office.run(INVOICES)
    assert report["created"] == 0
    assert report["reasons"]["held"] == {"billed_elsewhere": 1}
    (hold,) = office.ledger.holds(INVOICES)
    assert hold.detail == f"hub/billing_plan/{office.deal}"
    assert len(office.invoices()) == 1


def test_a_credit_note_that_a_person_has_written_is_linked_and_none_is_made(
    office: Counter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    (invoice,) = office.bill_by_plan()
    office.edit(office.deal, StageName="Closed Lost")
    assert office.bill_by_plan() == []
    written = office.write_credit_note(invoice)
    name = f"freee/invoice/{written}"
    why = ("--why", "経理が発行済み")
    assert office.say("approve", office.deal, "--found", "freee/invoice/9", *why) != 0
    assert "there is no freee/invoice/9" in capsys.readouterr().err
    assert office.say("approve", office.deal, "--found", name, *why) == 0
    assert f"it is {name}, made by hand" in capsys.readouterr().out
    assert office.bill_by_plan() == []
    assert office.give_back() == []
    assert office.give_back() == []
    links = office.ledger.links(CREDITS, [f"{office.deal}:credit-1"])
    assert [one.destination_id for one in links.values()] == [written]
    assert office.follow() == "入金済"
    assert office.money() == (0, 0)
