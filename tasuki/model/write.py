"""What is written: one row asked of a destination, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class WriteClass(StrEnum):
    """How a write can be made safe to repeat (vendors' own means)."""

    KEY = "A"  # an idempotency key header
    UPSERT = "B"  # a natural key: repeating it changes nothing
    MARKER = "C"  # a mark inside the document, looked up before any resend
    NONE = "D"  # nothing


class Operation(StrEnum):
    """What one row asks for."""

    CREATE = "create"  # no counterpart known; by `key` where the class is B
    UPDATE = "update"  # the counterpart is `target_id`


@dataclass(frozen=True, slots=True)
class WriteFacts:
    """How a stream of a destination wants to be written to.

    Attributes:
        create_class: Write class of creating; updates by id are always repeatable.
        batch_size: Rows per call.
        bulk_threshold: From this many rows in a run on, `bulk_size` rows are handed
            over at once (a bulk job); 0 where the system has none.
        bulk_size: Rows per bulk hand-over.
        quiet_seconds: Class C: a lost write may still land this long afterwards, so
            nothing is looked up or sent again earlier.
        key_seconds: Class A: for so long the vendor surely remembers an idempotency
            key. Later the same key may make a second record, so it is not used again.
        in_flight: Batches that may be under way at once.
    """

    create_class: WriteClass
    batch_size: int
    bulk_threshold: int = 0
    bulk_size: int = 0
    quiet_seconds: float = 60.0
    key_seconds: float = 86_400.0
    in_flight: int = 2

    @property
    def settling_delay(self) -> float:
        """Seconds before a create in doubt may be settled: only looking needs any."""
        return self.quiet_seconds if self.create_class is WriteClass.MARKER else 0.0


# Rows and their receipts are made for every record. They are never altered either, but
# a frozen dataclass takes three times as long to make.
@dataclass(slots=True)
class Write:
    """One row asked of a destination.

    Attributes:
        ref: The intent's id; every outcome names it.
        operation: Create or update.
        fields: The payload: destination field names to plain values.
        target_id: The counterpart's id, for updates.
        key: (field, value) of the natural key, for creates of class B.
        mark: Our own mark: the idempotency key (A), equal whenever this very row is
            sent again, or the text that class C writes into the document.
    """

    ref: str
    operation: Operation
    fields: Mapping[str, object]
    target_id: str | None = None
    key: tuple[str, str] | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a write becomes on the wire, but for where the system is and who asks.

    Attributes:
        method: HTTP's word.
        path: From the API's root on, without its version where a setting decides it.
        body: Plain values: what stands in the JSON.
    """

    method: str
    path: str
    body: Mapping[str, object]

    @property
    def plain(self) -> dict[str, object]:
        """The request as keys and values."""
        return {"method": self.method, "path": self.path, "body": dict(self.body)}


class UnrenderedError(ValueError):
    """The system would refuse the row before anything is sent: in its own words."""


@dataclass(slots=True)
class Confirmed:
    """It is done: the destination's id, and what it answered (the receipt).

    `target_stream` is set when the record now lives elsewhere (a converted Lead
    answers as a Contact); the engine re-points the link.

    `stated` are a document's sums as the system states them, by the names of
    `tasuki.billing` (total_incl, tax_total, breakdown, …), and how it rounds
    (tax_rounding, line_rounding) where the mapping does not say. Sums that are not
    what the mapping's fields come to hold the document.
    """

    ref: str
    id: str
    created: bool | None = None
    answer: Mapping[str, object] = field(default_factory=dict)
    target_stream: str | None = None
    stated: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The destination refuses this row and would refuse it again."""

    ref: str
    code: str
    words: str
    remedy: str = "Correct the record at its source; the next run picks it up."


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not done, and worth trying again later (row lock, busy, quota)."""

    ref: str
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Sent, and nobody knows whether it was done."""

    ref: str
    words: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The counterpart is not there any more.

    `moved_to` is (stream, id) of the record it was merged or converted into, or None
    when it was deleted.
    """

    ref: str
    code: str
    words: str
    moved_to: tuple[str, str] | None = None


Outcome = Confirmed | Rejected | Deferred | InDoubt | Gone


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record at the destination that a match key found."""

    id: str
    stream: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a look-up of an in-doubt write found.

    Attributes:
        ref: The write that was looked for.
        found: Documents that carry its mark.
        suspects: Documents without any mark of ours that look the same (partner, date,
            total): somebody may have edited the mark away, so nothing is sent again
            before a person has looked.
    """

    ref: str
    found: tuple[Confirmed, ...]
    suspects: tuple[Confirmed, ...] = ()
