"""Parts of an amount: instalments that add up, and days of a period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from tasuki.billing.errors import BillingError
from tasuki.billing.rounding import (
    Rounding,
    largest_remainder,
    round_units,
    to_decimal,
    whole_units,
)

_FIXED_MONTH: Final = 30


class Remainder(StrEnum):
    """Which part takes the units that do not divide."""

    FIRST = "first"
    LAST = "last"
    SPREAD = "spread"


class ProrateMethod(StrEnum):
    """How the days of a period are counted."""

    ACTUAL_DAYS = "actual_days"
    FIXED_30 = "fixed_30"


@dataclass(frozen=True, slots=True)
class Prorated:
    """The share of a period's price for the days of use."""

    used_days: int
    period_days: int
    amount: Decimal


def split(
    amount: Decimal,
    weights: Sequence[Decimal | int],
    remainder: Remainder = Remainder.LAST,
    digits: int = 0,
) -> tuple[Decimal, ...]:
    """Divide an amount by weights into parts that add up to it exactly.

    With ``spread`` the units left over go one each to the parts that lost most by
    rounding down.

    Raises:
        BillingError: A weight is negative, or there is none above zero.

    Example:
        >>> split(Decimal(100), [1, 1, 1], Remainder.FIRST)
        (Decimal('34'), Decimal('33'), Decimal('33'))
    """
    if any(weight < 0 for weight in weights) or not any(weights):
        raise BillingError(
            where="weights", what="must not be negative, and one must be above zero"
        )
    exact = [Fraction(weight) for weight in weights]
    total = whole_units(amount, digits)
    if remainder is Remainder.SPREAD:
        parts = list(largest_remainder(total, exact))
    else:
        whole = sum(exact)
        parts = [round_units(total * w / whole, 0, Rounding.FLOOR) for w in exact]
        taker = 0 if remainder is Remainder.FIRST else -1
        parts[taker] += total - sum(parts)
    return tuple(to_decimal(part, digits) for part in parts)


def prorate(
    amount: Decimal,
    period: tuple[date, date],
    use: tuple[date, date],
    *,
    method: ProrateMethod = ProrateMethod.ACTUAL_DAYS,
    rounding: Rounding = Rounding.FLOOR,
    digits: int = 0,
) -> Prorated:
    """Return the price for the part of a period that was used; both ends count.

    ``fixed_30`` takes every month as 30 days and never charges more than the whole.

    Raises:
        BillingError: The period ends before it starts.
    """
    start, end = max(period[0], use[0]), min(period[1], use[1])
    period_days = (period[1] - period[0]).days + 1
    if period_days < 1:
        raise BillingError(
            where="period", what=f"ends on {period[1]}, before it starts"
        )
    used_days = max(0, (end - start).days + 1)
    if method is ProrateMethod.FIXED_30:
        period_days = _FIXED_MONTH
        used_days = min(used_days, _FIXED_MONTH)
    share = Fraction(amount) * used_days / period_days
    return Prorated(
        used_days, period_days, to_decimal(round_units(share, digits, rounding), digits)
    )
