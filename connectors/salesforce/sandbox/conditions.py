"""Turning a WHERE tree into a function of a row, with the vendor's type checks."""

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from .schema import Entity, Field
from .soql import Compare, Condition, complaint
from .store import Row, Store, long_id, moment

Reads = Callable[[Row], Any]
Holds = Callable[[Row], bool]
_SIGNS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMBERS = frozenset({"currency", "double", "int", "percent"})
_SHORT = 15  # characters of an id without its check
_NAMED = {"currency": "double", "percent": "double", "datetime": "dateTime"}


def reader(
    store: Store, entity: Entity, path: str, at: int, query: str
) -> tuple[Field, Reads]:
    """Return a path's field, and how to read it from a row."""
    head, dot, rest = path.partition(".")
    if not dot:
        field = _field(entity, head)
        if field is None:
            raise complaint(query, at, _no_column(head, entity.name), "INVALID_FIELD")
        name = field.name
        return field, lambda row: row.get(name)
    parents = {k.casefold(): v for k, v in entity.parents().items()}
    parent = parents.get(head.casefold())
    if parent is None:
        if head.casefold() == entity.name.casefold():
            return reader(store, entity, rest, at, query)
        words = f"Didn't understand relationship '{head}' in field path. If you are "
        words += "attempting to use a custom relationship, be sure to append the '__r' "
        words += "after the custom relationship name."
        raise complaint(query, at, words, "INVALID_FIELD")
    by, target = parent
    field, inner = reader(store, store.tables[target].entity, rest, at, query)
    rows = store.tables[target].rows

    def through(row: Row) -> Any:  # noqa: ANN401 - whatever the parent's field holds
        found = rows.get(str(row.get(by)))
        return inner(found) if found is not None else None

    return field, through


def _field(entity: Entity, name: str) -> Field | None:
    found = entity.fields.get(name)
    if found is None:
        folded = name.casefold()
        found = next(
            (f for f in entity.fields.values() if f.name.casefold() == folded), None
        )
    return found


def _no_column(name: str, entity: str) -> str:
    return (
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a "
        "custom field, be sure to append the '__c' after the custom field name. Please "
        "reference your WSDL or the describe call for the appropriate names."
    )


def condition(store: Store, entity: Entity, tree: Condition, query: str) -> Holds:
    """Return the function that says whether a row meets a condition."""
    if isinstance(tree, Compare):
        return _compared(store, entity, tree, query)
    parts = [condition(store, entity, one, query) for one in tree.parts]
    if tree.word == "NOT":
        return lambda row: not parts[0](row)
    if tree.word == "AND":
        return lambda row: all([part(row) for part in parts])  # noqa: C419 - quicker
    return lambda row: any(part(row) for part in parts)


def _compared(store: Store, entity: Entity, tree: Compare, query: str) -> Holds:
    field, read = reader(store, entity, tree.path, tree.at, query)
    values = [literal(store, field, one, tree.at, query) for one in tree.literals]
    folded = field.type not in _NUMBERS | {"boolean", "date", "datetime"}

    def own(row: Row) -> Any:  # noqa: ANN401 - whatever the field holds
        value = read(row)
        if folded and value is not None:
            return str(value).casefold()
        if value is None and field.type == "boolean":
            return False
        return value

    wanted, several = values[0], frozenset(values)
    if tree.sign == "IN":
        return lambda row: own(row) in several
    if tree.sign == "NOT IN":
        return lambda row: own(row) not in several
    if tree.sign == "LIKE":
        pattern = _like(str(wanted))
        return lambda row: bool(pattern.fullmatch(own(row) or ""))
    return _signed(own, tree.sign, wanted)


def _signed(own: Reads, sign: str, wanted: Any) -> Holds:  # noqa: ANN401
    if sign == "=":
        return lambda row: bool(own(row) == wanted)
    if sign == "!=":
        return lambda row: bool(own(row) != wanted)
    compares = _SIGNS[sign]

    def holds(row: Row) -> bool:
        value = own(row)
        return value is not None and bool(compares(value, wanted))

    return holds


def _like(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"([%_])", pattern)
    text = "".join(
        ".*" if p == "%" else "." if p == "_" else re.escape(p) for p in parts
    )
    return re.compile(text, re.DOTALL)


def literal(
    store: Store, field: Field, one: tuple[str, str], at: int, query: str
) -> object:
    """Return a literal as rows hold it; refuses one of the wrong type."""
    kind, text = one
    if (kind, text) == ("word", "NULL"):
        return False if field.type == "boolean" else None
    own = "number" if field.type in _NUMBERS else field.type
    own = own if own in {"number", "boolean", "date", "datetime"} else "text"
    match own, kind:
        case ("boolean", "word"):
            return text == "TRUE"
        case ("date", "day"):
            return text
        case ("datetime", "moment"):
            return moment(datetime.fromisoformat(text.replace(" ", "+")))
        case ("date" | "datetime", "days"):
            return _day(store, field, text)
        case ("number", "number"):
            return float(text)
        case ("text", "text"):
            short = field.type in {"id", "reference"} and len(text) == _SHORT
            return (long_id(text) if short else text).casefold()
        case _:
            raise complaint(query, at, _mistyped(field, own), "INVALID_FIELD")


def _mistyped(field: Field, own: str) -> str:
    quoted = "should be" if own == "text" else "should not be"
    return (
        f"value of filter criterion for field '{field.name}' must be of type "
        f"{_NAMED.get(field.type, field.type)} and {quoted} enclosed in quotes"
    )


def _day(store: Store, field: Field, text: str) -> str:
    word, _, count = text.partition(":")
    days = {
        "YESTERDAY": -1,
        "TOMORROW": 1,
        "LAST_N_DAYS": -int(count or 0),
        "NEXT_N_DAYS": int(count or 0),
    }.get(word, 0)
    start = store.now().astimezone(UTC).replace(hour=0, minute=0, second=0)
    start = start.replace(day=1) if word == "THIS_MONTH" else start
    start += timedelta(days=days)
    return f"{start:%Y-%m-%d}" if field.type == "date" else moment(start)
