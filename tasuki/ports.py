"""What the engine asks of the outside: protocols of a few methods each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from tasuki.model.record import Page, Past, Query, Record, Schema, Span
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import Candidate, Outcome, Sighting, Write, WriteFacts


class Clock(Protocol):
    """Time, so that tests can own it."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Source(Protocol):
    """The reading half of a system."""

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield the records changed since `cursor`, all of them when it is None.

        Records may come twice (look-back), never be missed; a page's cursor covers
        the records of that page and of all before it. The last page may be empty:
        it carries the cursor to start from next time. Deleted and merged records
        come as such where the system tells.

        Raises:
            CursorExpiredError: the cursor is unusable; the engine reads everything.
            RemoteError: as translated, after the transport's retries.
        """

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return these records as they are now, in any order.

        A record that is gone is returned as `deleted`; one that was merged comes with
        `merged_into`. One that exists while `query.where` does not hold for it is
        returned as `outside`: a deal that was reopened must not be invoiced because
        it had waited.
        """


class Destination(Protocol):
    """The writing half of a system."""

    def facts(self, stream: str) -> WriteFacts:
        """Return how the stream wants to be written to (no call)."""

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Send the rows of one batch and return one outcome per row.

        All rows have the same operation and, for keyed creates, the same key field.
        `fence()` is called right before every request that changes something; it
        raises when this run may not write any more. Rows are told apart by `ref`,
        each ref once, in any order.

        Raises:
            TransientError: nothing of this batch is known to be done, and repeating
                it is harmless (class A and B) or certainly nothing was done.
            AccessError: credentials or permissions; nothing was done.
        """

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return, for each asked value, the records whose field equals it.

        Text compares without case. Values nobody has are absent.
        """

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values of these records by id; absent when gone."""

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        """Look for documents that carry the marks of these writes (class C)."""


@runtime_checkable
class Counting(Protocol):
    """A destination that can say cheaply how many records a stream holds."""

    def count(self, stream: str) -> int:
        """Return the number of records (one call)."""

    def keys(self, stream: str, fields: Sequence[str]) -> Iterator[Candidate]:
        """Yield every record with these fields, in large pages."""


@runtime_checkable
class Sweeping(Protocol):
    """A destination whose streams can be read whole, to compare both sides."""

    def sweep_facts(self, stream: str) -> SweepFacts:
        """Return how the stream can be swept (no call)."""

    def sweep(self, stream: str, query: SweepQuery) -> Iterator[Sequence[Swept]]:
        """Yield every record of the stream, a page at a time, in any order.

        A record may come twice, never be left out. What is deleted does not come; a
        cancelled document comes as not live.
        """

    def shown(self, stream: str, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return what a sweep would show of a record that was sent these fields.

        Fields that a sweep cannot show (lines of a document) are left out; what
        follows from them (its total) may be added. No call.
        """


@runtime_checkable
class Stating(Protocol):
    """A destination whose documents state sums of their own."""

    def stated(
        self, stream: str, ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the sums that these documents state now; absent when gone.

        As in `Confirmed.stated`.
        """


@runtime_checkable
class Printing(Protocol):
    """A destination that gives its documents as PDFs."""

    def print_of(self, stream: str, record_id: str) -> bytes | None:
        """Return a document's PDF; None where the system has made none yet.

        Raises:
            RemoteError: as translated; `RejectedError` where the document is gone.
        """


@dataclass(frozen=True, slots=True)
class Cancellable:
    """A document as its system shows it, looked at before it is cancelled.

    Attributes:
        number: What it is called on paper; its id where it has no number yet.
        total: With tax, in whole units of the currency.
        currency: ISO 4217.
        partner: Whose document it is, as the system names them.
        is_cancelled: It does not count any more.
        refusal: Why it may not be cancelled; "" where nothing speaks against it.
        along: What the system takes away with it; "" for nothing.
    """

    number: str
    total: Decimal
    currency: str
    partner: str
    is_cancelled: bool
    refusal: str = ""
    along: str = ""


@runtime_checkable
class Cancelling(Protocol):
    """A destination whose documents can be cancelled: they stay, and do not count."""

    def cancellable(self, stream: str, record_id: str) -> Cancellable | None:
        """Return a document as it is now; None where it is gone.

        Raises:
            ConfigError: what this stream holds cannot be cancelled.
        """

    def cancel(self, stream: str, record_id: str, fence: Callable[[], None]) -> None:
        """Cancel one document; returns only when the system has said that it is.

        Raises:
            InDoubtError, TransientError: it may have been done; look.
            RejectedError: the system refuses, perhaps because it is cancelled already.
        """


@runtime_checkable
class Rewinding(Protocol):
    """A source that can be read from a moment of our choice."""

    def cursor_at(self, stream: str, moment: datetime) -> str | None:
        """Return a cursor that covers all changes since then; None: it cannot."""


@runtime_checkable
class Remembering(Protocol):
    """A source that knows which values fields had, and since when."""

    def past(
        self, query: Query, tracked: Sequence[str], cursor: str | None
    ) -> Iterator[Past]:
        """Yield what changed since `cursor`, all there is when it is None.

        As `Source.read`: records and changes may come twice, never be missed, and the
        last part carries the cursor to start from next time. Changes stand in any
        order, and need not be of the records beside them.

        Args:
            query: The records; their fields may have no history.
            tracked: The fields whose changes are wanted.
            cursor: One of this method's own, or None.
        """


@runtime_checkable
class Splitting(Protocol):
    """A source whose streams can be read in ranges of ids, beside each other.

    Its `read` heeds a query's `within`: each record lies in exactly one range, for as
    long as it exists, whatever changes about it.
    """

    def split(self, query: Query, parts: int) -> list[tuple[Span, int]]:
        """Return ranges of about equal size that cover every id, old and new.

        Returns:
            `parts` ranges at most, in order, each with the records it holds now.
        """

    def holds(self, span: Span, record_id: str) -> bool:
        """Say whether a range holds an id (no call)."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a person has to decide about an update: why, in one word, and what.

    `takes_back`: it leads to a document that a person may have made already.
    """

    reason: str
    words: str
    takes_back: bool = False


@runtime_checkable
class Reviewing(Protocol):
    """A destination that knows which updates a person has to decide about.

    What has happened over there counts, not what the record says: a plan of which a
    part was billed already.
    """

    def withdrawal(self, stream: str) -> Mapping[str, object]:
        """Return what a counterpart is told whose record does not qualify any more."""

    def review(
        self, stream: str, updates: Mapping[str, Mapping[str, object]]
    ) -> Mapping[str, Question]:
        """Return the questions about updates, by the counterpart's id.

        Asked before every write of an update; changes nothing over there.
        """


@runtime_checkable
class Closing(Protocol):
    """A source that closes something before a run reads it: the month's invoices."""

    def close_due(self, stream: str) -> None:
        """Fix what is due; a preview reads without it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `tasuki doctor`."""

    name: str
    ok: bool
    words: str
    remedy: str = ""


class System(Protocol):
    """One opened connection: what a connector gives for it."""

    source: Source
    destination: Destination

    def describe(self, stream: str) -> Schema:
        """Return the stream's fields (cached by the caller)."""

    def doctor(self) -> Iterator[Check]:
        """Look at credentials, permissions and settings, one line each."""

    def record_url(self, stream: str, record_id: str) -> str | None:
        """Return the record's page in the system's own screens."""

    def close(self) -> None:
        """Give sockets back."""


@runtime_checkable
class Accounted(Protocol):
    """A system that can say whose records it holds."""

    def account(self) -> str:
        """Return what changes when the connection leads to another account (no call).

        A cursor of one account says nothing about another.
        """


@runtime_checkable
class Dated(Protocol):
    """A system that can say when its records changed."""

    def changed_at(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, datetime]]:
        """Return when each field last changed, by record id; aware times.

        A system that knows only when a record changed says that of each field.
        Records that are gone are absent.
        """


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and what renews it. `expires_at` is aware, None for never."""

    access: str
    refresh: str = ""
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Token(***, expires_at={self.expires_at})"


class TokenStore(Protocol):
    """Where rotating tokens live, shared by all processes."""

    def load(self) -> Token | None:
        """Return the stored token of this connection."""

    def renew(
        self, stale: Token | None, mint: Callable[[Token | None], Token]
    ) -> Token:
        """Return a token newer than `stale`, calling `mint` at most once.

        Under a lock shared by all processes: the store is read again first, and
        when another process has renewed meanwhile its token is returned without a
        call. The new token is committed durably before it is returned.
        """

    def save(self, token: Token) -> None:
        """Store a token from a first login."""


class Budget(Protocol):
    """API calls that a connection may still make, shared by all processes."""

    def acquire(self, window: str = "") -> None:
        """Wait until one call may be made."""

    def pause(self, seconds: float) -> None:
        """Let nobody call this connection for a while (Retry-After)."""
