"""The records of one object type, and what search knows of them."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from .catalogue import Property

Values = dict[str, str | None]


def iso(milliseconds: int) -> str:
    """Return a time as HubSpot writes it.

    >>> iso(1_500)
    '1970-01-01T00:00:01.500Z'
    """
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


@dataclass(slots=True)
class Row:
    """A record at one version; a change makes a new one."""

    id: int
    values: Values
    created: int
    updated: int
    archived: bool = False

    def shown(self, names: list[str], **more: object) -> dict[str, object]:
        """Return it as HubSpot answers it, with these properties."""
        values = self.values
        return {
            "id": str(self.id),
            "properties": {name: values.get(name) for name in names},
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "archived": self.archived,
            **more,
        }


class Store:
    """Rows of one type, by id and unique value, and as the late index has them."""

    def __init__(
        self,
        name: str,
        properties: dict[str, Property],
        now: Callable[[], float],
        index_lag: float = 0.0,
    ) -> None:
        self.name = name
        self.properties = properties
        self.changed = (
            "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"
        )
        self.rows: dict[int, Row] = {}
        self.ids: list[int] = []
        """Ids of records that are not archived, in order."""
        self.merged: dict[int, int] = {}
        self.index: dict[int, Row] = {}
        """What search sees."""
        self.index_edition = 0
        self.told: Callable[[Row | None, Row], None] | None = None
        """Called with the version before, if any, when a record has changed."""
        self.lag = index_lag
        self._now = now
        self._late: deque[tuple[float, int, Row | None]] = deque()
        self._unique: dict[str, dict[str, int]] = {}
        self._history: dict[tuple[int, str], list[tuple[int, str | None]]] = {}

    def defaults(self) -> list[str]:
        """Return the properties that come unasked."""
        return ["createdate", "hs_object_id", self.changed]

    def names(self, asked: list[str]) -> list[str]:
        """Return the asked properties that exist, and those that always come."""
        known = [name for name in asked if name in self.properties]
        return list(dict.fromkeys((*self.defaults(), *known)))

    def live(self, record_id: int) -> Row | None:
        """Return a record, or the one it was merged into; None when archived."""
        while record_id in self.merged:
            record_id = self.merged[record_id]
        row = self.rows.get(record_id)
        return None if row is None or row.archived else row

    def by_key(self, name: str, value: str) -> Row | None:
        """Return the record with a unique value; contacts also by further addresses."""
        found = self._unique.get(name, {}).get(value.strip().lower())
        return None if found is None else self.live(found)

    def key_names(self) -> Iterator[str]:
        """Return the names of properties with unique values."""
        for name, one in self.properties.items():
            if one.unique or (self.name == "contacts" and name == "email"):
                yield name

    def page(self, above: int, size: int) -> tuple[list[Row], int | None]:
        """Return the next live rows, and the last id of them if more follow."""
        start = bisect_right(self.ids, above)
        ids = self.ids[start : start + size]
        following = ids[-1] if start + size < len(self.ids) else None
        return [self.rows[one] for one in ids], following

    def put(self, row: Row) -> None:
        """Take over a new version of a record."""
        before = self.rows.get(row.id)
        if before is not None:
            self._forget_keys(before)
            self._remember_values(before, row)
        row.values["hs_object_id"] = str(row.id)
        row.values["createdate"] = row.values.get("createdate") or iso(row.created)
        row.values[self.changed] = iso(row.updated)
        self.rows[row.id] = row
        place = bisect_left(self.ids, row.id)
        is_listed = place < len(self.ids) and self.ids[place] == row.id
        if row.archived and is_listed:
            del self.ids[place]
        elif not row.archived and not is_listed:
            insort(self.ids, row.id)
        if not row.archived:
            self._remember_keys(row)
        self._show_to_search(row.id, None if row.archived else row)
        if self.told is not None:
            self.told(before, row)

    def history(self, row: Row, name: str) -> list[dict[str, object]]:
        """Return the values that a property has had, the newest first."""
        told = self._history.get((row.id, name)) or [
            (row.created, row.values.get(name))
        ]
        return [
            {"value": value, "timestamp": iso(at), "sourceType": "CRM_UI"}
            for at, value in reversed(told)
        ]

    def _remember_values(self, before: Row, row: Row) -> None:
        for name, value in row.values.items():
            old = before.values.get(name)
            if value != old:
                first = [(before.created, old)]
                kept = self._history.setdefault((row.id, name), first)
                kept.append((row.updated, value))

    def settle_index(self) -> None:
        """Let search see what is old enough."""
        now = self._now()
        while self._late and self._late[0][0] <= now:
            _, record_id, row = self._late.popleft()
            self._index(record_id, row)

    def _show_to_search(self, record_id: int, row: Row | None) -> None:
        if self.lag:
            self._late.append((self._now() + self.lag, record_id, row))
        else:
            self._index(record_id, row)

    def _index(self, record_id: int, row: Row | None) -> None:
        self.index_edition += 1
        if row is None:
            self.index.pop(record_id, None)
        else:
            self.index[record_id] = row

    def _forget_keys(self, row: Row) -> None:
        for name, value in self._key_values(row):
            if self._unique.get(name, {}).get(value) == row.id:
                del self._unique[name][value]

    def _remember_keys(self, row: Row) -> None:
        for name, value in self._key_values(row):
            self._unique.setdefault(name, {})[value] = row.id

    def _key_values(self, row: Row) -> Iterator[tuple[str, str]]:
        for name in self.key_names():
            if value := row.values.get(name):
                yield name, value.lower()
        for value in (row.values.get("hs_additional_emails") or "").split(";"):
            if value:
                yield "email", value.lower()

    def dump(self) -> Mapping[str, object]:
        """Return everything as JSON."""
        return {
            "properties": [one.dumped() for one in self.properties.values()],
            "rows": [
                [row.id, row.values, row.created, row.updated, row.archived]
                for row in self.rows.values()
            ],
            "merged": [[old, new] for old, new in self.merged.items()],
        }
