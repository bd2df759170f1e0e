"""Runs: who works on which sync, how it ended, and those that ended without a word.

A process that dies leaves its row `running`. Whoever comes next closes it: `crashed`
when the process is certainly gone, `lost` when it was only silent for longer than its
lease (it may be stopped, or unreachable, and still wake up).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Dialect, bindparam, select, text, update
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger import writes
from tasuki.ledger.database import Database, among
from tasuki.ledger.lease import lease_name, look
from tasuki.ledger.rows import RunRow, encode, time_text
from tasuki.ledger.tables import RUN
from tasuki.ledger.whereabouts import Whereabouts, here, is_alive, is_gone

_WHOLE = frozenset({"run", "only"})
_MAY_STILL_ACT = "(state = 'running' OR state = 'lost')"


class Runs:
    """The runs that a ledger knows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start_run(self, run_id: str, sync: str, kind: str) -> None:
        """Note that a run begins in this process, under the lease of its sync.

        Runs of the sync that are still noted as running are closed: the lease says
        that they are not. A part of a backfill leaves the other parts alone.
        """
        me = here()
        now = time_text(self._database.clock.now())
        row = (
            run_id, sync, kind, "running", now, None, me.host, me.pid, "{}", "{}", "",
            me.machine, me.born,
        )  # fmt: skip
        with self._database.writing() as connection:
            for open_run in self._open_runs(connection):
                lease = lease_name(sync, open_run.kind)
                rival = lease in {lease_name(sync), lease_name(sync, kind)}
                if open_run.sync == sync and (kind in _WHOLE or rival):
                    self._close(connection, open_run, f"; run {run_id} took over")
            self._database.run_many(connection, writes.start_run, [row])

    def finish_run(
        self,
        run_id: str,
        state: str,
        counts: Mapping[str, object],
        calls: Mapping[str, object],
        error: str = "",
    ) -> None:
        """Note how a run ended, outside of any transaction of its own."""
        now = time_text(self._database.clock.now())
        row = (state, now, encode(counts), encode(calls), error, run_id)
        with self._database.writing() as connection:
            self._database.run_many(connection, writes.finish_run, [row])

    def close_left_open(self) -> int:
        """Close the runs that nobody works on any more; return how many.

        One whose lease still holds is left alone, also when it stands still.
        """
        now = time_text(self._database.clock.now())
        found = [RunRow._make(row) for row in self._database.rows(_open_runs)]
        left = []
        for row in found:
            lease = look(self._database, lease_name(row.sync, row.kind))
            if lease is None or lease.is_free(now) or lease.pid != row.pid:
                left.append(row)
        if left:
            with self._database.writing() as connection:
                for row in left:
                    self._close(connection, row)
        return len(left)

    def living_senders(self, run_ids: Sequence[str]) -> dict[str, str]:
        """Return those of these runs whose process may wake up and send, with words.

        Only processes of this machine can be looked at; of others nothing is known.
        """
        rows = self._database.rows(_senders, ids=list(set(run_ids)))
        found = [RunRow._make(row) for row in rows]
        return {row.id: _process(row) for row in found if is_alive(_whereabouts(row))}

    def runs(self, sync: str | None = None, limit: int = 20) -> list[RunRow]:
        """Return runs, newest first."""
        query = _runs if sync is None else _runs_of
        found = self._database.rows(query, sync=sync, most=limit)
        return [RunRow._make(row) for row in found]

    def runs_between(self, start: datetime, end: datetime) -> list[RunRow]:
        """Return the runs that began in a span, the earliest first."""
        given = {"begin": time_text(start), "before": time_text(end)}
        return [
            RunRow._make(row) for row in self._database.rows(_runs_between, **given)
        ]

    def run(self, run_id: str) -> RunRow | None:
        """Return one run."""
        found = self._database.rows(_run, which=run_id)
        return RunRow._make(found[0]) if found else None

    def _open_runs(self, connection: Connection) -> list[RunRow]:
        found = self._database.run(connection, _open_runs).fetchall()
        return [RunRow._make(row) for row in found]

    def _close(self, connection: Connection, row: RunRow, words: str = "") -> None:
        if is_gone(_whereabouts(row)):
            state, what = "crashed", "ended without a word"
        else:
            state, what = "lost", "was silent for longer than its lease"
        self._database.run(
            connection,
            _close_run,
            which=row.id,
            new_state=state,
            new_finished_at=time_text(self._database.clock.now()),
            new_error=f"{_process(row)} {what}{words}",
        )


def _whereabouts(row: RunRow) -> Whereabouts:
    return Whereabouts(row.host, row.machine, row.pid, row.born)


def _process(row: RunRow) -> str:
    return f"process {row.pid} on {row.host}"


def _open_runs(_: Dialect) -> ClauseElement:
    return select(*RUN.c).where(text("state = 'running'")).order_by(RUN.c.started_at)


def _senders(dialect: Dialect) -> ClauseElement:
    return select(*RUN.c).where(among(RUN.c.id, "ids", dialect), text(_MAY_STILL_ACT))


def _close_run(_: Dialect) -> ClauseElement:
    # Compared once more: the run itself may have told its end meanwhile.
    return (
        update(RUN)
        .where(RUN.c.id == bindparam("which"), text("state = 'running'"))
        .values(
            state=bindparam("new_state"),
            finished_at=bindparam("new_finished_at"),
            error=bindparam("new_error"),
        )
    )


def _runs(_: Dialect) -> ClauseElement:
    newest = RUN.c.started_at.desc(), RUN.c.id.desc()
    return select(*RUN.c).order_by(*newest).limit(bindparam("most"))


def _runs_of(_: Dialect) -> ClauseElement:
    return (
        select(*RUN.c)
        .where(RUN.c.sync == bindparam("sync"))
        .order_by(RUN.c.started_at.desc(), RUN.c.id.desc())
        .limit(bindparam("most"))
    )


def _runs_between(_: Dialect) -> ClauseElement:
    began = RUN.c.started_at
    return (
        select(*RUN.c)
        .where(began >= bindparam("begin"), began < bindparam("before"))
        .order_by(began, RUN.c.id)
    )


def _run(_: Dialect) -> ClauseElement:
    return select(*RUN.c).where(RUN.c.id == bindparam("which"))
