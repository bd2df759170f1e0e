"""Taking out what is old and no evidence, in small steps beside whatever runs.

Evidence of money stays whole: every sync that has ever claimed a business key keeps its
decisions, runs, letters and payloads, and so does a record with a claim of its own.
Each step is a transaction that asks again before it takes: what became evidence since
it was looked at stays, and a process that dies between two steps has only done less.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Table,
    Update,
    exists,
    func,
    or_,
    select,
    text,
)

from tasuki.ledger.database import Database
from tasuki.ledger.inbox_table import INBOX
from tasuki.ledger.lease import LeaseRow
from tasuki.ledger.rows import time_text
from tasuki.ledger.tables import (
    DEAD_LETTER,
    DECISION,
    HOLD,
    INTENT,
    LEASE,
    LINK,
    OPEN_STATES,
    RUN,
)
from tasuki.model.errors import LedgerError
from tasuki.model.retention import Retention

_STEP = 1000
_BREATH = 0.05  # seconds at least: SQLite's waiting writers look again in this time
_EMPTY = "{}"
# In a query about a table that has a `state` too.
_OPEN_INTENTS = OPEN_STATES.replace("state", "intent.state")


class Tidied(NamedTuple):
    """What was taken out, or would be: rows by name, and the ledger's bytes."""

    rows: dict[str, int]
    size_before: int
    size: int
    free: int


class _Rule(NamedTuple):
    """What may go from one table: rows, or the text of one column."""

    name: str
    table: Table
    conditions: tuple[ColumnElement[bool], ...]

    def act(self, ids: Sequence[object]) -> Delete | Update:
        """Return the statement that takes these, if they may still go."""
        mine = (self.table.c.id.in_(ids), *self.conditions)
        if self.table is INTENT:
            return INTENT.update().where(*mine).values(payload=_EMPTY)
        return self.table.delete().where(*mine)


class Tidying:
    """The ledger's side of `tasuki tidy`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tidy(
        self, retention: Retention, money: Collection[str], *, dry_run: bool = False
    ) -> Tidied:
        """Take out what is older than its retention; runs may go on meanwhile.

        Args:
            retention: How many days each kind is kept.
            money: Syncs that write money; those that the ledger knows are added.
            dry_run: Only count.

        Raises:
            LedgerError: the database refused; what was taken out before stays so.
        """
        before, _ = self._size()
        rules = self._rules(retention, money)
        act = self._count if dry_run else self._take
        rows = {rule.name: act(rule) for rule in rules}
        size, free = self._size()
        return Tidied(rows, before, size, free)

    def compact(self) -> Tidied:
        """Give what is free inside the files back to the disk.

        SQLite's file is written anew, and nobody else can write meanwhile.

        Raises:
            LedgerError: a run is under way, or there is no room; nothing was changed.
        """
        database = self._database
        before, _ = self._size()
        self._refuse_beside_runs()
        engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with database.translated(), engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            if database.is_sqlite:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return Tidied({}, before, *self._size())

    def _rules(self, retention: Retention, money: Collection[str]) -> list[_Rule]:
        with self._database.reading() as connection:
            asked = select(INTENT.c.sync).where(INTENT.c.claim.is_not(None)).distinct()
            claimed = {row.sync for row in connection.execute(asked)}
        kept = sorted({*money, *claimed})
        now = self._database.clock.now()

        def before(days: int) -> str:
            return time_text(now - timedelta(days=days))

        wanted = (
            (retention.decisions, _superseded_decisions),
            (retention.runs, _ended_runs),
            (retention.dead_letters, _resolved_letters),
            (retention.payloads, _confirmed_payloads),
            (retention.inbox, _closed_hints),
        )
        return [rule(before(days), kept) for days, rule in wanted if days is not None]

    def _count(self, rule: _Rule) -> int:
        with self._database.reading() as connection:
            asked = select(func.count()).select_from(rule.table).where(*rule.conditions)
            return int(connection.execute(asked).scalar_one())

    def _take(self, rule: _Rule) -> int:
        """Take in steps; looking costs nobody anything, and taking is short."""
        taken, after = 0, None
        while ids := self._next(rule, after):
            taken += self._step(rule, ids)
            after = ids[-1]
        return taken

    def _next(self, rule: _Rule, after: object) -> Sequence[object]:
        number = rule.table.c.id
        asked = select(number).where(*rule.conditions).order_by(number).limit(_STEP)
        if after is not None:
            asked = asked.where(number > after)
        with self._database.reading() as connection:
            return connection.execute(asked).scalars().all()

    def _step(self, rule: _Rule, ids: Sequence[object]) -> int:
        clock = self._database.clock
        begin = clock.monotonic()
        with self._database.writing() as connection:
            taken = connection.execute(rule.act(ids)).rowcount
        clock.sleep(max(_BREATH, clock.monotonic() - begin))
        return taken

    def _size(self) -> tuple[int, int]:
        """Return the database's bytes, and how many of them are free inside."""
        with self._database.reading() as connection:
            if self._database.is_sqlite:
                page, count, free = (
                    _pragma(connection, name)
                    for name in ("page_size", "page_count", "freelist_count")
                )
                return page * count, page * free
            asked = select(func.pg_database_size(func.current_database()))
            return int(connection.execute(asked).scalar_one()), 0

    def _refuse_beside_runs(self) -> None:
        now = time_text(self._database.clock.now())
        with self._database.reading() as connection:
            held = [LeaseRow._make(row) for row in connection.execute(LEASE.select())]
        for row in held:
            if row.name.startswith("sync:") and not row.is_free(now):
                name = row.name.removeprefix("sync:").partition("#")[0]
                what = f"a run of {name} is under way (process {row.pid})"
                remedy = "Compact when nothing runs; tidying alone may be done beside."
                raise LedgerError(self._database.where, what, remedy)


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def _no_money(table: Table, kept: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    claim = INTENT.alias("claim")
    claimed = exists().where(
        claim.c.source_id == table.c.source_id,
        claim.c.sync == table.c.sync,
        claim.c.claim.is_not(None),
    )
    return table.c.sync.not_in(kept), ~claimed


def _superseded_decisions(before: str, kept: Sequence[str]) -> _Rule:
    later = DECISION.alias("later")
    superseded = exists().where(
        later.c.source_id == DECISION.c.source_id,
        later.c.sync == DECISION.c.sync,
        later.c.id > DECISION.c.id,
    )
    old = DECISION.c.decided_at < before
    money = _no_money(DECISION, kept)
    return _Rule("decisions", DECISION, (old, superseded, *money))


def _ended_runs(before: str, kept: Sequence[str]) -> _Rule:
    """Runs that nothing asks for: not the last good one, nor one that left work."""
    later = RUN.alias("later")
    followed = exists().where(
        later.c.sync == RUN.c.sync,
        later.c.started_at > RUN.c.started_at,
        later.c.kind == "run",
        later.c.state == "done",
    )
    at_work = exists().where(
        INTENT.c.sync == RUN.c.sync, INTENT.c.run_id == RUN.c.id, text(_OPEN_INTENTS)
    )
    asking = exists().where(
        HOLD.c.sync == RUN.c.sync, HOLD.c.run_id == RUN.c.id, HOLD.c.state != "closed"
    )
    ended = RUN.c.state.not_in(("running", "lost"))
    old = RUN.c.finished_at < before
    conditions = (old, ended, RUN.c.sync.not_in(kept), followed, ~at_work, ~asking)
    return _Rule("runs", RUN, conditions)


def _resolved_letters(before: str, kept: Sequence[str]) -> _Rule:
    solved = DEAD_LETTER.c.state == "resolved"
    old = DEAD_LETTER.c.last_at < before
    return _Rule(
        "dead_letters", DEAD_LETTER, (solved, old, *_no_money(DEAD_LETTER, kept))
    )


def _confirmed_payloads(before: str, kept: Sequence[str]) -> _Rule:
    """What was sent stands in the link as well, or nothing of it goes."""
    linked = exists().where(
        LINK.c.source_id == INTENT.c.source_id, LINK.c.sync == INTENT.c.sync
    )
    conditions = (
        INTENT.c.state == "confirmed",
        INTENT.c.done_at < before,
        INTENT.c.payload != _EMPTY,
        or_(linked, INTENT.c.operation == "write_back"),
        *_no_money(INTENT, kept),
    )
    return _Rule("payloads", INTENT, conditions)


def _closed_hints(before: str, kept: Sequence[str]) -> _Rule:  # noqa: ARG001 - says nothing of money
    """Hints that were looked at; what is given up stays until a person has seen it."""
    closed = INBOX.c.state.in_(("done", "ignored"))
    return _Rule("inbox", INBOX, (closed, INBOX.c.done_at < before))
