"""What is returned of invoices that were made: of which of them, by which lines. Pure.

A credit note (返還インボイス) names the invoice that it takes back, so what is owed is
divided over the deal's invoices, the latest first, each tax class by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from tasuki.billing.amendment import Difference, balancing
from tasuki.billing.instalment import CREDIT, Instalment
from tasuki.billing.plan import BillingPlan, PlanLine

_WORD: Final = "返還"


@dataclass(slots=True)
class _Invoice:
    """What one invoice has billed of the deal, and what was taken back of it."""

    id: str
    day: date = date.min
    lines: list[PlanLine] = field(default_factory=list)
    left: dict[str, Decimal] = field(default_factory=dict)
    is_touched: bool = False


def balances(
    plan: BillingPlan,
    found: Difference,
    billed: Sequence[tuple[Instalment, str | None]],
    number: int,
    today: date,
) -> list[Instalment]:
    """Return the instalments that make up for a difference.

    More to bill is one instalment. Less is a credit for each invoice that it takes
    back, with that invoice named; where a tax class goes up while another goes down,
    one credit that names none, for a person.

    Args:
        plan: The plan as it is now.
        found: A difference that is not nothing.
        billed: What was billed and credited, each with its invoice.
        number: How many such instalments the deal has had.
        today: The day they are to be billed on.
    """
    if any(amount > 0 for _, amount in found.by_tax):
        return [balancing(plan, found, number, today)]
    owed = {tax: -amount for tax, amount in found.by_tax}
    made: list[Instalment] = []
    for invoice in sorted(_invoices(billed), key=lambda one: (one.day, one.id))[::-1]:
        taken = {
            tax: min(amount, invoice.left.get(tax, Decimal(0)))
            for tax, amount in owed.items()
        }
        taken = {tax: amount for tax, amount in taken.items() if amount > 0}
        if not taken:
            continue
        own = f"{plan.deal}:{CREDIT}-{number + len(made) + 1}"
        lines = _lines(plan, invoice, taken)
        made.append(Instalment(own, plan.deal, today, lines, _WORD, CREDIT, invoice.id))
        owed = {
            tax: amount - taken.get(tax, Decimal(0)) for tax, amount in owed.items()
        }
    if any(owed.values()):  # more than its invoices hold: a person knows why
        return [balancing(plan, found, number, today)]
    return made


def _invoices(billed: Sequence[tuple[Instalment, str | None]]) -> list[_Invoice]:
    found: dict[str, _Invoice] = {}
    for part, invoice_id in billed:
        is_credit = part.kind == CREDIT
        own = part.returns if is_credit else invoice_id
        if not own:
            continue
        invoice = found.setdefault(own, _Invoice(own))
        invoice.is_touched |= is_credit
        if not is_credit:
            invoice.lines += part.lines
            invoice.day = max(invoice.day, part.bill_on)
        for line in part.lines:
            left = invoice.left.get(line.tax, Decimal(0))
            invoice.left[line.tax] = left + line.amount
    return list(found.values())


def _lines(
    plan: BillingPlan, invoice: _Invoice, taken: dict[str, Decimal]
) -> tuple[PlanLine, ...]:
    """Return the lines of a credit: the mirror of the invoice's where all is taken."""
    held = {tax: amount for tax, amount in invoice.left.items() if amount}
    if taken == held and not invoice.is_touched:
        return tuple(replace(line, quantity=-line.quantity) for line in invoice.lines)
    text = f"{_WORD}（{plan.subject}）" if plan.subject else _WORD
    return tuple(
        PlanLine(text, Decimal(-1), amount, tax)
        for tax, amount in sorted(taken.items())
    )
