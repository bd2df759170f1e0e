"""The process dies at every single step; nothing is lost and nothing done twice.

A step is whatever a run does outside its own head: a call, a statement, a commit, a
wait; before it and after it. After the recovery everything is compared with a world in
which nobody died (`dying.py`), and with what must hold anywhere (`invariants.py`).

Deaths between two changes of the world (an effect, a commit, time) leave the very same
world behind: the short form dies once between any two, the long form at every step.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from tasuki.testing import ManualClock, memory_ledger, temporary_ledger
from tests.simulation.companies import PLAYS
from tests.simulation.dying import Theatre, kill_at_each_step, kill_twice

SHORT_PAIRS, LONG_PAIRS = 8, 100
STRIDE = 29
USUAL_PLAYS = {"leads", "invoices", "documents under a key", "lost answers"}
"""Played whenever tests are run; all of them by `make soak`."""


@pytest.fixture(
    params=[
        pytest.param(one, marks=() if one in USUAL_PLAYS else pytest.mark.soak)
        for one in sorted(PLAYS)
    ]
)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def in_memory(name: str) -> Iterator[Theatre]:
    clock = ManualClock()
    with memory_ledger(clock) as ledger:
        yield Theatre(ledger, clock, PLAYS[name])


@pytest.fixture
def in_a_file(name: str) -> Iterator[Theatre]:
    clock = ManualClock()
    with temporary_ledger(clock) as ledger:
        yield Theatre(ledger, clock, PLAYS[name])


def told(name: str, where: Counter[str]) -> None:
    print(f"\n{name}: {where.total()} deaths at {len(where)} kinds of steps")


def test_a_death_between_any_two_changes_of_the_world(
    name: str, in_memory: Theatre
) -> None:
    where = kill_at_each_step(in_memory, every=False)
    told(name, where)
    assert where.total() > 10


@pytest.mark.soak
@pytest.mark.parametrize("name", ["leads"], indirect=True)
def test_a_death_at_every_single_step(name: str, in_a_file: Theatre) -> None:
    where = kill_at_each_step(in_a_file)
    told(name, where)
    assert where.total() > 150
    assert {"before commit", "after commit"} < set(where)


@pytest.mark.parametrize("name", ["invoices"], indirect=True)
def test_a_death_between_any_two_changes_of_the_world_with_a_file(
    name: str, in_a_file: Theatre
) -> None:
    where = kill_at_each_step(in_a_file, every=False)
    told(name, where)
    assert where.total() > 40


def test_a_death_at_some_steps_of_every_play(name: str, in_a_file: Theatre) -> None:
    start = 1 + sorted(PLAYS).index(name) % STRIDE
    told(name, kill_at_each_step(in_a_file, start=start, stride=STRIDE))


def test_two_deaths_one_after_the_other(name: str, in_memory: Theatre) -> None:
    seed = sorted(PLAYS).index(name)
    where = kill_twice(in_memory, Random(seed), SHORT_PAIRS)
    assert where.total() == SHORT_PAIRS


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_death_at_every_single_step_of_every_play(
    name: str, in_a_file: Theatre
) -> None:
    told(name, kill_at_each_step(in_a_file))


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_pairs_of_deaths(name: str, in_memory: Theatre) -> None:
    seed = 1000 + sorted(PLAYS).index(name)
    print(f"\n{name}: seed {seed}")
    kill_twice(in_memory, Random(seed), LONG_PAIRS)
