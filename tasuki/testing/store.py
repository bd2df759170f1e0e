"""What a fake system holds: streams of rows, and everything that was done to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tasuki.model.write import Operation, Write, WriteClass, WriteFacts


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


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that was really done to a stream, however often it was asked for."""

    stream: str
    operation: Operation
    id: str
    fields: Mapping[str, object]
    mark: str = ""
    created: bool = False


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
        index_lag: Seconds until a new record is found by `find`.
        required: A row without these fields is refused.
        parents: Field to the stream whose record it names, for `include`.
    """

    name: str
    write_class: WriteClass = WriteClass.UPSERT
    batch_size: int = 200
    page_size: int = 100
    quiet_seconds: float = 60.0
    in_flight: int = 1
    look_back: int = 0
    index_lag: float = 0.0
    required: tuple[str, ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)
    rows: dict[str, FakeRow] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    """Idempotency key to id (class A)."""

    def facts(self) -> WriteFacts:
        """Return how it wants to be written to."""
        return WriteFacts(
            self.write_class,
            self.batch_size,
            quiet_seconds=self.quiet_seconds,
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
        if self.write_class is WriteClass.KEY:
            found = self.marks.get(write.mark)
            return self.rows[found] if found else None
        if self.write_class is WriteClass.UPSERT and write.key:
            rows = self.having(*write.key)
            return rows[0] if rows else None
        return None


def value_of(row: FakeRow, name: str) -> object:
    """Return a field; every record knows its own id as `id`."""
    return row.id if name == "id" else row.fields.get(name)
