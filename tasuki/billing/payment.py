"""What became of a deal's invoices: how much is paid, open, late or too much. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from tasuki.billing.instalment import Instalment
from tasuki.billing.plan import PlanLine
from tasuki.billing.rounding import largest_remainder, to_decimal, whole_units
from tasuki.billing.tax import JAPAN_RATES, TaxClass

_NOTHING: Final = Decimal(0)


class PaymentStatus(StrEnum):
    """Where a deal's money stands; of several the first that holds."""

    NOT_BILLED = "not_billed"
    OVERPAID = "overpaid"
    PAID = "paid"
    OVERDUE = "overdue"
    PART_PAID = "part_paid"
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a system says of one document; a credit note's sums are below zero.

    Attributes:
        total: What it comes to, tax included.
        paid: What came in for it; beyond the total, too much did.
        due_on: The last day on which it is paid in time.
        paid_on: The day of the last payment, where the system tells.
        cancelled: The document does not count any more (取消).
    """

    total: Decimal
    paid: Decimal = _NOTHING
    due_on: date | None = None
    paid_on: date | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class DealPayment:
    """What became of all that was billed of a deal, tax included.

    Attributes:
        outstanding: What is still to come in.
        overpaid: What came in beyond what is owed: more than an invoice says, or of
            what a credit note took back since.
        overdue: The part of `outstanding` whose day has passed.
        due_on: The earliest day among the unpaid.
        paid_on: The day of the last payment, once all is paid.
        documents: How many documents count.
    """

    status: PaymentStatus
    billed: Decimal
    paid: Decimal
    outstanding: Decimal
    overpaid: Decimal
    overdue: Decimal
    due_on: date | None
    paid_on: date | None
    documents: int


def shares(
    parts: Sequence[Instalment], amount: Decimal, digits: int
) -> Mapping[str, Decimal]:
    """Divide an amount of an invoice over the deals it bills; it adds up exactly.

    Args:
        parts: All instalments on the invoice.
        amount: What to divide: its total, or what was paid of it.
        digits: How many decimals the currency has.
    """
    weights: dict[str, Fraction] = {}
    for one in parts:
        gross = sum((_gross(line) for line in one.lines), Fraction(0))
        weights[one.deal] = weights.get(one.deal, Fraction(0)) + gross
    if len(weights) == 1 or sum(weights.values()) <= 0:
        first = next(iter(weights))
        return {deal: amount if deal == first else _NOTHING for deal in weights}
    units = whole_units(amount, digits)
    divided = largest_remainder(units, list(weights.values()))
    return {
        deal: to_decimal(part, digits)
        for deal, part in zip(weights, divided, strict=True)
    }


def _gross(line: PlanLine) -> Fraction:
    known = line.tax in set(TaxClass)
    rate = JAPAN_RATES.percent(TaxClass(line.tax)) if known else _NOTHING
    return Fraction(line.amount) * (100 + Fraction(rate)) / 100


def deal_payment(documents: Sequence[Settlement], today: date) -> DealPayment:
    """Return where a deal's money stands on a day.

    Args:
        documents: The deal's share of every invoice and credit note made of it.
        today: The day in Japan; an invoice is late from the day after its last.
    """
    live = [one for one in documents if not one.cancelled]
    billed = sum((one.total for one in live), _NOTHING)
    paid = sum((one.paid for one in live), _NOTHING)
    # A credit note that nobody has set off lessens what is open, the oldest first.
    credit = -sum((_open(one) for one in live if one.total < 0), _NOTHING)
    unpaid: list[tuple[Settlement, Decimal]] = []
    for one in sorted(live, key=lambda one: one.due_on or date.max):
        left = max(_open(one), _NOTHING) if one.total > 0 else _NOTHING
        used = min(left, credit)
        credit -= used
        if left > used:
            unpaid.append((one, left - used))
    outstanding = max(billed - paid, _NOTHING)
    overpaid = max(paid - billed, _NOTHING)
    late = [(one, left) for one, left in unpaid if one.due_on and one.due_on < today]
    overdue = min(sum((left for _, left in late), _NOTHING), outstanding)
    found = DealPayment(
        status=PaymentStatus.UNPAID,  # told last: it follows from the sums
        billed=billed,
        paid=paid,
        outstanding=outstanding,
        overpaid=overpaid,
        overdue=overdue,
        due_on=min((one.due_on for one, _ in unpaid if one.due_on), default=None)
        if outstanding
        else None,
        paid_on=None
        if outstanding
        else max((one.paid_on for one in live if one.paid_on), default=None),
        documents=len(live),
    )
    return replace(found, status=_status(found))


def _open(one: Settlement) -> Decimal:
    return one.total - one.paid


def _status(found: DealPayment) -> PaymentStatus:
    match found:
        case DealPayment(documents=0):
            return PaymentStatus.NOT_BILLED
        case DealPayment(overpaid=amount) if amount:
            return PaymentStatus.OVERPAID
        case DealPayment(outstanding=amount) if not amount:
            return PaymentStatus.PAID
        case DealPayment(overdue=amount) if amount:
            return PaymentStatus.OVERDUE
        case DealPayment(paid=amount) if amount > 0:
            return PaymentStatus.PART_PAID
        case _:
            return PaymentStatus.UNPAID
