"""Won deals billed in クラウド請求書, with the shipped mappings, over HTTP."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasuki.billing.document import totals
from tasuki.engine.answer import Answer, meaning, ruling_of, settled
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.ports import Token
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
from tests.end_to_end.relay import _POLICIES

CUSTOMERS = "customer.salesforce-moneyforward"
INVOICES = "invoice.salesforce-moneyforward"
PAYMENTS = "payment.moneyforward-salesforce"


class Books:
    """Sales and accounting as stand-ins, and a project that joins them."""

    def __init__(self, place: Path, **office: Any) -> None:
        world = demo_world(people=60, deals=40, won=26)
        self.rehearsal = Rehearsal(
            Registry(place),
            systems=("salesforce", "moneyforward"),
            options={"moneyforward": office},
        ).start(world)
        text = self.rehearsal.connections_yaml()
        text = text.replace("quiet_seconds: 5 ", "quiet_seconds: 0.2 ")
        (place / "connections.yaml").write_text(text, encoding="utf-8")
        (place / "mappings").mkdir()
        (place / "mappings/policies.yaml").write_text(_POLICIES, encoding="utf-8")
        self.project = Project(place, environment=ENVIRONMENT)
        self.ledger = self.project.open_ledger()
        self.ledger.tokens("moneyforward").save(Token("sandbox-token"))
        self.server = self.rehearsal.servers["moneyforward"]
        self.office: Any = self.server.sandbox

    def close(self) -> None:
        self.ledger.close()
        self.rehearsal.stop()
        assert self.office.posted == []

    def run(self, mapping: str, **options: Any) -> dict[str, Any]:
        sync = self.project.open_sync(self.project.mappings[mapping], self.ledger)
        try:
            return run_sync(sync, Options(**{"allow": 10_000} | options)).as_json()
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

    def deals(self) -> dict[str, dict[str, Any]]:
        rows: Any = self.rehearsal.servers["salesforce"].sandbox
        return dict(rows.store.tables["Opportunity"].rows)

    def billed(self) -> dict[str, dict[str, Any]]:
        """Return the deals that have been told of an invoice, by its id."""
        rows = self.deals().values()
        return {
            row["MoneyForward_Billing_Id__c"]: row
            for row in rows
            if row.get("MoneyForward_Billing_Id__c")
        }

    @property
    def invoices(self) -> dict[str, dict[str, Any]]:
        return dict(self.office.billings.rows)

    def held(self) -> list[Any]:
        return self.ledger.holds(INVOICES)

    def check_one_each(self) -> None:
        """No deal is billed twice, and every one that is told of exists."""
        marks = Counter(str(row["tag_names"]) for row in self.invoices.values())
        assert max(marks.values()) == 1
        assert len(self.billed()) == len(self.invoices)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path)
    yield made
    made.close()


def test_won_deals_become_one_draft_each_and_payments_come_back(books: Books) -> None:
    report = books.bill()
    assert report["created"] >= 5
    assert report["held"] == 0
    books.check_one_each()
    for one, deal in books.billed().items():
        invoice = books.invoices[one]
        assert invoice["title"] == deal["Name"]
        assert float(invoice["subtotal_price"]) == float(deal["Amount"])
        assert deal["MoneyForward_Billing_Number__c"] == invoice["billing_number"]
    paid, unpaid = list(books.invoices)[:2]
    books.act("mark_paid", id=paid)
    assert books.run(PAYMENTS)["updated"] == len(books.invoices)
    assert books.billed()[paid]["Payment_Status__c"] == "入金済"
    assert books.billed()[unpaid]["Payment_Status__c"] != "入金済"
    books.run(INVOICES)  # reads what write-backs have changed
    before = books.rehearsal.writes()
    for mapping in (CUSTOMERS, INVOICES, PAYMENTS):
        books.run(mapping)
    assert books.rehearsal.writes() == before


def test_lost_answers_and_requests_make_no_invoice_twice_and_lose_none(
    books: Books,
) -> None:
    path = "(template_billings|partners)$"
    for kind, seed in (
        (Kind.RESET_AFTER, 3),
        (Kind.RESET_BEFORE, 5),
        (Kind.LATE_COMMIT, 7),
    ):
        fault = Fault(kind, "POST", path, times=0, one_in=4, seconds=0.05, seed=seed)
        books.server.faults.plant(fault)
    wanted = 0
    for _ in range(6):
        report = books.bill()
        wanted = report["waiting"] + report["in_doubt"] + report["deferred"]
    books.server.faults.clear()
    books.bill()
    assert wanted == 0
    books.check_one_each()
    codes = Counter(row["code"] for row in books.office.masters.partners.values())
    assert max(codes.values()) == 1


def test_an_invoice_whose_sums_are_not_ours_is_held_and_its_deal_told_nothing(
    tmp_path: Path,
) -> None:
    books = Books(tmp_path, tax_off=1)
    try:
        report = books.bill()
        assert report["held"] == len(books.held()) > 0
        assert report["reasons"]["held"] == {"totals_disagree": report["held"]}
        assert len(books.invoices) == report["held"] + report["created"]
        assert len(books.billed()) == report["created"]
        hold = books.held()[0]
        assert "tax_total" in hold.detail
        _correct_and_accept(books)
    finally:
        books.close()


def _correct_and_accept(books: Books) -> None:
    """One is corrected over there, the sums of the others are taken by a person."""
    made, first = len(books.invoices), books.held()[0]
    one = first.question["candidates"][0]["ref"].rpartition("/")[2]
    books.run(INVOICES, only=(first.source_id,))
    assert one not in books.billed()  # nothing has changed: it stays held
    books.act("set_rounding", tax_off=0)
    books.act("save_again", id=one)
    books.run(INVOICES, only=(first.source_id,))
    assert one in books.billed()
    others = books.held()
    assert first.source_id not in {row.source_id for row in others}
    answers = [settled(hold, Answer()) for hold in others]
    assert all(
        "are right" in meaning(h, a) for h, a in zip(others, answers, strict=True)
    )
    rows = [
        ruling_of(h, a, "sato", "checked") for h, a in zip(others, answers, strict=True)
    ]
    books.ledger.rule(rows)
    books.run(INVOICES)
    assert books.held() == []
    assert set(books.billed()) == set(books.invoices)
    assert len(books.invoices) == made


def test_a_lost_invoice_that_is_found_with_other_sums_is_held_too(
    tmp_path: Path,
) -> None:
    books = Books(tmp_path, tax_off=1)
    try:
        books.run(INVOICES)
        books.run(CUSTOMERS)
        fault = Fault(Kind.RESET_AFTER, "POST", "template_billings$", times=0)
        books.server.faults.plant(fault)
        for _ in range(4):  # a run ends early when nothing is answered
            books.run(INVOICES)
        books.server.faults.clear()
        books.run(INVOICES)
        books.run(INVOICES)
        assert {row.reason for row in books.held()} == {"totals_disagree"}
        assert len(books.billed()) == len(books.invoices) - len(books.held())
        marks = Counter(str(row["tag_names"]) for row in books.invoices.values())
        assert max(marks.values()) == 1
    finally:
        books.close()


def test_an_office_that_rounds_up_is_obeyed_where_the_mapping_does_not_say(
    tmp_path: Path,
) -> None:
    books = Books(tmp_path, rounding_consumption_tax="round_up")
    try:
        report = books.bill()
        assert report["held"] == 0
        assert report["created"] >= 5
        links = books.ledger.links(INVOICES, [r["Id"] for r in books.deals().values()])
        floor = [totals(link.sent).total_incl for link in links.values()]
        stated = [
            float(books.invoices[link.destination_id]["total_price"])
            for link in links.values()
        ]
        assert sum(stated) >= float(sum(floor))
    finally:
        books.close()


def test_a_full_plan_is_no_dead_letter(tmp_path: Path) -> None:
    books = Books(tmp_path, monthly_documents=2)
    try:
        report = books.bill()
        assert report["created"] == 2
        assert report["reasons"]["deferred"]["quota"] == report["deferred"] > 0
        assert "quota" not in report["reasons"].get("dead", {})
        refused = books.server.total("POST .*template_billings")
        books.act("set_plan", monthly_documents=None)
        assert books.run(INVOICES)["created"] == report["deferred"]
        assert refused <= 4  # two writes may be under way at once
        books.check_one_each()
    finally:
        books.close()
