"""How the account rounds its tax."""

from decimal import ROUND_HALF_UP, Decimal

from .rules import Row


def half_up_tax(rate: Row, amount: int) -> int:
    """Return the tax on top of an amount; none where it is inside."""
    percent = Decimal(str(rate["percentage"]))
    return 0 if rate["inclusive"] else half_up(Decimal(amount) * percent / 100)


def half_up(amount: Decimal) -> int:
    """Return the nearest whole unit, a half away from zero."""
    return int(amount.to_integral_value(ROUND_HALF_UP))
