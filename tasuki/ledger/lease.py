"""Leases: who may work under a name, until when, and under which fence.

A lease is taken by compare-and-swap and its fence grows with every owner, so what a
stalled owner still wants to commit is refused by the database itself.
"""

from datetime import timedelta
from threading import Lock
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, Dialect, bindparam, select, update
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, insert_into
from tasuki.ledger.rows import text_time, time_text
from tasuki.ledger.tables import LEASE
from tasuki.ledger.whereabouts import Whereabouts, here, is_gone
from tasuki.model.errors import LeaseLostError, LedgerError

_ATTEMPTS = 20


_PART = "part "


def lease_name(sync: str, kind: str = "run") -> str:
    """Return the lease under which a run of this kind works.

    Parts of a backfill (`part 3/8`) each have their own.

    Example:
        >>> lease_name("lead.a-b"), lease_name("lead.a-b", "part 3/8")
        ('sync:lead.a-b', 'sync:lead.a-b#3')
    """
    if not kind.startswith(_PART):
        return f"sync:{sync}"
    return f"sync:{sync}#{kind.removeprefix(_PART).partition('/')[0]}"


class LeaseHeldError(LedgerError):
    """Another run works on this sync now; this one does not begin."""

    remedy = "Nothing to do: the other run does the work. Wait, or end it."
    exit_code = 1


class LeaseRow(NamedTuple):
    """A lease as it stands in the ledger; `owner` is empty when it is free."""

    name: str
    owner: str
    host: str
    machine: str
    pid: int
    born: str
    fence: int
    since: str
    expires_at: str

    def is_free(self, now: str) -> bool:
        """Say whether it may be taken: given back, run out, or its owner has died."""
        if not self.owner or self.expires_at <= now:
            return True
        holder = Whereabouts(self.host, self.machine, self.pid, self.born)
        return is_gone(holder)


class Lease:
    """The right to work under `name`; safe to share between threads."""

    def __init__(self, database: Database, row: LeaseRow, seconds: float) -> None:
        self.name = row.name
        self.owner = row.owner
        self.fence = row.fence
        self.seconds = seconds
        self._database = database
        self._lock = Lock()
        self._hold_from(self._reading())

    def __repr__(self) -> str:
        return f"Lease({self.name!r}, fence={self.fence})"

    def check(self) -> None:
        """Raise LeaseLostError unless this lease surely holds for the next call.

        Costs no query while less than half of its time is over. After that it is
        renewed first, which is what shows a stopped process that it was replaced.
        """
        wall, steady = self._reading()
        if wall < self._half_wall and steady < self._half_steady:
            return
        self.renew()

    def renew(self) -> None:
        """Extend the lease in the ledger; LeaseLostError when another holds it."""
        with self._lock:
            reading = self._reading()
            with self._database.writing() as connection:
                self.extend(connection)
            self._hold_from(reading)

    def extend(self, connection: Connection) -> None:
        """Extend it as part of a transaction, or refuse the transaction."""
        clock = self._database.clock
        until = time_text(clock.now() + timedelta(seconds=self.seconds))
        done = self._database.run(
            connection,
            _extend,
            which=self.name,
            mine=self.owner,
            my_fence=self.fence,
            until=until,
        )
        if done.rowcount != 1:
            what = f"the lease '{self.name}' was taken over by another run"
            raise LeaseLostError(self._database.where, what)

    def extended(self, reading: tuple[float, float]) -> None:
        """Note that a transaction begun at `reading` extended it and committed."""
        with self._lock:
            self._hold_from(reading)

    def reading(self) -> tuple[float, float]:
        """Return both clocks' present readings."""
        return self._reading()

    def _reading(self) -> tuple[float, float]:
        clock = self._database.clock
        return clock.now().timestamp(), clock.monotonic()

    def _hold_from(self, reading: tuple[float, float]) -> None:
        # Two clocks: the wall clock may be set back, the other sleeps on suspend.
        self._half_wall = reading[0] + self.seconds / 2
        self._half_steady = reading[1] + self.seconds / 2


def acquire(database: Database, name: str, seconds: float) -> Lease:
    """Take the lease, or raise LeaseHeldError naming its holder."""
    me = here()
    owner = f"{me.pid}-{uuid4().hex}"
    for _ in range(_ATTEMPTS):
        now = database.clock.now()
        seen = look(database, name)
        if seen is not None and not seen.is_free(time_text(now)):
            raise held_by(database, seen)
        since, until = time_text(now), time_text(now + timedelta(seconds=seconds))
        fence = seen.fence + 1 if seen else 1
        row = LeaseRow(
            name, owner, me.host, me.machine, me.pid, me.born, fence, since, until
        )
        if swap(database, row, seen):
            return Lease(database, row, seconds)
    what = f"the lease '{name}' is taken by others again and again"
    raise LeaseHeldError(database.where, what)


def release(database: Database, lease: Lease) -> None:
    """Give the lease back; without effect when it was lost."""
    with database.writing() as connection:
        give_back(database, connection, lease)


def give_back(database: Database, connection: Connection, lease: Lease) -> None:
    """Give the lease back as part of a transaction."""
    database.run(
        connection,
        _release,
        which=lease.name,
        mine=lease.owner,
        my_fence=lease.fence,
    )


def look(database: Database, name: str) -> LeaseRow | None:
    """Return the lease as it stands, or None when nobody ever held it."""
    found = database.rows(_look, which=name)
    return LeaseRow._make(found[0]) if found else None


def swap(database: Database, row: LeaseRow, seen: LeaseRow | None) -> bool:
    """Put `row` in the place of what was `seen`; False when that has changed since."""
    with database.writing() as connection:
        if seen is None:
            values = row._asdict()
            return database.run(connection, _first, **values).rowcount == 1
        done = database.run(
            connection,
            _swap,
            **{f"new_{key}": value for key, value in row._asdict().items()},
            seen_owner=seen.owner,
            seen_fence=seen.fence,
            seen_expires=seen.expires_at,
        )
        return done.rowcount == 1


def held_by(database: Database, row: LeaseRow) -> LeaseHeldError:
    """Return the error that names the holder of a lease."""
    since = text_time(row.since)
    begun = f"{since:%Y-%m-%d %H:%M:%S} UTC" if since else "an unknown time"
    what = f"'{row.name}' is held by process {row.pid} on {row.host} since {begun}"
    return LeaseHeldError(database.where, what)


def _look(_: Dialect) -> ClauseElement:
    return select(*LEASE.c).where(LEASE.c.name == bindparam("which"))


def _first(dialect: Dialect) -> ClauseElement:
    return insert_into(dialect, LEASE).on_conflict_do_nothing(index_elements=["name"])


def _swap(_: Dialect) -> ClauseElement:
    # The expiry is compared too: an owner that renewed meanwhile keeps the lease.
    return (
        update(LEASE)
        .where(
            LEASE.c.name == bindparam("new_name"),
            LEASE.c.owner == bindparam("seen_owner"),
            LEASE.c.fence == bindparam("seen_fence"),
            LEASE.c.expires_at == bindparam("seen_expires"),
        )
        .values(
            {
                column.name: bindparam(f"new_{column.name}")
                for column in LEASE.c
                if column.name != "name"
            }
        )
    )


def _extend(_: Dialect) -> ClauseElement:
    return (
        update(LEASE)
        .where(
            LEASE.c.name == bindparam("which"),
            LEASE.c.owner == bindparam("mine"),
            LEASE.c.fence == bindparam("my_fence"),
        )
        .values(expires_at=bindparam("until"))
    )


def _release(_: Dialect) -> ClauseElement:
    return (
        update(LEASE)
        .where(
            LEASE.c.name == bindparam("which"),
            LEASE.c.owner == bindparam("mine"),
            LEASE.c.fence == bindparam("my_fence"),
        )
        .values(owner="")
    )
