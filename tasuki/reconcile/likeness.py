"""Whether two systems mean the same value, spelled as each of them does. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from tasuki.reconcile.finding import FieldDrift

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)")
_SHORT_ID, _LONG_ID = 15, 18
_HIDDEN = "***"


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


def drift(
    expected: Mapping[str, object],
    told: Mapping[str, object],
    actual: Mapping[str, object],
    hidden: frozenset[str] = frozenset(),
) -> tuple[FieldDrift, ...]:
    """Return the fields of ours that have another value over there.

    Args:
        expected: What the mapping gives now, as the destination would show it.
        told: What was sent last, likewise; a blank that was never sent is not ours.
        actual: What stands there. Fields it does not show are not compared.
        hidden: Fields whose values are personal.
    """
    return tuple(
        FieldDrift(name, *_shown(name, actual[name], value, hidden))
        for name, value in expected.items()
        if name in actual
        and (not is_blank(value) or not is_blank(told.get(name)))
        and not is_same(value, actual[name])
    )


def is_blank(value: object) -> bool:
    """Say whether nothing is there."""
    return value is None or value == ""


def _shown(
    name: str, old: object, new: object, hidden: frozenset[str]
) -> tuple[object, object]:
    if name not in hidden:
        return old, str(new) if isinstance(new, Decimal) else new
    return tuple(value if is_blank(value) else _HIDDEN for value in (old, new))  # type: ignore[return-value]


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
