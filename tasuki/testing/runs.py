"""Putting a whole sync together from fakes."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    Connection,
    QueuePool,
    create_engine,
    event,
    make_url,
    update,
)
from sqlalchemy.engine import CursorResult

from tasuki.clock import SystemClock
from tasuki.engine.sync import Sync
from tasuki.ledger import Ledger
from tasuki.ledger.database import Build, Database
from tasuki.ledger.migration import bring_up_to_date
from tasuki.ledger.tables import RUN
from tasuki.mapping import CompiledMapping
from tasuki.ports import Clock
from tasuki.testing.system import FakeSystem

_KEY = b"a key that seals nothing of worth"


@cache
def blank_ledger() -> bytes:
    """Return a SQLite file's content: the tables of a ledger, made once a process."""
    database = _InMemory(SystemClock())
    bring_up_to_date(database)
    with _sqlite(database) as connection:
        content = connection.serialize()
    database.engine.dispose()
    return content


@contextmanager
def _sqlite(database: Database) -> Iterator[sqlite3.Connection]:
    borrowed = database.engine.raw_connection()
    try:
        yield cast("sqlite3.Connection", borrowed.driver_connection)
    finally:
        borrowed.close()


@contextmanager
def temporary_ledger(clock: Clock, path: Path | None = None) -> Iterator[Ledger]:
    """Open a ledger in a file of its own, which goes away unless `path` is given."""
    with tempfile.TemporaryDirectory() as folder:
        place = path or Path(folder) / "ledger.db"
        if not place.exists():
            place.write_bytes(blank_ledger())
        url = f"sqlite:///{place}"
        with Ledger.open(url, clock, secret_key=_KEY, durability="OFF") as ledger:
            yield ledger


@contextmanager
def memory_ledger(clock: Clock) -> Iterator[Ledger]:
    """Open a ledger that lives in memory, with one connection, and goes away."""
    database = _InMemory(clock)
    with _sqlite(database) as connection:
        connection.deserialize(blank_ledger())
    with Ledger(database, (_KEY,)) as ledger:
        yield ledger


@contextmanager
def watch_ledger(
    ledger: Ledger, on_step: Callable[[str], None]
) -> Iterator["WatchedDatabase"]:
    """Tell of every statement and commit of a ledger, before and after; may raise.

    What was not committed when it raises is rolled back, as when a process dies; the
    runs that were under way are then known as those of a process that has ended.
    """
    database = ledger._database  # noqa: SLF001 - what users never need
    died: list[BaseException] = []

    def step(where: str) -> None:
        try:
            on_step(where)
        except BaseException as error:
            died.append(error)
            raise

    watched = WatchedDatabase(database, step)
    ledger._database = watched  # noqa: SLF001
    try:
        yield watched
    finally:
        ledger._database = database  # noqa: SLF001
        if died:
            bury_runs(ledger)


def bury_runs(ledger: Ledger) -> None:
    """Let the process of every run that is under way be one that has ended."""
    with ledger._database.writing() as connection:  # noqa: SLF001 - as above
        connection.execute(
            update(RUN).where(RUN.c.state == "running").values(born="ended")
        )


class _InMemory(Database):
    """SQLite in memory: one connection, so a second one at a time is an error."""

    def __init__(self, clock: Clock) -> None:
        self.url = make_url("sqlite://")
        self.where = "memory"
        self.clock = clock
        self.is_sqlite = True
        self.engine = create_engine(
            self.url,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=0.01,
            connect_args={"check_same_thread": False},
        )
        event.listen(self.engine, "connect", _without_implicit_begin)
        self._reader = self.engine
        self._statements = {}


def _without_implicit_begin(connection: Any, _: object) -> None:  # noqa: ANN401
    connection.isolation_level = None


class WatchedDatabase(Database):
    """The same database, which tells what it does.

    Attributes:
        commits: How many transactions have been committed.
        is_writing: A transaction that writes is open.
    """

    def __init__(self, database: Database, on_step: Callable[[str], None]) -> None:
        vars(self).update(vars(database))
        self._on_step = on_step
        self.commits = 0
        self.is_writing = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection inside a transaction, telling of its end."""
        try:
            with super().writing() as connection:
                self.is_writing = True
                yield connection
                self._on_step("before commit")
            self.commits += 1
        finally:
            self.is_writing = False
        self._on_step("after commit")

    def run(
        self, connection: Connection, build: Build, /, **values: object
    ) -> CursorResult[Any]:
        """Run one statement, telling before and after."""
        self._on_step(f"before {build.__name__}")
        done = super().run(connection, build, **values)
        self._on_step(f"after {build.__name__}")
        return done

    def rows(self, build: Build, /, **values: object) -> Sequence[tuple[Any, ...]]:
        """Run a query of its own, telling before and after."""
        if not self.is_sqlite:
            return super().rows(build, **values)  # by `run`
        self._on_step(f"before {build.__name__}")
        found = super().rows(build, **values)
        self._on_step(f"after {build.__name__}")
        return found

    def run_many(
        self,
        connection: Connection,
        build: Build,
        rows: Sequence[tuple[object, ...]],
        tail: tuple[object, ...] = (),
        alike: Sequence[int] = (),
    ) -> None:
        """Run one statement for each row, telling before and after."""
        if not rows:
            return
        self._on_step(f"before {build.__name__}")
        super().run_many(connection, build, rows, tail, alike)
        self._on_step(f"after {build.__name__}")


def fake_sync(
    mapping: CompiledMapping,
    source: FakeSystem,
    destination: FakeSystem,
    ledger: Ledger,
    clock: Clock | None = None,
) -> Sync:
    """Return a sync that runs in one thread, step by step, on the fakes' clock."""
    own = clock or source.clock
    return Sync(mapping, source, destination, ledger, own, threads=False)
