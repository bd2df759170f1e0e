"""Exact amounts in whole units of a currency, and every rounding of billing.

Amounts are integers of the smallest unit (yen, cents) while they are computed, so
nothing is lost between two roundings.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from tasuki.billing.errors import BillingError

# ISO 4217 currencies without a minor unit, and those with three digits.
_WHOLE_UNIT: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"}
    | {"RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_DIGITS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

# A number outside is a mistake; it would also make exact arithmetic arbitrarily slow.
_LARGEST_EXPONENT: Final = 18


class Rounding(StrEnum):
    """How a fraction of the smallest unit is treated: 切捨て, 四捨五入, 切上げ.

    It acts on the absolute value and the sign is restored, so a credit note is the
    exact mirror of its invoice.
    """

    FLOOR = "floor"
    ROUND = "round"
    CEIL = "ceil"


def minor_digits(currency: str) -> int:
    """Return how many decimals an amount in the currency has; yen has none."""
    if currency in _WHOLE_UNIT:
        return 0
    return 3 if currency in _THREE_DIGITS else 2


def round_units(amount: Fraction, digits: int, mode: Rounding) -> int:
    """Round an exact amount to whole units of ``10 ** -digits``.

    Example:
        >>> round_units(Fraction(-10155, 10), 0, Rounding.FLOOR)
        -1015
    """
    scaled = abs(amount) * _scale(digits)
    if mode is Rounding.FLOOR:
        units = math.floor(scaled)
    elif mode is Rounding.CEIL:
        units = math.ceil(scaled)
    else:
        units = math.floor(scaled + Fraction(1, 2))
    return -units if amount < 0 else units


def whole_units(amount: Decimal, digits: int) -> int:
    """Return the amount in units of ``10 ** -digits``.

    Raises:
        BillingError: The amount is finer than the currency allows; rounding it here
            would hide a decision that belongs to the mapping.
    """
    scaled = Fraction(amount) * _scale(digits)
    if scaled.denominator != 1:
        raise BillingError(
            where=f"amount {amount}",
            what=f"has more than the {digits} decimals of its currency",
        )
    return scaled.numerator


def _scale(digits: int) -> int:
    return int(10**digits)


def to_decimal(units: int, digits: int) -> Decimal:
    """Return units as an amount with exactly ``digits`` decimals; never ``-0``."""
    return Decimal(f"{units}e-{digits}")


def exact_decimal(value: object) -> Decimal:
    """Read a number that takes part in money.

    Args:
        value: A Decimal, an integer or a plain decimal text. A float is refused: its
            value is already not what was meant.

    Raises:
        BillingError: It is none of these, or not finite, or absurdly large or fine.
    """
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise BillingError(
            where="amount", what=f"a {type(value).__name__} is not a decimal number"
        )
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise BillingError(
            where="amount", what="the text is not a decimal number"
        ) from None
    if not number.is_finite():
        raise BillingError(where="amount", what="the number is not finite")
    smallest = number.as_tuple().exponent
    if isinstance(smallest, int) and (
        number.adjusted() > _LARGEST_EXPONENT or smallest < -_LARGEST_EXPONENT
    ):
        raise BillingError(
            where="amount", what=f"the number is beyond {_LARGEST_EXPONENT} digits"
        )
    return number


def largest_remainder(total: int, weights: Sequence[Fraction | int]) -> tuple[int, ...]:
    """Divide units in proportion to weights so that the parts add up exactly.

    What is left after rounding down goes to the largest fractions, one unit each;
    between equal fractions to the earlier.

    Raises:
        BillingError: The weights add up to zero while there is something to divide.
    """
    whole = Fraction(sum(weights))
    if not whole:
        if total:
            raise BillingError(where="allocation", what="the weights add up to zero")
        return tuple(0 for _ in weights)
    size = abs(total)
    quotas = [size * Fraction(weight) / whole for weight in weights]
    parts = [math.floor(quota) for quota in quotas]
    by_fraction = sorted(range(len(parts)), key=lambda i: (parts[i] - quotas[i], i))
    for i in by_fraction[: size - sum(parts)]:
        parts[i] += 1
    return tuple(-part for part in parts) if total < 0 else tuple(parts)
