"""Syncs one after the other between fakes, with everything that may be looked at."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from tasuki.engine.run import run_sync
from tasuki.engine.settle import SENDER_LIVES
from tasuki.engine.sync import Options
from tasuki.engine.tally import RunReport
from tasuki.ledger import Ledger, tables
from tasuki.ledger.tables import CURSOR, DEAD_LETTER, DECISION, INTENT, LINK
from tasuki.mapping import CompiledMapping
from tasuki.testing import FakeSystem, ManualClock, fake_sync, watch_ledger
from tests.simulation.killing import LEASE

TABLES = {
    "link": LINK,
    "intent": INTENT,
    "cursor": CURSOR,
    "decision": DECISION,
    "dead_letter": DEAD_LETTER,
}
OPEN = {"planned", "sending", "in_doubt"}
OnStep = Callable[[str], None]
Row = Mapping[str, object]


@dataclass
class SteppingClock:
    """The same clock, which tells before and after each wait: a process dies there too."""

    clock: ManualClock
    on_step: OnStep

    def now(self) -> datetime:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.on_step("before a wait")
        self.clock.sleep(seconds)
        self.on_step("after a wait")


@dataclass
class Relay:
    """A company's systems and the syncs between them, in the order they run."""

    systems: dict[str, FakeSystem]
    chain: list[CompiledMapping]
    ledger: Ledger
    clock: ManualClock
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    """(system, stream) → the field that no two created records may share."""
    commits: int = 0

    @property
    def mappings(self) -> dict[str, CompiledMapping]:
        return {mapping.id: mapping for mapping in self.chain}

    # -- running -----------------------------------------------------------------------

    def run(
        self, on_step: OnStep | None = None, options: Options | None = None
    ) -> list[RunReport]:
        """Run every sync once; what `on_step` raises ends it there."""
        with self.watched(on_step or (lambda _: None)) as clock:
            return [self._one(mapping, clock, options) for mapping in self.chain]

    @contextmanager
    def watched(self, on_step: OnStep) -> Iterator[SteppingClock]:
        """Tell of each call, statement, commit and wait."""
        with ExitStack() as stack:
            ledger = stack.enter_context(watch_ledger(self.ledger, on_step))
            self._count = lambda: ledger.commits
            for system in self.systems.values():
                system.on_step = on_step
            try:
                yield SteppingClock(self.clock, on_step)
            finally:
                self.commits += ledger.commits
                self._count = lambda: 0
                for system in self.systems.values():
                    system.on_step = lambda _: None

    def _one(
        self, mapping: CompiledMapping, clock: SteppingClock, options: Options | None
    ) -> RunReport:
        source = self.systems[mapping.source.connection]
        destination = self.systems[mapping.destination.connection]
        sync = fake_sync(mapping, source, destination, self.ledger, clock)
        report = run_sync(sync, options or Options(lease_seconds=LEASE))
        if report.state == "done":
            assert report.tally.read == sum(report.tally.ended.values()), "conservation"
        return report

    _count: Callable[[], int] = field(default=lambda: 0, repr=False)

    def state(self) -> tuple[object, ...]:
        """Return what changes whenever anything durable does, here or over there."""
        changes = tuple(system._changes for system in self.systems.values())
        return (
            self.commits + self._count(),
            self.clock.monotonic(),
            len(self.clock._due),
            changes,
        )

    def bury(self) -> None:
        """Free the leases of a dead process at once, as on the same machine."""
        with self.ledger._database.writing() as connection:
            connection.execute(tables.LEASE.update().values(owner=""))

    def until_quiet(self, most: int = 10, *, beside_a_sleeper: bool = False) -> None:
        """Run undisturbed until a round changes nothing anywhere.

        What a worker that stands still has in hand stays open `beside_a_sleeper`.
        """

        def left() -> list[Row]:
            return [
                row
                for row in self.open_intents()
                if not (beside_a_sleeper and row["error_code"] == SENDER_LIVES)
            ]

        for number in range(most):
            # Held records are looked at again after an hour.
            self.clock.advance(3700 if number % 2 else LEASE + 1)
            before = self.effects()
            for report in self.run():
                assert report.state == "done", f"{report.sync}: {report.error}"
            if number and self.effects() == before and not left():
                return
        assert not left(), f"intents left open: {left()}"
        pytest.fail("runs go on writing")

    def check_rerun_is_quiet(self) -> None:
        """Nothing is written by a run that reads everything again."""
        before = self.effects()
        self.clock.advance(LEASE + 1)
        for report in self.run(options=Options(full=True, lease_seconds=LEASE)):
            assert report.state == "done", report.error
        assert self.effects() == before, "a full rerun wrote"

    # -- looking -----------------------------------------------------------------------

    def effects(self) -> int:
        return sum(len(system.effects) for system in self.systems.values())

    def rows(self, table: str) -> list[Row]:
        with self.ledger._database.engine.connect() as connection:
            return [
                dict(r._mapping) for r in connection.execute(TABLES[table].select())
            ]

    def open_intents(self) -> list[Row]:
        return [row for row in self.rows("intent") if row["state"] in OPEN]

    def last_decisions(self) -> dict[tuple[str, str], Row]:
        found: dict[tuple[str, str], Row] = {}
        for row in sorted(self.rows("decision"), key=lambda row: int(str(row["id"]))):
            found[str(row["sync"]), str(row["source_id"])] = row
        return found

    def stream_of(self, ref: str) -> tuple[FakeSystem, str]:
        connection, _, stream = ref.partition("/")
        return self.systems[connection], stream
