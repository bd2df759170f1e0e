"""Runs that die at a chosen step, and what must be true however often they do."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.engine.tally import RunReport
from tasuki.ledger import Ledger
from tasuki.ledger.tables import CURSOR, INTENT, LINK
from tasuki.mapping import CompiledMapping
from tasuki.model.write import Operation
from tasuki.testing import FakeSystem, ManualClock, fake_sync, watch_ledger

LEASE = 120.0


class Kill(BaseException):
    """The process is gone; nothing catches this."""


@dataclass
class Killer:
    """Dies at the n-th step (from 1; 0: never), and does nothing afterwards.

    With `states`, a step counts only when something durable has changed since the last
    one: a death in between leaves the very same world behind.
    """

    at: int
    state: Callable[[], object] | None = None
    always: Sequence[str] = ()
    """Beginnings of steps that count in any case."""
    steps: int = 0
    where: str = ""
    _last: object = None

    def __call__(self, where: str) -> None:
        if self.where:
            raise Kill(where)
        if self.state is not None and not where.startswith(tuple(self.always)):
            now = self.state()
            if now == self._last:
                return
            self._last = now
        self.steps += 1
        if self.steps == self.at:
            self.where = where
            raise Kill(where)


@dataclass
class Stage:
    """A mapping between two fakes, and the ledger it is recorded in."""

    mapping: CompiledMapping
    source: FakeSystem
    destination: FakeSystem
    ledger: Ledger
    clock: ManualClock
    before: list[CompiledMapping] = field(default_factory=list)
    """Syncs between the same systems that run first (parents)."""
    kills: int = 0

    def run(
        self, kill_at: int = 0, options: Options | None = None
    ) -> RunReport | Killer:
        """Run once, dying at a step; 0: not at all. A kill returns where it fell."""
        killer = Killer(kill_at)
        with ExitStack() as stack:
            stack.enter_context(watch_ledger(self.ledger, killer))
            systems = {self.source, self.destination}
            for system in systems:
                system.on_step = killer
            try:
                for mapping in (*self.before, self.mapping):
                    report = self._one(mapping, options)
            except Kill:
                self.kills += 1
                return killer
            finally:
                for system in systems:
                    system.on_step = lambda _: None
        return report

    def _one(self, mapping: CompiledMapping, options: Options | None) -> RunReport:
        sync = fake_sync(mapping, self.source, self.destination, self.ledger)
        return run_sync(sync, options or Options(lease_seconds=LEASE))

    def recover(self, most: int = 5) -> RunReport:
        """Let time pass and run again until there is nothing left to do."""
        for _ in range(most):
            self.clock.advance(LEASE + 1)
            report = self.run()
            assert isinstance(report, RunReport)
            assert report.state == "done", report.error
            if not (report.left_over() or report.tally.again or open_intents(self)):
                return report
        assert not open_intents(self), "intents left open"
        return report


def open_intents(stage: Stage) -> list[dict[str, object]]:
    return [
        row
        for row in rows(stage.ledger, "intent")
        if row["state"] in {"planned", "sending", "in_doubt"}
    ]


def creations(system: FakeSystem, stream: str) -> list[str]:
    """Return the ids of every record that was ever created there by us, in order."""
    return [e.id for e in system.effects if e.stream == stream and e.created]


def rows(ledger: Ledger, table: str) -> list[dict[str, object]]:
    tables = {"link": LINK, "intent": INTENT, "cursor": CURSOR}
    with ledger._database.engine.connect() as connection:
        found = connection.execute(tables[table].select())
        return [dict(row._mapping) for row in found]


def check(stage: Stage, expected: dict[str, dict[str, object]]) -> None:
    """Everything holds: `expected` is source id → fields its one counterpart has."""
    home = stage.mapping.destination.stream
    there = stage.destination.records(home)
    links = {
        str(row["source_id"]): str(row["destination_id"])
        for row in rows(stage.ledger, "link")
        if row["sync"] == stage.mapping.id and row["state"] == "live"
    }
    assert set(links) == set(expected), "lost or unwanted links"
    assert len(set(links.values())) == len(links), "two records share a counterpart"
    assert sorted(there) == sorted(links.values()), "records without a link, or twice"
    for source_id, fields in expected.items():
        have = there[links[source_id]]
        assert {n: have.get(n) for n in fields} == fields, source_id
    assert not open_intents(stage), "intents left open"


def check_rerun_is_quiet(stage: Stage) -> None:
    """An unchanged rerun, full or not, writes nothing."""
    before = len(stage.source.effects) + len(stage.destination.effects)
    for full in (False, True):
        stage.clock.advance(LEASE + 1)
        report = stage.run(options=Options(full=full, lease_seconds=LEASE))
        assert isinstance(report, RunReport)
        assert report.state == "done", report.error
        ended = report.tally.ended
        assert sum(ended.values()) == report.tally.read
    after = len(stage.source.effects) + len(stage.destination.effects)
    assert after == before, "a rerun wrote"


def updates(system: FakeSystem, stream: str) -> int:
    return sum(
        1
        for e in system.effects
        if e.stream == stream and e.operation is Operation.UPDATE
    )


def kill_everywhere(
    build: Callable[[], Stage], verify: Callable[[Stage], None], step: int = 1
) -> Counter[str]:
    """Kill a run at every `step`-th step until one survives; verify each."""
    where: Counter[str] = Counter()
    at = 1
    while True:
        stage = build()
        died = stage.run(kill_at=at)
        if isinstance(died, Killer):
            where[died.where] += 1
        try:
            stage.recover()
            verify(stage)
        except BaseException as error:
            name = died.where if isinstance(died, Killer) else "no kill"
            error.add_note(f"killed at step {at}: {name}")
            raise
        if not isinstance(died, Killer):
            return where
        at += step
