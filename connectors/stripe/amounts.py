"""Amounts of money as Stripe counts them: whole numbers of the smallest unit."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final, NamedTuple

_NO_DECIMALS: Final = frozenset(
    {
        "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd",
        "vuv", "xaf", "xof", "xpf",
    }
)  # fmt: skip
_THREE_DECIMALS: Final = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
_PECULIAR: Final = frozenset(["huf", "isk", "twd", "ugx"])
"""Currencies that Stripe counts by rules of their own: not offered."""

ROUNDINGS: Final = {
    "floor": ROUND_FLOOR,
    "round": ROUND_HALF_UP,
    "ceil": ROUND_CEILING,
}


class Rate(NamedTuple):
    """What a tax rate of the account says."""

    percentage: Decimal
    inclusive: bool


class UnfitError(ValueError):
    """Stripe would refuse the row, or be told something else than meant."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


def digits(currency: str) -> int:
    """Return how many decimal places the currency's smallest unit has.

    Raises:
        UnfitError: it is no currency, or one with rules of its own.
    """
    name = currency.lower()
    if len(name) != len("jpy") or not name.isalpha() or name in _PECULIAR:
        raise UnfitError("currency", f"the currency '{currency}' is not supported")
    if name in _NO_DECIMALS:
        return 0
    return 3 if name in _THREE_DECIMALS else 2


def number(value: object, name: str) -> Decimal:
    """Read a number; raises UnfitError on anything else, a float included."""
    if isinstance(value, bool | float) or value is None:
        raise UnfitError("number", f"'{name}' is no exact number")
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise UnfitError("number", f"'{name}' is no number") from None
    if not found.is_finite():
        raise UnfitError("number", f"'{name}' is no number")
    return found


def to_minor(amount: Decimal, currency: str, name: str = "amount") -> int:
    """Return an amount in the smallest unit.

    Raises:
        UnfitError: it is finer than the smallest unit: never rounded in silence.
    """
    scaled = amount.scaleb(digits(currency))
    if scaled != scaled.to_integral_value():
        words = f"'{name}' is finer than the smallest unit of {currency.lower()}"
        raise UnfitError("amount", words)
    if currency.lower() in _THREE_DECIMALS and scaled % 10:
        words = f"the last digit of '{name}' must be 0 in {currency.lower()}"
        raise UnfitError("amount", words)
    return int(scaled)


def to_major(amount: object, currency: str) -> Decimal | int | None:
    """Return Stripe's amount in the currency's usual unit."""
    if not isinstance(amount, int) or isinstance(amount, bool):
        return None
    places = _places(currency)
    return Decimal(amount).scaleb(-places) if places else amount


def _places(currency: str) -> int:
    try:
        return digits(currency)
    except UnfitError:
        return 2  # as Stripe writes those with rules of their own


def total(lines: Iterable[tuple[int, Rate | None]], rounding: str) -> int:
    """Return an invoice's total: each rate's tax is rounded once."""
    sums: dict[Rate | None, int] = {}
    for amount, rate in lines:
        sums[rate] = sums.get(rate, 0) + amount
    return sum(amount + tax(amount, rate, rounding) for rate, amount in sums.items())


def tax(amount: int, rate: Rate | None, rounding: str) -> int:
    """Return the tax that comes on top of an amount."""
    if rate is None or rate.inclusive:
        return 0
    exact = Decimal(amount) * rate.percentage / 100
    return int(exact.to_integral_value(ROUNDINGS[rounding]))
