"""Rates, percentiles and spans as the report gives them: exact, or nothing at all."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import ceil, sqrt
from typing import Final

_FOUR: Final = Decimal("0.0001")
_Z95: Final = 1.959963984540054
SECONDS_PER_HOUR: Final = 3_600
SECONDS_PER_DAY: Final = 86_400


def rate(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Return part/whole with four places; None where the whole is nothing.

    Example:
        >>> rate(2, 3), rate(1, 0)
        (Decimal('0.6667'), None)
    """
    return rounded(Decimal(part) / Decimal(whole)) if whole else None


def rounded(value: Decimal, to: Decimal = _FOUR) -> Decimal:
    """Return a value rounded half up, four places unless told otherwise."""
    return value.quantize(to, ROUND_HALF_UP) + 0  # no minus zero


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the nearest rank of sorted values; None where there are none.

    Example:
        >>> percentile([0.5, 1.0, 2.0, 48.0], 50), percentile([1.0, 2.0], 90)
        (1.0, 2.0)
    """
    if not values:
        return None
    return values[max(ceil(percent * len(values) / 100), 1) - 1]


def hours(time: timedelta) -> float:
    """Return elapsed hours, four places."""
    return round(time.total_seconds() / SECONDS_PER_HOUR, 4)


def days(time: timedelta) -> float:
    """Return elapsed days, four places."""
    return round(time.total_seconds() / SECONDS_PER_DAY, 4)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the Wilson 95 % interval of a share.

    Example:
        >>> tuple(round(one, 4) for one in wilson(8, 10))
        (0.4902, 0.9433)
    """
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, _Z95 * _Z95
    middle = share + square / (2 * whole)
    reach = _Z95 * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    return max((middle - reach) / scale, 0.0), min((middle + reach) / scale, 1.0)
