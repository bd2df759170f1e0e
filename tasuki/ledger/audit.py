# ruff: noqa: S608 - every name in these queries is one of our own
"""Looking at every row: what must be true of a ledger whatever has happened to it.

Nothing is changed unless a repair is asked for, and only what no run can miss is
repaired: notes about runs that have ended, and hashes that belong to nothing.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from tasuki.ledger.database import Database
from tasuki.ledger.lease import LeaseRow
from tasuki.ledger.rows import time_text
from tasuki.ledger.tables import LEASE, LIVE_CLAIMS, OPEN_STATES, RUN, Stored

_CLOCK_MAY_DIFFER = timedelta(minutes=2)
_OLD = timedelta(days=1)
_SHOWN = 3
_REPAIR = "`tasuki doctor --deep --repair` does it."
_RESTORE = "Put the last backup back (docs/how-to/restore); keep this one to look at."
_FULL = "`tasuki run SYNC --full` looks at its record again."
_LINKED = "SELECT 1 FROM link l WHERE l.source_id = i.source_id AND l.sync = i.sync"


class Flaw(NamedTuple):
    """One thing that was looked at, and what was found."""

    name: str
    found: int
    words: str = ""
    remedy: str = ""
    repaired: int = 0


class _Rule(NamedTuple):
    """Rows that must not be there: a query for their names, and what to do."""

    name: str
    query: str
    words: str
    remedy: str
    repair: str = ""


_RULES = (
    _Rule(
        "business keys",
        f"SELECT min(source_id) FROM intent WHERE {LIVE_CLAIMS} "
        "GROUP BY claim HAVING count(*) > 1",
        "several live documents for one business key",
        "Look at them with `tasuki explain` and cancel the surplus by hand.",
    ),
    _Rule(
        "receipts",
        "SELECT i.source_id FROM intent i WHERE i.state = 'confirmed' AND "
        f"i.operation = 'create' AND NOT EXISTS ({_LINKED})",
        "confirmed creates without a link",
        _FULL,
    ),
    _Rule(
        "links",
        "SELECT source_id FROM link WHERE destination_id = '' "
        "OR state NOT IN ('live', 'detached')",
        "links that lead nowhere",
        _FULL,
    ),
    _Rule(
        "states of intents",
        "SELECT id FROM intent WHERE state NOT IN ('planned', 'sending', 'in_doubt', "
        "'confirmed', 'rejected', 'abandoned', 'held')",
        "intents in a state that nobody knows",
        _RESTORE,
    ),
    _Rule(
        "confirmed intents",
        "SELECT id FROM intent WHERE state = 'confirmed' AND "
        "(destination_id IS NULL OR done_at IS NULL)",
        "confirmed intents that do not say what was made",
        _RESTORE,
    ),
    _Rule(
        "cancellations",
        "SELECT destination_id FROM cancellation WHERE state IN ('asked', 'in_doubt')",
        "invoices that a person cancelled, and nobody knows whether they are",
        "`tasuki invoice cancel` the same invoice again: it looks first.",
    ),
    _Rule(
        "dead letters",
        "SELECT source_id FROM dead_letter WHERE state IN ('open', 'replayed') "
        "GROUP BY source_id, sync HAVING count(*) > 1",
        "records with several open dead letters",
        "`tasuki dead N --drop` closes the older ones.",
    ),
    _Rule(
        "match values",
        "SELECT i.source_id FROM match_key i WHERE NOT EXISTS (SELECT 1 FROM intent n "
        "WHERE n.source_id = i.source_id AND n.sync = i.sync) "
        f"AND NOT EXISTS ({_LINKED})",
        "remembered match values of records that were never sent",
        _REPAIR,
        "DELETE FROM match_key AS i WHERE NOT EXISTS (SELECT 1 FROM intent n "
        "WHERE n.source_id = i.source_id AND n.sync = i.sync) "
        f"AND NOT EXISTS ({_LINKED})",
    ),
)


class Audits:
    """The ledger's side of `tasuki doctor --deep`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def audit(self, *, repair: bool = False) -> Iterator[Flaw]:
        """Look at every row; each finding as soon as it is known.

        Raises:
            LedgerError: the database cannot be read at all.
        """
        database = self._database
        with database.reading() as connection:
            if database.is_sqlite:
                yield _file(connection)
            found, whole = _schema(connection)
        yield found
        if not whole:
            return  # what is missing cannot be asked for
        for rule in _RULES:
            yield self._look(rule, repair=repair)
        yield self._runs(repair=repair)
        with database.reading() as connection:
            yield self._stuck(connection)
            yield self._future(connection)

    def _look(self, rule: _Rule, *, repair: bool) -> Flaw:
        with self._database.reading() as connection:
            rows = connection.exec_driver_sql(rule.query).fetchall()
        if not rows:
            return Flaw(rule.name, 0)
        repaired = 0
        if repair and rule.repair:
            with self._database.writing() as connection:
                repaired = connection.exec_driver_sql(rule.repair).rowcount
        words = f"{len(rows):,} {rule.words}: {_some([row[0] for row in rows])}"
        return Flaw(rule.name, len(rows), words, rule.remedy, repaired)

    def _runs(self, *, repair: bool) -> Flaw:
        """Find runs that have ended without a word: killed, or the machine died."""
        name = "runs"
        with self._database.reading() as connection:
            # In this order: a run has its lease before it is noted.
            running = connection.execute(
                RUN.select().where(RUN.c.state == "running")
            ).all()
            busy = self._busy(connection)
        ended = [row.id for row in running if row.sync not in busy]
        if repair and ended:
            self._note_end(ended)
        if not ended:
            return Flaw(name, 0)
        words = f"{len(ended):,} runs stand as running, and nobody does: {_some(ended)}"
        remedy = f"Nothing is lost: the next run goes on. To note their end: {_REPAIR}"
        return Flaw(name, len(ended), words, remedy, len(ended) if repair else 0)

    def _note_end(self, ids: list[str]) -> None:
        now = time_text(self._database.clock.now())
        said = {"state": "stopped", "finished_at": now}
        with self._database.writing() as connection:
            connection.execute(
                RUN.update()
                .where(RUN.c.id.in_(ids), RUN.c.state == "running")
                .values(**said, error="it ended without a word")
            )

    def _busy(self, connection: Connection) -> set[str]:
        now = time_text(self._database.clock.now())
        held = [LeaseRow._make(row) for row in connection.execute(LEASE.select())]
        return {
            row.name.removeprefix("sync:").partition("#")[0]
            for row in held
            if row.name.startswith("sync:") and not row.is_free(now)
        }

    def _stuck(self, connection: Connection) -> Flaw:
        """Find writes that no run has finished for a day."""
        before = time_text(self._database.clock.now() - _OLD)
        busy = self._busy(connection)
        query = (
            f"SELECT sync, count(*) FROM intent WHERE {OPEN_STATES} "
            f"AND created_at < '{before}' GROUP BY sync ORDER BY sync"
        )
        rows = connection.exec_driver_sql(query).fetchall()
        stuck = [(sync, count) for sync, count in rows if sync not in busy]
        if not stuck:
            return Flaw("open intents", 0)
        words = "not finished for a day: " + ", ".join(f"{s} {n:,}" for s, n in stuck)
        remedy = f"Run it: `tasuki run {stuck[0][0]}` looks them up or sends them."
        return Flaw("open intents", sum(n for _, n in stuck), words, remedy)

    def _future(self, connection: Connection) -> Flaw:
        """Find rows that say they were written later than now."""
        limit = time_text(self._database.clock.now() + _CLOCK_MAY_DIFFER)
        columns = {
            "cursor": "updated_at", "link": "updated_at", "decision": "decided_at",
            "intent": "created_at", "run": "started_at", "dead_letter": "last_at",
        }  # fmt: skip
        newest = {
            table: connection.exec_driver_sql(
                f"SELECT max({column}) FROM {table}"
            ).scalar()
            for table, column in columns.items()
        }
        ahead = {name: time for name, time in newest.items() if time and time > limit}
        if not ahead:
            return Flaw("times", 0)
        words = "written in the future: " + ", ".join(
            f"{name} {time[:19]}" for name, time in sorted(ahead.items())
        )
        return Flaw("times", len(ahead), words, "Set this machine's clock (NTP).")


def _some(names: list[str]) -> str:
    more = ", …" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more


def _file(connection: Connection) -> Flaw:
    rows = connection.exec_driver_sql("PRAGMA integrity_check").fetchall()
    said = [str(row[0]) for row in rows]
    if said == ["ok"]:
        return Flaw("file", 0)
    words = f"SQLite finds {len(said)} faults, the first: {said[0][:200]}"
    return Flaw("file", len(said), words, _RESTORE)


def _schema(connection: Connection) -> tuple[Flaw, bool]:
    """Compare the tables with the migrations'; say whether every column is there."""
    # Imported here: it takes 0.3 s.
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    context = MigrationContext.configure(
        connection, opts={"include_object": lambda *about: about[1] != "backup"}
    )
    found = compare_metadata(context, Stored.metadata)
    if not found:
        return Flaw("schema", 0), True
    words = f"{len(found)} differences from what this version makes"
    only_indexes = all(
        isinstance(one, tuple) and str(one[0]).endswith("_index") for one in found
    )
    return Flaw("schema", len(found), words, _RESTORE), only_indexes
