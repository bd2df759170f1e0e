"""Reading a stream in order of change, with parents, children and deletions.

Progress is (SystemModstamp, Id). Salesforce stamps a record when it is written and
shows it when the transaction commits, which may be minutes later: a record can appear
*behind* a place already read. So each read starts `look_back` before the start of
the one before it. There is no upper bound: a query is a snapshot anyway, and a bound
taken from our own clock would hide records whenever the two clocks differ.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tasuki.model.errors import RejectedError, TransientError
from tasuki.model.record import Page, Query, Record, Span
from tasuki.transport.http import Answer

from . import soql
from .client import Client, QueryPage, page
from .position import Position
from .selection import Selection, Shape
from .splitting import holds, split


class SalesforceSource:
    """The reading half: SOQL, 2,000 records a page."""

    def __init__(self, client: Client, look_back: int) -> None:
        self._client = client
        self._look_back = timedelta(seconds=look_back)
        self._shapes: dict[str, Shape] = {}

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield the records changed since `cursor`.

        A first read leaves the recycle bin out; later ones see it, so that deleted
        and merged records come as such.
        """
        position = Position.parse(cursor, self._client.where(query.stream))
        began = self._client.clock.now()
        selection, answer = self._changed(query, position)
        if not position.following:
            earliest = min(began, _told(answer) or began) - self._look_back
            position = replace(position, following=soql.moment(earliest))
        current = page(answer.body)
        while True:
            rows = current.records
            if rows:
                stamp = soql.stamp(str(rows[-1][selection.shape.stamp]))
                reached = (soql.moment(stamp), str(rows[-1]["Id"]))
                if position.at and not _is_behind(reached, position.at):
                    where = self._client.where(query.stream)
                    raise TransientError(where, "the same page came again", "ENDLESS")
                position = position.past(*reached)
            records = self._records(rows, selection, query.stream)
            if not current.next_url:
                yield Page(records, position.done().text())
                return
            yield Page(records, position.text())
            current = self._next(current.next_url, query, position)

    def cursor_at(self, stream: str, moment: datetime) -> str | None:  # noqa: ARG002
        """Return a cursor that covers all changes since a moment."""
        return Position(following=soql.moment(moment)).done().text()

    def split(self, query: Query, parts: int) -> list[tuple[Span, int]]:
        """Return ranges of ids that cover the object; a few counts for each."""
        condition = self._selection(query).condition
        return split(self._client, query, condition, parts)

    def holds(self, span: Span, record_id: str) -> bool:
        """Say whether a range holds an id."""
        return holds(span, record_id)

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return these records as they are now, deleted and merged ones as such.

        Those for which the mapping's `where` does not hold are asked for once more
        without it: they are outside, or gone.
        """
        asked = list(dict.fromkeys(ids))
        found = self._by_id(query, asked)
        missing = [one for one in asked if one[:15] not in found]
        if missing and query.where:
            others = self._by_id(replace(query, where=None), missing)
            for key, record in others.items():
                record.outside = not record.deleted
                found[key] = record
        return [
            found.get(one[:15]) or Record(one, "", {}, deleted=True) for one in asked
        ]

    def _by_id(self, query: Query, ids: Sequence[str]) -> dict[str, Record]:
        head = self._selection(query).head()
        found: dict[str, Record] = {}
        for part in soql.chunks([soql.text(one) for one in ids], head):
            for record in self._fetch_part(query, part):
                found[record.id[:15]] = record
        return found

    def _fetch_part(self, query: Query, literals: Sequence[str]) -> list[Record]:
        def text(selection: Selection) -> str:
            wanted = f"Id IN ({','.join(literals)})"
            if selection.condition:
                wanted += f" AND ({selection.condition})"
            return f"{selection.head()} WHERE {wanted}"

        selection, answer = self._asked(query, text, deleted=True)
        current = page(answer.body)
        records = self._records(current.records, selection, query.stream)
        while current.next_url:
            answer = self._client.follow(current.next_url, query.stream, kind="read")
            current = page(answer.body)
            records += self._records(current.records, selection, query.stream)
        return records

    def _changed(self, query: Query, position: Position) -> tuple[Selection, Answer]:
        return self._asked(
            query,
            lambda selection: selection.changed(position),
            deleted=position.since is not None,
        )

    def _asked(
        self, query: Query, text: Callable[[Selection], str], *, deleted: bool
    ) -> tuple[Selection, Answer]:
        """Send a query; where the object lacks a bookkeeping field, do without."""
        stream = query.stream
        while True:
            selection = self._selection(query)
            try:
                return selection, self._client.query(
                    text(selection), stream, kind="read", deleted=deleted
                )
            except RejectedError as error:
                lesser = selection.shape.without(error)
                if lesser is None:
                    raise
                self._shapes[stream] = lesser

    def _selection(self, query: Query) -> Selection:
        shape = self._shapes.get(query.stream) or Shape.of(query.stream)
        return Selection(query, self._client.where(query.stream), shape)

    def _next(self, url: str, query: Query, position: Position) -> QueryPage:
        """Return the next page; a locator that died is replaced by our position."""
        try:
            return page(self._client.follow(url, query.stream, kind="read").body)
        except RejectedError as error:
            # Locators live 2 days, and only so many stay open for one user.
            if error.code not in {"INVALID_QUERY_LOCATOR", "NOT_FOUND"}:
                raise
            return page(self._changed(query, position)[1].body)

    def _records(
        self, rows: list[dict[str, object]], selection: Selection, stream: str
    ) -> list[Record]:
        for relation in selection.children().values():
            for row in rows:
                self._complete(row.get(relation), stream)
        return [selection.record(row) for row in rows]

    def _complete(self, block: object, stream: str) -> None:
        """Read a child list to its end: long ones come in pages of their own."""
        if not isinstance(block, dict):
            return
        current = page(block)
        while current.next_url:
            answer = self._client.follow(current.next_url, stream, kind="read")
            current = page(answer.body)
            block["records"] += current.records


def _is_behind(reached: tuple[str, str], before: tuple[str, str]) -> bool:
    """Say whether a page ends behind the one before it, as its order demands."""
    return reached != before and reached[0] >= before[0]


def _told(answer: Answer) -> datetime | None:
    """Return the org's own time as its answer's header says it."""
    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
