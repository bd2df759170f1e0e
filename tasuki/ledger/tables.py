"""The ledger's tables, declared once; hot paths run Core statements on them.

Times are UTC text of fixed width (see `rows.time_text`): they sort and come back
alike on SQLite and PostgreSQL without a conversion per row. JSON is text made by
`rows.encode`. Composite keys begin with their selective column: a table that was just
filled has no statistics yet, and PostgreSQL then reads it whole otherwise.
"""

from typing import Any

from sqlalchemy import Connection, Index, MetaData, Table, TextClause, event, text
from sqlmodel import Field, SQLModel

# Spelled with OR: SQLite builds a small table for each IN, for each row written, which
# nearly doubles the cost of an intent.
OPEN_STATES = "(state = 'planned' OR state = 'sending' OR state = 'in_doubt')"
LIVE_CLAIMS = "(claim IS NOT NULL AND state <> 'rejected' AND state <> 'abandoned')"
UNSOLVED_LETTERS = "(state = 'open' OR state = 'replayed')"
LEFT_OVER_DECISIONS = "(outcome = 'waiting' OR outcome = 'held')"
OPEN_HOLDS = "state <> 'closed'"

_CONDITIONS: list[tuple[Index, TextClause]] = []
"""PostgreSQL is told of them when tables are made there: naming it earlier loads all of
its drivers, 0.1 s that a ledger in SQLite does without."""


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index of the rows for which a condition holds."""
    condition = text(where)
    index = Index(name, *columns, unique=unique, sqlite_where=condition)
    _CONDITIONS.append((index, condition))
    return index


class Stored(SQLModel):
    """What all tables share: a catalogue of their own, apart from any other's."""

    metadata = MetaData()


class Link(Stored, table=True):
    """A source record and its counterpart, with what was last sent."""

    __tablename__ = "link"
    __table_args__ = (Index("link_reverse", "destination_id", "sync"),)

    source_id: str = Field(primary_key=True)
    sync: str = Field(primary_key=True)
    source: str
    destination: str
    destination_id: str
    sent: str
    fingerprint: str
    version: str
    revision: str
    state: str
    run_id: str
    linked_at: str
    updated_at: str


class Intent(Stored, table=True):
    """A write, recorded before it is sent; its receipt afterwards.

    A claim (money: the business key) belongs to one live intent, for ever: a rejected
    or abandoned one gives it back.
    """

    __tablename__ = "intent"
    __table_args__ = (
        Index("intent_source", "source_id", "sync"),
        partial_index("intent_open", "sync", where=OPEN_STATES),
        partial_index("intent_claim", "claim", where=LIVE_CLAIMS, unique=True),
    )

    id: str = Field(primary_key=True)
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
    payload: str
    fingerprint: str
    version: str
    revision: str
    state: str
    attempts: int
    quiet_until: str | None
    receipt: str | None
    error_code: str
    error_words: str
    run_id: str
    fence: int
    created_at: str
    sent_at: str | None
    done_at: str | None


class MatchKey(Stored, table=True):
    """A match value (hashed) that a create of ours had: twins are noticed by it.

    The destination may not show the first of two yet: in flight, or a late index.
    """

    __tablename__ = "match_key"

    key: str = Field(primary_key=True)
    sync: str = Field(primary_key=True)
    source_id: str


class Relation(Stored, table=True):
    """Two records of one system that belong to one story, as a mapping said.

    Written `connection/stream/id`; a Lead and the Opportunity it was converted to.
    """

    __tablename__ = "relation"
    __table_args__ = (Index("relation_to", "to_ref"),)

    from_ref: str = Field(primary_key=True)
    to_ref: str = Field(primary_key=True)
    sync: str
    run_id: str
    seen_at: str


class Decision(Stored, table=True):
    """Why a record went where it went; a row per change of mind, never altered."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("decision_source", "source_id", "sync", "id"),
        partial_index("decision_left_over", "sync", where=LEFT_OVER_DECISIONS),
    )

    id: int | None = Field(default=None, primary_key=True)
    source_id: str
    sync: str
    outcome: str
    reason: str
    detail: str
    revision: str
    version: str
    run_id: str
    decided_at: str


class DeadLetter(Stored, table=True):
    """A record given up for now, with its cause and what a person can do."""

    __tablename__ = "dead_letter"
    __table_args__ = (
        partial_index(
            "dead_letter_unsolved",
            "source_id",
            "sync",
            where=UNSOLVED_LETTERS,
            unique=True,
        ),
        Index("dead_letter_source", "source_id", "sync"),
    )

    id: int | None = Field(default=None, primary_key=True)
    source_id: str
    sync: str
    cause: str
    words: str
    remedy: str
    payload: str
    version: str
    revision: str
    state: str
    count: int
    first_at: str
    last_at: str
    run_id: str


class Hold(Stored, table=True):
    """What waits for a person: the question, and all that is needed to decide it.

    One row for a record of a sync; `source_id` is empty for a whole run that a guard
    refused. `digest` and `fingerprint` change when the question or the record does.
    """

    __tablename__ = "hold"
    __table_args__ = (partial_index("hold_open", "sync", where=OPEN_HOLDS),)

    source_id: str = Field(primary_key=True)
    sync: str = Field(primary_key=True)
    source: str
    reason: str
    detail: str
    question: str
    digest: str
    fingerprint: str
    version: str
    revision: str
    state: str
    run_id: str
    since: str
    seen_at: str


class Ruling(Stored, table=True):
    """What a person decided about a hold, who and why; never altered."""

    __tablename__ = "ruling"
    __table_args__ = (
        Index("ruling_source", "source_id", "sync"),
        Index("ruling_sync", "sync"),
    )

    id: int | None = Field(default=None, primary_key=True)
    source_id: str
    sync: str
    reason: str
    choice: str
    target: str
    question: str
    digest: str
    fingerprint: str
    who: str
    why: str
    ruled_at: str
    expires_at: str | None


class RulingEnd(Stored, table=True):
    """What became of a ruling, once: carried_out, stale, moot, expired or withdrawn."""

    __tablename__ = "ruling_end"

    ruling_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    outcome: str
    words: str
    who: str
    run_id: str
    ended_at: str


class Cursor(Stored, table=True):
    """How far a sync has read, stored after the outcomes."""

    __tablename__ = "cursor"

    sync: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    position: str
    revision: str
    updated_at: str
    run_id: str


class Run(Stored, table=True):
    """One execution of a sync; host, machine, pid and born tell its process."""

    __tablename__ = "run"
    __table_args__ = (Index("run_sync", "sync", "started_at"),)

    id: str = Field(primary_key=True)
    sync: str
    kind: str
    state: str
    started_at: str
    finished_at: str | None
    host: str
    pid: int
    counts: str
    calls: str
    error: str
    machine: str
    born: str


class RunTotal(Stored, table=True):
    """A sum over all finished runs of a sync: `outcome:created`, `calls:freee:read`."""

    __tablename__ = "run_total"

    sync: str = Field(primary_key=True)
    what: str = Field(primary_key=True)
    amount: float


class LeaseHeld(Stored, table=True):
    """Who may work under a name until when; `fence` grows with every owner."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    owner: str
    host: str
    machine: str
    pid: int
    born: str
    fence: int
    since: str
    expires_at: str


class SealedToken(Stored, table=True):
    """A connection's token, encrypted.

    `renewing_*` stands while a new one is asked for, and tells afterwards who never
    came back with it; `refused_*` once the system has refused to renew this one.
    """

    __tablename__ = "token"

    connection: str = Field(primary_key=True)
    sealed: str
    expires_at: str | None
    updated_at: str
    renewing_since: str | None
    renewing_by: str
    refused_at: str | None
    refused_words: str


class BudgetMeter(Stored, table=True):
    """When the next call of a connection's window may be made (GCRA), as epoch."""

    __tablename__ = "budget"

    name: str = Field(primary_key=True)
    connection: str
    tat: float
    paused_until: float


class KnownConnection(Stored, table=True):
    """A connection that was opened, and the account it turned out to be."""

    __tablename__ = "connection"

    name: str = Field(primary_key=True)
    connector: str
    account: str
    updated_at: str


class ForgottenRecord(Stored, table=True):
    """A record of a person who was erased: a keyed hash of its name, nothing else.

    Runs pass over it where `suppressed` is 1.
    """

    __tablename__ = "forgotten"

    hashed: str = Field(primary_key=True)
    suppressed: int
    at: str


@event.listens_for(Stored.metadata, "before_create")
def _tell_postgresql(_: MetaData, connection: Connection, **__: Any) -> None:  # noqa: ANN401
    if connection.dialect.name == "postgresql":
        for index, condition in _CONDITIONS:
            index.dialect_options["postgresql"]["where"] = condition


def _table(name: str) -> Table:
    return Stored.metadata.tables[name]


LINK = _table("link")
INTENT = _table("intent")
DECISION = _table("decision")
RELATION = _table("relation")
MATCH_KEY = _table("match_key")
DEAD_LETTER = _table("dead_letter")
HOLD = _table("hold")
RULING = _table("ruling")
RULING_END = _table("ruling_end")
CURSOR = _table("cursor")
RUN = _table("run")
RUN_TOTAL = _table("run_total")
LEASE = _table("lease")
TOKEN = _table("token")
BUDGET = _table("budget")
CONNECTION = _table("connection")
FORGOTTEN = _table("forgotten")
