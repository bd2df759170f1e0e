"""The reading half of a fake system."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from tasuki.model.errors import CursorExpiredError
from tasuki.model.record import Page, Query, Record, Span
from tasuki.testing.store import FakeRow, FakeStore, value_of


class FakeSource:
    """The reading half; a cursor is the number of the last change read."""

    def __init__(self, system: FakeStore) -> None:
        self._system = system

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield the records changed since the cursor, in order of change."""
        system, stream = self._system, self._system.streams[query.stream]
        reached = int(cursor) if cursor else 0
        if cursor and reached < system.oldest_cursor:
            where = f"{system.name}/{query.stream}"
            raise CursorExpiredError(where, "the cursor is too old")
        begin = max(0, reached - stream.look_back) if cursor else 0
        while True:
            system.refuse(system.begin("read", query.stream), query.stream)
            rows = sorted(
                (
                    r
                    for r in stream.rows.values()
                    if r.changed > begin and self._is_within(query, r.id)
                ),
                key=lambda row: row.changed,
            )[: stream.page_size]
            begin = reached = max([reached, *(row.changed for row in rows)])
            page = Page([self._record(query, row) for row in rows], str(reached))
            system.on_step(f"after read {system.name}/{query.stream}")
            yield page
            if len(rows) < stream.page_size:
                return

    def cursor_at(self, stream: str, moment: datetime) -> str | None:
        """Return a cursor that covers all changes since a moment."""
        earlier = [
            row.changed
            for row in self._system.streams[stream].rows.values()
            if row.touched is not None and row.touched < moment
        ]
        return str(max(earlier, default=0))

    def _is_within(self, query: Query, record_id: str) -> bool:
        return query.within is None or self.holds(query.within, record_id)

    def split(self, query: Query, parts: int) -> list[tuple[Span, int]]:
        """Return ranges of ids, as text compares them."""
        ids = sorted(self._system.streams[query.stream].rows)
        cuts = [ids[len(ids) * k // parts - 1] for k in range(1, parts) if ids]
        bounds = ["", *dict.fromkeys(cuts), ""]
        spans = [Span(*pair) for pair in pairwise(bounds)]
        return [(span, sum(self.holds(span, i) for i in ids)) for span in spans]

    def holds(self, span: Span, record_id: str) -> bool:
        """Say whether a range holds an id."""
        return span.after < record_id and (not span.until or record_id <= span.until)

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return these records as they are now."""
        system, stream = self._system, self._system.streams[query.stream]
        system.refuse(system.begin("fetch", query.stream), query.stream)
        records = [
            self._record(query, stream.rows[one])
            if one in stream.rows
            else Record(one, "", {}, deleted=True)
            for one in ids
        ]
        system.on_step(f"after fetch {system.name}/{query.stream}")
        return records

    def _record(self, query: Query, row: FakeRow) -> Record:
        version, modified = str(row.changed), row.touched
        if row.deleted:
            into = row.merged_into
            return Record(row.id, version, {}, modified, deleted=True, merged_into=into)
        fields = {name: value_of(row, name) for name in query.fields}
        for name, (relation, _) in query.include.items():
            fields[name] = self._included(query.stream, row, relation)
        return Record(row.id, version, fields, modified)

    def _included(self, stream: str, row: FakeRow, relation: str) -> object:
        system = self._system
        value = row.fields.get(relation)
        parent = system.streams[stream].parents.get(relation)
        if parent is None:
            return value
        found = system.streams[parent].rows.get(str(value))
        return dict(found.fields) if found else None
