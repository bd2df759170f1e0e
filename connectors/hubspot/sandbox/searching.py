"""Search as HubSpot does it: filters, one sort, 10,000 hits, a late index."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from .store import Row, Store

HIT_CAP = 10_000
PAGE_CAP = 200
_REQUIRED = ("after", "filterGroups", "limit", "properties", "sorts")
_GROUPS, _PER_GROUP, _FILTERS, _VALUES = 5, 10, 25, 100

Test = Callable[[Row], bool]


class BadSearchError(ValueError):
    """The search itself is wrong; the words are HubSpot's."""


class Searcher:
    """Searches one type; remembers the hits of the last search by id."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: object = None
        self._hits: list[int] = []

    def answer(self, body: Mapping[str, Any], *, all_keys: bool) -> dict[str, object]:
        """Return HubSpot's answer.

        Args:
            body: The request.
            all_keys: All five keys are required, as since 2026-09.

        Raises:
            BadSearchError: it is not a valid search.
        """
        _check(body, all_keys=all_keys)
        store = self._store
        store.settle_index()
        limit, start = int(body.get("limit", 10)), int(body.get("after") or 0)
        if start + limit > HIT_CAP:
            words = f"Paging beyond {HIT_CAP} results is not supported"
            raise BadSearchError(words)
        hits = self._found(body)
        shown = hits[start : start + limit]
        names = store.names(list(body.get("properties") or ()))
        answer: dict[str, object] = {
            "total": len(hits),
            "results": [store.index[one].shown(names) for one in shown],
        }
        if start + limit < len(hits):
            mark = str(start + limit)
            answer["paging"] = {"next": {"after": mark, "link": f"?after={mark}"}}
        return answer

    def _found(self, body: Mapping[str, Any]) -> list[int]:
        groups = body.get("filterGroups") or []
        name, descending = _sort(body.get("sorts") or [])
        lower, rest = _split_off_id(groups)
        if name != "hs_object_id" or descending or lower is None:
            return self._matching(groups, name, descending=descending)
        # The usual walk by id: all pages of one walk share everything but the id.
        asked = (self._store.index_edition, orjson.dumps(rest))
        if asked != self._asked:
            self._hits = self._matching(rest, name, descending=False)
            self._asked = asked
        return self._hits[bisect_right(self._hits, lower) :]

    def _matching(
        self, groups: list[dict[str, Any]], name: str, *, descending: bool
    ) -> list[int]:
        store = self._store
        tests = [_all_of(store, group.get("filters") or []) for group in groups]
        rows = [
            row
            for row in store.index.values()
            if not tests or any(test(row) for test in tests)
        ]
        rows.sort(key=lambda row: _order(store, row, name), reverse=descending)
        return [row.id for row in rows]


def _check(body: Mapping[str, Any], *, all_keys: bool) -> None:
    missing = [name for name in _REQUIRED if all_keys and name not in body]
    if missing:
        words = f"Invalid input JSON: Some required fields were not set: {missing}"
        raise BadSearchError(words)
    groups = body.get("filterGroups") or []
    filters = [f for group in groups for f in group.get("filters") or []]
    most = max((len(group.get("filters") or []) for group in groups), default=0)
    if len(groups) > _GROUPS or most > _PER_GROUP or len(filters) > _FILTERS:
        words = f"at most {_GROUPS} groups of {_PER_GROUP} filters, {_FILTERS} in all"
        raise BadSearchError(words)
    if not 0 < int(body.get("limit", 10)) <= PAGE_CAP:
        words = f"limit must be between 1 and {PAGE_CAP}"
        raise BadSearchError(words)
    if len(body.get("sorts") or []) > 1:
        words = "Only one sort is supported"
        raise BadSearchError(words)


def _sort(sorts: list[Any]) -> tuple[str, bool]:
    if not sorts:
        return "createdate", False
    first = sorts[0]
    if isinstance(first, str):
        return first.lstrip("-"), first.startswith("-")
    return str(first["propertyName"]), first.get("direction") == "DESCENDING"


def _split_off_id(
    groups: list[dict[str, Any]],
) -> tuple[int | None, list[dict[str, Any]]]:
    """Return the bound of `hs_object_id GT n` of a single group, and the rest."""
    if len(groups) != 1:
        return None, groups
    rest: list[dict[str, Any]] = []
    lower: int | None = None
    for one in groups[0].get("filters") or []:
        is_bound = one.get("propertyName") == "hs_object_id"
        if is_bound and one.get("operator") == "GT" and lower is None:
            lower = int(one["value"])
        else:
            rest.append(one)
    return lower, [{"filters": rest}]


def _all_of(store: Store, filters: list[dict[str, Any]]) -> Test:
    tests = [_test(store, one) for one in filters]
    return lambda row: all(test(row) for test in tests)


def _test(store: Store, asked: Mapping[str, Any]) -> Test:
    name, operator = str(asked.get("propertyName")), str(asked.get("operator"))
    if name not in store.properties:
        words = f"There was a problem with the request: unknown property {name}"
        raise BadSearchError(words)
    read = _reader(store, name)
    match operator:
        case "HAS_PROPERTY":
            return lambda row: bool(row.values.get(name))
        case "NOT_HAS_PROPERTY":
            return lambda row: not row.values.get(name)
        case "IN" | "NOT_IN":
            return _membership(store, name, asked, is_in=operator == "IN")
        case "BETWEEN":
            low, high = read(str(asked["value"])), read(str(asked["highValue"]))
            return lambda row: (
                (v := _value(row, name, read)) is not None and (low <= v <= high)
            )
        case "CONTAINS_TOKEN" | "NOT_CONTAINS_TOKEN":
            token = str(asked["value"]).lower().strip("*")
            wanted = operator == "CONTAINS_TOKEN"
            return lambda row: (token in (row.values.get(name) or "").lower()) is wanted
        case _:
            return _comparison(store, name, operator, asked)


def _comparison(
    store: Store, name: str, operator: str, asked: Mapping[str, Any]
) -> Test:
    if operator not in _COMPARE or "value" not in asked:
        words = f"invalid operator or value: {operator} on {name}"
        raise BadSearchError(words)
    read = _reader(store, name)
    wanted, compare = read(str(asked["value"])), _COMPARE[operator]
    if name == store.changed:
        return lambda row: compare(row.updated, wanted)
    if operator == "NEQ":
        return lambda row: _value(row, name, read) != wanted
    return lambda row: (v := _value(row, name, read)) is not None and compare(v, wanted)


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda a, b: a == b,
    "NEQ": lambda a, b: a != b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
}


def _membership(
    store: Store, name: str, asked: Mapping[str, Any], *, is_in: bool
) -> Test:
    values = asked.get("values")
    if not isinstance(values, list) or not 0 < len(values) <= _VALUES:
        words = f"IN wants 1 to {_VALUES} values"
        raise BadSearchError(words)
    wanted = set(map(str, values))
    if store.properties[name].type == "string":
        # HubSpot's index holds text in lower case and does not lower the question.
        return lambda row: ((row.values.get(name) or "").lower() in wanted) is is_in
    return lambda row: ((row.values.get(name) or "") in wanted) is is_in


def _value(row: Row, name: str, read: Callable[[str], Any]) -> Any:  # noqa: ANN401
    text = row.values.get(name)
    return None if text is None or text == "" else read(text)


def _reader(store: Store, name: str) -> Callable[[str], Any]:
    kind = store.properties[name].type
    if kind in {"date", "datetime"}:
        return moment
    if name == "hs_object_id":
        return int
    return _number if kind == "number" else str.lower


def moment(text: str) -> int:
    """Return epoch milliseconds of a number or an ISO time."""
    if text.lstrip("-").isdecimal():
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        words = f"'{text}' was not a valid date"
        raise BadSearchError(words) from error
    return round(at.timestamp() * 1000)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        words = f"'{text}' was not a valid number"
        raise BadSearchError(words) from error


def _order(store: Store, row: Row, name: str) -> tuple[object, ...]:
    """Return the sort key; rows of equal value come in no order one may rely on."""
    scattered = row.id * 2_654_435_761 % 4_294_967_296
    if name == "hs_object_id":
        return (row.id,)
    if name == store.changed:
        return (row.updated, scattered)
    if name == "createdate":
        return (row.created, scattered)
    return (row.values.get(name) or "", scattered)
