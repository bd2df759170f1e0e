"""The values of an invoice: what is sold, and how it is to be calculated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from tasuki.billing.rounding import Rounding, minor_digits
from tasuki.billing.tax import TaxClass


class PriceMode(StrEnum):
    """Whether prices are without tax (税抜) or contain it (税込)."""

    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"


class RoundingUnit(StrEnum):
    """Which paper is the qualified invoice, and so rounds its tax once per rate."""

    INVOICE = "invoice"
    DELIVERY = "delivery"


class WithholdingKind(StrEnum):
    """Which fee the withholding tax (源泉徴収) is computed for."""

    FEE = "fee"
    JUDICIAL_SCRIVENER = "judicial_scrivener"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice.

    Attributes:
        price_mode: Where it differs from the document's; the line is converted.
        withholding: Whether the line is part of the fee that tax is withheld from.
        reduced_mark: Whether the paper marks the line as taxed at the reduced rate by
            other means than a ※ in the description.
    """

    description: str
    quantity: Decimal
    unit_price: Decimal
    tax_class: TaxClass
    discount: Decimal = Decimal(0)
    price_mode: PriceMode | None = None
    withholding: bool = True
    unit: str | None = None
    reduced_mark: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """The lines of one delivery slip (納品書); an invoice without slips has one."""

    lines: tuple[Line, ...]
    delivered_on: date | None = None
    slip: str | None = None


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount on the whole document.

    Attributes:
        tax_class: The class it belongs to; None divides it over all in proportion.
    """

    amount: Decimal
    tax_class: TaxClass | None = None


@dataclass(frozen=True, slots=True)
class Withholding:
    """Withholding tax, which only an issuer who is an individual has deducted.

    Attributes:
        base: Whether it is computed on the fee without or with consumption tax.
    """

    kind: WithholdingKind = WithholdingKind.FEE
    base: PriceMode = PriceMode.EXCLUSIVE
    issuer_is_individual: bool = True


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """All that the sums of an invoice follow from.

    Attributes:
        supplied_on: Decides the rates. None takes the newest.
        fx_rate: Yen for one unit of the currency; gives the tax in yen that the law
            wants on an invoice in another currency.
        decimals: Decimals of the currency where they differ from ISO 4217.
    """

    deliveries: tuple[Delivery, ...]
    currency: str = "JPY"
    price_mode: PriceMode = PriceMode.EXCLUSIVE
    tax_rounding: Rounding = Rounding.FLOOR
    line_rounding: Rounding = Rounding.FLOOR
    rounding_unit: RoundingUnit = RoundingUnit.INVOICE
    discount: Discount | None = None
    withholding: Withholding | None = None
    prepaid: Decimal = Decimal(0)
    supplied_on: date | None = None
    fx_rate: Decimal | None = None
    decimals: int | None = None

    @property
    def digits(self) -> int:
        """How many decimals an amount of this document has."""
        return minor_digits(self.currency) if self.decimals is None else self.decimals

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of all deliveries, in order."""
        return tuple(line for delivery in self.deliveries for line in delivery.lines)


@dataclass(frozen=True, slots=True)
class ClassTotal:
    """The sums of one tax class; ``tax_jpy`` only where the currency is not yen."""

    tax_class: TaxClass
    rate: Decimal
    base_excl: Decimal
    tax: Decimal
    total_incl: Decimal
    tax_jpy: Decimal | None = None

    def as_strings(self) -> dict[str, str]:
        """Return the sums as decimal texts, absent ones left out."""
        texts = {
            "tax_class": self.tax_class.value,
            "rate": f"{self.rate:f}",
            "base_excl": f"{self.base_excl:f}",
            "tax": f"{self.tax:f}",
            "total_incl": f"{self.total_incl:f}",
        }
        return texts | _present({"tax_jpy": self.tax_jpy})


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of an invoice.

    Attributes:
        line_amounts: One amount per line, in the document's price mode.
        breakdown: One entry per tax class in use, in the order of the classes.
    """

    line_amounts: tuple[Decimal, ...]
    breakdown: tuple[ClassTotal, ...]
    subtotal_excl: Decimal
    tax_total: Decimal
    total_incl: Decimal
    amount_due: Decimal
    withholding_base: Decimal | None = None
    withholding: Decimal | None = None
    tax_total_jpy: Decimal | None = None

    def of_class(self, tax_class: TaxClass) -> ClassTotal | None:
        """Return the sums of a class, None when no line has it."""
        found = (total for total in self.breakdown if total.tax_class is tax_class)
        return next(found, None)

    def as_strings(self) -> dict[str, object]:
        """Return the sums as decimal texts for JSON, absent ones left out."""
        sums = {
            "subtotal_excl": self.subtotal_excl,
            "tax_total": self.tax_total,
            "total_incl": self.total_incl,
            "amount_due": self.amount_due,
            "withholding_base": self.withholding_base,
            "withholding": self.withholding,
            "tax_total_jpy": self.tax_total_jpy,
        }
        return {
            "line_amounts": [f"{amount:f}" for amount in self.line_amounts],
            "breakdown": [total.as_strings() for total in self.breakdown],
            **_present(sums),
        }


def _present(sums: Mapping[str, Decimal | None]) -> dict[str, str]:
    return {name: f"{value:f}" for name, value in sums.items() if value is not None}
