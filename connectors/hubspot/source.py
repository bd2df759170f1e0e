"""Reading from HubSpot: everything once, then what has changed.

Both ways walk the records by id, never by offset: when somebody edits a record that
was already read, every later one moves up one place, and paging by offset skips one.
Walking by id also needs no cap of 10,000 hits, whatever their times are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from tasuki.model.errors import CursorExpiredError, RejectedError, TransientError
from tasuki.model.record import Change, Page, Past, Query, Record, Span

from .client import BATCH, SEARCH_PAGE, Body, Client, after, chunks, rows
from .filters import Filter, above, one_of, parse_where, since
from .included import Included
from .owners import STREAM as OWNERS
from .owners import Owners
from .past import changes_of
from .position import Position, milliseconds, moment, parse_position
from .splitting import holds, split, within

MERGED = "hs_merged_object_ids"
_LONGEST_URL = 6_000
_LONGEST_BODY = 2_500
"""Characters of property names that fit into a list's URL and into a search, whose
body HubSpot limits to 3,000. More of them are read by batch, after the ids."""


def time_property(stream: str) -> str:
    """Return the property that says when a record changed."""
    contacts = stream in {"contacts", "contact", "0-1"}
    return "lastmodifieddate" if contacts else "hs_lastmodifieddate"


class Source:
    """The reading half of HubSpot."""

    def __init__(self, client: Client, search_lag_seconds: int) -> None:
        self._client = client
        self._lag = search_lag_seconds * 1000

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield what changed since `cursor`, everything when it is None.

        Everything comes by list, in the order of ids, 100 at a time; with a `where`,
        within a range, and for changes, by search, 200 at a time. Search does not
        show archived records: `fetch` tells them when their ids are asked for.
        """
        where = self._client.where(query.stream)
        if query.stream == OWNERS:
            raise Owners(self._client).refuse()
        filters = within(parse_where(where, query.where), query.within)
        start = Position("search", 0, _first(query.within))
        included = Included(self._client, query)
        position = parse_position(where, cursor) if cursor else None
        if position is None:
            in_one = not filters and query.within is None
            pages = (
                self._listed(query) if in_one else self._search(query, filters, start)
            )
        elif position.mode == "list":
            pages = self._resumed(query, position, where)
        elif position.mode == "search":
            pages = self._search(query, filters, position)
        else:
            changed = replace(start, floor=position.since - self._lag)
            pages = self._search(query, filters, changed)
        for page in pages:
            included.add_to(page.records)
            yield page

    def past(
        self, query: Query, tracked: Sequence[str], cursor: str | None
    ) -> Iterator[Past]:
        """Yield changed records with all that HubSpot remembers of them.

        A record's history comes whole, so a change is told again whenever anything
        about its record changes.
        """
        for page in self.read(query, cursor):
            changes: list[Change] = []
            if tracked:
                ids = [one.id for one in page.records if not one.deleted]
                changes = list(changes_of(self._client, query.stream, ids, tracked))
            yield Past(page.records, changes, page.cursor)

    def cursor_at(self, stream: str, moment: datetime) -> str | None:  # noqa: ARG002
        """Return a cursor that covers all changes since a moment."""
        return str(Position("since", milliseconds(moment)))

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return these records as they are now."""
        wanted = [*dict.fromkeys((*query.fields, MERGED))]
        records: list[Record] = []
        for chunk in chunks(list(dict.fromkeys(ids)), BATCH):
            found = self._client.batch_read(query.stream, chunk, wanted)
            records += map(_record, found)
            records += [
                _gone(asked, survivor)
                for asked, survivor in not_found(chunk, found).items()
            ]
        self._mark_outside(query, [r for r in records if not r.deleted])
        Included(self._client, query).add_to([r for r in records if not r.deleted])
        return records

    def _mark_outside(self, query: Query, records: Sequence[Record]) -> None:
        """Mark records for which the mapping's `where` does not hold.

        Only search knows its operators. Its index may lag: a record that has just come
        inside counts as outside until the next reading of changes meets it.
        """
        filters = parse_where(self._client.where(query.stream), query.where)
        if not filters:
            return
        inside: set[str] = set()
        for chunk in chunks([record.id for record in records], BATCH):
            wanted = [*filters, one_of("hs_object_id", chunk)]
            body, _ = self._client.search(query.stream, wanted, ())
            inside |= {row["id"] for row in rows(body)}
        for record in records:
            record.outside = record.id not in inside

    def split(self, query: Query, parts: int) -> list[tuple[Span, int]]:
        """Return ranges of ids that cover the stream; a few searches for each."""
        filters = parse_where(self._client.where(query.stream), query.where)
        return split(self._client, query.stream, filters, parts)

    def holds(self, span: Span, record_id: str) -> bool:
        """Say whether a range holds an id."""
        return holds(span, record_id)

    def _listed(self, query: Query) -> Iterator[Page]:
        return self._list(query, Position("list", 0))

    def _list(self, query: Query, position: Position) -> Iterator[Page]:
        stream = query.stream
        is_wide = _width(query.fields) > _LONGEST_URL
        fields = () if is_wide else query.fields
        pages = self._client.list_pages(stream, fields, position.after)
        for body, told_at in pages:
            started = position.since or milliseconds(told_at)
            following = after(body)
            mode = "list" if following else "since"
            position = Position(mode, started, following)
            found = self._whole(query, rows(body)) if is_wide else rows(body)
            yield Page([_record(row) for row in found], str(position))

    def _resumed(self, query: Query, position: Position, where: str) -> Iterator[Page]:
        pages = self._list(query, position)
        try:
            first = next(pages)
        except RejectedError as error:
            raise CursorExpiredError(where, error.answer, error.code) from error
        yield first
        yield from pages

    def _search(
        self, query: Query, filters: list[Filter], position: Position
    ) -> Iterator[Page]:
        """Walk matches by id; a record changed meanwhile is met again next time.

        The next reading starts when this one *began*: a record edited after it was
        passed has a later time than that, one that the index shows late has at most
        the lag's age.
        """
        stream, changed = query.stream, time_property(query.stream)
        if position.floor is not None:
            filters = [*filters, since(changed, position.floor)]
        is_wide = _width(query.fields) + len(str(filters)) > _LONGEST_BODY
        fields = () if is_wide else query.fields
        while True:
            last = position.after
            body, told_at = self._client.search(stream, [*filters, above(last)], fields)
            found = rows(body)
            started = position.since or milliseconds(told_at)
            if is_last(body):
                position = Position("since", started)
            else:
                following = last_id(found, last, self._client.where(stream))
                position = Position("search", started, following, position.floor)
            found = self._whole(query, found) if is_wide else found
            yield Page([_record(row) for row in found], str(position))
            if position.mode == "since":
                return

    def _whole(
        self, query: Query, found: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Return found records with all their properties, in the same order."""
        ids = [row["id"] for row in found]
        whole: dict[str, dict[str, Any]] = {}
        for chunk in chunks(ids, BATCH):
            read = self._client.batch_read(query.stream, chunk, query.fields)
            whole.update((row["id"], row) for row in read)
        return [whole[one] for one in ids if one in whole]


def _first(span: Span | None) -> str:
    """Return the id that a search within a range begins after."""
    return (span.after if span else "") or "0"


def _width(fields: Sequence[str]) -> int:
    return sum(len(name) + 3 for name in fields)  # two quotes and a comma


def is_last(body: Body) -> bool:
    """Say whether a search by id has nothing behind this answer."""
    found, total = len(rows(body)), body.get("total")
    return found < SEARCH_PAGE or (isinstance(total, int) and total <= found)


def last_id(found: Sequence[dict[str, Any]], before: str, where: str) -> str:
    """Return the id that a search by id goes on after.

    Raises:
        TransientError: the answer is not in the order of ids, so going on could lose
            records.
    """
    ids = [int(before), *(int(row["id"]) for row in found)]
    if any(left >= right for left, right in pairwise(ids)):
        raise TransientError(where, "search answered out of the order of ids", "ORDER")
    return str(ids[-1])


def not_found(
    asked: Sequence[str], found: Sequence[dict[str, Any]]
) -> dict[str, str | None]:
    """Return the asked ids without a record of their own, and what they merged into."""
    present = {row["id"] for row in found}
    missing = [one for one in asked if one not in present]
    if not missing:
        return {}
    survivors: dict[str, str] = {}
    for row in found:
        merged = (row.get("properties") or {}).get(MERGED) or ""
        survivors.update((old, row["id"]) for old in merged.split(";") if old)
    strangers = [row["id"] for row in found if row["id"] not in set(asked)]
    if len(missing) == 1 and len(strangers) == 1:
        survivors.setdefault(missing[0], strangers[0])
    return {one: survivors.get(one) for one in missing}


def _record(row: dict[str, Any]) -> Record:
    changed = row["updatedAt"]
    return Record(
        row["id"],
        changed,
        row["properties"],
        moment(changed),
        deleted=bool(row.get("archived")),
    )


def _gone(asked: str, survivor: str | None) -> Record:
    return Record(asked, "", {}, modified=None, deleted=True, merged_into=survivor)
