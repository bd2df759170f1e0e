"""The values formulas work on: text, exact numbers, dates, lists; never a float."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import (
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from types import NoneType
from typing import Self

from tasuki.formula.errors import RefusedValueError
from tasuki.formula.limits import MAX_DIGITS, MAX_EXPONENT, MAX_TEXT, MAX_WHOLE
from tasuki.japan.dates import parse_date

JAPAN = timezone(timedelta(hours=9), "Asia/Tokyo")  # no daylight saving since 1951

# Its own context: a formula gives the same result whatever the ambient context is.
ARITHMETIC = Context(
    prec=MAX_DIGITS,
    Emin=-MAX_EXPONENT,
    Emax=MAX_EXPONENT,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)

EXACT = frozenset({int, Decimal})
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_LONGEST_DATE = 60
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_EPOCH_MILLISECONDS = re.compile(r"-?\d{11,13}", re.ASCII)


class NamedList(tuple[object, ...]):  # noqa: SLOT001 - a tuple cannot have slots
    """A list of the project; membership costs the same however long it is."""

    members: frozenset[object]

    def __new__(cls, items: Iterable[object]) -> Self:
        """Keep the order, and a set beside it."""
        made = super().__new__(cls, items)
        made.members = frozenset(item for item in made if type(item) is str)
        return made


_KINDS: dict[type, str] = {
    NoneType: "nothing",
    bool: "true/false",
    str: "text",
    int: "a number",
    float: "a number",
    Decimal: "a number",
    datetime: "a time",
    date: "a date",
    dict: "a record",
    list: "a list",
    tuple: "a list",
    set: "a list",
    frozenset: "a list",
}


def kind(value: object) -> str:
    """Name the kind of a value, for messages: never the value itself."""
    found = _KINDS.get(type(value))
    if found is not None:
        return found
    if isinstance(value, Mapping):
        return "a record"
    # datetime is a date and bool a number, so the order of the table matters.
    return next((name for each, name in _KINDS.items() if isinstance(value, each)), "?")


def masked(value: object) -> str:
    """Say what kind of value it is and how large, for messages: never what it says."""
    if isinstance(value, str):
        plural = "" if len(value) == 1 else "s"
        return f"text of {len(value)} character{plural}" if value else "empty text"
    if isinstance(value, list | tuple | set | frozenset):
        return f"a list of {len(value)} items"
    return kind(value)


def exact(value: object) -> object:
    """Return the value, a float as the decimal number it was written as."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise RefusedValueError(reason="not a finite number")
    return Decimal(repr(float(value)))


def bounded(number: int | Decimal) -> int | Decimal:
    """Return the number, unless it has more digits than money or counts ever need."""
    if type(number) is int:
        if -MAX_WHOLE < number < MAX_WHOLE:
            return number
    elif isinstance(number, Decimal) and number.is_finite():
        # adjusted() is the exponent of the first digit; a zero may carry any.
        if abs(number.adjusted()) <= MAX_EXPONENT:
            return number
        if not number:
            return Decimal(0)
    elif isinstance(number, int):
        return bounded(int(number))
    raise RefusedValueError(reason=f"a number of more than {MAX_DIGITS} digits")


def as_number(value: object) -> int | Decimal:
    """Return a number that is one already; text is not silently a number."""
    if type(value) in EXACT:
        return bounded(value)  # type: ignore[arg-type]  # EXACT says so
    if type(value) is float:
        return bounded(exact(value))  # type: ignore[arg-type]  # no float is left
    if isinstance(value, str):
        raise RefusedValueError(
            reason="text where a number is needed", remedy="Use number(x)."
        )
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise RefusedValueError(reason=f"{kind(value)} where a number is needed")
    return bounded(exact(value))  # type: ignore[arg-type]  # no float is left


def read_number(text: str) -> int | Decimal | None:
    """Read a number that came as text: "82", "1,234", "１２．５"; blank is nothing."""
    if text.isdecimal() and text.isascii() and len(text) <= MAX_DIGITS:
        return int(text)
    if len(text) > 4 * MAX_DIGITS:
        raise RefusedValueError(reason="text too long to be a number")
    plain = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    if not plain:
        return None
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        raise RefusedValueError(reason="the text is not a number")
    number = Decimal(plain)
    if len(number.as_tuple().digits) > MAX_DIGITS:
        raise RefusedValueError(reason=f"a number of more than {MAX_DIGITS} digits")
    if "." in plain or "e" in plain.lower():
        return bounded(number)
    return int(number)


def looks_numeric(text: str) -> bool:
    """Tell whether the text is a number, so that ordering it as text is a mistake."""
    return len(text) <= MAX_DIGITS and _NUMBER.fullmatch(text.strip()) is not None


def plain_number(value: int | Decimal) -> str:
    """Write a number as people do: no exponent, no zeros behind the last digit."""
    if type(value) is int:
        return str(value)
    text = format(bounded(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_text(value: object) -> str:
    """Return text; a number or date is written out."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return plain_number(as_number(value))
    if isinstance(value, date):
        return value.isoformat()
    raise RefusedValueError(reason=f"{kind(value)} where text is needed")


def as_whole(value: object, lowest: int, highest: int) -> int:
    """Return a whole number within bounds: a count, a width, a number of days."""
    if type(value) is int and lowest <= value <= highest:
        return value
    number = as_number(value)
    if number != int(number):
        raise RefusedValueError(reason="a fraction where a whole number is needed")
    if not lowest <= number <= highest:
        raise RefusedValueError(reason=f"a number outside {lowest}…{highest}")
    return int(number)


def as_list(value: object) -> Sequence[object]:
    """Return the items of a list; a list that is missing is empty."""
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, set | frozenset):
        return tuple(sorted(value, key=str))
    raise RefusedValueError(reason=f"{kind(value)} where a list is needed")


def as_date(value: object) -> date:
    """Return the calendar day of a date, a time (cut in Japan) or ISO text.

    Numbers of 11 to 13 digits are HubSpot's older form, milliseconds since 1970.
    """
    if isinstance(value, datetime):
        return value.astimezone(JAPAN).date() if value.tzinfo else value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RefusedValueError(reason=f"{kind(value)} where a date is needed")
    text = value.strip() if isinstance(value, str) else plain_number(bounded(value))
    try:
        if len(text) <= _LONGEST_DATE:
            return _read_date(text)
    except (ValueError, OverflowError):
        pass  # refused below, like text that is too long
    raise RefusedValueError(
        reason="not a date", remedy="Dates are read as 2026-05-31 or 2026/5/31."
    )


def _read_date(text: str) -> date:
    if match := _DATE.fullmatch(text):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if _EPOCH_MILLISECONDS.fullmatch(text):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))
        return moment.astimezone(JAPAN).date()
    if found := parse_date(text):
        return found
    moment = datetime.fromisoformat(text)
    return moment.astimezone(JAPAN).date() if moment.tzinfo else moment.date()


def fits(length: int) -> None:
    """Refuse text that would grow beyond any field of any system."""
    if length > MAX_TEXT:
        raise RefusedValueError(reason=f"text of more than {MAX_TEXT:,} characters")
