"""The records of one app, with the indexes that a query may use."""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .forms import UPDATED, App
from .query import Parsed
from .rules import default_of

_BY_HAND = "Administrator"


@dataclass(slots=True)
class Row:
    """One record."""

    number: int
    values: dict[str, Any]
    revision: int
    created: str
    updated: str

    def value(self, code: str) -> object:
        """Return a field's value, the system's own among them."""
        match code:
            case "$id" | "レコード番号":
                return str(self.number)
            case "$revision":
                return str(self.revision)
            case "作成日時":
                return self.created
            case _ if code == UPDATED:
                return self.updated
            case "作成者" | "更新者":
                return {"code": _BY_HAND, "name": _BY_HAND}
            case _:
                return self.values.get(code, "")


@dataclass(slots=True)
class Store:
    """An app and its records."""

    app: App
    rows: dict[int, Row] = field(default_factory=dict)
    last: int = 0
    _order: list[int] = field(default_factory=list)
    _minutes: dict[str, set[int]] = field(default_factory=dict)
    _keys: dict[str, dict[str, int]] = field(default_factory=dict)

    def codes(self) -> frozenset[str]:
        """Return every field code that a query may name."""
        return frozenset([*self.app.fields, "$id", "$revision"])

    def holder(self, code: str, value: str) -> int | None:
        """Return the record that has a value of a field without doubles."""
        return self._keys.get(code, {}).get(value)

    def put(self, row: Row) -> Row:
        """Add a record or a new version of one."""
        before = self.rows.get(row.number)
        if before is None:
            insort(self._order, row.number)
            self.last = max(self.last, row.number)
        else:
            self._drop(before)
        self.rows[row.number] = row
        self._minutes.setdefault(row.updated, set()).add(row.number)
        for code in self.app.unique():
            value = str(row.values.get(code) or "")
            if value:
                self._keys.setdefault(code, {})[value] = row.number
        return row

    def remove(self, number: int) -> bool:
        """Take a record away for good; kintone keeps no trace of it."""
        row = self.rows.pop(number, None)
        if row is None:
            return False
        self._drop(row)
        self._order.remove(number)
        return True

    def create(self, values: Mapping[str, Any], now: datetime) -> Row:
        """Add a record with the defaults of what was not given."""
        given = {
            code: values.get(code, default_of(one))
            for code, one in self.app.fields.items()
        }
        stamp = minute(now)
        return self.put(Row(self.last + 1, given, 1, stamp, stamp))

    def update(self, number: int, values: Mapping[str, Any], now: datetime) -> Row:
        """Change a record."""
        row = self.rows[number]
        both = {**row.values, **values}
        stamp = minute(now)
        return self.put(Row(number, both, row.revision + 1, row.created, stamp))

    def found(self, query: Parsed) -> tuple[list[Row], Callable[[], int]]:
        """Return the page that a query asks for, and what counts all its records."""
        by_id = not query.order or query.order == [("$id", False)]
        numbers = self._candidates(query)
        if by_id and query.order:
            return self._page(query, numbers), lambda: self._count(query)
        rows = [self.rows[n] for n in numbers if query.test(self.rows[n].value)]
        for code, down in reversed(query.order or [("$id", True)]):
            rows.sort(key=lambda row: _sort_key(row.value(code)), reverse=down)
        return rows[query.offset : query.offset + query.limit], lambda: len(rows)

    def shown(self, row: Row, fields: Iterable[str]) -> dict[str, object]:
        """Return a record as an answer has it; all fields where none are named."""
        kinds = {code: one["type"] for code, one in self.app.fields.items()}
        kinds |= {"$id": "__ID__", "$revision": "__REVISION__"}
        return {
            code: {"type": kinds[code], "value": row.value(code)}
            for code in (list(fields) or kinds)
            if code in kinds
        }

    def _page(self, query: Parsed, numbers: Iterable[int]) -> list[Row]:
        page: list[Row] = []
        wanted = query.offset + query.limit
        for number in numbers:
            row = self.rows[number]
            if query.test(row.value):
                page.append(row)
                if len(page) == wanted:
                    break
        return page[query.offset :]

    def _count(self, query: Parsed) -> int:
        return sum(query.test(self.rows[n].value) for n in self._candidates(query))

    def _candidates(self, query: Parsed) -> Iterable[int]:
        """Return, in order, the numbers among which all matches are."""
        if "$id" in query.among:
            asked = {int(one) for one in query.among["$id"] if one.isdecimal()}
            return sorted(n for n in asked if n in self.rows)
        for code in self.app.unique():
            if code in query.among:
                held = (self.holder(code, one) for one in query.among[code])
                return sorted({n for n in held if n is not None})
        if UPDATED in query.since:
            floor = query.since[UPDATED]
            ids = (n for at, n in self._minutes.items() if at >= floor)
            return sorted(n for some in ids for n in some if n > query.above)
        return self._order[bisect_right(self._order, query.above) :]

    def _drop(self, row: Row) -> None:
        self._minutes.get(row.updated, set()).discard(row.number)
        for code in self.app.unique():
            value = str(row.values.get(code) or "")
            if self._keys.get(code, {}).get(value) == row.number:
                del self._keys[code][value]


def minute(now: datetime) -> str:
    """Return a time as kintone keeps 作成日時 and 更新日時."""
    return now.strftime("%Y-%m-%dT%H:%M:00Z")


def _sort_key(value: object) -> tuple[int, float, str]:
    text = str(value)
    try:
        return 0, float(text), ""
    except ValueError:
        return 1, 0.0, text
