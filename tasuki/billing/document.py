"""Checks a mapped invoice before anything is sent, and an answer after."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from tasuki.billing.errors import BillingError
from tasuki.billing.invoice import calculate
from tasuki.billing.problem import DocumentError, Problem, problem
from tasuki.billing.reading import Fields, Reading, read_document
from tasuki.billing.rounding import exact_decimal
from tasuki.billing.tax import JAPAN_RATES, RateTable
from tasuki.billing.values import InvoiceDocument, Line, Totals

__all__ = [
    "Difference",
    "DocumentError",
    "InvoiceDocument",
    "Line",
    "Problem",
    "check_document",
    "differences",
    "totals",
]

_SUMS: Final = (
    "subtotal_excl",
    "tax_total",
    "total_incl",
    "withholding",
    "amount_due",
    "tax_total_jpy",
)


class Difference(NamedTuple):
    """A sum that another system states otherwise than we calculate it."""

    field: str
    ours: Decimal
    theirs: Decimal


def check_document(fields: Fields, rates: RateTable = JAPAN_RATES) -> list[Problem]:
    """Return what keeps a mapped invoice from being sent; empty when nothing does.

    Args:
        fields: ``partner_id``, ``billing_date``, perhaps ``payment_date`` and ``kind``
            (invoice or credit_note), and what ``read_document`` reads.
        rates: The tax rates by date of supply.
    """
    reading = Reading()
    _check_header(fields, reading)
    document, problems = read_document(fields)
    found = [*reading.problems, *(p for p in problems if p not in reading.problems)]
    if document is not None:
        found.extend(_check_sums(fields, document, rates))
    return found


def totals(fields: Fields, rates: RateTable = JAPAN_RATES) -> Totals:
    """Return the sums of a mapped invoice, to compare with what a system answers.

    Raises:
        DocumentError: The fields cannot be read; it carries every problem.
        BillingError: They can, but contradict each other.
    """
    document, problems = read_document(fields)
    if document is None:
        raise DocumentError(problems)
    return calculate(document, rates)


def differences(ours: Totals, stated: Mapping[str, object]) -> list[Difference]:
    """Return the sums that a system states otherwise; what it leaves out may differ.

    Args:
        ours: What we calculate.
        stated: Sums by our names, and perhaps ``breakdown``: a mapping from tax class
            to ``base_excl``, ``tax`` and ``total_incl``.
    """
    pairs = [(name, getattr(ours, name), stated.get(name)) for name in _SUMS]
    breakdown = stated.get("breakdown")
    if isinstance(breakdown, Mapping):
        for tax_class, sums in breakdown.items():
            mine = next((c for c in ours.breakdown if c.tax_class == tax_class), None)
            pairs += [
                (f"{tax_class}.{name}", getattr(mine, name, Decimal(0)), sums.get(name))
                for name in ("base_excl", "tax", "total_incl")
            ]
    return [
        Difference(name, mine or Decimal(0), exact_decimal(theirs))
        for name, mine, theirs in pairs
        if theirs is not None and (mine or Decimal(0)) != exact_decimal(theirs)
    ]


def _check_header(fields: Fields, reading: Reading) -> None:
    partner = fields.get("partner_id")
    if partner is None or str(partner).strip() in {"", "0"}:
        reading.note("partner_missing", "partner_id")
    billed, due = (
        reading.day(fields, name) for name in ("billing_date", "payment_date")
    )
    unread = {found.field for found in reading.problems}
    if billed is None and "billing_date" not in unread:
        reading.note("date_missing", "billing_date")
    if billed and due and due < billed:
        reading.note("due_before_billing", "payment_date")
    if fields.get("kind", "invoice") not in ("invoice", "credit_note"):
        reading.note("choice_unknown", "kind", "invoice, credit_note")


def _check_sums(
    fields: Fields, document: InvoiceDocument, rates: RateTable
) -> list[Problem]:
    try:
        sums = calculate(document, rates)
    except BillingError as error:
        return [problem("not_calculable", error.where, error.what)]
    total, found = sums.total_incl, []
    is_credit_note = fields.get("kind") == "credit_note"
    if is_credit_note and total >= 0:
        found.append(problem("total_not_negative", "total", f"{total:f}"))
    if not is_credit_note and total <= 0:
        found.append(problem("total_not_positive", "total", f"{total:f}"))
    is_taxed = any(part.rate for part in sums.breakdown)
    if document.currency != "JPY" and is_taxed and not document.fx_rate:
        found.append(problem("fx_rate_missing", "fx_rate"))
    return found
