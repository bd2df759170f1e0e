"""Reading plans: what was agreed, and what became of the deal's invoices."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from tasuki.billing.instalment import Instalment
from tasuki.billing.payment import DealPayment, Settlement, deal_payment, shares
from tasuki.billing.plan import read_plan
from tasuki.clock import TOKYO
from tasuki.ledger.billing import BillingBook
from tasuki.ledger.billing_payments import settlement_of
from tasuki.ledger.billing_rows import StoredPlan
from tasuki.model.record import Page, Query, Record
from tasuki.ports import Clock

_PAGE: Final = 200
_TOTALS: Final = ("total_amount", "total")
"""What receipts of documents call the total, tax included."""


class DealPaymentSource:
    """The hub's reading half of `billing_plan`: the deal's money beside its plan."""

    def __init__(self, book: BillingBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield deals that were billed: all, afterwards those that may have changed."""
        mark = self._book.payments.mark()
        after, since = "", cursor or ""
        while True:
            ids = self._book.payments.deals_to_tell(since, after, _PAGE)
            yield Page(self.fetch(query, ids), mark if len(ids) < _PAGE else since)
            if len(ids) < _PAGE:
                return
            after = ids[-1]

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return deals by id; what has no plan is not there."""
        with self._book.reading() as tx:
            plans = tx.plans(ids)
        known = [one for one in ids if one in plans]
        payments = self.payments(known, plans)
        return [
            _record(query, plans[one], payments[one])
            if one in plans
            else Record(one, "", {}, deleted=True)
            for one in ids
        ]

    def payments(
        self, deals: Sequence[str], plans: Mapping[str, StoredPlan]
    ) -> dict[str, DealPayment]:
        """Return where the money of deals stands."""
        today = self._clock.now().astimezone(TOKYO).date()
        with self._book.reading() as tx:
            own = tx.parts(deals)
            made = [x.invoice_id for some in own.values() for x in some if x.invoice_id]
            parts = tx.parts_on(made)
        documents = self._documents(parts)
        digits = {one: read_plan(plans[one].fields).digits for one in deals}
        found: dict[str, DealPayment] = {}
        for deal in deals:
            ids = {one.invoice_id for one in own[deal] if one.invoice_id}
            shared = [
                _share(documents[one], parts[one], deal, digits[deal])
                for one in sorted(ids)
                if one in documents
            ]
            found[deal] = deal_payment(shared, today)
        return found

    def _documents(
        self, parts: Mapping[str, Sequence[Instalment]]
    ) -> dict[str, Settlement]:
        """Return what is known of invoices; of those not told of yet, their receipt."""
        told = self._book.payments.told(list(parts))
        found = {one: settlement_of(fields) for one, fields in told.items()}
        ids = [one for one in parts if one not in told]
        due = {row.id: row.fields for row in self._book.invoices(ids)}
        for one, (state, _, answer) in self._book.issued(ids).items():
            total = _total(answer)
            if state == "confirmed" and total is not None:
                day = due.get(one, {}).get("payment_date")
                last = date.fromisoformat(str(day)) if day else None
                found[one] = Settlement(total, due_on=last)
        return found


def _total(answer: Mapping[str, Any]) -> Decimal | None:
    values = [answer[name] for name in _TOTALS if answer.get(name) is not None]
    return Decimal(str(values[0])) if values else None


def _share(
    one: Settlement, parts: Sequence[Instalment], deal: str, digits: int
) -> Settlement:
    """Return a deal's share of an invoice that it may have with others."""
    if len({part.deal for part in parts}) == 1:
        return one
    total = shares(parts, one.total, digits)[deal]
    paid = total if one.paid == one.total else shares(parts, one.paid, digits)[deal]
    return Settlement(total, paid, one.due_on, one.paid_on, one.cancelled)


def _record(query: Query, plan: StoredPlan, payment: DealPayment) -> Record:
    told: dict[str, object] = {
        "payment_status": payment.status.value,
        "billed": payment.billed,
        "paid": payment.paid,
        "outstanding": payment.outstanding,
        "overpaid": payment.overpaid,
        "overdue": payment.overdue,
        "due_on": _text(payment.due_on),
        "paid_on": _text(payment.paid_on),
        "documents": payment.documents,
    }
    whole = {**plan.fields, **told}
    fields = {name: whole.get(name) for name in query.fields}
    text = json.dumps(fields, sort_keys=True, default=str)
    version = blake2b(text.encode(), digest_size=12).hexdigest()
    return Record(plan.id, version, fields)


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
