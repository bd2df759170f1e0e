"""Putting a whole sync together from fakes."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, update
from sqlalchemy.engine import CursorResult

from tasuki.engine.sync import Sync
from tasuki.ledger import Ledger
from tasuki.ledger.database import Build, Database
from tasuki.ledger.tables import RUN
from tasuki.mapping import CompiledMapping
from tasuki.ports import Clock
from tasuki.testing.system import FakeSystem

_KEY = b"a key that seals nothing of worth"


@contextmanager
def temporary_ledger(clock: Clock, path: Path | None = None) -> Iterator[Ledger]:
    """Open a ledger in a file of its own, which goes away unless `path` is given."""
    with tempfile.TemporaryDirectory() as folder:
        place = path or Path(folder) / "ledger.db"
        url = f"sqlite:///{place}"
        with Ledger.open(url, clock, secret_key=_KEY, durability="OFF") as ledger:
            yield ledger


@contextmanager
def watch_ledger(ledger: Ledger, on_step: Callable[[str], None]) -> Iterator[None]:
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

    ledger._database = _Watched(database, step)  # noqa: SLF001
    try:
        yield
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


class _Watched(Database):
    """The same database, which tells what it does."""

    def __init__(self, database: Database, on_step: Callable[[str], None]) -> None:
        vars(self).update(vars(database))
        self._on_step = on_step

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            yield connection
            self._on_step("before commit")
        self._on_step("after commit")

    def run(
        self, connection: Connection, build: Build, /, **values: object
    ) -> CursorResult[Any]:
        self._on_step(f"before {build.__name__}")
        done = super().run(connection, build, **values)
        self._on_step(f"after {build.__name__}")
        return done

    def run_many(
        self, connection: Connection, build: Build, rows: Iterable[tuple[object, ...]]
    ) -> int:
        many = list(rows)
        if not many:
            return 0
        self._on_step(f"before {build.__name__}")
        done = super().run_many(connection, build, many)
        self._on_step(f"after {build.__name__}")
        return done


def fake_sync(
    mapping: CompiledMapping,
    source: FakeSystem,
    destination: FakeSystem,
    ledger: Ledger,
) -> Sync:
    """Return a sync that runs in one thread, step by step, on the fakes' clock."""
    return Sync(mapping, source, destination, ledger, source.clock, threads=False)
