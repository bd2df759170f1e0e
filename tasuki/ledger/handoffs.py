"""Handoffs in the ledger: opened once, closed by what is told later.

What was computed when a row was made (due, near, by which rule) is in no statement that
changes one. Two workers that see the same make the same rows, each of them once.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Dialect, bindparam, select, text, update
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, among, insert_into
from tasuki.ledger.handoff_table import HANDOFF, OPEN_HANDOFFS
from tasuki.ledger.journey_tables import STAGE_EVENT
from tasuki.ledger.rows import time_text
from tasuki.ledger.stage_events import StoredEvent
from tasuki.ledger.tables import LINK

_PAGE: Final = 20_000
_CLOSING: Final = ("state", "closed_at", "closed_by", "reason", "failed")


class Handoff(NamedTuple):
    """A customer on the way from one department to the next.

    Attributes:
        id: Equal for whoever makes the row of the same entry.
        handoff: Which one: mql_to_sal.
        subject: Whose: `person/101`.
        opened_by: The event, `connection:event`.
        source: The connection that told of it.
        giver: The department that gives.
        taker: The department that takes.
        owner: In charge when it was opened, as the source names them.
        channel: Where the customer came from (the lead source), where known.
        warn_at: From when it is nearly late; computed once, like `due_at`.
        within: The agreed time, in words.
        rule_hash: By which rule all this was computed.
        state: open, accepted, rejected, rejected_at_gate, out_of_scope, withdrawn or
            merged.
        closed_by: Who accepted or rejected it, as the source names them.
        reason: Why it was rejected.
        failed: The criteria that did not hold at the gate.
    """

    id: str
    handoff: str
    subject: str
    opened_by: str
    source: str
    giver: str
    taker: str
    owner: str
    channel: str
    opened_at: datetime
    warn_at: datetime
    due_at: datetime
    within: str
    rule_hash: str
    state: str = "open"
    closed_at: datetime | None = None
    closed_by: str = ""
    reason: str = ""
    failed: tuple[str, ...] = ()


class Change(NamedTuple):
    """A row as it was read, and as it is to be."""

    before: Handoff
    after: Handoff


class HandoffBook:
    """The ledger's pages about handoffs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def events(self, stages: Sequence[str]) -> Iterator[StoredEvent]:
        """Yield the stage events of some stages, as they were added."""
        after = 0
        while True:
            rows = self._database.rows(
                _events, stages=list(stages), after=after, most=_PAGE
            )
            for row in rows:
                yield StoredEvent._make(row[1:])
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def rows(self) -> list[Handoff]:
        """Return every handoff, the earliest first."""
        return [_handoff(row) for row in self._database.rows(_rows)]

    def noted(self) -> dict[str, datetime]:
        """Return when the hub first knew of each handoff that is open."""
        found = self._database.rows(_noted)
        return {row[0]: datetime.fromisoformat(row[1]) for row in found}

    def keep(self, new: Sequence[Handoff], changes: Sequence[Change]) -> None:
        """Write new rows and closings in one transaction.

        A row that is there already stays as it is; one that another worker has changed
        meanwhile is left to the next look.
        """
        if not (new or changes):
            return
        database = self._database
        now = time_text(database.clock.now())
        with database.writing() as connection:
            added = [(*_stored(one), now, now) for one in new]
            database.run_many(connection, _add, added)
            for change in changes:
                values = dict(zip(_COLUMNS, _stored(change.after), strict=True))
                database.run(
                    connection,
                    _close,
                    which=change.before.id,
                    was=change.before.state,
                    at=now,
                    **{f"new_{name}": values[name] for name in _CLOSING},
                )

    def subjects(self, events: Sequence[str]) -> dict[str, str]:
        """Return whose events these are, as their sources told: by `opened_by`."""
        found = {}
        names = sorted({one.partition(":")[2] for one in events})
        for start in range(0, len(names), _PAGE):
            part = names[start : start + _PAGE]
            for source, event, subject in self._database.rows(_subjects, names=part):
                found[f"{source}:{event}"] = subject
        return found

    def sent_at(self, sync: str, source_ids: Sequence[str]) -> dict[str, datetime]:
        """Return when a mapping first linked these records with a counterpart."""
        if not source_ids:
            return {}
        found = self._database.rows(_sent, sync=sync, ids=list(source_ids))
        return {row[0]: datetime.fromisoformat(row[1]) for row in found}


_COLUMNS: Final = Handoff._fields


def _stored(row: Handoff) -> tuple[object, ...]:
    """Return a handoff as its table holds it."""
    return tuple(map(_plain, row))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return time_text(value)
    return orjson.dumps(value).decode() if isinstance(value, tuple) else value


def _handoff(row: Sequence[Any]) -> Handoff:
    found = Handoff._make(row[: len(_COLUMNS)])
    texts = row[_COLUMNS.index("opened_at") : _COLUMNS.index("within")]
    opened, warn, due = map(datetime.fromisoformat, texts)
    closed = row[_COLUMNS.index("closed_at")]
    return found._replace(
        opened_at=opened,
        warn_at=warn,
        due_at=due,
        closed_at=datetime.fromisoformat(closed) if closed else None,
        failed=tuple(orjson.loads(row[_COLUMNS.index("failed")])),
    )


def _events(dialect: Dialect) -> ClauseElement:
    event = STAGE_EVENT.c
    return (
        select(*event)
        .where(event.seq > bindparam("after"), among(event.stage, "stages", dialect))
        .order_by(event.seq)
        .limit(bindparam("most"))
    )


def _rows(_: Dialect) -> ClauseElement:
    return select(*HANDOFF.c).order_by(HANDOFF.c.opened_at, HANDOFF.c.id)


def _subjects(dialect: Dialect) -> ClauseElement:
    event = STAGE_EVENT.c
    return select(event.source, event.source_event, event.subject).where(
        among(event.source_event, "names", dialect)
    )


def _noted(_: Dialect) -> ClauseElement:
    return select(HANDOFF.c.id, HANDOFF.c.created_at).where(text(OPEN_HANDOFFS))


def _add(dialect: Dialect) -> ClauseElement:
    statement = insert_into(dialect, HANDOFF).values(
        {column.name: bindparam(column.name) for column in HANDOFF.c}
    )
    return statement.on_conflict_do_nothing(index_elements=["id"])


def _close(_: Dialect) -> ClauseElement:
    """Build the change of a row that nobody else has changed since it was read."""
    return (
        update(HANDOFF)
        .where(HANDOFF.c.id == bindparam("which"), HANDOFF.c.state == bindparam("was"))
        .values(
            {name: bindparam(f"new_{name}") for name in _CLOSING}
            | {"updated_at": bindparam("at")}
        )
    )


def _sent(dialect: Dialect) -> ClauseElement:
    return select(LINK.c.source_id, LINK.c.linked_at).where(
        among(LINK.c.source_id, "ids", dialect), LINK.c.sync == bindparam("sync")
    )
