"""The amounts of a digital invoice: lines, classes and totals that add up exactly.

JP PINT wants lines without tax from a registered issuer, and what is asked for, tax in
it, from one who is not. Where prices stand the other way, lines are converted so that
each class comes to the sum that the invoice states.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from tasuki.billing.errors import BillingError
from tasuki.billing.rounding import Rounding, round_units, to_decimal, whole_units
from tasuki.billing.tax import TaxClass
from tasuki.billing.values import ClassTotal, Line, PriceMode
from tasuki.paper.values import Paper

_HUNDRED: Final = 100
CATEGORIES: Final = {
    TaxClass.STANDARD: "S",
    TaxClass.REDUCED: "AA",
    TaxClass.LEGACY8: "S",
    TaxClass.EXEMPT: "E",
    TaxClass.EXPORT: "G",
    TaxClass.OUT_OF_SCOPE: "O",
}
"""The code of each class (UNCL5305)."""


@dataclass(frozen=True, slots=True)
class Category:
    """A tax category; `O` has no rate, not even zero."""

    code: str
    percent: Decimal | None

    @property
    def is_taxed(self) -> bool:
        """Whether tax is levied."""
        return self.code in {"S", "AA"}


@dataclass(frozen=True, slots=True)
class PintLine:
    """One line: net = quantity × price ÷ base quantity − allowance, rounded."""

    line: Line
    category: Category
    net: Decimal
    quantity: Decimal
    price: Decimal
    base_quantity: Decimal
    allowance: Decimal


@dataclass(frozen=True, slots=True)
class PintClass:
    """The sums of one category.

    Attributes:
        allowance: What the document's discount takes of it.
        rounding: What the stated total has beside taxable amount and tax.
    """

    category: Category
    taxable: Decimal
    tax: Decimal
    tax_jpy: Decimal | None
    allowance: Decimal
    rounding: Decimal


@dataclass(frozen=True, slots=True)
class PintAmounts:
    """All amounts of a digital invoice."""

    lines: tuple[PintLine, ...]
    classes: tuple[PintClass, ...]
    withholding: Decimal
    prepaid: Decimal
    digits: int

    def _sum(self, amounts: Sequence[Decimal]) -> Decimal:
        return sum(amounts, to_decimal(0, self.digits))

    @property
    def line_total(self) -> Decimal:
        """The sum of the lines."""
        return self._sum([one.net for one in self.lines])

    @property
    def allowances(self) -> Decimal:
        """The document's discount."""
        return self._sum([c.allowance for c in self.classes if c.allowance > 0])

    @property
    def charges(self) -> Decimal:
        """A discount that is taken back, as on a credit note."""
        return self._sum([-c.allowance for c in self.classes if c.allowance < 0])

    @property
    def exclusive(self) -> Decimal:
        """The total without tax."""
        return self.line_total - self.allowances + self.charges

    @property
    def tax(self) -> Decimal:
        """The tax of all categories."""
        return self._sum([one.tax for one in self.classes])

    @property
    def inclusive(self) -> Decimal:
        """The total with tax."""
        return self.exclusive + self.tax

    @property
    def rounding(self) -> Decimal:
        """What the total to be paid has beside that."""
        return self._sum([one.rounding for one in self.classes])

    @property
    def paid(self) -> Decimal:
        """What is not to be paid any more: paid before, or withheld for the state."""
        return self._sum([self.withholding, self.prepaid])

    @property
    def payable(self) -> Decimal:
        """What is to be paid."""
        return self.inclusive - self.paid + self.rounding


def amounts_of(paper: Paper) -> PintAmounts:
    """Return the amounts of a paper as JP PINT states them.

    Raises:
        BillingError: Its tax is not one rounding for each rate, as JP PINT wants it.
    """
    sums, document = paper.sums, paper.document
    by_line: dict[int, PintLine] = {}
    classes: list[PintClass] = []
    for total in sums.breakdown:
        places = [
            i
            for i, line in enumerate(document.lines)
            if line.tax_class is total.tax_class
        ]
        shown = [sums.line_amounts[i] for i in places]
        part = _Part(paper, total, shown)
        classes.append(part.sums())
        for place, net in zip(places, part.nets(), strict=True):
            by_line[place] = part.line(document.lines[place], net)
    return PintAmounts(
        lines=tuple(by_line[place] for place in sorted(by_line)),
        classes=tuple(classes),
        withholding=sums.withholding or Decimal(0),
        prepaid=document.prepaid,
        digits=document.digits,
    )


class _Part:
    """One class of a document on its way to JP PINT, in units of the currency."""

    def __init__(
        self, paper: Paper, total: ClassTotal, shown: Sequence[Decimal]
    ) -> None:
        self._document = paper.document
        self._digits = paper.document.digits
        self._registered = bool(paper.issuer.registration_number)
        inclusive = paper.document.price_mode is PriceMode.INCLUSIVE
        self._converted = inclusive is self._registered
        code = CATEGORIES[total.tax_class]
        self.category = Category(code, None if code == "O" else total.rate)
        self._total = total
        self._shown = [self._units(amount) for amount in shown]
        stated = total.total_incl if inclusive else total.base_excl
        self._discount = sum(self._shown) - self._units(stated)
        self._tax = self._units(total.tax) if self._registered else 0
        self._goal = self._units(
            total.base_excl if self._registered else total.total_incl
        )
        self._taxable = self._fitting()

    def _units(self, amount: Decimal) -> int:
        return whole_units(amount, self._digits)

    def _factor(self) -> Fraction:
        factor = 1 + Fraction(self._total.rate) / _HUNDRED
        return 1 / factor if self._registered else factor

    def _fitting(self) -> int:
        """Return the taxable amount of which the stated tax is one rounding.

        Tax that is computed out of a total may be one unit off what the amount without
        tax would give: 109 yen are 9 yen of tax and 100 yen, and those would give 10.
        JP PINT then states 99 yen, and one yen as the invoice's rounding amount.
        """
        if not self._registered or _is_one_rounding(self):
            return self._goal
        for step in (-1, 1):
            if self._converted and _is_one_rounding(self, step):
                return self._goal + step
        name = self._total.tax_class.japanese
        raise BillingError(
            where=f"JP PINT, {name}",
            what="the tax is not one rounding of the sum at this rate",
            remedy="Where each delivery slip is the qualified invoice, hand out the "
            "slips; JP PINT has one rounding for each rate on the invoice.",
        )

    def within(self, taxable: int) -> bool:
        """Say whether the stated tax is this amount's, rounded in whatever way."""
        exact = taxable * Fraction(self._total.rate) / _HUNDRED
        return math.floor(exact) <= self._tax <= math.ceil(exact)

    @property
    def goal(self) -> int:
        """What the invoice states for the class."""
        return self._goal

    def _allowance(self) -> int:
        if not self._converted:
            return self._discount
        return round_units(self._discount * self._factor(), 0, Rounding.ROUND)

    def sums(self) -> PintClass:
        """Return the sums of the class."""
        one = self._total
        taxed = self.category.is_taxed and self._registered
        return PintClass(
            category=self.category,
            taxable=to_decimal(self._taxable, self._digits),
            tax=to_decimal(self._tax, self._digits),
            tax_jpy=one.tax_jpy if taxed else None,
            allowance=to_decimal(self._allowance(), self._digits),
            rounding=to_decimal(self._goal - self._taxable, self._digits),
        )

    def nets(self) -> list[int]:
        """Return the lines' net amounts: together the taxable amount and allowance."""
        if not self._converted:
            return self._shown
        wanted = self._taxable + self._allowance()
        exact = [units * self._factor() for units in self._shown]
        nets = [math.floor(one) for one in exact]
        order = sorted(range(len(nets)), key=lambda i: (nets[i] - exact[i], i))
        left = wanted - sum(nets)
        step = 1 if left > 0 else -1
        for turn in range(abs(left)):
            nets[order[turn % len(order)]] += step
        return nets

    def line(self, line: Line, units: int) -> PintLine:
        """Return a line with its price: never negative, whatever the line is."""
        net = to_decimal(units, self._digits)
        own = line.price_mode in {None, self._document.price_mode}
        if self._converted or not own:
            return self._priced_by_its_net(line, net)
        quantity, price = line.quantity, line.unit_price
        if price < 0:
            quantity, price = -quantity, -price
        discount = to_decimal(self._units(line.discount), self._digits)
        return PintLine(line, self.category, net, quantity, price, Decimal(1), discount)

    def _priced_by_its_net(self, line: Line, net: Decimal) -> PintLine:
        """Return a converted line: the price of its whole quantity, so it is exact."""
        size = abs(line.quantity) or Decimal(1)
        quantity = -size if net < 0 else size
        if not net and line.quantity <= 0:
            quantity = line.quantity
        return PintLine(line, self.category, net, quantity, abs(net), size, Decimal(0))


def _is_one_rounding(part: _Part, step: int = 0) -> bool:
    return not part.category.is_taxed or part.within(part.goal + step)
