"""Numbers and keys of invoices; allocating them is the ledger's business."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from tasuki.billing.errors import BillingError

_PREFIX: Final = re.compile(r"[A-Za-z0-9]+(?:[-_/][A-Za-z0-9]+)*")
_APRIL: Final = 4


def fiscal_year(day: date, first_month: int = _APRIL) -> int:
    """Return the fiscal year of a day, named by the year in which it starts.

    Example:
        >>> fiscal_year(date(2025, 3, 31))
        2024
    """
    return day.year if day.month >= first_month else day.year - 1


def fiscal_quarter(day: date, first_month: int = _APRIL) -> int:
    """Return the quarter of the fiscal year, from 1 to 4."""
    return (day.month - first_month) % 12 // 3 + 1


def invoice_number(
    prefix: str, day: date, sequence: int, first_month: int = _APRIL
) -> str:
    """Return the number of an invoice.

    A number that was allocated and not used is recorded as void, never given again.

    Example:
        >>> invoice_number("INV", date(2025, 4, 1), 12)
        'INV-2025-0012'
    """
    if not _PREFIX.fullmatch(prefix):
        raise BillingError(
            where="invoice number", what=f'the prefix "{prefix}" has odd characters'
        )
    if sequence < 1:
        raise BillingError(
            where="invoice number", what=f"the sequence {sequence} is below one"
        )
    return f"{prefix}-{fiscal_year(day, first_month)}-{sequence:04d}"


def missing_sequences(used: Iterable[int]) -> tuple[int, ...]:
    """Return the numbers between the first and the last that were never recorded."""
    seen = set(used)
    if not seen:
        return ()
    return tuple(n for n in range(min(seen), max(seen)) if n not in seen)


def period_key(subscription: str, period_start: date) -> str:
    """Return the business key of one period of a recurring charge: billed once."""
    return f"{subscription}:{period_start.isoformat()}"


def consolidation_key(
    company: str, billing_entity: str, currency: str, closing: date, terms: str
) -> tuple[str, str, str, str, str]:
    """Return the key of a consolidated invoice: equal keys go on one paper."""
    return (company, billing_entity, currency, closing.isoformat(), terms)
