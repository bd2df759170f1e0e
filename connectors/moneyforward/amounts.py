"""The sums Money Forward computes for an invoice, by the office's own rounding."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

RATES: Final[Mapping[str, int]] = {
    "untaxable": 0,
    "non_taxable": 0,
    "tax_exemption": 0,
    "five_percent": 5,
    "eight_percent": 8,
    "eight_percent_as_reduced_tax_rate": 8,
    "ten_percent": 10,
}
"""Money Forward's kinds of tax (`excise`), and their percent."""

CLASSES: Final[Mapping[str, str]] = {
    "standard": "ten_percent",
    "reduced": "eight_percent_as_reduced_tax_rate",
    "legacy8": "eight_percent",
    "exempt": "non_taxable",
    "export": "tax_exemption",
    "out_of_scope": "untaxable",
}
"""Our tax classes, and what Money Forward calls them."""

ROUNDING: Final[Mapping[str, str]] = {
    "floor": "round_down",
    "round": "round_off",
    "ceil": "round_up",
}
"""Our words for rounding, and Money Forward's."""

_OURS: Final = {theirs: ours for ours, theirs in ROUNDING.items()}
_DISPLAY: Final = {"exclusive": "external", "inclusive": "internal"}


@dataclass(frozen=True, slots=True)
class Config:
    """How an office computes: its settings, as each of its invoices repeats them."""

    rounding: str = "round_down"
    rounding_consumption_tax: str = "round_down"
    consumption_tax_display_type: str = "external"

    @classmethod
    def of(cls, row: Mapping[str, object]) -> "Config | None":
        """Return what an invoice says; None where it does not."""
        told = row.get("config")
        if not isinstance(told, Mapping):
            return None
        names = (
            "rounding",
            "rounding_consumption_tax",
            "consumption_tax_display_type",
        )
        texts = [str(told.get(name) or "") for name in names]
        return cls(*texts) if all(texts) else None

    def differs(self, fields: Mapping[str, object], price_mode: str) -> str:
        """Return what the fields want otherwise than the office does; "" for nothing.

        Money Forward has no way to say it for one invoice.
        """
        wanted = {
            "line_rounding": (ROUNDING, self.rounding),
            "tax_rounding": (ROUNDING, self.rounding_consumption_tax),
            "price_mode": (_DISPLAY, self.consumption_tax_display_type),
        }
        asked = {"price_mode": price_mode} | {
            name: str(fields[name]) for name in wanted if fields.get(name)
        }
        return "; ".join(
            f"{name} is {asked[name]}, the office has {own}"
            for name, (words, own) in wanted.items()
            if name in asked and words.get(asked[name]) != own
        )

    def as_ours(self) -> dict[str, object]:
        """Return the office's rounding in Tasuki's words."""
        pairs = {
            "line_rounding": self.rounding,
            "tax_rounding": self.rounding_consumption_tax,
        }
        return {name: _OURS[word] for name, word in pairs.items() if word in _OURS}


def rounded(amount: Fraction, mode: str) -> int:
    """Round to whole yen by absolute value, as Money Forward names it."""
    size = abs(amount)
    if mode == "round_up":
        units = math.ceil(size)
    elif mode == "round_off":
        units = math.floor(size + Fraction(1, 2))
    else:
        units = math.floor(size)
    return -units if amount < 0 else units


def line_amount(line: Mapping[str, object], mode: str) -> int:
    """Return quantity times price of a line, in whole yen."""
    exact = Fraction(Decimal(str(line["quantity"])))
    return rounded(exact * Fraction(Decimal(str(line["price"]))), mode)


def sums(lines: Sequence[Mapping[str, object]], config: Config) -> dict[str, int]:
    """Return an invoice's amounts by Money Forward's names."""
    inside = config.consumption_tax_display_type == "internal"
    buckets = dict.fromkeys(RATES, 0)
    for line in lines:
        buckets[str(line["excise"])] += line_amount(line, config.rounding)
    found: dict[str, int] = {}
    for name, rate in RATES.items():
        amount = buckets[name]
        share = Fraction(amount * rate, 100 + rate if inside else 100)
        tax = rounded(share, config.rounding_consumption_tax)
        found[f"excise_price_of_{name}"] = tax
        found[f"subtotal_of_{name}_excise"] = amount - tax if inside else amount
        found[f"subtotal_with_tax_of_{name}_excise"] = (
            amount if inside else amount + tax
        )
    kinds: Mapping[Literal["excise_price", "subtotal_price", "total_price"], str] = {
        "excise_price": "excise_price_of_{}",
        "subtotal_price": "subtotal_of_{}_excise",
        "total_price": "subtotal_with_tax_of_{}_excise",
    }
    for total, part in kinds.items():
        found[total] = sum(found[part.format(name)] for name in RATES)
    return found


def stated(row: Mapping[str, object], price_mode: str) -> dict[str, object]:
    """Return the sums that an invoice states, in Tasuki's words, and how it rounds.

    Empty where it states none. What a class comes to with tax is only filled where
    prices contain it, so the side that the office shows is taken.
    """
    if row.get("total_price") is None or row.get("excise_price") is None:
        return {}
    config = Config.of(row)
    breakdown: dict[str, dict[str, object]] = {}
    inside = bool(config) and config.consumption_tax_display_type == "internal"  # type: ignore[union-attr]
    for ours, theirs in CLASSES.items():
        base = row.get(f"subtotal_of_{theirs}_excise")
        whole = row.get(f"subtotal_with_tax_of_{theirs}_excise")
        side = {"total_incl": whole} if inside else {"base_excl": base}
        tax = row.get(f"excise_price_of_{theirs}")
        parts = {name: value for name, value in side.items() if value is not None}
        breakdown[ours] = parts | ({"tax": tax} if tax is not None else {})
    found: dict[str, object] = {
        "tax_total": row["excise_price"],
        "breakdown": breakdown,
        "price_mode": price_mode,
    }
    if row.get("deduct_price"):  # whether the total is before it is not documented
        found["withholding"] = row["deduct_price"]
    else:
        found["total_incl"] = row["total_price"]
    return found | (config.as_ours() if config else {})
