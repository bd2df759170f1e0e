"""Reading from kintone: everything once, then what has changed, by record number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tasuki.model.errors import ConfigError
from tasuki.model.record import Page, Query, Record

from .client import PAGE, Client, chunks, id_of
from .position import Position, floor_of, parse_position
from .queries import changed_since, in_order, one_of, parse_where
from .schema import Forms
from .values import ID, REVISION, Row, moment, plain_record


class Source:
    """The reading half of kintone."""

    def __init__(self, client: Client, forms: Forms) -> None:
        self._client = client
        self._forms = forms
        self._overlap = client.settings.overlap_seconds

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield what changed since `cursor`, everything when it is None; 500 a page.

        kintone says in which minute a record changed. The next reading starts where
        this one *began*, less the overlap, from the full minute on: a record changed
        after it was passed comes again, never not at all. Deletions do not show.
        """
        where = self._client.where(query.stream)
        self._refuse_include(where, query)
        condition = parse_where(where, query.where)
        position = parse_position(where, cursor) if cursor else None
        if position is not None and position.mode == "since":
            floor = floor_of(position.since, self._overlap)
            position = replace(position, mode="walk", after=0, floor=floor)
            yield from self._walk(query, condition, position, began=None)
        elif position is not None:
            yield from self._walk(query, condition, position, began=position.since)
        else:
            start = Position("walk", datetime.min)  # noqa: DTZ901 - set by the first page
            yield from self._walk(query, condition, start, began=None)

    def cursor_at(self, stream: str, moment: datetime) -> str | None:  # noqa: ARG002
        """Return a cursor that covers all changes since a moment."""
        return str(Position("since", moment))

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return these records as they are now; those that are gone as deleted."""
        where = self._client.where(query.stream)
        self._refuse_include(where, query)
        changed = self._forms.changed(query.stream)
        found: dict[str, Record] = {}
        for row in self._by_id(query.stream, ids, (*query.fields, changed)):
            record = _record(row, query.fields, changed)
            found[record.id] = record
        self._mark_outside(query, found)
        wanted = dict.fromkeys(ids)
        return [found.get(one) or Record(one, "", {}, deleted=True) for one in wanted]

    def changed_at(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, datetime]]:
        """Return when records changed, said of each field: kintone keeps no more."""
        changed = self._forms.changed(stream)
        found: dict[str, Mapping[str, datetime]] = {}
        for row in self._by_id(stream, ids, (changed,)):
            at = moment(row.get(changed))
            if at is not None:
                found[str(id_of(row))] = dict.fromkeys(fields, at)
        return found

    def _walk(
        self, query: Query, condition: str, start: Position, began: datetime | None
    ) -> Iterator[Page]:
        stream, changed = query.stream, self._forms.changed(query.stream)
        conditions = [condition]
        if start.floor is not None:
            conditions.append(changed_since(changed, start.floor))
        wanted = (*query.fields, REVISION, changed)
        pages = self._client.walk(stream, conditions, wanted, after=start.after)
        position = start
        for rows, is_last, told_at in pages:
            began = began or told_at
            if is_last:
                position = Position("since", began)
            else:
                position = Position("walk", began, id_of(rows[-1]), start.floor)
            records = [_record(row, query.fields, changed) for row in rows]
            yield Page(records, str(position))

    def _by_id(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Iterator[Row]:
        numbers = [one for one in dict.fromkeys(ids) if one.isdecimal()]
        wanted = (*fields, REVISION)
        for chunk in chunks(numbers, PAGE):
            query = in_order([one_of(ID, chunk)], PAGE)
            rows, _, _ = self._client.records(stream, query, wanted, kind="read")
            yield from rows

    def _mark_outside(self, query: Query, found: Mapping[str, Record]) -> None:
        """Mark records for which the mapping's `where` does not hold."""
        condition = parse_where(self._client.where(query.stream), query.where)
        if not condition:
            return
        inside: set[str] = set()
        for chunk in chunks(list(found), PAGE):
            asked = in_order([condition, one_of(ID, chunk)], PAGE)
            rows, _, _ = self._client.records(query.stream, asked, (ID,))
            inside |= {str(id_of(row)) for row in rows}
        for record in found.values():
            record.outside = record.id not in inside

    def _refuse_include(self, where: str, query: Query) -> None:
        if query.include:
            what = "kintone's records bring no others along: `include` is not possible"
            remedy = "Read tables as fields, and other apps by `lookup:`."
            raise ConfigError(where, what, remedy)


def _record(row: Row, fields: Sequence[str], changed: str) -> Record:
    """Return a record; what was asked for and is not there is empty."""
    values = {**dict.fromkeys(fields), **plain_record(row)}
    number, version = str(values[ID]), str(values.get(REVISION) or "")
    for name in {ID, REVISION, changed} - set(fields):
        values.pop(name, None)
    return Record(number, version, values, moment(row.get(changed)))
