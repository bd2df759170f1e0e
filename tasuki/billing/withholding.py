"""Withholding income tax (源泉徴収) on the fees of individuals."""

from fractions import Fraction
from typing import Final

from tasuki.billing.rounding import Rounding, round_units
from tasuki.billing.values import WithholdingKind

# 所得税法 204条・205条 with the reconstruction surtax; 国税庁 No.2795.
_RATE: Final = Fraction(1021, 10000)
_HIGH_RATE: Final = Fraction(2042, 10000)
_THRESHOLD: Final = 1_000_000
_TAX_AT_THRESHOLD: Final = 102_100
# 所得税法施行令 322条: what judicial scriveners and some others deduct per payment.
_SCRIVENER_ALLOWANCE: Final = 10_000


def withholding_tax(base: int, kind: WithholdingKind = WithholdingKind.FEE) -> int:
    """Return the tax to withhold from one payment, in yen; fractions are dropped.

    A negative base gives the mirror of the positive one.

    Example:
        >>> withholding_tax(1_500_000)
        204200
    """
    size = abs(base)
    if kind is WithholdingKind.JUDICIAL_SCRIVENER:
        tax = _dropped(max(0, size - _SCRIVENER_ALLOWANCE) * _RATE)
    elif size <= _THRESHOLD:
        tax = _dropped(size * _RATE)
    else:
        tax = _dropped((size - _THRESHOLD) * _HIGH_RATE) + _TAX_AT_THRESHOLD
    return -tax if base < 0 else tax


def _dropped(amount: Fraction) -> int:
    return round_units(amount, 0, Rounding.FLOOR)
