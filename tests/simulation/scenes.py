"""Small companies: leads (class B, written back to nobody) and invoices (class C)."""

from dataclasses import dataclass

from tasuki.ledger import Ledger
from tasuki.mapping import MappingSet
from tasuki.model.write import WriteClass
from tasuki.testing import FakeStream, FakeSystem, ManualClock, mappings_of
from tests.simulation.killing import Stage

LEADS = """
version: 1
source: crm/people
destination: sfa/Lead
qualify: {no_email: not blank(email), not_ready: score >= 50}
match:
  - Person_Id: id
  - Email: email
fields:
  Person_Id: id
  Email: email
  Name: name
  Status: {const: new, write: on_create}
write_back: {lead_id: = receipt.id}
"""

CUSTOMERS = """
version: 1
source: sfa/Account
destination: books/partner
match: [{code: id}]
fields: {code: id, name: name}
"""

INVOICES = """
version: 1
source: sfa/Deal
include: {account: AccountId}
destination: books/invoice
after: [customers]
write: once
key: id
qualify: {not_won: won}
fields:
  partner: {link: customers, of: AccountId}
  subject: name
  total: amount
write_back: {invoice_id: = receipt.id}
on_change: hold
retry: money
"""

MAPPINGS: MappingSet = mappings_of(
    {"leads": LEADS, "customers": CUSTOMERS, "invoices": INVOICES}
)


@dataclass
class Scene:
    """One empty company of fakes on one clock."""

    ledger: Ledger
    clock: ManualClock

    def leads(self, people: int = 7, batch: int = 3, page: int = 3) -> Stage:
        """People of the marketing tool; every third does not qualify."""
        crm = FakeSystem(
            self.clock,
            FakeStream("people", page_size=page, batch_size=batch, look_back=1),
            name="crm",
        )
        sfa = FakeSystem(self.clock, FakeStream("Lead", batch_size=batch), name="sfa")
        for n in range(1, people + 1):
            score = 10 if n % 3 == 0 else 80
            crm.put("people", f"p{n}", email=f"p{n}@x.jp", name=f"N{n}", score=score)
        return Stage(MAPPINGS["leads"], crm, sfa, self.ledger, self.clock)

    def invoices(
        self,
        deals: int = 4,
        *,
        quiet: float = 60.0,
        batch: int = 1,
        write_class: WriteClass = WriteClass.MARKER,
    ) -> Stage:
        """Deals of two accounts in one system that is source and books alike."""
        sfa = FakeSystem(
            self.clock,
            FakeStream("Account"),
            FakeStream(
                "Deal", page_size=2, batch_size=2, parents={"AccountId": "Account"}
            ),
            name="sfa",
        )
        books = FakeSystem(
            self.clock,
            FakeStream("partner", batch_size=1),
            FakeStream("invoice", write_class, batch_size=batch, quiet_seconds=quiet),
            name="books",
        )
        for n in range(1, 3):
            sfa.put("Account", f"a{n}", name=f"A{n}")
        for n in range(1, deals + 1):
            account = f"a{n % 2 + 1}"
            sfa.put(
                "Deal",
                f"d{n}",
                AccountId=account,
                name=f"D{n}",
                amount=n * 1000,
                won=n != 3,
            )
        stage = Stage(MAPPINGS["invoices"], sfa, books, self.ledger, self.clock)
        stage.before = [MAPPINGS["customers"]]
        return stage
