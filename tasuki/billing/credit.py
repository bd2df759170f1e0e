"""Credit notes (適格返還請求書): the mirror of an invoice."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from tasuki.billing.values import Delivery, InvoiceDocument, Line

# 消費税法施行令 70条の9 第3項: judged on each reduction as a whole, tax included.
_SMALL_RETURN: Final = Decimal(10_000)


def credit_note(invoice: InvoiceDocument) -> InvoiceDocument:
    """Return the document that takes back the whole invoice.

    Quantities turn negative and prices stay positive, as Japanese practice and JP PINT
    want it; every sum becomes its exact negative.
    """
    discount = invoice.discount
    return replace(
        invoice,
        deliveries=tuple(_mirrored(delivery) for delivery in invoice.deliveries),
        discount=replace(discount, amount=-discount.amount) if discount else None,
        prepaid=-invoice.prepaid,
    )


def needs_credit_note(reduction_incl: Decimal) -> bool:
    """Tell whether a reduction, tax included and in yen, obliges to issue one."""
    return abs(reduction_incl) >= _SMALL_RETURN


def _mirrored(delivery: Delivery) -> Delivery:
    return replace(delivery, lines=tuple(_negated(line) for line in delivery.lines))


def _negated(line: Line) -> Line:
    return replace(line, quantity=-line.quantity, discount=-line.discount)
