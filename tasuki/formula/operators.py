"""What + - * / and the comparisons do: nothing in, nothing out; numbers stay exact.

These are the primitives that generated formulas call. Each tries the usual kinds
first and leaves the rest to a slower path that explains itself.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tasuki.formula.errors import RefusedValueError
from tasuki.formula.limits import MAX_ITEMS, MAX_POWER
from tasuki.formula.values import (
    ARITHMETIC,
    EXACT,
    NamedList,
    as_number,
    bounded,
    exact,
    fits,
    kind,
    looks_numeric,
)

_PLAIN = EXACT | {float}
_SAME_KIND = frozenset({str, int, Decimal, bool})
_add, _subtract = ARITHMETIC.add, ARITHMETIC.subtract
_multiply, _divide = ARITHMETIC.multiply, ARITHMETIC.divide


def add(left: object, right: object) -> object:
    """Add numbers, or join text to text and list to list."""
    if type(left) is int and type(right) is int:
        return bounded(left + right)
    if type(left) in EXACT and type(right) in EXACT:
        return _add(left, right)  # type: ignore[arg-type]
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        fits(len(left) + len(right))
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        if len(left) + len(right) > MAX_ITEMS:
            raise RefusedValueError(reason=f"a list of more than {MAX_ITEMS:,} items")
        return left + right
    return add(*_numbers("+", left, right))


def sub(left: object, right: object) -> object:
    """Subtract numbers."""
    if type(left) is int and type(right) is int:
        return bounded(left - right)
    if type(left) in EXACT and type(right) in EXACT:
        return _subtract(left, right)  # type: ignore[arg-type]
    if left is None or right is None:
        return None
    return sub(*_numbers("-", left, right))


def mul(left: object, right: object) -> object:
    """Multiply numbers."""
    if type(left) is int and type(right) is int:
        return bounded(bounded(left) * bounded(right))
    if type(left) in EXACT and type(right) in EXACT:
        return _multiply(left, right)  # type: ignore[arg-type]
    if left is None or right is None:
        return None
    return mul(*_numbers("*", left, right))


def div(left: object, right: object) -> object:
    """Divide numbers, exactly to 34 digits."""
    if left is None or right is None:
        return None
    dividend, divisor = _division("/", left, right)
    return _divide(dividend, divisor)


def floordiv(left: object, right: object) -> object:
    """Divide and round down, also below zero: -7 // 2 is -4 for every number."""
    if left is None or right is None:
        return None
    dividend, divisor = _division("//", left, right)
    if type(dividend) is int and type(divisor) is int:
        return dividend // divisor
    rest = _modulo(dividend, divisor)
    return ARITHMETIC.divide_int(_subtract(dividend, rest), divisor)


def mod(left: object, right: object) -> object:
    """Return what floordiv leaves over; it has the sign of the divisor."""
    if left is None or right is None:
        return None
    dividend, divisor = _division("%", left, right)
    if type(dividend) is int and type(divisor) is int:
        return dividend % divisor
    return _modulo(dividend, divisor)


def power(left: object, right: object) -> object:
    """Raise a number to a small whole power."""
    if left is None or right is None:
        return None
    number, exponent = _numbers("**", left, right)
    if exponent != int(exponent) or not -MAX_POWER <= exponent <= MAX_POWER:
        raise RefusedValueError(
            reason=f"** takes a whole number between -{MAX_POWER} and {MAX_POWER}"
        )
    if not number and exponent <= 0:
        return 1 if not exponent else _no_division()
    if type(number) is int and exponent >= 0:
        return bounded(number ** int(exponent))
    return ARITHMETIC.power(number, int(exponent))


def neg(value: object) -> object:
    """Return the number with the other sign."""
    if value is None:
        return None
    number = as_number(value)
    return -number if type(number) is int else ARITHMETIC.minus(number)


def _modulo(dividend: int | Decimal, divisor: int | Decimal) -> Decimal:
    rest = ARITHMETIC.remainder(dividend, divisor)
    # Python's Decimal takes the dividend's sign, its int the divisor's: one rule here.
    return _add(rest, divisor) if rest and (rest < 0) != (divisor < 0) else rest


def _division(
    sign: str, left: object, right: object
) -> tuple[int | Decimal, int | Decimal]:
    dividend, divisor = _numbers(sign, left, right)
    return (dividend, divisor) if divisor else _no_division()


def _no_division() -> tuple[int | Decimal, int | Decimal]:
    raise RefusedValueError(
        reason="division by zero", remedy="Write `a / b if b else null`."
    )


def _numbers(
    sign: str, left: object, right: object
) -> tuple[int | Decimal, int | Decimal]:
    """Return both sides as exact numbers, or say what was mixed."""
    if type(left) in _PLAIN and type(right) in _PLAIN:
        return as_number(left), as_number(right)
    kinds = kind(left), kind(right)
    if kinds == ("a number", "a number"):
        return as_number(left), as_number(right)
    remedy = None
    if set(kinds) == {"text", "a number"}:
        remedy = "Use number(x) to calculate, concat(a, b) to join."
    elif "text" in kinds and sign != "+":
        remedy = "Use number(x)."
    elif "a date" in kinds or "a time" in kinds:
        remedy = "Use add_days(date, days) or days_between(start, end)."
    raise RefusedValueError(reason=f"{kinds[0]} {sign} {kinds[1]}", remedy=remedy)


def eq(left: object, right: object) -> bool:
    """Compare for equality; text "true" and "false" equal their booleans.

    HubSpot delivers booleans as text. Text and a number are never compared: a rule
    such as `score == 80` would be false for ever without a word.
    """
    if type(left) is type(right) and type(left) in _SAME_KIND:
        return left == right
    if left is None or right is None:
        return left is right
    if isinstance(right, bool):
        return eq_truth(left, truth=right)
    if isinstance(left, bool):
        return eq_truth(right, truth=left)
    left, right = exact(left), exact(right)
    if kind(left) != kind(right):
        _refuse_comparison(left, right)
    if kind(left) == "a list":
        return _equal_lists(left, right)
    return bool(left == right)


def ne(left: object, right: object) -> bool:
    """Compare for difference."""
    return not eq(left, right)


def eq_truth(value: object, truth: bool) -> bool:  # noqa: FBT001 - generated code calls it
    """Compare a value with true or false; the texts and 1 and 0 count as booleans."""
    if isinstance(value, str):
        return value.strip().lower() == ("true" if truth else "false")
    if value is None:
        return False
    return isinstance(value, int | float | Decimal) and value == truth


def _equal_lists(left: object, right: object) -> bool:
    first, second = list(left), list(right)  # type: ignore[call-overload]
    return len(first) == len(second) and all(map(eq, first, second))


def lt(left: object, right: object) -> bool | None:
    """Tell whether left comes before right; nothing if either is missing."""
    if type(left) in EXACT and type(right) in EXACT:
        return left < right  # type: ignore[operator, no-any-return]
    if type(left) is float or type(right) is float:
        return lt(exact(left), exact(right))
    return _ordered(left, right, operator.lt)


def le(left: object, right: object) -> bool | None:
    """Tell whether left comes before right or equals it."""
    if type(left) in EXACT and type(right) in EXACT:
        return left <= right  # type: ignore[operator, no-any-return]
    if type(left) is float or type(right) is float:
        return le(exact(left), exact(right))
    return _ordered(left, right, operator.le)


def gt(left: object, right: object) -> bool | None:
    """Tell whether left comes after right."""
    if type(left) in EXACT and type(right) in EXACT:
        return left > right  # type: ignore[operator, no-any-return]
    if type(left) is float or type(right) is float:
        return gt(exact(left), exact(right))
    return _ordered(left, right, operator.gt)


def ge(left: object, right: object) -> bool | None:
    """Tell whether left comes after right or equals it."""
    if type(left) in EXACT and type(right) in EXACT:
        return left >= right  # type: ignore[operator, no-any-return]
    if type(left) is float or type(right) is float:
        return ge(exact(left), exact(right))
    return _ordered(left, right, operator.ge)


def _ordered(
    left: object, right: object, compare: Callable[[Any, Any], bool]
) -> bool | None:
    if left is None or right is None:
        return None
    if kind(left) != kind(right):
        _refuse_comparison(left, right)
    if isinstance(left, str) and isinstance(right, str):
        if looks_numeric(left) and looks_numeric(right):
            raise RefusedValueError(
                reason="numbers as text have no order: '100' comes before '60'",
                remedy="Use number(x).",
            )
    elif isinstance(left, datetime) and isinstance(right, datetime):
        if (left.tzinfo is None) != (right.tzinfo is None):
            raise RefusedValueError(
                reason="times with and without a zone", remedy="Use date(x)."
            )
    elif isinstance(left, bool) or not isinstance(left, int | Decimal | date):
        raise RefusedValueError(reason=f"{kind(left)} has no order")
    return compare(left, right)


def _refuse_comparison(left: object, right: object) -> None:
    kinds = kind(left), kind(right)
    remedy = None
    if "a date" in kinds or "a time" in kinds:
        remedy = "Use date(x)."
    elif set(kinds) == {"text", "a number"}:
        remedy = "Use number(x)."
    raise RefusedValueError(
        reason=f"{kinds[0]} compared with {kinds[1]}", remedy=remedy
    )


def contained(value: object, container: object) -> bool:
    """Tell whether a list holds the value, or text the piece; nothing holds nothing."""
    if container is None:
        return False
    if type(container) is NamedList and (value is None or type(value) is str):
        return value in container.members
    if isinstance(container, str):
        if value is not None and not isinstance(value, str):
            raise RefusedValueError(reason=f"{kind(value)} in text")
        return value is not None and value in container
    if isinstance(container, list | tuple | set | frozenset):
        return any(eq(value, item) for item in container)
    raise RefusedValueError(
        reason=f"in {kind(container)}", remedy="`in` takes a list or text."
    )


def not_contained(value: object, container: object) -> bool:
    """Tell whether the value is missing from a list or text."""
    return not contained(value, container)


def true(value: object) -> bool:
    """Tell whether a value counts as true.

    Nothing, 0, empty text and lists do not, nor does the text "false": HubSpot
    delivers booleans as text, and Python would call that one true.
    """
    if type(value) is bool:
        return value
    if isinstance(value, str):
        return value != "" and (len(value) != 5 or value.lower() != "false")  # noqa: PLR2004
    return bool(value)


def blank(value: object) -> bool:
    """Tell whether there is nothing to see: missing, empty or only spaces."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, list | tuple | dict) and not value)


def path(value: object, key: str) -> object:
    """Read a field of a related record; a missing record has none."""
    return value.get(key) if isinstance(value, Mapping) else None


def call_one(function: Callable[[object], object], value: object) -> object:
    """Call a function of one value on whatever a field held; nothing flows through."""
    return None if value is None else function(exact(value))
