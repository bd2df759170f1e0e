"""Putting a whole sync together from fakes."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event

from tasuki.engine.sync import Sync
from tasuki.ledger import Ledger
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
    """Tell of every statement and commit of a ledger, before and after; may raise."""
    engine = ledger._database.engine  # noqa: SLF001 - what users never need

    def before(*arguments: object) -> None:
        on_step(f"before {_first_words(arguments[2])}")

    def after(*arguments: object) -> None:
        on_step(f"after {_first_words(arguments[2])}")

    def committing(_connection: object) -> None:
        on_step("before commit")

    hooks = (
        ("before_cursor_execute", before),
        ("after_cursor_execute", after),
        ("commit", committing),
    )
    for name, hook in hooks:
        event.listen(engine, name, hook)
    try:
        yield
    finally:
        for name, hook in hooks:
            event.remove(engine, name, hook)


def _first_words(statement: object) -> str:
    return " ".join(str(statement).split()[:3])


def fake_sync(
    mapping: CompiledMapping,
    source: FakeSystem,
    destination: FakeSystem,
    ledger: Ledger,
) -> Sync:
    """Return a sync that runs in one thread, step by step, on the fakes' clock."""
    return Sync(mapping, source, destination, ledger, source.clock, threads=False)
