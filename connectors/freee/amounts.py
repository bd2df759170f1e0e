"""The sums that freee computes for an invoice request: one rounding per tax rate."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

RATES: Final = {"10": 10, "8": 8, "8_reduced": 8, "0": 0}
"""How freee names the rates in `amount_tax_10` and its like."""


def rounded(amount: Fraction, mode: str) -> int:
    """Round to whole yen as `omit`, `round_up` and `round` do, by absolute value."""
    size = abs(amount)
    if mode == "round_up":
        units = math.ceil(size)
    elif mode == "round":
        units = math.floor(size + Fraction(1, 2))
    else:
        units = math.floor(size)
    return -units if amount < 0 else units


def line_amount(line: Mapping[str, object], mode: str) -> int:
    """Return quantity times unit price of an item line, in whole yen."""
    quantity = Fraction(Decimal(str(line["quantity"])))
    return rounded(quantity * Fraction(Decimal(str(line["unit_price"]))), mode)


def rate_name(line: Mapping[str, object]) -> str:
    """Return the rate of a line by freee's name."""
    rate = int(str(line["tax_rate"]))
    return "8_reduced" if line.get("reduced_tax_rate") else str(rate)


def sums(request: Mapping[str, object]) -> dict[str, int | None]:
    """Return freee's `amount_*` and `total_amount` of an invoice request."""
    line_mode = str(request.get("line_amount_fraction") or "omit")
    tax_mode = str(request["tax_fraction"])
    lines = request.get("lines")
    buckets: dict[str, int] = {}
    for line in lines if isinstance(lines, Sequence) else ():
        if line.get("type", "item") == "item":
            name = rate_name(line)
            buckets[name] = buckets.get(name, 0) + line_amount(line, line_mode)
    found: dict[str, int | None] = {}
    for name, rate in RATES.items():
        if name not in buckets:
            found |= dict.fromkeys(_names(name))
            continue
        amount = buckets[name]
        if request["tax_entry_method"] == "in":
            tax = rounded(Fraction(amount * rate, 100 + rate), tax_mode)
            parts = (amount, amount - tax, tax)
        else:
            tax = rounded(Fraction(amount * rate, 100), tax_mode)
            parts = (amount + tax, amount, tax)
        found |= zip(_names(name), parts, strict=True)
    for kind in ("including_tax", "excluding_tax", "tax"):
        found[f"amount_{kind}"] = sum(
            found[f"amount_{kind}_{name}"] or 0 for name in RATES
        )
    found["total_amount"] = found["amount_including_tax"]
    return found


def _names(rate: str) -> tuple[str, str, str]:
    return (
        f"amount_including_tax_{rate}",
        f"amount_excluding_tax_{rate}",
        f"amount_tax_{rate}",
    )
