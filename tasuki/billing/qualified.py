"""The items that make a paper a qualified invoice (適格請求書, 消費税法 57条の4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from tasuki.billing.invoice import calculate
from tasuki.billing.tax import JAPAN_RATES, RateTable, TaxClass
from tasuki.billing.values import ClassTotal, InvoiceDocument, PriceMode, Totals
from tasuki.japan.corporate import check_digit

RULES: Final[Mapping[str, tuple[str, str]]] = {
    "R1": ("issuer's name", "発行事業者の氏名・名称"),
    "R2": (
        "registration number with a right check digit",
        "登録番号（検査用数字を含む）",
    ),
    "R3": ("date or period of supply", "取引年月日または期間"),
    "R4": ("description of every line", "取引内容"),
    "R5": ("mark of reduced-rate lines and its legend", "軽減税率対象の表示"),
    "R6": ("total per rate equal to its lines", "税率ごとの合計額"),
    "R7": ("tax per rate, rounded once", "税率ごとの消費税額（端数処理は1回）"),
    "R8": ("recipient's name", "交付先の氏名・名称"),
    "R9": ("issuer registered on the day of supply", "取引日に登録が有効であること"),
}

_REGISTRATION: Final = re.compile(r"T([1-9])([0-9]{12})")
_MARKS: Final = ("※", "*", "＊", "軽減")


@dataclass(frozen=True, slots=True)
class QualifiedInvoice:
    """A paper as it is shown to its recipient.

    Attributes:
        registered_from: First day of the issuer's registration.
        registered_until: Last day of it, where it has ended.
        supplied_until: End of the period, where more than one day is billed.
        stated: The sums per tax class that the paper shows.
        legend: What the paper says its mark means: ※は軽減税率対象.
    """

    document: InvoiceDocument
    stated: tuple[ClassTotal, ...]
    issuer_name: str = ""
    registration_number: str = ""
    recipient: str = ""
    supplied_from: date | None = None
    supplied_until: date | None = None
    registered_from: date | None = None
    registered_until: date | None = None
    legend: str = ""


def is_registration_number(text: str) -> bool:
    """Tell whether a text is a T number with a right check digit (法人番号省令 2条).

    A well-formed number need not be registered: that is a question for the tax office.

    Example:
        >>> is_registration_number("T7000012050002")
        True
    """
    match = _REGISTRATION.fullmatch(text)
    if not match:
        return False
    return int(match[1]) == check_digit(match[2])


def qualified_invoice_check(
    invoice: QualifiedInvoice, rates: RateTable = JAPAN_RATES
) -> list[str]:
    """Return the codes of ``RULES`` that the paper misses, in their order."""
    sums = calculate(invoice.document, rates)
    lines = invoice.document.lines
    kept = {
        "R1": bool(invoice.issuer_name.strip()),
        "R2": is_registration_number(invoice.registration_number),
        "R3": _has_dates(invoice),
        "R4": bool(lines) and all(line.description.strip() for line in lines),
        "R5": _marks_reduced(invoice),
        "R6": all(_states(invoice, part, tax=False) for part in _owed(sums, invoice)),
        "R7": all(_states(invoice, part, tax=True) for part in _owed(sums, invoice)),
        "R8": bool(invoice.recipient.strip()),
        "R9": _is_registered(invoice),
    }
    return [rule for rule in RULES if not kept[rule]]


def unregistered_invoice_check(invoice: QualifiedInvoice) -> list[str]:
    """Return what a paper of an unregistered issuer gets wrong: R2 for any number.

    Its paper is a 区分記載請求書; a number on it would pass for a qualified invoice.
    """
    return ["R2"] if invoice.registration_number.strip() else []


def _has_dates(invoice: QualifiedInvoice) -> bool:
    start, end = invoice.supplied_from, invoice.supplied_until
    return start is not None and (end is None or start <= end)


def _is_registered(invoice: QualifiedInvoice) -> bool:
    start = invoice.supplied_from
    if start is None or invoice.registered_from is None:
        return False
    end = invoice.supplied_until or start
    ended = invoice.registered_until
    return invoice.registered_from <= start and (ended is None or end <= ended)


def _marks_reduced(invoice: QualifiedInvoice) -> bool:
    reduced = [
        line for line in invoice.document.lines if line.tax_class is TaxClass.REDUCED
    ]
    unspoken = [line for line in reduced if "軽減" not in line.description]
    marked = all(
        line.reduced_mark or any(mark in line.description for mark in _MARKS)
        for line in unspoken
    )
    return marked and (not unspoken or "軽減" in invoice.legend)


def _owed(sums: Totals, invoice: QualifiedInvoice) -> list[ClassTotal]:
    """Return the sums that must be shown, and zero for a class without lines."""
    shown = {stated.tax_class for stated in invoice.stated}
    needed = [part for part in sums.breakdown if part.rate or part.tax_class in shown]
    unused = [part for part in invoice.stated if not sums.of_class(part.tax_class)]
    none = Decimal(0)
    return needed + [
        replace(part, base_excl=none, tax=none, total_incl=none) for part in unused
    ]


def _states(invoice: QualifiedInvoice, part: ClassTotal, *, tax: bool) -> bool:
    found = [s for s in invoice.stated if s.tax_class is part.tax_class]
    if len(found) != 1 or found[0].rate != part.rate:
        return False
    if tax:
        return found[0].tax == part.tax
    if invoice.document.price_mode is PriceMode.INCLUSIVE:
        return found[0].total_incl == part.total_incl
    return found[0].base_excl == part.base_excl
