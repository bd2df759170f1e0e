"""Two workers on one ledger: one is stopped and wakes too late, or both go in turns."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tasuki.ledger import Ledger
from tasuki.testing import ManualClock, temporary_ledger
from tests.simulation.companies import PLAYS, Play, nothing, without_twins
from tests.simulation.dying import Theatre, check_end
from tests.simulation.invariants import check_always
from tests.simulation.killing import LEASE
from tests.simulation.relay import Relay
from tests.simulation.workers import Tale, stop_and_wake, work_together

NAMES = sorted(name for name in PLAYS if PLAYS[name].meanwhile is nothing)
SHORT_SEEDS, LONG_SEEDS = range(4), range(1000, 1030)
STRIDE = 4


@dataclass
class Two:
    """A theatre with a second way into its ledger."""

    theatre: Theatre
    other: Ledger
    expected: dict[str, object]

    def begin(self) -> Relay:
        relay = self.theatre.first()
        self.theatre.play.lies(relay)
        return relay

    def end(self, relay: Relay) -> None:
        check_always(relay)
        relay.clock.advance(LEASE + 1)
        self.theatre.settle(relay)
        check_end(self.theatre.play, self.expected, relay)


def two(play: Play, folder: Path) -> Iterator[Two]:
    clock, path = ManualClock(), folder / "ledger.db"
    with temporary_ledger(clock, path) as one, temporary_ledger(clock, path) as other:
        theatre = Theatre(one, clock, play)
        yield Two(theatre, other, theatre.undisturbed())


@pytest.fixture(params=NAMES)
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Two]:
    yield from two(without_twins(PLAYS[request.param]), tmp_path)


def stop_at_each_step(workers: Two, start: int = 1, stride: int = 1) -> Tale:
    told, at = Tale(), start
    while True:
        relay = workers.begin()
        try:
            tale = stop_and_wake(relay, workers.other, at)
            workers.end(relay)
        except BaseException as error:
            error.add_note(f"stopped at step {at}")
            raise
        told.add(tale)
        if not tale.switches:
            return told
        at += stride


def work_in_turns(workers: Two, seeds: range) -> Tale:
    told = Tale()
    for seed in seeds:
        relay = workers.begin()
        ledgers = [workers.theatre.ledger, workers.other]
        try:
            told.add(work_together(relay, ledgers, Random(seed), kill=0.04))
            workers.end(relay)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
    return told


def test_a_worker_that_wakes_after_another_has_done_its_work_does_no_harm(
    workers: Two,
) -> None:
    told = stop_at_each_step(workers, stride=STRIDE)
    assert told.switches > 2
    assert told.replaced, "nobody was ever replaced"


def test_two_workers_in_turns_do_everything_once(workers: Two) -> None:
    told = work_in_turns(workers, SHORT_SEEDS)
    assert told.refused
    assert told.done


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_worker_stopped_at_each_step_wakes_too_late(workers: Two) -> None:
    print(f"\n{stop_at_each_step(workers)}")


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_workers_in_many_orders(workers: Two) -> None:
    print(f"\nseeds {LONG_SEEDS}: {work_in_turns(workers, LONG_SEEDS)}")
