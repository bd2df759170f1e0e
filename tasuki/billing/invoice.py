"""The calculation of an invoice: one rounding per tax class, never per line.

消費税法施行令 70条の10: a qualified invoice rounds its tax once for each rate. The same
rule gives credit notes, whose sums are the exact mirror of their invoice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from tasuki.billing.errors import BillingError
from tasuki.billing.rounding import (
    largest_remainder,
    round_units,
    to_decimal,
    whole_units,
)
from tasuki.billing.tax import JAPAN_RATES, RateTable, TaxClass
from tasuki.billing.values import (
    ClassTotal,
    Discount,
    InvoiceDocument,
    Line,
    PriceMode,
    RoundingUnit,
    Totals,
)
from tasuki.billing.withholding import withholding_tax

_HUNDRED: Final = 100
_YEN: Final = "JPY"


@dataclass(frozen=True, slots=True)
class _Bucket:
    """The lines of one class on one qualified invoice, in units and the price mode."""

    tax_class: TaxClass
    rate: Decimal
    amount: int
    withheld: int
    discount: int = 0

    @property
    def net(self) -> int:
        return self.amount - self.discount

    @property
    def net_withheld(self) -> int:
        """The part of the net amount that withholding tax is computed on."""
        other = self.amount - self.withheld
        if not other or not self.amount:
            return self.withheld - self.discount
        return (
            self.withheld - largest_remainder(self.discount, (self.withheld, other))[0]
        )


@dataclass(frozen=True, slots=True)
class _Sum:
    """Base, tax and total of an amount, in units."""

    base: int
    tax: int
    total: int


def calculate(document: InvoiceDocument, rates: RateTable = JAPAN_RATES) -> Totals:
    """Return the sums of an invoice.

    Args:
        document: Lines and the way they are to be calculated.
        rates: The tax rates by date of supply.

    Raises:
        BillingError: The document contradicts itself, such as a discount on a class
            that no line has.
    """
    papers = [
        [(line, _line_units(line, document, rates)) for line in delivery.lines]
        for delivery in document.deliveries
    ]
    line_units = [units for paper in papers for _line, units in paper]
    if document.rounding_unit is RoundingUnit.INVOICE:
        papers = [[pair for paper in papers for pair in paper]]
    buckets = [_buckets(paper, document.supplied_on, rates) for paper in papers]
    if document.discount:
        buckets = [_discounted(buckets, document.discount, document.digits)]
    return _totals(document, line_units, [b for paper in buckets for b in paper])


def line_amount(
    line: Line, document: InvoiceDocument, rates: RateTable = JAPAN_RATES
) -> Decimal:
    """Return the amount of a line as the document shows it."""
    return to_decimal(_line_units(line, document, rates), document.digits)


def _line_units(line: Line, document: InvoiceDocument, rates: RateTable) -> int:
    digits, mode = document.digits, document.line_rounding
    exact = Fraction(line.quantity) * Fraction(line.unit_price)
    units = round_units(exact, digits, mode) - whole_units(line.discount, digits)
    if line.price_mode in {None, document.price_mode}:
        return units
    rate = rates.percent(line.tax_class, document.supplied_on)
    factor = 1 + Fraction(rate) / _HUNDRED
    if document.price_mode is PriceMode.EXCLUSIVE:
        factor = 1 / factor
    return round_units(units * factor, 0, mode)


def _buckets(
    paper: Sequence[tuple[Line, int]], supplied_on: date | None, rates: RateTable
) -> list[_Bucket]:
    in_use = {line.tax_class for line, _units in paper}
    return [
        _Bucket(
            tax_class=tax_class,
            rate=rates.percent(tax_class, supplied_on),
            amount=sum(u for line, u in paper if line.tax_class is tax_class),
            withheld=sum(
                u
                for line, u in paper
                if line.tax_class is tax_class and line.withholding
            ),
        )
        for tax_class in TaxClass
        if tax_class in in_use
    ]


def _discounted(
    papers: Sequence[Sequence[_Bucket]], discount: Discount, digits: int
) -> list[_Bucket]:
    if len(papers) != 1:
        raise BillingError(
            where="document discount",
            what="cannot be divided when every delivery slip rounds its own tax",
            remedy="Give the discount as a line of the slip that it belongs to.",
        )
    (buckets,) = papers
    units = whole_units(discount.amount, digits)
    if discount.tax_class is None:
        shares = largest_remainder(units, [bucket.amount for bucket in buckets])
    else:
        shares = tuple(
            units if bucket.tax_class is discount.tax_class else 0 for bucket in buckets
        )
        if sum(shares) != units:
            raise BillingError(
                where="document discount",
                what=f"no line has the tax class {discount.tax_class}",
            )
    return [
        _Bucket(b.tax_class, b.rate, b.amount, b.withheld, share)
        for b, share in zip(buckets, shares, strict=True)
    ]


def _taxed(amount: int, rate: Decimal, document: InvoiceDocument) -> _Sum:
    tax = round_units(
        _tax_of(amount, rate, document.price_mode), 0, document.tax_rounding
    )
    if document.price_mode is PriceMode.EXCLUSIVE:
        return _Sum(amount, tax, amount + tax)
    return _Sum(amount - tax, tax, amount)


def _tax_of(amount: int, rate: Decimal, mode: PriceMode) -> Fraction:
    percent = Fraction(rate)
    whole = _HUNDRED if mode is PriceMode.EXCLUSIVE else _HUNDRED + percent
    return amount * percent / whole


def _yen_tax(bucket: _Bucket, document: InvoiceDocument) -> int:
    """Return the tax in yen, from the foreign amount with a single rounding."""
    if document.fx_rate is None:
        return 0
    tax = _tax_of(bucket.net, bucket.rate, document.price_mode)
    yen = tax * Fraction(document.fx_rate) / 10**document.digits
    return round_units(yen, 0, document.tax_rounding)


def _totals(
    document: InvoiceDocument, line_units: list[int], buckets: list[_Bucket]
) -> Totals:
    digits = document.digits
    in_yen = document.currency != _YEN and document.fx_rate is not None
    breakdown = tuple(
        _class_total(document, [b for b in buckets if b.tax_class is c], in_yen=in_yen)
        for c in TaxClass
        if any(b.tax_class is c for b in buckets)
    )
    base, withheld = _withheld(document, buckets)
    total = sum((part.total_incl for part in breakdown), to_decimal(0, digits))
    due = total - (withheld or 0) - document.prepaid
    return Totals(
        line_amounts=tuple(to_decimal(units, digits) for units in line_units),
        breakdown=breakdown,
        subtotal_excl=sum((p.base_excl for p in breakdown), to_decimal(0, digits)),
        tax_total=sum((p.tax for p in breakdown), to_decimal(0, digits)),
        total_incl=total,
        amount_due=to_decimal(whole_units(due, digits), digits),
        withholding_base=base,
        withholding=withheld,
        tax_total_jpy=sum((p.tax_jpy or Decimal(0) for p in breakdown), Decimal(0))
        if in_yen
        else None,
    )


def _class_total(
    document: InvoiceDocument, buckets: list[_Bucket], *, in_yen: bool
) -> ClassTotal:
    sums = [_taxed(bucket.net, bucket.rate, document) for bucket in buckets]
    digits = document.digits
    return ClassTotal(
        tax_class=buckets[0].tax_class,
        rate=buckets[0].rate,
        base_excl=to_decimal(sum(part.base for part in sums), digits),
        tax=to_decimal(sum(part.tax for part in sums), digits),
        total_incl=to_decimal(sum(part.total for part in sums), digits),
        tax_jpy=Decimal(sum(_yen_tax(bucket, document) for bucket in buckets))
        if in_yen
        else None,
    )


def _withheld(
    document: InvoiceDocument, buckets: list[_Bucket]
) -> tuple[Decimal | None, Decimal | None]:
    terms = document.withholding
    if terms is None:
        return None, None
    if not terms.issuer_is_individual:
        return Decimal(0), Decimal(0)
    if document.currency != _YEN or document.digits:
        raise BillingError(
            where="withholding",
            what=f"is defined for payments in yen, not {document.currency}",
            remedy="Bill the fee in yen, or leave the withholding out.",
        )
    sums = [_taxed(bucket.net_withheld, bucket.rate, document) for bucket in buckets]
    inclusive = terms.base is PriceMode.INCLUSIVE
    base = sum(part.total if inclusive else part.base for part in sums)
    return Decimal(base), Decimal(withholding_tax(base, terms.kind))


def rounding_difference(parts: Sequence[Totals], whole: Totals) -> Decimal:
    """Return how far the tax of part invoices lies from the tax of one invoice.

    Each part is a qualified invoice and rounds on its own, so a difference is right;
    it is shown to people and never evened out.
    """
    return sum((part.tax_total for part in parts), Decimal(0)) - whole.tax_total
