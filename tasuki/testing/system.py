"""A system in memory: what it was told, it does; what goes wrong is scripted.

Source and destination look at the same streams, so what one sync writes another one
reads, and a write-back comes back as a change.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from tasuki.model.errors import (
    AccessError,
    CursorExpiredError,
    NotSentError,
    RejectedError,
    RemoteError,
    ThrottledError,
    TransientError,
)
from tasuki.model.record import FieldFacts, Page, Query, Record, Schema
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Deferred,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Sighting,
    Write,
    WriteClass,
)
from tasuki.ports import Check
from tasuki.testing.clock import ManualClock
from tasuki.testing.faults import FakeFault, Lie
from tasuki.testing.store import Effect, FakeRow, FakeStream, value_of

_ROW_LIES = {Lie.ROW_REJECTED, Lie.ROW_DEFERRED, Lie.ROW_UNTOLD}


def _no_step(_where: str) -> None:
    """Take no notice."""


class FakeSystem:
    """One connection's system, in memory.

    Attributes:
        effects: Everything that was really done, in order.
        calls: Calls by kind and stream, e.g. `write Lead`.
        on_step: Told before and after everything that happens; may raise.
        dies_late: When `on_step` raises right before a write, the write is done all
            the same so many seconds later: the request had left already.
    """

    def __init__(
        self, clock: ManualClock, *streams: FakeStream, name: str = "fake"
    ) -> None:
        self.name = name
        self.clock = clock
        self.streams = {stream.name: stream for stream in streams}
        self.effects: list[Effect] = []
        self.calls: Counter[str] = Counter()
        self.on_step: Callable[[str], None] = _no_step
        self.dies_late: float | None = None
        self.oldest_cursor = 0
        self._faults: list[FakeFault] = []
        self._changes = 0
        self._born = 0
        self.source = FakeSource(self)
        self.destination = FakeDestination(self)

    # -- what people do ----------------------------------------------------------------

    def put(self, stream: str, record_id: str = "", /, **fields: object) -> str:
        """Enter or change a record by hand; returns its id."""
        rows = self.streams[stream].rows
        if not record_id:
            self._born += 1
            record_id = f"{stream}-{self._born}"
        row = rows.get(record_id)
        if row is None:
            row = FakeRow(record_id, {}, 0, self.clock.monotonic())
            rows[record_id] = row
        row.fields.update(fields)
        self._touch(row)
        return record_id

    def delete(self, stream: str, record_id: str) -> None:
        """Delete a record."""
        row = self.streams[stream].rows[record_id]
        row.deleted = True
        self._touch(row)

    def merge(self, stream: str, loser: str, survivor: str) -> None:
        """Merge one record into another."""
        self.delete(stream, loser)
        self.streams[stream].rows[loser].merged_into = survivor
        self._touch(self.streams[stream].rows[survivor])

    def move(self, stream: str, record_id: str, to: tuple[str, str]) -> None:
        """Let a record go on as another one (a lead that is converted)."""
        self.delete(stream, record_id)
        self.streams[stream].rows[record_id].moved_to = to

    def records(self, stream: str) -> dict[str, dict[str, object]]:
        """Return the fields of the records that are there, by id."""
        return {row.id: dict(row.fields) for row in self.streams[stream].alive()}

    def plant(self, *faults: FakeFault) -> None:
        """Script what goes wrong; the first that strikes a call wins."""
        self._faults.extend(faults)

    def tell_the_truth(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()

    # -- what systems answer -------------------------------------------------------------

    def describe(self, stream: str) -> Schema:
        """Return the names of all fields that some record has."""
        names = {n for row in self.streams[stream].rows.values() for n in row.fields}
        return Schema(stream, {name: FieldFacts(name) for name in sorted(names)})

    def doctor(self) -> Iterator[Check]:
        """Say that all is well."""
        yield Check("fake", ok=True, words="in memory")

    def record_url(self, stream: str, record_id: str) -> str | None:
        """Return an address that names the record."""
        return f"fake://{self.name}/{stream}/{record_id}"

    def close(self) -> None:
        """Keep everything: there is nothing to give back."""

    # -- for the two halves ----------------------------------------------------------------

    def begin(self, call: str, stream: str) -> FakeFault | None:
        """Count a call and return what goes wrong with it."""
        self.on_step(f"before {call} {self.name}/{stream}")
        self.calls[f"{call} {stream}"] += 1
        return next((f for f in self._faults if f.strikes(call, stream)), None)

    def refuse(self, fault: FakeFault | None, stream: str) -> None:
        """Raise what a lie means for a call that changes nothing."""
        if fault is not None:
            raise self.error(fault.lie, stream)

    def error(self, lie: Lie, stream: str) -> RemoteError:
        """Return the error that a connector would make of it."""
        where = f"{self.name}/{stream}"
        kinds: dict[Lie, type[RemoteError]] = {
            Lie.NOT_SENT: NotSentError,
            Lie.THROTTLED: ThrottledError,
            Lie.ACCESS: AccessError,
            Lie.REJECTED: RejectedError,
        }
        return kinds.get(lie, TransientError)(where, "planted", lie.value)

    def change(self, stream: FakeStream, write: Write) -> Outcome:
        """Carry one row out."""
        absent = [n for n in stream.required if n not in write.fields]
        creating = write.operation is Operation.CREATE
        if creating and absent:
            return Rejected(write.ref, "REQUIRED_FIELD_MISSING", ", ".join(absent))
        row = stream.known(write) if creating else stream.rows.get(str(write.target_id))
        if not creating and (row is None or row.deleted):
            moved = row.moved_to if row else None
            return Gone(write.ref, "ENTITY_IS_DELETED", "it is gone", moved)
        if row is None:
            row = FakeRow(self._new_id(stream), {}, 0, self.clock.monotonic())
            row.mark = write.mark
            stream.rows[row.id] = row
            if stream.write_class is WriteClass.KEY:
                stream.marks[write.mark] = row.id
        elif creating and stream.write_class is WriteClass.KEY:
            return Confirmed(write.ref, row.id, created=True, answer={"id": row.id})
        created = row.changed == 0
        row.fields.update(write.fields)
        self._touch(row)
        self.effects.append(
            Effect(
                stream.name, write.operation, row.id, dict(write.fields), write.mark,
                created,
            )
        )
        answer = {"id": row.id, "number": f"N-{row.id}"}
        return Confirmed(write.ref, row.id, created if creating else None, answer)

    def _new_id(self, stream: FakeStream) -> str:
        self._born += 1
        return f"{stream.name}-{self._born}"

    def _touch(self, row: FakeRow) -> None:
        self._changes += 1
        row.changed = self._changes


class FakeSource:
    """The reading half; a cursor is the number of the last change read."""

    def __init__(self, system: FakeSystem) -> None:
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
                (r for r in stream.rows.values() if r.changed > begin),
                key=lambda row: row.changed,
            )[: stream.page_size]
            begin = reached = max([reached, *(row.changed for row in rows)])
            page = Page([self._record(query, row) for row in rows], str(reached))
            system.on_step(f"after read {system.name}/{query.stream}")
            yield page
            if len(rows) < stream.page_size:
                return

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return these records as they are now."""
        system, stream = self._system, self._system.streams[query.stream]
        system.refuse(system.begin("fetch", query.stream), query.stream)
        gone = [Record(one, "", {}, deleted=True) for one in ids if one not in stream.rows]
        return gone + [
            self._record(query, stream.rows[one]) for one in ids if one in stream.rows
        ]

    def _record(self, query: Query, row: FakeRow) -> Record:
        version, modified = str(row.changed), self._when(row)
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

    def _when(self, row: FakeRow) -> "object":
        return self._system.clock.now().replace(hour=0) + timedelta(seconds=row.changed)


class FakeDestination:
    """The writing half, which is also able to count."""

    def __init__(self, system: FakeSystem) -> None:
        self._system = system
