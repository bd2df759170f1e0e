"""What a fake system holds: streams of rows, and everything that was done to them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from tasuki.model.errors import (
    AccessError,
    NotSentError,
    RejectedError,
    RemoteError,
    ThrottledError,
    TransientError,
)
from tasuki.model.write import (
    Confirmed,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Write,
    WriteClass,
    WriteFacts,
)
from tasuki.testing.clock import ManualClock
from tasuki.testing.faults import FakeFault, Lie


@dataclass(slots=True)
class FakeRow:
    """One record, alive or not."""

    id: str
    fields: dict[str, object]
    changed: int
    born: float = 0.0
    mark: str = ""
    deleted: bool = False
    merged_into: str | None = None
    moved_to: tuple[str, str] | None = None
    cancelled: bool = False
    touched: datetime | None = None
    field_times: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that was really done to a stream, however often it was asked for."""

    stream: str
    operation: Operation
    id: str
    fields: Mapping[str, object]
    mark: str = ""
    created: bool = False


@dataclass(frozen=True, slots=True)
class FakeAnswer:
    """What a vendor with idempotency keys remembers of one request."""

    fields: Mapping[str, object]
    outcome: Outcome
    at: float


def _as_it_is(_name: str, value: object) -> object:
    return value


@dataclass(slots=True)
class FakeStream:
    """One stream and the vendor's rules for it.

    Attributes:
        name: As in a mapping's `connection/stream`.
        write_class: How its creates can be repeated.
        batch_size: Rows per write call.
        page_size: Records per page read.
        quiet_seconds: As in `WriteFacts`.
        in_flight: As in `WriteFacts`.
        look_back: So many changes before the cursor are read again.
        slow: Seconds a write waits for its turn (a budget) before it leaves.
        index_lag: Seconds until a new record is found by `find`.
        key_seconds: How long an idempotency key is remembered (class A).
        required: A row without these fields is refused.
        options: Field to the values it takes, for `describe`; others are refused.
        malformed: Field to a value for which a whole call is refused.
        complains_of: A refusal quotes what was sent for this field.
        parents: Field to the stream whose record it names, for `include`.
        bulk_threshold: As in `WriteFacts`.
        bulk_size: As in `WriteFacts`.
        bulk_seconds: How long a bulk job takes once it has been handed over; it is
            done also when nobody waits for it any more.
        alike: Fields that make two of its documents look the same.
        stores: What it makes of a value that is written to it (trims, lower case).
        dates: It says when fields changed, when records did, or nothing.
    """

    name: str
    write_class: WriteClass = WriteClass.UPSERT
    batch_size: int = 200
    page_size: int = 100
    quiet_seconds: float = 60.0
    in_flight: int = 1
    look_back: int = 0
    slow: float = 0.0
    index_lag: float = 0.0
    key_seconds: float = 86_400.0
    required: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    malformed: Mapping[str, str] = field(default_factory=dict)
    complains_of: str = ""
    parents: Mapping[str, str] = field(default_factory=dict)
    bulk_threshold: int = 0
    bulk_size: int = 0
    bulk_seconds: float = 20.0
    alike: tuple[str, ...] = ()
    stores: Callable[[str, object], object] = _as_it_is
    dates: Literal["fields", "records", "nothing"] = "records"
    rows: dict[str, FakeRow] = field(default_factory=dict)
    keys: dict[str, "FakeAnswer"] = field(default_factory=dict)
    """What was answered under each idempotency key (class A)."""

    def facts(self) -> WriteFacts:
        """Return how it wants to be written to."""
        return WriteFacts(
            self.write_class,
            self.batch_size,
            self.bulk_threshold,
            self.bulk_size,
            quiet_seconds=self.quiet_seconds,
            key_seconds=self.key_seconds,
            in_flight=self.in_flight,
        )

    def alive(self) -> Iterator[FakeRow]:
        """Yield the rows that are still there, in order of birth."""
        for row in self.rows.values():
            if not row.deleted:
                yield row

    def having(self, name: str, value: str) -> list[FakeRow]:
        """Return the rows whose field equals a text, without regard to case."""
        wanted = value.casefold()
        return [
            row
            for row in self.alive()
            if str(own := value_of(row, name)).casefold() == wanted and own is not None
        ]

    def known(self, write: Write) -> FakeRow | None:
        """Return the row that a create would find instead of making another."""
        if self.write_class is WriteClass.UPSERT and write.key:
            rows = self.having(*write.key)
            return rows[0] if rows else None
        return None


def value_of(row: FakeRow, name: str) -> object:
    """Return a field; every record knows its own id as `id`."""
    return row.id if name == "id" else row.fields.get(name)


def _no_step(_where: str) -> None:
    """Take no notice."""


class FakeStore:
    """What one connection holds, what is done to it, and what goes wrong.

    Attributes:
        effects: Everything that was really done, in order.
        calls: Calls by kind and stream, e.g. `write Lead`.
        on_step: Told before and after everything that happens; may raise.
        dies_late: Stream to seconds: when `on_step` raises right before a write to it,
            the write is done all the same so much later: the request had left.
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
        self.dies_late: dict[str, float] = {}
        self.oldest_cursor = 0
        self._faults: list[FakeFault] = []
        self._changes = 0
        self._born = 0

    # -- what people do ------------------------------------------------------------

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
        self._enter(row, fields)
        return record_id

    def delete(self, stream: str, record_id: str) -> None:
        """Delete a record."""
        row = self.streams[stream].rows[record_id]
        row.deleted = True
        self._touch(row)

    def merge(self, stream: str, loser: str, survivor: str) -> None:
        """Merge one record into another; who writes to the loser is told so."""
        self.delete(stream, loser)
        gone = self.streams[stream].rows[loser]
        gone.merged_into, gone.moved_to = survivor, (stream, survivor)
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

    def cancel(self, stream: str, record_id: str) -> None:
        """Cancel a document: it stays, and counts for nothing."""
        self.streams[stream].rows[record_id].cancelled = True

    # -- for the two halves --------------------------------------------------------

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
        """Carry one row out, or answer as before where its key is remembered."""
        keyed = stream.write_class is WriteClass.KEY
        if not keyed or write.operation is not Operation.CREATE:
            return self._change(stream, write)
        known, now = stream.keys.get(write.mark), self.clock.monotonic()
        if known is None or now - known.at >= stream.key_seconds:
            outcome = self._change(stream, write)
            stream.keys[write.mark] = FakeAnswer(dict(write.fields), outcome, now)
            return outcome
        if known.fields != write.fields:
            return InDoubt(write.ref, "the key was used with other fields")
        return replace(known.outcome, ref=write.ref)

    def _change(self, stream: FakeStream, write: Write) -> Outcome:
        absent = [n for n in stream.required if n not in write.fields]
        creating = write.operation is Operation.CREATE
        if creating and absent:
            return Rejected(write.ref, "REQUIRED_FIELD_MISSING", ", ".join(absent))
        for name, taken in stream.options.items():
            if name in write.fields and write.fields[name] not in taken:
                words = f"bad value for restricted picklist field {name}"
                if stream.complains_of:
                    words += f" (of {write.fields.get(stream.complains_of)})"
                return Rejected(write.ref, "INVALID_OR_NULL_FOR_PICKLIST", words)
        row = stream.known(write) if creating else stream.rows.get(str(write.target_id))
        if not creating and (row is None or row.deleted):
            moved = row.moved_to if row else None
            return Gone(write.ref, "ENTITY_IS_DELETED", "it is gone", moved)
        if row is None:
            row = FakeRow(self._new_id(stream), {}, 0, self.clock.monotonic())
            row.mark = write.mark
            stream.rows[row.id] = row
        created = row.changed == 0
        self._enter(row, {n: stream.stores(n, v) for n, v in write.fields.items()})
        self.effects.append(
            Effect(
                stream.name,
                write.operation,
                row.id,
                dict(write.fields),
                write.mark,
                created,
            )
        )
        answer = {"id": row.id, "number": f"N-{row.id}"}
        return Confirmed(write.ref, row.id, created if creating else None, answer)

    def _new_id(self, stream: FakeStream) -> str:
        self._born += 1
        return f"{stream.name}-{self._born}"

    def _enter(self, row: FakeRow, fields: Mapping[str, object]) -> None:
        for name, value in fields.items():
            if name not in row.fields or row.fields[name] != value:
                row.field_times[name] = self.clock.now()
        row.fields.update(fields)
        self._touch(row)

    def restore(self, stream: str, record_id: str) -> None:
        """Take a record out of the bin."""
        row = self.streams[stream].rows[record_id]
        row.deleted = False
        self._touch(row)

    def _touch(self, row: FakeRow) -> None:
        self._changes += 1
        row.changed = self._changes
        row.touched = self.clock.now()
