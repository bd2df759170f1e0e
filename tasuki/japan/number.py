"""Amounts of money as Japanese documents write them."""

import re
from decimal import Decimal, localcontext

from tasuki.japan.text import folded_width, hyphenated

_MYRIADS = {"兆": 10**12, "億": 10**8, "万": 10**4}
_UNITS = {"千": 1000, "百": 100, "十": 10}
_KANJI_DIGITS = str.maketrans(
    "〇零一二三四五六七八九壱壹弐貳参參伍拾萬仟佰", "001234567891122335十万千百"
)

_BRACKETED = re.compile(r"\(([^()]*)\)")
_AMOUNT = re.compile(
    r"金?\s*(?P<sign>[-+△▲]?)\s*(?P<yen>[¥\\]|JPY|円)?\s*(?P<inner>[-+△▲]?)\s*"
    r"(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?|(?=[^0-9]*[0-9])[兆億万千百十0-9.,]+)"
    r"\s*(?:円|JPY|yen)?\s*(?:也|整)?\s*\.?-*",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
_SECTION = re.compile(r"([0-9,]+(?:\.[0-9]+)?)?([千百十])|([0-9,]+(?:\.[0-9]+)?)$")
_MAX_LENGTH = 60
_EXACT = 100  # digits: more than a text of that length can make
_NEGATIVE = frozenset({"-", "△", "▲", "("})


def amount(value: str | int | Decimal | None) -> Decimal | None:
    """Return an amount in yen, or None where anything but an amount is said.

    A note on tax is no part of an amount, and another currency than yen is never taken
    for yen: both give None. △, ▲, brackets and a leading minus make it negative; a dash
    behind it is the cheque style and does not.

    Example:
        >>> amount("￥１，２３４，５６７"), amount("△1,000"), amount("1億2,500万円")
        (Decimal('1234567'), Decimal('-1000'), Decimal('125000000'))
        >>> amount("1,000円（税込）") is None
        True
    """
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if len(value) > _MAX_LENGTH:
        return None
    written = hyphenated(folded_width(value)).translate(_KANJI_DIGITS).strip()
    return _signed(written)


def yen_in_words(value: int | Decimal) -> str:
    """Return whole yen with 兆, 億 and 万, as amounts stand in running text.

    Example:
        >>> yen_in_words(125_000_000), yen_in_words(-30_000), yen_in_words(0)
        ('1億2,500万円', '-3万円', '0円')
    """
    rest, parts = abs(int(value)), []
    for unit, worth in {"兆": 10**12, "億": 10**8, "万": 10**4, "": 1}.items():
        count, rest = divmod(rest, worth)
        if count:
            parts.append(f"{count:,}{unit}")
    sign = "-" if value <= -1 else ""
    return f"{sign}{''.join(parts) or '0'}円"


def _signed(written: str) -> Decimal | None:
    opened = written.replace("¥(", "(¥").replace(")円", ")")
    bracketed = _BRACKETED.fullmatch(opened)
    found = _AMOUNT.fullmatch(bracketed[1].strip() if bracketed else written)
    if found is None:
        return None
    signs = ("(" if bracketed else "") + found["sign"] + found["inner"]
    number = _number(found["number"]) if len(signs) <= 1 else None
    return -number if number and signs in _NEGATIVE else number


def _number(written: str) -> Decimal | None:
    """Return the value of digits, with 兆, 億, 万, 千, 百, 十 or without."""
    if _GROUPED.fullmatch(written):
        return Decimal(written.replace(",", ""))
    with localcontext(prec=_EXACT):
        return _of_units(written)


def _of_units(written: str) -> Decimal | None:
    total, rest = Decimal(0), written
    for myriad, worth in _MYRIADS.items():
        before, found, after = rest.partition(myriad)
        if found:
            part = _section(before)
            if part is None:
                return None
            total, rest = total + part * worth, after
    if rest:
        part = _section(rest)
        if part is None:
            return None
        total += part
    whole = total.to_integral_value()
    return whole if whole == total else total.normalize()


def _section(written: str) -> Decimal | None:
    """Return the value of what stands before one 兆, 億 or 万: 「5千」, 「1,200」."""
    total, place, last_unit = Decimal(0), 0, 10**4
    while place < len(written):
        found = _SECTION.match(written, place)
        if found is None:
            return None
        digits, unit = found[1] or found[3], _UNITS.get(found[2] or "", 1)
        if unit >= last_unit or (digits and not _GROUPED.fullmatch(digits)):
            return None
        total += Decimal(digits.replace(",", "") if digits else 1) * unit
        place, last_unit = found.end(), unit
    return total if written else None
