"""What is due becomes invoices: one each, or one for all until a closing day. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Final

from tasuki.billing.instalment import CREDIT, REGULAR, Instalment
from tasuki.billing.plan import BillingPlan
from tasuki.billing.terms import closing_date, due_date

_DIGEST: Final = 5


@dataclass(slots=True)
class DueInvoice:
    """One invoice that is to be made now.

    Attributes:
        id: The instalment's, or of (customer, entity, currency, closing day, terms).
        parts: The instalments it bills, each with its plan.
        original_date: For a credit note, the date of the invoice that it takes back.
    """

    id: str
    billing_date: date
    closing_date: date | None
    parts: list[tuple[BillingPlan, Instalment]] = field(default_factory=list)
    original_date: date | None = None

    @property
    def kind(self) -> str:
        """What it is: of several instalments always regular."""
        return self.parts[0][1].kind if len(self.parts) == 1 else REGULAR

    def fields(self) -> dict[str, object]:
        """Return the invoice's fields, as a mapping reads them."""
        plan, first = self.parts[0]
        deals = list(dict.fromkeys(one.deal for _, one in self.parts))
        is_credit = self.kind == CREDIT
        due = (
            None
            if is_credit
            else due_date(self.billing_date, plan.payment_terms, plan.holiday_rule)
        )
        return {
            "id": self.id,
            "company": plan.company,
            "billing_entity": plan.billing_entity or None,
            "billing_system": plan.billing_system or None,
            "currency": plan.currency,
            "subject": plan.subject if len(deals) == 1 else None,
            "kind": self.kind,
            "label": first.label if len(self.parts) == 1 else None,
            "deal": deals[0] if len(deals) == 1 else None,
            "deals": deals,
            "original": first.returns or None,
            "original_date": _text(self.original_date),
            "billing_date": self.billing_date.isoformat(),
            "closing_date": _text(self.closing_date),
            "payment_terms": plan.payment_terms or None,
            "payment_date": _text(due),
            "rounding_unit": plan.rounding_unit,
            "amount": sum((one.amount for _, one in self.parts), Decimal(0)),
            "lines": [
                {
                    "description": line.description,
                    "quantity": line.quantity,
                    "unit_price": line.unit_price,
                    "tax": line.tax,
                    "deal": one.deal,
                    "instalment": one.id,
                }
                for _, one in self.parts
                for line in one.lines
            ],
        }


def due_invoices(
    open_parts: Iterable[tuple[BillingPlan, Instalment]],
    closed: Collection[str],
    today: date,
) -> list[DueInvoice]:
    """Return the invoices to be made today of instalments that are not billed yet.

    Args:
        open_parts: Untaken instalments with their plans.
        closed: Ids of the invoices made before: they take nothing in any more, and
            what comes late goes into the next closing.
        today: The day in Japan.
    """
    found: dict[str, DueInvoice] = {}
    ordered = sorted(open_parts, key=lambda one: (one[1].bill_on, one[1].id))
    for plan, one in ordered:
        if one.kind == CREDIT or one.bill_on > today:
            continue
        if plan.closing_day is None:
            found[one.id] = DueInvoice(one.id, one.bill_on, None, [(plan, one)])
            continue
        day = closing_date(one.bill_on, plan.closing_day)
        while _key(plan, day) in closed:
            day = closing_date(day + timedelta(days=1), plan.closing_day)
        if day <= today:
            key = _key(plan, day)
            found.setdefault(key, DueInvoice(key, day, day)).parts.append((plan, one))
    return list(found.values())


def credit_note_due(
    plan: BillingPlan, part: Instalment, original_date: date | None
) -> DueInvoice:
    """Return the credit note that is to be made of a credit."""
    return DueInvoice(part.id, part.bill_on, None, [(plan, part)], original_date)


def _key(plan: BillingPlan, closing: date) -> str:
    terms = f"{plan.billing_entity}|{plan.currency}|{plan.payment_terms}"
    terms += f"|{plan.closing_day}|{plan.rounding_unit}|{plan.holiday_rule}"
    if plan.billing_system:
        terms += f"|{plan.billing_system}"
    digest = blake2b(terms.encode(), digest_size=_DIGEST).hexdigest()
    return f"{plan.company}:{closing}:{digest}"


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
