"""How a ledger stands: a few grouped counts, for status and metrics. Reads only."""

from typing import NamedTuple

from sqlalchemy import Dialect, func, select, text
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database
from tasuki.ledger.lease import LeaseRow
from tasuki.ledger.migration import HEAD
from tasuki.ledger.rows import CursorRow, RunRow, time_text
from tasuki.ledger.tables import (
    BUDGET,
    CURSOR,
    DEAD_LETTER,
    HOLD,
    INTENT,
    LEASE,
    OPEN_HOLDS,
    OPEN_STATES,
    RUN,
    RUN_TOTAL,
    UNSOLVED_LETTERS,
)


class MeterRow(NamedTuple):
    """One window of a connection's calls: see `tasuki.ledger.budget`."""

    name: str
    connection: str
    tat: float
    paused_until: float


class Standing:
    """Grouped counts over a ledger; each is one query on an index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_runs(self) -> dict[str, RunRow]:
        """Return the newest run of each sync."""
        found = map(RunRow._make, self._database.rows(_last_runs))
        return {row.sync: row for row in found}

    def open_writes(self) -> dict[tuple[str, str], int]:
        """Return the unfinished writes by sync and state."""
        return {(s, state): n for s, state, n in self._database.rows(_open_writes)}

    def open_holds(self) -> dict[str, int]:
        """Return what waits for a person, by sync."""
        return {str(sync): int(n) for sync, n in self._database.rows(_open_holds)}

    def unsolved(self) -> dict[str, int]:
        """Return unsolved dead letters by sync."""
        return {str(sync): int(n) for sync, n in self._database.rows(_unsolved)}

    def main_cursors(self) -> dict[str, CursorRow]:
        """Return how far each sync has read."""
        found = map(CursorRow._make, self._database.rows(_cursors))
        return {row.sync: row for row in found}

    def meters(self) -> list[MeterRow]:
        """Return the windows of every connection's calls."""
        return [MeterRow._make(row) for row in self._database.rows(_meters)]

    def held_leases(self) -> list[LeaseRow]:
        """Return the leases that somebody holds now."""
        now = time_text(self._database.clock.now())
        rows = map(LeaseRow._make, self._database.rows(_leases))
        return [row for row in rows if not row.is_free(now)]

    def totals(self) -> dict[tuple[str, str], float]:
        """Return the sums over all finished runs, by sync and name."""
        return {(s, what): n for s, what, n in self._database.rows(_totals)}

    def size(self) -> int | None:
        """Return the ledger's bytes, as far as the database tells."""
        query = _SQLITE_SIZE if self._database.is_sqlite else _POSTGRES_SIZE
        with self._database.reading() as connection:
            return int(connection.execute(text(query)).scalar_one())

    @property
    def schema_version(self) -> str:
        """Return the revision of the ledger's tables."""
        return HEAD


_SQLITE_SIZE = (
    "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
)
_POSTGRES_SIZE = "SELECT pg_database_size(current_database())"


def _last_runs(_: Dialect) -> ClauseElement:
    newest = select(RUN.c.sync, func.max(RUN.c.started_at).label("at")).group_by(
        RUN.c.sync
    )
    of_each = newest.subquery()
    return (
        select(*RUN.c)
        .join(
            of_each,
            (of_each.c.sync == RUN.c.sync) & (of_each.c.at == RUN.c.started_at),
        )
        .order_by(RUN.c.sync, RUN.c.id)
    )


def _open_writes(_: Dialect) -> ClauseElement:
    return (
        select(INTENT.c.sync, INTENT.c.state, func.count())
        .where(text(OPEN_STATES))
        .group_by(INTENT.c.sync, INTENT.c.state)
    )


def _open_holds(_: Dialect) -> ClauseElement:
    return (
        select(HOLD.c.sync, func.count()).where(text(OPEN_HOLDS)).group_by(HOLD.c.sync)
    )


def _unsolved(_: Dialect) -> ClauseElement:
    return (
        select(DEAD_LETTER.c.sync, func.count())
        .where(text(UNSOLVED_LETTERS))
        .group_by(DEAD_LETTER.c.sync)
    )


def _cursors(_: Dialect) -> ClauseElement:
    return select(*CURSOR.c).where(text("part = ''"))


def _meters(_: Dialect) -> ClauseElement:
    return select(*BUDGET.c).order_by(BUDGET.c.name)


def _leases(_: Dialect) -> ClauseElement:
    return select(*LEASE.c).where(text("owner <> ''")).order_by(LEASE.c.name)


def _totals(_: Dialect) -> ClauseElement:
    return select(*RUN_TOTAL.c)
