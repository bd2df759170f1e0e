"""A marketing tool, a sales tool and the books, small, with one ledger between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options, Sync
from tasuki.ledger import Ledger
from tasuki.mapping import MappingSet
from tasuki.model.write import WriteClass
from tasuki.reconcile.finding import Finding, Reconciliation
from tasuki.reconcile.run import Wish, reconcile_sync
from tasuki.testing import (
    FakeStream,
    FakeSystem,
    ManualClock,
    fake_sync,
    mappings_of,
    temporary_ledger,
)

LEADS = """
version: 1
source: crm/people
destination: sfa/Lead
qualify: {not_ready: score >= 50}
match:
  - Person_Id: id
  - Email: email
  - {object: Contact, Email: email, then: attach}
fields:
  Person_Id: id
  Email: {from: email, pii: true}
  Name: name
  Phone: {from: phone, owner: destination_if_set}
  Status: {const: new, write: on_create}
pii: [email]
guards: {creates: null, change_share: null}
"""

INVOICES = """
version: 1
source: sfa/Deal
destination: books/invoice
write: once
key: id
qualify: {not_won: won}
fields:
  partner: partner
  subject: name
  total: amount
write_back: {invoice_id: = receipt.id}
on_change: hold
retry: money
guards: {creates: null, change_share: null}
"""

MAPPINGS: MappingSet = mappings_of({"leads": LEADS, "invoices": INVOICES})


@dataclass
class Office:
    """Three fakes and a ledger that can be lost."""

    folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.crm = FakeSystem(self.clock, FakeStream("people", page_size=7), name="crm")
        self.sfa = FakeSystem(
            self.clock,
            FakeStream("Lead", page_size=5),
            FakeStream("Contact"),
            FakeStream("Deal", page_size=7),
            name="sfa",
        )
        self.books = FakeSystem(
            self.clock,
            FakeStream(
                "invoice", WriteClass.MARKER, 1, page_size=5,
                alike=("partner", "total"),
            ),
            name="books",
        )  # fmt: skip

    def later(self) -> None:
        """Let an hour pass, so that nothing is "just changed"."""
        self.clock.sleep(3600)

    def people(self, count: int) -> None:
        for n in range(1, count + 1):
            self.crm.put("people", f"p{n}", email=f"p{n}@x.jp", name=f"N{n}", score=80)

    def deals(self, count: int) -> None:
        for n in range(1, count + 1):
            self.sfa.put(
                "Deal", f"d{n}", name=f"D{n}", partner=f"a{n}", amount=n, won=True
            )

    def sync(self, name: str) -> Sync:
        ends = {"leads": (self.crm, self.sfa), "invoices": (self.sfa, self.books)}
        return fake_sync(MAPPINGS[name], *ends[name], self.ledger)

    def run(self, name: str, **options: Any) -> Any:
        report = run_sync(self.sync(name), Options(**options))
        assert not report.error, report.error
        self.later()
        return report

    def reconcile(self, name: str, **wish: Any) -> Reconciliation:
        return reconcile_sync(self.sync(name), Wish(**wish))

    def lead_of(self, person: str) -> str:
        return self.ledger.links("leads", [person])[person].destination_id

    def invoice_of(self, deal: str) -> str:
        return self.ledger.links("invoices", [deal])[deal].destination_id


@contextmanager
def office(folder: Path) -> Iterator[Office]:
    it = Office(folder)
    with temporary_ledger(it.clock) as ledger:
        it.ledger = ledger
        yield it


@contextmanager
def lost_ledger(it: Office) -> Iterator[None]:
    """Go on with an empty ledger."""
    before = it.ledger
    with temporary_ledger(it.clock) as ledger:
        it.ledger = ledger
        yield
    it.ledger = before


def found(report: Reconciliation) -> set[tuple[str, str, str]]:
    return {(one.kind.value, one.source_id, one.reason) for one in report.findings}


def only(report: Reconciliation) -> Finding:
    (one,) = report.findings
    return one
