"""Whether two systems mean the same value, spelled as each of them does. Pure."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)")
_SHORT_ID, _LONG_ID = 15, 18


def is_same(left: object, right: object) -> bool:
    """Say whether two values mean the same.

    Blank is blank; numbers compare by value, moments by instant, text without the
    space around it; an id of 15 letters equals its form of 18.

    Example:
        >>> is_same(Decimal("1.50"), "1.5"), is_same(None, ""), is_same("007", "7")
        (True, True, False)
    """
    one, other = _plain(left), _plain(right)
    if one == other:
        return True
    if len(one) == _SHORT_ID and len(other) == _LONG_ID:
        return other.startswith(one)
    if len(one) == _LONG_ID and len(other) == _SHORT_ID:
        return one.startswith(other)
    return False


def is_alike(left: object, right: object) -> bool:
    """Say whether one value is what a system makes of the other when it stores it.

    Systems trim, change case and width, and write lists as one text; none of that is
    a change that somebody made.

    Example:
        >>> is_alike(" ＴＡＲＯ@x.jp", "taro@x.jp"), is_alike(["a", "b"], "a;b")
        (True, True)
    """
    if left == right or is_same(left, right):
        return True
    return _plain(_folded(left)) == _plain(_folded(right))


def is_blank(value: object) -> bool:
    """Say whether nothing is there."""
    return value is None or value == ""


def _folded(value: object) -> object:
    if isinstance(value, (list, tuple)):
        value = ";".join(str(one) for one in value)
    if not isinstance(value, str):
        return value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return _number(Decimal(str(value)))
    text = str(value).strip().replace("\r\n", "\n")
    if _NUMBER.fullmatch(text):
        return _number(Decimal(text))
    if _MOMENT.fullmatch(text):
        return _moment(text)
    return text


def _number(value: Decimal) -> str:
    text = format(value.normalize(), "f")
    return "0" if text == "-0" else text


def _moment(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()
    except ValueError:
        return text
