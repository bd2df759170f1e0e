"""Numbers: read them, round them, compare them; exact in every digit."""

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Decimal,
)

from tasuki.formula import operators
from tasuki.formula.errors import RefusedValueError
from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.limits import MAX_DIGITS
from tasuki.formula.values import (
    ARITHMETIC,
    as_list,
    as_number,
    as_whole,
    bounded,
    exact,
    read_number,
)

_MOST_DIGITS = 30
# The usual text, written out where the formula calls number(x): a third of the time.
_PLAIN_DIGITS = (
    "(_int({0}) if {0}.isdecimal() and {0}.isascii() and _len({0}) <= "
    f"{MAX_DIGITS}"
    " else _f_number({0}))"
)


def number(value: object) -> int | Decimal | None:
    """Read text as a number; blank text is nothing, other text an error.

    HubSpot delivers every property as text: number(hubspotscore) >= 60. For amounts
    with yen signs or 万円 use amount(x).
    """
    return read_number(value) if isinstance(value, str) else as_number(value)


def int_(value: object) -> int:
    """Cut off what is behind the decimal point."""
    return int(bounded(int(as_number(value))))


def round_(value: object, digits: object = 0) -> int | Decimal:
    """Round half up (四捨五入), to digits behind the decimal point."""
    return _rounded(value, digits, ROUND_HALF_UP)


def floor(value: object, digits: object = 0) -> int | Decimal:
    """Round down (切り捨て); below zero, away from zero."""
    return _rounded(value, digits, ROUND_FLOOR)


def ceil(value: object, digits: object = 0) -> int | Decimal:
    """Round up (切り上げ); below zero, towards zero."""
    return _rounded(value, digits, ROUND_CEILING)


def truncate(value: object, digits: object = 0) -> int | Decimal:
    """Cut off digits, above and below zero alike."""
    return _rounded(value, digits, ROUND_DOWN)


def _rounded(value: object, digits: object, rounding: str) -> int | Decimal:
    number, places = as_number(value), as_whole(digits, -_MOST_DIGITS, _MOST_DIGITS)
    if type(number) is int and places >= 0:
        return number
    exact_number = ARITHMETIC.create_decimal(number)
    unit = Decimal(1).scaleb(-places, ARITHMETIC)
    rounded = exact_number.quantize(unit, rounding=rounding, context=ARITHMETIC)
    return rounded if places > 0 else bounded(int(rounded))


def abs_(value: object) -> int | Decimal:
    """Return the number without its sign."""
    number = as_number(value)
    return abs(number) if type(number) is int else ARITHMETIC.abs(number)


def min_(*values: object) -> object:
    """Return the smallest number or earliest date; missing ones are left out."""
    return _extreme(values, operators.lt)


def max_(*values: object) -> object:
    """Return the largest number or latest date; missing ones are left out."""
    return _extreme(values, operators.gt)


def _extreme(
    values: tuple[object, ...], before: Callable[[object, object], bool | None]
) -> object:
    given = as_list(values[0]) if len(values) == 1 and _is_list(values[0]) else values
    found: object = None
    for value in map(exact, given):
        if value is None:
            continue
        if _is_list(value):
            raise RefusedValueError(reason="a list among other values")
        if found is None or before(value, found):
            found = value
    return found


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple | set | frozenset)


def number_functions() -> tuple[Function, ...]:
    """Return the functions for numbers."""
    return (*_reading(), *_rounding(), *_choosing())


def _reading() -> tuple[Function, ...]:
    return (
        function(
            number,
            Example('number("82") >= 60', gives=True),
            Example('number("１，２３４．５")', Decimal("1234.5")),
            Example('number("")', None),
            group="numbers",
            returns=Kind.NUMBER,
            template=_PLAIN_DIGITS,
        ),
        function(int_, Example("int(12.9)", 12), group="numbers", returns=Kind.NUMBER),
        function(abs_, Example("abs(0 - 3)", 3), group="numbers", returns=Kind.NUMBER),
    )


def _rounding() -> tuple[Function, ...]:
    return (
        function(
            round_,
            Example("round(2.5)", 3),
            Example("round(1234.565, 2)", Decimal("1234.57")),
            Example("round(1250, -2)", 1300),
            group="numbers",
            returns=Kind.NUMBER,
        ),
        function(
            floor,
            Example("floor(1999 * 0.10)", 199),
            group="numbers",
            returns=Kind.NUMBER,
        ),
        function(
            ceil,
            Example("ceil(1.001, 2)", Decimal("1.01")),
            group="numbers",
            returns=Kind.NUMBER,
        ),
        function(
            truncate,
            Example("truncate(0 - 1.9)", -1),
            group="numbers",
            returns=Kind.NUMBER,
        ),
    )


def _choosing() -> tuple[Function, ...]:
    return (
        function(
            min_,
            Example("min(3, null, 1.5)", Decimal("1.5")),
            group="numbers",
            nulls="see",
        ),
        function(max_, Example("max(3, 10, 2)", 10), group="numbers", nulls="see"),
    )
