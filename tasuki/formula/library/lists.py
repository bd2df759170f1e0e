"""Lists: sums, counts and conditions over the items of a record.

The second value of these functions is evaluated once for each item, and reads the
item's fields: sum(lines, Quantity * UnitPrice). An item that is no record (a choice of
a list of text) is read by the name `item`.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from tasuki.formula import operators
from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.steps import Steps
from tasuki.formula.values import as_list, as_number, exact

_LINES = {
    "lines": [
        {"Name": "基本料", "Quantity": 1, "UnitPrice": 30000, "Tax": 10},
        {"Name": "弁当", "Quantity": 12, "UnitPrice": 800.5, "Tax": 8},
    ]
}


Each = Callable[[Callable[[str], object], Steps], object] | None


def _visited(
    items: object, each: Each, steps: Steps | None
) -> Iterator[tuple[object, object]]:
    """Give every item with what is said of it: the item itself if nothing is said."""
    rows = as_list(items)
    counter = steps or Steps()
    counter.take(len(rows))
    for row in rows:
        if each is None:
            yield row, exact(row)
        elif type(row) is dict or isinstance(row, Mapping):
            yield row, counter.made(each(row.get, counter))
        else:
            yield row, counter.made(each({"item": row}.get, counter))


def _known(items: object, each: Each, steps: Steps | None) -> Iterator[object]:
    return (value for _, value in _visited(items, each, steps) if value is not None)


def sum_(list_: object, each: Each = None, steps: Steps | None = None) -> object:
    """Add up; missing values are left out, and the sum of no items is 0."""
    total: object = 0
    for value in _known(list_, each, steps):
        total = operators.add(total, as_number(value))
    return total


def avg(list_: object, each: Each = None, steps: Steps | None = None) -> object:
    """Return the mean of what is there; nothing for no items."""
    values = list(_known(list_, each, steps))
    total: object = 0
    for value in values:
        total = operators.add(total, as_number(value))
    return operators.div(total, len(values)) if values else None


def count(list_: object, each: Each = None, steps: Steps | None = None) -> int:
    """Count the items, or those for which the condition holds."""
    if each is None:
        return len(as_list(list_))
    return sum(operators.true(value) for value in _known(list_, each, steps))


def any_(list_: object, each: Each = None, steps: Steps | None = None) -> bool:
    """Tell whether the condition holds for one item at least."""
    return any(operators.true(value) for value in _known(list_, each, steps))


def all_(list_: object, each: Each = None, steps: Steps | None = None) -> bool:
    """Tell whether the condition holds for every item; for no items it does."""
    return all(operators.true(value) for _, value in _visited(list_, each, steps))


def map_(list_: object, each: Each, steps: Steps | None = None) -> list[object]:
    """Return what the expression gives for each item, in order."""
    return [value for _, value in _visited(list_, each, steps)]


def where(list_: object, each: Each, steps: Steps | None = None) -> list[object]:
    """Return the items for which the condition holds."""
    visited = _visited(list_, each, steps)
    return [row for row, value in visited if operators.true(value)]


def first_of(list_: object, each: Each = None, steps: Steps | None = None) -> object:
    """Return the first value that is not blank."""
    values = _known(list_, each, steps)
    return next((value for value in values if not operators.blank(value)), None)


def last_of(list_: object, each: Each = None, steps: Steps | None = None) -> object:
    """Return the last value that is not blank."""
    values = [*_known(list_, each, steps)]
    return next((each for each in reversed(values) if not operators.blank(each)), None)


def min_of(list_: object, each: Each = None, steps: Steps | None = None) -> object:
    """Return the smallest number or earliest date; missing ones are left out."""
    found: object = None
    for value in _known(list_, each, steps):
        if found is None or operators.lt(value, found):
            found = value
    return found


def max_of(list_: object, each: Each = None, steps: Steps | None = None) -> object:
    """Return the largest number or latest date; missing ones are left out."""
    found: object = None
    for value in _known(list_, each, steps):
        if found is None or operators.gt(value, found):
            found = value
    return found


def unique(list_: object) -> list[object]:
    """Return the items without repetitions, in order."""
    seen: dict[str, object] = {}
    for item in as_list(list_):
        seen.setdefault(f"{type(item).__name__} {item!r}", item)
    return list(seen.values())


def list_functions() -> tuple[Function, ...]:
    """Return the functions for lists."""
    return (
        *_numbers(),
        *_conditions(),
        *_choices(),
        function(
            unique,
            Example('unique(["a", "b", "a"])', ["a", "b"]),
            group="lists",
            nulls="see",
        ),
    )


def _lazy(
    call: Callable[..., object], *examples: tuple[str, object], returns: Kind = Kind.ANY
) -> Function:
    return function(
        call,
        *(Example(formula, gives, _LINES) for formula, gives in examples),
        group="lists",
        nulls="see",
        returns=returns,
        lazy_args=(1,),
    )


def _numbers() -> tuple[Function, ...]:
    return (
        _lazy(
            sum_,
            ("sum(lines, Quantity * UnitPrice)", Decimal("39606.0")),
            ("sum([1, null, 2.5])", Decimal("3.5")),
            returns=Kind.NUMBER,
        ),
        _lazy(avg, ("avg(lines, Tax)", Decimal(9)), returns=Kind.NUMBER),
        _lazy(
            count,
            ("count(lines)", 2),
            ("count(lines, Tax == 8)", 1),
            returns=Kind.NUMBER,
        ),
    )


def _conditions() -> tuple[Function, ...]:
    return (
        _lazy(
            any_,
            ("any(lines, Tax == 8)", True),
            ('any(split("a;vip", ";"), item == "vip")', True),
            returns=Kind.TRUTH,
        ),
        _lazy(all_, ("all(lines, Quantity > 0)", True), returns=Kind.TRUTH),
    )


def _choices() -> tuple[Function, ...]:
    return (
        _lazy(map_, ("map(lines, Name)", ["基本料", "弁当"])),
        _lazy(where, ("sum(where(lines, Tax == 10), UnitPrice)", 30000)),
        _lazy(first_of, ("first_of(lines, Name)", "基本料")),
        _lazy(last_of, ("last_of(lines, Name)", "弁当")),
        _lazy(min_of, ("min_of(lines, Quantity)", 1)),
        _lazy(max_of, ("max_of(lines, Quantity)", 12)),
    )
