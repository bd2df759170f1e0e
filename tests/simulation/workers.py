"""Two workers on the same syncs, step by step in turn, in an order that a seed decides.

Each works through a ledger of its own on the same file. A worker that is not on its
turn stands still, however long: that is what SIGSTOP, a paused machine or a swapping
one do to a process. Where a worker stands inside a transaction it goes on first: the
database would not let the other one in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from greenlet import greenlet

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.ledger import Ledger
from tasuki.ledger.lease import LeaseHeldError
from tasuki.model.errors import LeaseLostError
from tasuki.testing import fake_sync, watch_ledger
from tasuki.testing.runs import WatchedDatabase
from tests.simulation.killing import LEASE, Kill
from tests.simulation.relay import Relay, SteppingClock

_UNINTERRUPTED = ("before write", "lost write", "waiting for bulk")
"""Between the fence and the request nothing can stand but the process itself: what a
machine pauses there for longer than a quiet time nobody can tell from a late commit."""


@dataclass
class Tale:
    """What became of the workers' runs."""

    done: int = 0
    refused: int = 0
    replaced: int = 0
    killed: int = 0
    switches: int = 0

    def add(self, other: "Tale") -> None:
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)


@dataclass
class Worker:
    """One process, which runs the chain again and again."""

    relay: Relay
    ledger: Ledger
    tale: Tale
    rounds: int = 3
    dies: bool = False
    wants_turn: Callable[[], None] = field(default=lambda: None)
    watched: WatchedDatabase | None = None

    def step(self, where: str) -> None:
        """Let the other one go on, unless this one cannot stop here."""
        if self.dies and not where.startswith(_UNINTERRUPTED):
            raise Kill(where)
        writing = self.watched is not None and self.watched.is_writing
        if not writing and not where.startswith(_UNINTERRUPTED):
            self.wants_turn()

    def state(self) -> tuple[object, ...]:
        """Return what changes whenever this worker does anything that lasts."""
        assert self.watched is not None
        systems = self.relay.systems.values()
        changes = tuple(system._changes for system in systems)
        return self.watched.commits, changes, self.relay.clock.monotonic()

    def work(self) -> None:
        with watch_ledger(self.ledger, self.step) as self.watched:
            try:
                for _ in range(self.rounds):
                    self._one_round()
            except Kill:
                self.tale.killed += 1

    def _one_round(self) -> None:
        clock = SteppingClock(self.relay.clock, self.step)
        for mapping in self.relay.chain:
            source = self.relay.systems[mapping.source.connection]
            destination = self.relay.systems[mapping.destination.connection]
            sync = fake_sync(mapping, source, destination, self.ledger, clock)
            try:
                report = run_sync(sync, Options(lease_seconds=LEASE))
            except LeaseHeldError:
                self.tale.refused += 1
                continue
            except LeaseLostError:
                self.tale.replaced += 1
                continue
            if report.state == "done":
                self.tale.done += 1
            else:
                assert "taken over" in report.error, report.error
                self.tale.replaced += 1


def work_together(
    relay: Relay, ledgers: list[Ledger], random: Random, kill: float = 0.0
) -> Tale:
    """Let a worker for each ledger run, in turns of random length.

    Now and then so much time passes that a lease runs out while its holder stands; with
    `kill`, a worker dies at its next step with that probability.
    """
    tale = Tale()
    workers = [Worker(relay, ledger, tale) for ledger in ledgers]
    director = greenlet.getcurrent()
    lets = [greenlet(worker.work) for worker in workers]
    patience = 0

    def wants_turn() -> None:
        nonlocal patience
        patience -= 1
        if patience <= 0:
            director.switch()

    for worker in workers:
        worker.wants_turn = wants_turn
    while alive := [n for n, let in enumerate(lets) if not let.dead]:
        number = random.choice(alive)
        patience = random.choice([1, 1, 2, 3, 5, 20])
        tale.switches += 1
        if random.random() < 0.3:
            relay.clock.advance(random.choice([1, LEASE / 2, LEASE + 1, 3 * LEASE]))
        workers[number].dies = random.random() < kill
        for system in relay.systems.values():
            system.on_step = workers[number].step
        lets[number].switch()
    for system in relay.systems.values():
        system.on_step = lambda _: None
    return tale


def stop_and_wake(relay: Relay, other: Ledger, at: int) -> Tale:
    """Stop a worker at its n-th step for so long that another one does all its work.

    Of steps between which nothing changed only one counts. `switches` tells whether the
    worker had so many steps.
    """
    tale = Tale()
    worker = Worker(relay, relay.ledger, tale, rounds=1)
    director = greenlet.getcurrent()
    steps, last = 0, None

    def wants_turn() -> None:
        nonlocal steps, last
        now = worker.state()
        if now == last:
            return
        last = now
        steps += 1
        if steps == at:
            tale.switches += 1
            director.switch()

    worker.wants_turn = wants_turn
    for system in relay.systems.values():
        system.on_step = worker.step
    let = greenlet(worker.work)
    let.switch()
    if not let.dead:
        replace(relay, ledger=other).until_quiet(beside_a_sleeper=True)
        for system in relay.systems.values():
            system.on_step = worker.step
        let.switch()
        assert let.dead
    for system in relay.systems.values():
        system.on_step = lambda _: None
    return tale
