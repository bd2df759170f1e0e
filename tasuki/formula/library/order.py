"""Lists and numbers in order: sorted, cut, compared; shares, bounds and grouping."""

import functools
from collections.abc import Callable
from decimal import Decimal

from tasuki.formula import operators
from tasuki.formula.errors import RefusedValueError
from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.limits import MAX_ITEMS
from tasuki.formula.steps import Steps
from tasuki.formula.values import (
    as_list,
    as_number,
    as_text,
    as_whole,
    exact,
    read_number,
)

Each = Callable[[Callable[[str], object], Steps], object] | None
_LINES = {"lines": [{"Name": "B", "No": 2}, {"Name": "A", "No": 1}]}
_MOST_DECIMALS = 10


def sort(list_: object) -> list[object]:
    """Return the items in order; missing ones are left out."""
    return _sorted([(exact(item), item) for item in _short(list_)])


def sort_by(list_: object, each: Each = None, steps: Steps | None = None) -> object:
    """Return the items in the order of what the expression gives for each."""
    counter = steps or Steps()
    items = as_list(list_)
    counter.take(len(items))
    if each is None:
        return sort(list_)
    keyed = []
    for item in items:
        row = item if isinstance(item, dict) else {"item": item}
        keyed.append((counter.made(each(row.get, counter)), item))
    return _sorted(keyed)


def _sorted(keyed: list[tuple[object, object]]) -> list[object]:
    """Sort by the keys, as `<` compares them; equal ones keep their order."""

    def compare(one: tuple[object, object], other: tuple[object, object]) -> int:
        if operators.lt(one[0], other[0]):
            return -1
        return 1 if operators.lt(other[0], one[0]) else 0

    known = [pair for pair in keyed if pair[0] is not None]
    return [item for _, item in sorted(known, key=functools.cmp_to_key(compare))]


def reverse(list_: object) -> list[object]:
    """Return the items from the last to the first."""
    return [*reversed(_short(list_))]


def take(list_: object, count: object) -> list[object]:
    """Return the first items."""
    return list(as_list(list_)[: as_whole(count, 0, MAX_ITEMS)])


def nth(list_: object, place: object) -> object:
    """Return the item at a place, from 1; from the end by -1; nothing beyond."""
    items, at = as_list(list_), as_whole(place, -MAX_ITEMS, MAX_ITEMS)
    if not at or abs(at) > len(items):
        return None
    return exact(items[at - 1 if at > 0 else at])


def common(one: object, other: object) -> list[object]:
    """Return the items of one list that another has too, in order."""
    wanted = _short(other)
    return [item for item in _short(one) if operators.contained(item, wanted)]


def without(one: object, other: object) -> list[object]:
    """Return the items of one list that another does not have, in order."""
    unwanted = _short(other)
    return [item for item in _short(one) if not operators.contained(item, unwanted)]


def _short(items: object) -> list[object]:
    found = list(as_list(items))
    if len(found) > _MOST_COMPARED:
        raise RefusedValueError(reason=f"a list of more than {_MOST_COMPARED:,} items")
    return found


_MOST_COMPARED = 1_000


def ratio(part: object, whole: object) -> object:
    """Divide; nothing where the divisor is 0 or one of the two is missing."""
    if part is None or whole is None or not as_number(whole):
        return None
    return operators.div(part, whole)


def clamp(value: object, lowest: object, highest: object) -> int | Decimal:
    """Return the number, or the bound that it lies beyond."""
    number, low, high = as_number(value), as_number(lowest), as_number(highest)
    if low > high:
        raise RefusedValueError(reason="a lower bound above the upper one")
    return min(max(number, low), high)


def grouped(value: object, digits: object = 0) -> str:
    """Write a number in groups of three digits, rounded half up: 1,234.50."""
    from tasuki.formula.library.number import round_  # noqa: PLC0415 - a sibling

    places = as_whole(digits, 0, _MOST_DECIMALS)
    return f"{round_(value, places):,.{places}f}"


def valid_number(value: object) -> bool:
    """Tell whether number(value) would give a number; a missing one is none."""
    if isinstance(value, bool):
        return False
    try:
        if isinstance(value, str):
            return read_number(value) is not None
        as_number(value)
    except RefusedValueError:
        return False
    return True


def compare_text(one: object, other: object) -> bool:
    """Tell whether two texts are the same but for width, case and spaces."""
    from tasuki.japan.text import folded_width  # noqa: PLC0415 - used by few

    first, second = (
        "".join(folded_width(as_text(each)).casefold().split()) for each in (one, other)
    )
    return first == second


def order_functions() -> tuple[Function, ...]:
    """Return these functions."""
    return (*_lists(), *_sets(), *_numbers())


def _lists() -> tuple[Function, ...]:
    return (
        function(sort, Example("sort([3, 1, 2])", [1, 2, 3]), group="lists"),
        function(
            sort_by,
            Example("map(sort_by(lines, No), Name)", ["A", "B"], _LINES),
            group="lists",
            nulls="see",
            lazy_args=(1,),
        ),
        function(reverse, Example('reverse(["a", "b"])', ["b", "a"]), group="lists"),
        function(take, Example('take(["a", "b", "c"], 2)', ["a", "b"]), group="lists"),
        function(
            nth,
            Example('nth(split("a;b;c", ";"), 2)', "b"),
            Example('nth(["a", "b"], -1)', "b"),
            group="lists",
        ),
    )


def _sets() -> tuple[Function, ...]:
    return (
        function(
            common,
            Example('common(["a", "b"], ["b", "c"])', ["b"]),
            group="lists",
        ),
        function(
            without,
            Example('without(["a", "b"], ["b", "c"])', ["a"]),
            group="lists",
        ),
        function(
            compare_text,
            Example('same_text("ＡＢＣ 商事", "abc商事")', gives=True),
            name="same_text",
            group="text",
            returns=Kind.TRUTH,
        ),
    )


def _numbers() -> tuple[Function, ...]:
    number = Kind.NUMBER
    return (
        function(
            ratio,
            Example("ratio(3, 4)", Decimal("0.75")),
            Example("ratio(3, 0)", None),
            group="numbers",
            nulls="see",
            returns=number,
        ),
        function(
            clamp, Example("clamp(120, 0, 100)", 100), group="numbers", returns=number
        ),
        function(
            grouped,
            Example("grouped(1234567)", "1,234,567"),
            Example("grouped(1234.5, 2)", "1,234.50"),
            group="numbers",
            returns=Kind.TEXT,
        ),
        function(
            valid_number,
            Example('valid_number("１，２３４")', gives=True),
            Example('valid_number("12個")', gives=False),
            group="numbers",
            nulls="see",
            returns=Kind.TRUTH,
        ),
    )
