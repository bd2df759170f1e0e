"""Consumption tax classes, and their rates by the date of supply."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from tasuki.billing.errors import BillingError
from tasuki.billing.rounding import exact_decimal


class TaxClass(StrEnum):
    """How a line is taxed; the order is the order of every breakdown."""

    STANDARD = "standard"
    REDUCED = "reduced"
    LEGACY8 = "legacy8"
    EXEMPT = "exempt"
    EXPORT = "export"
    OUT_OF_SCOPE = "out_of_scope"

    @property
    def japanese(self) -> str:
        """The name that a Japanese back office uses."""
        return _JAPANESE[self]


_JAPANESE: Final[Mapping[TaxClass, str]] = {
    TaxClass.STANDARD: "課税（標準税率）",
    TaxClass.REDUCED: "課税（軽減税率）",
    TaxClass.LEGACY8: "課税（旧税率8%）",
    TaxClass.EXEMPT: "非課税",
    TaxClass.EXPORT: "輸出免税",
    TaxClass.OUT_OF_SCOPE: "不課税・対象外",
}


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A rate in percent for supplies from a day on."""

    since: date
    percent: Decimal


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates of every taxed class, each in order of date.

    A class without an entry carries no tax: its rate is zero on every day.
    """

    rates: Mapping[TaxClass, tuple[DatedRate, ...]]

    def percent(self, tax_class: TaxClass, supplied_on: date | None = None) -> Decimal:
        """Return the rate in percent for a supply of a day, by default the newest.

        Raises:
            BillingError: The class did not exist on that day.
        """
        dated = self.rates.get(tax_class, ())
        if not dated:
            return Decimal(0)
        if supplied_on is None:
            return dated[-1].percent
        valid = [rate.percent for rate in dated if rate.since <= supplied_on]
        if not valid:
            raise BillingError(
                where=f"tax class {tax_class}",
                what=f"no rate for a supply of {supplied_on}",
            )
        return valid[-1]


def _dated(year: int, month: int, day: int, percent: int) -> DatedRate:
    return DatedRate(date(year, month, day), Decimal(percent))


# 消費税法 29条 and 地方税法 72条の83, national and local part together. The reduced
# rate and the transitional old 8 % both began with the change of October 2019.
JAPAN_RATES: Final = RateTable(
    {
        TaxClass.STANDARD: (
            _dated(1989, 4, 1, 3),
            _dated(1997, 4, 1, 5),
            _dated(2014, 4, 1, 8),
            _dated(2019, 10, 1, 10),
        ),
        TaxClass.REDUCED: (_dated(2019, 10, 1, 8),),
        TaxClass.LEGACY8: (_dated(2019, 10, 1, 8),),
    }
)

# The share of the tax on purchases from unregistered sellers that a buyer may still
# deduct (平成28年改正法附則 52条・53条; the steps from October 2026 follow the
# outline of the 2026 tax reform, whose enacted text was not at hand).
_INPUT_CREDIT: Final = (
    _dated(2023, 10, 1, 80),
    _dated(2026, 10, 1, 70),
    _dated(2028, 10, 1, 50),
    _dated(2030, 10, 1, 30),
    _dated(2031, 10, 1, 0),
)


def input_credit_percent(
    supplied_on: date, steps: tuple[DatedRate, ...] = _INPUT_CREDIT
) -> Decimal:
    """Return the deductible share of tax paid to an unregistered seller, in percent."""
    valid = [step.percent for step in steps if step.since <= supplied_on]
    return valid[-1] if valid else Decimal(100)


_WORDS: Final[Mapping[str, TaxClass]] = {
    **{tax_class.value: tax_class for tax_class in TaxClass},
    **dict.fromkeys(("標準", "標準税率", "標準税率対象"), TaxClass.STANDARD),
    **dict.fromkeys(
        ("軽減", "軽減税率", "軽減対象", "軽減税率対象", "reducedrate"),
        TaxClass.REDUCED,
    ),
    **dict.fromkeys(("旧税率", "経過措置"), TaxClass.LEGACY8),
    **dict.fromkeys(("非課税", "非課税取引"), TaxClass.EXEMPT),
    **dict.fromkeys(
        ("免税", "輸出", "輸出免税", "輸出免税取引", "免税取引"), TaxClass.EXPORT
    ),
    **dict.fromkeys(
        (
            "対象外",
            "不課税",
            "課税対象外",
            "税対象外",
            "消費税対象外",
            "不課税取引",
            "不課税・対象外",
            "outofscope",
        ),
        TaxClass.OUT_OF_SCOPE,
    ),
}

_NUMBER: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<percent>%|パーセント)?")
_REDUCED_WORDS: Final = ("軽減税率対象", "軽減税率", "軽減対象", "軽減", "reduced", "※")
_OLD_WORDS: Final = ("旧税率", "経過措置", "旧")
_FILLERS: Final = ("標準税率", "消費税率", "消費税", "税率", "課税", "標準", "standard")
_FLAGS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "1", "on", "はい", "有", "対象", "軽減"), True),
    **dict.fromkeys(("false", "no", "0", "off", "いいえ", "無", "対象外"), False),
}

_REMEDY: Final = (
    "Accepted: 10, 8 with a reduced-rate flag, 0, 軽減8%, 旧8%, 非課税, 免税, 対象外, "
    "or a class: " + ", ".join(TaxClass) + "."
)


def tax_class(rate: object, reduced: object = None) -> str | None:
    """Name the tax class for what a CRM holds about a line.

    Args:
        rate: A percentage as a number or text (10, "10%", "8"), a fraction (0.1), a
            word (非課税, 対象外, 免税, 軽減8%) or the name of a class.
        reduced: Whether the reduced rate applies, where the CRM has a field for it.
            With 8 %, true is the reduced rate and false the old rate of 2014.

    Returns:
        The class name. None when the rate is blank. A bare 0 is exempt (非課税): the
            sums of all untaxed classes are equal, the others have their words.

    Raises:
        BillingError: The rate is unknown, contradicts the flag, or is a bare 8 %, which
            is two different classes in Japan.

    Example:
        >>> tax_class("８％", reduced=True)
        'reduced'
    """
    text = _plain_text(rate)
    if not text:
        return None
    flag = _flag(reduced)
    found = _WORDS.get(text) or _class_of_percentage(text, rate, flag)
    if flag is not None and not _agrees(found, reduced=flag):
        raise BillingError(
            where=f'tax rate "{rate}"',
            what=f"contradicts the reduced-rate flag {flag}",
            remedy=_REMEDY,
        )
    return found.value


def _agrees(found: TaxClass, *, reduced: bool) -> bool:
    return (found is TaxClass.REDUCED) == reduced


def _class_of_percentage(text: str, rate: object, flag: bool | None) -> TaxClass:  # noqa: FBT001  three states, passed on as read
    text, is_reduced = _without(text, _REDUCED_WORDS)
    text, is_old = _without(text, _OLD_WORDS)
    text, _ = _without(text, _FILLERS)
    match = _NUMBER.fullmatch(text)
    percent = _percent(match) if match else None
    if percent == Decimal(8) and not (is_reduced and is_old):
        return _class_of_eight(
            rate, is_reduced or (None if not is_old else False), flag
        )
    plain = {Decimal(10): TaxClass.STANDARD, Decimal(0): TaxClass.EXEMPT}
    if percent in plain and not is_reduced and not is_old:
        return plain[percent]
    raise BillingError(
        where=f'tax rate "{rate}"', what="belongs to no tax class", remedy=_REMEDY
    )


def _class_of_eight(rate: object, told: bool | None, flag: bool | None) -> TaxClass:  # noqa: FBT001  three states
    reduced = flag if told is None else told
    if reduced is None:
        raise BillingError(
            where=f'tax rate "{rate}"',
            what="8 % is the reduced rate or the old rate, and no flag says which",
            remedy="Map a field that says whether the reduced rate applies: "
            "tax_class(rate, reduced).",
        )
    return TaxClass.REDUCED if reduced else TaxClass.LEGACY8


def _percent(match: re.Match[str]) -> Decimal:
    number = exact_decimal(match["number"])
    # No Japanese rate is below one percent: 0.1 is how some CRMs store 10 %.
    if not match["percent"] and 0 < number < 1:
        return number * 100
    return number


def _plain_text(value: object) -> str:
    """Return a rate or flag as bare text; empty only where there was nothing."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise BillingError(
            where="tax rate",
            what=f"a {type(value).__name__} is neither a rate nor a word",
            remedy=_REMEDY,
        )
    text = unicodedata.normalize("NFKC", str(value)).casefold()
    return re.sub(r"[\s()\[\]【】]", "", text) or "-"


def _flag(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    text = _plain_text(value)
    if not text:
        return None
    if text not in _FLAGS:
        raise BillingError(
            where="reduced-rate flag",
            what=f'"{value}" is neither true nor false',
            remedy=_REMEDY,
        )
    return _FLAGS[text]


def _without(text: str, words: tuple[str, ...]) -> tuple[str, bool]:
    for word in words:
        if word in text:
            return text.replace(word, "", 1), True
    return text, False
