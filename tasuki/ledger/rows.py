"""Rows as the ledger takes and gives them: plain tuples, JSON decoded when asked."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson


def encode(value: object) -> str:
    """Return JSON text, keys sorted; decimals become text, never floats."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS).decode()


def decode(text: str) -> dict[str, Any]:
    """Return the object that `encode` was given, as plain JSON values."""
    value: dict[str, Any] = orjson.loads(text)
    return value


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(type(value).__name__)


def time_text(moment: datetime) -> str:
    """Return an aware time as UTC text that sorts.

    Example:
        >>> time_text(datetime(2026, 4, 1, 9, 30, tzinfo=UTC))
        '2026-04-01T09:30:00.000000+00:00'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def text_time(text: str | None) -> datetime | None:
    """Return the time that `time_text` wrote."""
    return None if text is None else datetime.fromisoformat(text)


class LinkRow(NamedTuple):
    """A source record and its counterpart.

    `destination` is `connection/stream`; `sent_text` the JSON of the values last sent,
    by destination field; `state` is `live` or `detached`.
    """

    source_id: str
    sync: str
    source: str
    destination: str
    destination_id: str
    sent_text: str
    fingerprint: str
    version: str
    revision: str
    state: str = "live"

    @property
    def sent(self) -> dict[str, Any]:
        """The values last sent (decoded on each use)."""
        return decode(self.sent_text)


class BackRow(NamedTuple):
    """A link of the mapping that goes the other way, found by its counterpart's id."""

    source_id: str
    sent_text: str
    updated_at: str

    @property
    def sent(self) -> dict[str, Any]:
        """The values last sent (decoded on each use)."""
        return decode(self.sent_text)


class NewIntent(NamedTuple):
    """A write about to be recorded. Run, fence and times come from the transaction."""

    id: str
    sync: str
    source_id: str
    source: str
    destination: str
    destination_id: str | None
    operation: str
    claim: str | None
    mark: str
    key_field: str
    key_value: str
    payload_text: str
    fingerprint: str
    version: str
    revision: str


class IntentRow(NamedTuple):
    """A recorded write; see `tables.Intent`."""

    id: str
    sync: str
    source_id: str
    source: str
    destination: str
    destination_id: str | None
    operation: str
    claim: str | None
    mark: str
    key_field: str
    key_value: str
    payload_text: str
    fingerprint: str
    version: str
    revision: str
    state: str
    attempts: int
    quiet_text: str | None
    receipt_text: str | None
    error_code: str
    error_words: str
    run_id: str
    fence: int
    created_at: str
    sent_at: str | None
    done_at: str | None

    @property
    def payload(self) -> dict[str, Any]:
        """The fields to send."""
        return decode(self.payload_text)

    @property
    def receipt(self) -> dict[str, Any]:
        """What the destination answered; empty before it did."""
        return decode(self.receipt_text) if self.receipt_text else {}

    @property
    def quiet_until(self) -> datetime | None:
        """The time before which it is neither looked up nor sent again."""
        return text_time(self.quiet_text)


class ConfirmRow(NamedTuple):
    """The receipt of one intent. `receipt_text` is JSON (see `encode`)."""

    id: str
    destination_id: str
    receipt_text: str = "{}"


class StateRow(NamedTuple):
    """One intent's new state, when each has its own words."""

    id: str
    state: str
    error_code: str = ""
    error_words: str = ""
    quiet_until: datetime | None = None


class MatchKeyRow(NamedTuple):
    """A match value, hashed, and the record whose create had it."""

    key: str
    sync: str
    source_id: str


class RelationRow(NamedTuple):
    """Two records (`connection/stream/id`) that belong to one story."""

    from_ref: str
    to_ref: str
    sync: str


class NewDecision(NamedTuple):
    """A decision about to be recorded."""

    source_id: str
    sync: str
    outcome: str
    reason: str
    detail: str
    revision: str
    version: str


class DecisionRow(NamedTuple):
    """A recorded decision."""

    source_id: str
    sync: str
    outcome: str
    reason: str
    detail: str
    revision: str
    version: str
    run_id: str
    decided_at: str


class NewDeadLetter(NamedTuple):
    """A record about to be given up for now. `payload_text` is JSON."""

    source_id: str
    sync: str
    cause: str
    words: str
    remedy: str
    payload_text: str
    version: str
    revision: str


class DeadLetterRow(NamedTuple):
    """A recorded dead letter; `times` says how often it came back."""

    id: int
    source_id: str
    sync: str
    cause: str
    words: str
    remedy: str
    payload_text: str
    version: str
    revision: str
    state: str
    times: int
    first_at: str
    last_at: str
    run_id: str

    @property
    def payload(self) -> dict[str, Any]:
        """What could not be delivered."""
        return decode(self.payload_text)


class CauseCount(NamedTuple):
    """Open dead letters of one sync with one cause.

    `words` leaves out what differs from letter to letter; `group` names the cause.
    """

    sync: str
    cause: str
    times: int
    words: str
    remedy: str
    first_at: str
    last_at: str
    group: str = ""


class CursorRow(NamedTuple):
    """How far a sync has read."""

    sync: str
    part: str
    position: str
    revision: str
    updated_at: str
    run_id: str


class RunRow(NamedTuple):
    """One execution of a sync.

    `state` is `running`, `done`, `stopped`, `refused`, or what others say of a run that
    did not tell its end itself: `crashed`, `lost`.
    """

    id: str
    sync: str
    kind: str
    state: str
    started_at: str
    finished_at: str | None
    host: str
    pid: int
    counts_text: str
    calls_text: str
    error: str
    machine: str = ""
    born: str = ""

    @property
    def counts(self) -> dict[str, Any]:
        """Records by outcome."""
        return decode(self.counts_text)

    @property
    def calls(self) -> dict[str, Any]:
        """API calls by connection."""
        return decode(self.calls_text)


class ConnectionRow(NamedTuple):
    """A connection that was opened."""

    name: str
    connector: str
    account: str
    updated_at: str


class Story(NamedTuple):
    """Everything the ledger knows of one id, as source or as counterpart."""

    links: list[LinkRow]
    intents: list[IntentRow]
    decisions: list[DecisionRow]
    dead_letters: list[DeadLetterRow]
