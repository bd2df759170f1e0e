"""Offices that bill in Money Forward and at Stripe, for runs that are killed."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import httpx

from tests.simulation.office import Office

MF_CUSTOMERS = "customer.salesforce-moneyforward"
MF_INVOICES = "invoice.salesforce-moneyforward"
STRIPE_CUSTOMERS = "customer.salesforce-stripe"
STRIPE_DUE = "invoice.hub-stripe"
STRIPE_CREDITS = "credit_note.hub-stripe"
PLANS = "plan.salesforce-hub"


class MoneyForwardOffice(Office):
    """An office whose won deals become drafts in クラウド請求書."""

    systems: ClassVar[Sequence[str]] = ("salesforce", "moneyforward")
    chain: ClassVar[Sequence[str]] = (MF_INVOICES, MF_CUSTOMERS, MF_INVOICES)

    def customers(self) -> None:
        """Let the deals' accounts become partners, so that invoices do not wait."""
        for name in (MF_INVOICES, MF_CUSTOMERS):
            assert self.run(name)["code"] in {0, 1}
        assert not self.invoices()

    def invoices(self) -> dict[str, dict[str, Any]]:
        server = self.rehearsal.servers["moneyforward"]
        with server.lock:
            return dict(server.sandbox.dump()["billings"]["rows"])  # type: ignore[index]

    def told(self) -> list[tuple[str, ...]]:
        """Return what every invoice says, without what depends on their order."""
        names = ("title", "partner_name", "total_price", "billing_date", "tag_names")
        rows = self.invoices().values()
        return sorted(tuple(str(row[name]) for name in names) for row in rows)

    def check(self, undisturbed: list[tuple[str, ...]]) -> None:
        """Every deal has the one invoice that a quiet day makes, and was told of it."""
        invoices = self.invoices()
        marks = Counter(str(row["tag_names"]) for row in invoices.values())
        assert not [m for m, n in marks.items() if n > 1], "a deal is billed twice"
        assert self.told() == undisturbed
        links = self.links(MF_INVOICES)
        assert sorted(links.values()) == sorted(invoices)
        deals = {row["Id"]: row for row in self.rows("salesforce", "Opportunity")}
        for deal_id, invoice_id in links.items():
            deal, invoice = deals[deal_id], invoices[invoice_id]
            assert invoice["title"] == deal["Name"]
            assert deal["MoneyForward_Billing_Id__c"] == invoice_id
            assert deal["MoneyForward_Billing_Number__c"] == invoice["billing_number"]


class CreditOffice(Office):
    """An office that billed at Stripe by plans; then deals were lost, and approved."""

    systems: ClassVar[Sequence[str]] = ("salesforce", "stripe")
    chain: ClassVar[Sequence[str]] = (PLANS, STRIPE_DUE, STRIPE_CUSTOMERS, STRIPE_DUE)

    @property
    def _kept(self) -> Path:
        return self.folder / "kept"

    def prepare(self) -> None:
        """Bill every deal, lose it, approve its return; every day begins from here."""
        self.new_day()
        for row in self.rows("salesforce", "Account"):
            self._edit("Account", row["Id"], Billing_System__c="stripe")
        for name in (PLANS, STRIPE_DUE, STRIPE_CUSTOMERS, STRIPE_DUE):
            assert self.run(name)["code"] in {0, 1}
        for one in self.stripe("invoices"):
            self._act("stripe", "finalize", id=one)
        for deal in self.links(PLANS):
            self._edit("Opportunity", deal, StageName="Closed Lost")
        assert self.run(PLANS)["code"] == 1
        which = ("--reason", "lost_after_billing", "--mapping", PLANS)
        why = ("--by", "sato", "--why", "cancelled by the customer")
        told = self.runner.run("-p", str(self.folder), "approve", *which, *why)
        assert told["code"] == 0, self.runner.said()[-3000:]
        assert self.run(PLANS)["code"] in {0, 1}
        self.rehearsal.save(self._first)
        shutil.copytree(self.folder / ".tasuki", self._kept)

    def _edit(self, name: str, own: str, **fields: object) -> None:
        self._act("salesforce", "edit", object=name, id=own, fields=fields)

    def _act(self, system: str, name: str, **body: object) -> None:
        url = f"{self.rehearsal.servers[system].url}/__act/{name}"
        assert httpx.post(url, json=body).status_code == httpx.codes.OK

    def new_day(self) -> None:
        super().new_day()
        if self._kept.exists():
            shutil.copytree(self._kept, self.folder / ".tasuki")

    def stripe(self, shelf: str) -> dict[str, dict[str, Any]]:
        server = self.rehearsal.servers["stripe"]
        with server.lock:
            return dict(getattr(server.sandbox, shelf).shelf.rows)

    def told(self) -> list[tuple[str, ...]]:
        rows = self.stripe("credit_notes").values()
        return sorted(tuple(str(row[n]) for n in ("invoice", "total")) for row in rows)

    def check(self, undisturbed: list[tuple[str, ...]]) -> None:
        """Every invoice of a lost deal is taken back once, and whole."""
        invoices, notes = self.stripe("invoices"), self.stripe("credit_notes")
        assert self.told() == undisturbed
        by_invoice = Counter(row["invoice"] for row in notes.values())
        assert by_invoice == Counter(list(invoices))
        for row in notes.values():
            assert row["total"] == invoices[row["invoice"]]["total"]
        assert sorted(self.links(STRIPE_CREDITS).values()) == sorted(notes)
