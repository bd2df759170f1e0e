"""The inbox: hints that were received, until every sync that reads them has looked.

What is committed here has been promised to the sender. A hint is done after the
outcomes of its record are durable: a process that dies between the two looks once more,
which is harmless.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

from sqlalchemy import Dialect, bindparam, func, select, text
from sqlalchemy.sql.expression import ClauseElement, ColumnElement

from tasuki.ledger.database import Database, insert_into
from tasuki.ledger.inbox_table import INBOX, WAITING_HINTS
from tasuki.ledger.rows import time_text
from tasuki.model.hint import Hint

_Item = TypeVar("_Item")
_STEP = 500
_PROBE = "probe"
_COLUMNS = (
    "event", "connection", "stream", "record_id", "kind", "state", "attempts", "syncs",
    "words", "remedy", "received_at", "due_at",
)  # fmt: skip


class HintRow(NamedTuple):
    """A hint that waits. `syncs`: those that still have to look; all when empty."""

    id: int
    connection: str
    stream: str
    record_id: str
    attempts: int
    syncs: frozenset[str]


class Delay(NamedTuple):
    """What becomes of hints that could not be finished.

    `due_at` None: given up, until a person wants them tried again.
    """

    ids: Sequence[int]
    syncs: Sequence[str]
    attempts: int
    due_at: datetime | None
    words: str = ""
    remedy: str = ""


class Backlog(NamedTuple):
    """The inbox in numbers; `oldest` is when the longest waiting hint came."""

    waiting: int
    dead: int
    ignored: int
    done: int
    oldest: datetime | None
    words: str = ""
    remedy: str = ""


class Inbox:
    """The ledger's side of receiving and draining."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_hints(self, hints: Sequence[tuple[str, Hint]]) -> int:
        """Store hints of connections, all or none; return how many are new.

        An event that is known already is left as it is: the record has been read since
        it happened, or will be.
        """
        now = time_text(self._database.clock.now())
        rows = [
            (
                _digest(connection, hint), connection, hint.stream, hint.record_id,
                hint.kind, "waiting", 0, "", "", "", now, now,
            )
            for connection, hint in hints
        ]  # fmt: skip
        statement = self._database.statement(_put)
        with self._database.writing() as connection:
            done = connection.exec_driver_sql(statement.sql, rows)
        return int(done.rowcount)

    def prove_inbox(self) -> None:
        """Write and take back one row, as a delivery would; LedgerError if it fails."""
        mine = INBOX.c.event == _PROBE
        now = time_text(self._database.clock.now())
        texts = dict.fromkeys(_COLUMNS, "") | {"received_at": now, "due_at": now}
        row = texts | {"event": _PROBE, "state": "done", "attempts": 0}
        with self._database.writing() as connection:
            connection.execute(INBOX.delete().where(mine))
            connection.execute(INBOX.insert().values(row))
            connection.execute(INBOX.delete().where(mine))

    def has_due_hints(self, before: datetime) -> bool:
        """Say whether a hint waits that was due before a time (one index look-up)."""
        return bool(self._database.rows(_any_due, before=time_text(before)))

    def due_hints(self, before: datetime, limit: int) -> list[HintRow]:
        """Return hints that were due before a time, those that waited longest first."""
        found = self._database.rows(_due, before=time_text(before), most=limit)
        return [_row(row) for row in found]

    def same_records(self, rows: Sequence[HintRow]) -> list[HintRow]:
        """Return untried hints of these records that are not due yet: one look does."""
        known = {row.id for row in rows}
        wanted = {(row.connection, row.stream, row.record_id) for row in rows}
        found: list[HintRow] = []
        for part in _chunks(sorted({row.record_id for row in rows})):
            asked = select(*_hint_columns()).where(
                text(WAITING_HINTS), INBOX.c.record_id.in_(part), INBOX.c.attempts == 0
            )
            with self._database.reading() as connection:
                listed = connection.execute(asked).all()
            found += [_row(row) for row in listed]
        return [
            row
            for row in found
            if row.id not in known
            and not row.syncs
            and (row.connection, row.stream, row.record_id) in wanted
        ]

    def close_hints(self, ids: Sequence[int], state: str = "done") -> None:
        """Note that hints are done, or `ignored` because nobody reads their stream."""
        now = time_text(self._database.clock.now())
        values = {"state": state, "done_at": now, "words": "", "remedy": ""}
        with self._database.writing() as connection:
            for part in _chunks(ids):
                mine = INBOX.c.id.in_(part)
                connection.execute(INBOX.update().where(mine).values(values))

    def delay_hints(self, delays: Sequence[Delay]) -> None:
        """Let hints be tried again later, or give them up."""
        now = time_text(self._database.clock.now())
        with self._database.writing() as connection:
            for delay in delays:
                values: dict[str, object] = {
                    "syncs": " ".join(delay.syncs),
                    "attempts": delay.attempts,
                    "words": delay.words,
                    "remedy": delay.remedy,
                }
                if delay.due_at is None:
                    values |= {"state": "dead", "done_at": now}
                else:
                    values["due_at"] = time_text(delay.due_at)
                for part in _chunks(delay.ids):
                    mine = INBOX.c.id.in_(part)
                    connection.execute(INBOX.update().where(mine).values(values))

    def revive_hints(self) -> int:
        """Let what was given up be tried again; return how many."""
        now = time_text(self._database.clock.now())
        values = {"state": "waiting", "attempts": 0, "due_at": now, "done_at": None}
        with self._database.writing() as connection:
            dead = INBOX.c.state == "dead"
            return connection.execute(
                INBOX.update().where(dead).values(values)
            ).rowcount

    def inbox_backlog(self) -> Backlog:
        """Return how many hints wait, since when, and why the last one failed."""
        counted = select(INBOX.c.state, func.count()).group_by(INBOX.c.state)
        first = select(func.min(INBOX.c.received_at)).where(text(WAITING_HINTS))
        failed = (
            select(INBOX.c.words, INBOX.c.remedy)
            .where(INBOX.c.words != "")
            .order_by(INBOX.c.id.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            counts = {row[0]: int(row[1]) for row in connection.execute(counted)}
            oldest = connection.execute(first).scalar_one()
            last = connection.execute(failed).first()
        words, remedy = last or ("", "")
        return Backlog(
            counts.get("waiting", 0),
            counts.get("dead", 0),
            counts.get("ignored", 0),
            counts.get("done", 0),
            datetime.fromisoformat(oldest) if oldest else None,
            words,
            remedy,
        )

    def hints_about(self, record_id: str) -> list[tuple[str, str, str, str]]:
        """Return (time, connection/stream, kind, state) of a record's hints."""
        asked = (
            select(
                INBOX.c.received_at,
                INBOX.c.connection + "/" + INBOX.c.stream,
                INBOX.c.kind,
                INBOX.c.state,
            )
            .where(INBOX.c.record_id == record_id)
            .order_by(INBOX.c.id)
        )
        with self._database.reading() as connection:
            return [tuple(row) for row in connection.execute(asked).all()]


def _digest(connection: str, hint: Hint) -> str:
    """Return what is unique: of a system without event ids, every delivery is."""
    event = (
        f"{hint.stream}/{hint.record_id}/{hint.event}" if hint.event else uuid4().hex
    )
    return blake2b(f"{connection}/{event}".encode(), digest_size=16).hexdigest()


def _row(row: Sequence[Any]) -> HintRow:
    number, connection, stream, record_id, attempts, syncs = row
    names = frozenset(str(syncs).split())
    return HintRow(number, connection, stream, record_id, attempts, names)


def _chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), _STEP):
        yield items[start : start + _STEP]


def _hint_columns() -> tuple[ColumnElement[Any], ...]:
    names = ("id", "connection", "stream", "record_id", "attempts", "syncs")
    return tuple(INBOX.c[name] for name in names)


def _put(dialect: Dialect) -> ClauseElement:
    values: dict[str, Any] = {name: bindparam(name) for name in _COLUMNS}
    added = insert_into(dialect, INBOX).values(values)
    return added.on_conflict_do_nothing(index_elements=["event"])


def _any_due(_: Dialect) -> ClauseElement:
    due = INBOX.c.due_at <= bindparam("before")
    return select(INBOX.c.id).where(text(WAITING_HINTS), due).limit(1)


def _due(_: Dialect) -> ClauseElement:
    due = INBOX.c.due_at <= bindparam("before")
    return (
        select(*_hint_columns())
        .where(text(WAITING_HINTS), due)
        .order_by(INBOX.c.due_at, INBOX.c.id)
        .limit(bindparam("most"))
    )
