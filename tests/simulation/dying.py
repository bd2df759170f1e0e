"""Killing a play at its steps, and comparing what remains with an undisturbed one."""

import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tasuki.ledger import Ledger
from tasuki.ledger.tables import Stored
from tasuki.testing import ManualClock
from tests.simulation.companies import Play, nothing
from tests.simulation.invariants import check_always, check_quiet, difference, shape
from tests.simulation.killing import LEASE, Kill, Killer
from tests.simulation.relay import Relay

ALWAYS = ("before write", "waiting for bulk", "lost write")
"""Here a request may have left though nothing has changed yet."""


def emptied(ledger: Ledger) -> Ledger:
    gc.collect()  # a worker that died may still hold a look-up it had begun
    with ledger._database.writing() as connection:
        for table in Stored.metadata.tables.values():
            connection.execute(table.delete())
    return ledger


def check_end(play: Play, expected: dict[str, object], relay: Relay) -> None:
    """The end is that of an undisturbed run, to the last field.

    Where people did something between death and recovery, it depends on how far the
    run had come: then it is what is written down.
    """
    if play.meanwhile is not nothing:
        play.expect(relay)
        return
    found = shape(relay)
    assert found == expected, difference(expected, found)


@dataclass
class Theatre:
    """One ledger and clock, on which a play is given again and again."""

    ledger: Ledger
    clock: ManualClock
    play: Play

    def first(self) -> Relay:
        self.clock._due.clear()
        return self.play.build(emptied(self.ledger), self.clock)

    def undisturbed(self) -> dict[str, object]:
        """Give the play without a death, and check it against what is written down."""
        relay = self.first()
        self.play.meanwhile(relay)
        self.settle(relay)
        self.play.expect(relay)
        return shape(relay)

    def settle(self, relay: Relay) -> None:
        for system in relay.systems.values():
            system.tell_the_truth()
            system.dies_late.clear()
        relay.until_quiet()
        check_quiet(relay)

    def die(self, relay: Relay, at: int, *, every: bool) -> Killer:
        """Run until the n-th step, then look at what the dead process left."""
        killer = Killer(at, None if every else relay.state, ALWAYS)
        try:
            relay.run(killer)
        except Kill:
            check_always(relay)
        return killer


def kill_at_each_step(
    theatre: Theatre, *, every: bool = True, stride: int = 1, start: int = 1
) -> Counter[str]:
    """Kill at step 1, 2, 3, … until a run survives; each time, recover and compare.

    With `every` off, of deaths that leave the very same world only one is died.
    """
    expected = theatre.undisturbed()
    where: Counter[str] = Counter()
    at = start
    while True:
        relay = theatre.first()
        theatre.play.lies(relay)
        killer = theatre.die(relay, at, every=every)
        try:
            theatre.play.meanwhile(relay)
            theatre.settle(relay)
            check_end(theatre.play, expected, relay)
            if at % 7 == 1:
                relay.check_rerun_is_quiet()
        except BaseException as error:
            error.add_note(f"killed at step {at}: {killer.where or 'not at all'}")
            raise
        if not killer.where:
            return where
        where[killer.where] += 1
        at += stride


def kill_twice(
    theatre: Theatre, random: Random, pairs: int
) -> Counter[tuple[str, str]]:
    """Die in the run, and again while recovering from that, at random steps of both."""
    expected = theatre.undisturbed()
    steps = count_steps(theatre)
    where: Counter[tuple[str, str]] = Counter()
    for first, second, buried in _pairs(random, pairs, steps):
        relay = theatre.first()
        theatre.play.lies(relay)
        one = theatre.die(relay, first, every=True)
        theatre.play.meanwhile(relay)
        if buried:
            relay.bury()
        else:
            relay.clock.advance(LEASE + 1)
        other = theatre.die(relay, second, every=True)
        try:
            theatre.settle(relay)
            check_end(theatre.play, expected, relay)
        except BaseException as error:
            error.add_note(
                f"killed at steps {first} ({one.where}) and {second} ({other.where}), "
                f"lease {'freed' if buried else 'run out'}"
            )
            raise
        where[one.where, other.where] += 1
    return where


def _pairs(random: Random, pairs: int, steps: int) -> Iterator[tuple[int, int, bool]]:
    for _ in range(pairs):
        yield random.randint(1, steps), random.randint(1, steps), random.random() < 0.5


def count_steps(theatre: Theatre) -> int:
    relay = theatre.first()
    theatre.play.lies(relay)
    return theatre.die(relay, 0, every=True).steps
