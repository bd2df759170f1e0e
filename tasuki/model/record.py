"""What is read: records of a stream, at one version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

HUB: Final = "hub"
"""The connection that is the hub itself: what it keeps for other systems' records."""


class StreamRef(NamedTuple):
    """One kind of record of one connection, written `connection/stream`."""

    connection: str
    stream: str

    def __str__(self) -> str:
        return f"{self.connection}/{self.stream}"

    @classmethod
    def parse(cls, text: str) -> "StreamRef":
        """Read `hubspot/contacts`; raises ValueError on any other form."""
        connection, slash, stream = text.partition("/")
        if not (connection and slash and stream) or "/" in stream:
            msg = f"'{text}' is not of the form connection/stream"
            raise ValueError(msg)
        return cls(connection, stream)


class RecordRef(NamedTuple):
    """One record of one connection, written `connection/stream/id`."""

    connection: str
    stream: str
    id: str

    def __str__(self) -> str:
        return f"{self.connection}/{self.stream}/{self.id}"


@dataclass(slots=True)
class Record:
    """A record as its source gave it.

    Attributes:
        id: The source's own id, as text.
        version: Changes whenever the record does (update time, etag); "" if unknown.
        fields: Field name to value; included records stand under the name that the
            mapping's `include` gives them (a dict for a parent, a list for children).
        modified: When the source says it changed, aware; None where it does not say.
        deleted: The record is gone at the source; `fields` may be empty.
        outside: Asked for by its id, and the mapping's `where` does not hold for it.
        merged_into: The id of the surviving record when two were merged.
    """

    id: str
    version: str
    fields: dict[str, object]
    modified: datetime | None = None
    deleted: bool = False
    merged_into: str | None = None
    outside: bool = False


@dataclass(slots=True)
class Page:
    """Some records in order of change, and where to go on after them.

    `cursor` is the source's own text: once every record up to it has a durable
    outcome, reading may start again from it without loss.
    """

    records: list[Record]
    cursor: str


class Span(NamedTuple):
    """A range of a stream's ids: after `after`, up to and with `until`; "" is open."""

    after: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What a sync wants from a stream.

    Attributes:
        stream: The stream's name, e.g. `contacts` or `Opportunity`.
        fields: Own fields to read.
        where: The mapping's `where`, in the source's own query language.
        include: Name in the record -> (vendor's relation, its fields).
        within: Only records of this range; None for all. A source that is `Splitting`
            heeds it.
    """

    stream: str
    fields: tuple[str, ...]
    where: object = None
    include: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    within: Span | None = None


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One field of a stream, as the system describes it.

    `restricted` is False where a picklist takes values that it does not list.
    """

    name: str
    label: str = ""
    type: str = (
        "text"  # text number boolean date datetime picklist reference list other
    )
    writable: bool = True
    required: bool = False
    unique: bool = False
    length: int | None = None
    options: tuple[str, ...] = ()
    references: str | None = None
    readable: bool = True
    restricted: bool = True


@dataclass(frozen=True, slots=True)
class Schema:
    """A stream's fields by name."""

    stream: str
    fields: Mapping[str, FieldFacts]


class Change(NamedTuple):
    """A value that a field had from some moment on, as the source remembers it.

    Attributes:
        id: The source's own name of the change, the same whenever it is told.
        record_id: Of the record.
        field: Which field.
        value: Its value from then on, as text; "" for none.
        at: Since when; aware.
        actor: Who did it, as the source names them; "" where it does not say.
    """

    id: str
    record_id: str
    field: str
    value: str
    at: datetime
    actor: str = ""


@dataclass(slots=True)
class Past:
    """Some records with what changed about them, and where to go on after them."""

    records: list[Record]
    changes: list[Change]
    cursor: str
