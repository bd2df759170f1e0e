"""The process dies at every step of billing by plans: no instalment twice, none lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from tasuki.engine.answer import Answer, ruling_of, settled
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options, Sync
from tasuki.hub import HubSystem
from tasuki.ledger import Ledger
from tasuki.model.write import Deferred, Operation, Write, WriteClass
from tasuki.ports import Reviewing
from tasuki.testing import (
    FakeStream,
    FakeSystem,
    ManualClock,
    memory_ledger,
    watch_ledger,
)
from tasuki.testing.mapping import mappings_of
from tests.simulation.dying import emptied
from tests.simulation.killing import LEASE, Kill, Killer

_BEGIN = datetime(2026, 6, 1, 3, tzinfo=UTC)
_DAY = 86_400.0
STRIDE = 17
_PLAN = """
version: 1
source: sfa/Deal
destination: hub/billing_plan
qualify: {not_won: won}
match: [{deal: id}]
fields:
  deal: id
  company: account
  schedule: schedule
  start: start
  closing_day: closing
  lines: lines
guards: {change_share: null}
"""
_DUE = """
version: 1
source: hub/due_invoice
destination: books/invoice
write: once
key: id
fields: {id: id, day: billing_date, amount: amount, kind: kind}
guards: {change_share: null}
"""
MAPPINGS = mappings_of({"plans": _PLAN, "due": _DUE})


@dataclass
class Company:
    """Deals in one system, invoices in another, plans in the ledger between them."""

    ledger: Ledger
    clock: ManualClock
    sfa: FakeSystem = field(init=False)
    books: FakeSystem = field(init=False)

    def __post_init__(self) -> None:
        self.sfa = FakeSystem(self.clock, FakeStream("Deal"), name="sfa")
        invoice = FakeStream("invoice", WriteClass.MARKER, batch_size=1)
        self.books = FakeSystem(self.clock, invoice, name="books")

    def deal(self, own: str, price: int, **more: object) -> None:
        line = {
            "description": "",
            "quantity": 1,
            "unit_price": price,
            "tax": "standard",
        }
        usual = {"account": "A", "start": "2026-06-01", "schedule": "once", "won": True}
        fields = usual | {"closing": None, "lines": [line]} | more
        self.sfa.put("Deal", own, id=own, **fields)

    def bill(self, killer: Callable[[str], None] = lambda _: None) -> None:
        """Run both mappings, as the flow does; `killer` may end them."""
        with ExitStack() as stack:
            stack.enter_context(watch_ledger(self.ledger, killer))
            self.sfa.on_step = self.books.on_step = killer
            try:
                for name in ("plans", "due"):
                    hub = HubSystem(self.ledger.billing(), self.clock)
                    source = self.sfa if name == "plans" else hub
                    other = hub if name == "plans" else self.books
                    sync = Sync(
                        MAPPINGS[name],
                        source,
                        other,
                        self.ledger,
                        self.clock,
                        threads=False,
                    )
                    report = run_sync(sync, Options(lease_seconds=LEASE))
                    assert not report.error, report.error
            finally:
                self.sfa.on_step = self.books.on_step = lambda _: None

    def approve(self, own: str) -> None:
        (hold,) = [one for one in self.ledger.holds("plans") if one.source_id == own]
        answer = settled(hold, Answer())
        self.ledger.rule([ruling_of(hold, answer, "sato", "agreed")])

    def invoices(self) -> list[tuple[str, str]]:
        """Return the id and amount of every invoice that was ever made."""
        records = self.books.records("invoice")
        made = [one.id for one in self.books.effects if one.created]
        assert len(made) == len(set(made)) == len(records)
        return sorted(
            (str(one["id"]).split(":")[0] + f" {one['kind']}", f"{one['amount']}")
            for one in records.values()
        )


def begin(company: Company) -> None:
    """Three deals of one customer's, and one that is consolidated with another."""
    company.deal("monthly", 3000, schedule="monthly", start="2026-04-01")
    company.deal("once", 500)
    company.deal("early", 70, account="B", closing=1, start="2026-05-20")
    company.deal("late", 30, account="B", closing=1, start="2026-05-31")


def begun() -> list[tuple[str, str]]:
    return sorted(
        [
            *[("monthly regular", "3000")] * 3,
            ("once regular", "500"),
            ("B regular", "100"),
        ]
    )


def amend(company: Company) -> None:
    """Everything was billed; one deal is worth more, one is lost; both approved."""
    begin(company)
    company.bill()
    company.deal("once", 800)
    company.deal("monthly", 3000, schedule="monthly", start="2026-04-01", won=False)
    company.clock.advance(40 * _DAY)
    company.bill()
    assert company.invoices() == begun()
    company.approve("once")
    company.approve("monthly")


def amended() -> list[tuple[str, str]]:
    returned = [("monthly credit", "-3000")] * 3  # a credit note for each invoice
    return sorted([*begun(), ("once difference", "300"), *returned])


@pytest.fixture
def ledger() -> Iterator[tuple[Ledger, ManualClock]]:
    clock = ManualClock(_BEGIN)
    with memory_ledger(clock) as ledger:
        yield ledger, clock


@pytest.mark.parametrize("stride", [STRIDE, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    ("prepare", "expected"), [(begin, begun), (amend, amended)], ids=["new", "amended"]
)
def test_whenever_it_dies_each_instalment_is_billed_once(
    ledger: tuple[Ledger, ManualClock],
    prepare: Callable[[Company], None],
    expected: Callable[[], list[tuple[str, str]]],
    stride: int,
) -> None:
    where: Counter[str] = Counter()
    at = 1
    while True:
        clock = ManualClock(_BEGIN)
        vars(ledger[1]).update(vars(clock))
        company = Company(emptied(ledger[0]), ledger[1])
        prepare(company)
        killer = Killer(at)
        try:
            company.bill(killer)
        except Kill:
            where[killer.where] += 1
        for _ in range(4):
            company.clock.advance(LEASE + 1)
            company.bill()
        assert company.invoices() == expected(), f"died at {at}: {killer.where}"
        if not killer.where:
            break
        at += stride
    assert where.total() > 150 / stride


def test_a_plan_that_is_billed_between_review_and_write_is_looked_at_again(
    ledger: tuple[Ledger, ManualClock],
) -> None:
    company = Company(*ledger)
    company.deal("once", 500, start="2026-06-02")
    company.bill()
    company.clock.advance(_DAY)
    hub = HubSystem(company.ledger.billing(), company.clock)
    plans = hub.destination
    assert isinstance(plans, Reviewing)
    change = {"lines": [{"quantity": 1, "unit_price": 800, "tax": "standard"}]}
    assert plans.review("billing_plan", {"once": change}) == {}
    company.bill()
    write = Write("w", Operation.UPDATE, change, target_id="once")
    (outcome,) = plans.write("billing_plan", [write], lambda: None)
    assert isinstance(outcome, Deferred)
    assert plans.review("billing_plan", {"once": change})["once"].words.startswith(
        "差額請求 ¥300"
    )
