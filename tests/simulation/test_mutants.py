"""The simulation can fail: each rule of the engine, broken on purpose, comes to light.

What is caught must be one of our own checks or the company's expectation, not a crash
of the mutant itself.
"""

from pathlib import Path

import pytest

from tasuki.testing import ManualClock, memory_ledger
from tests.simulation.companies import PLAYS, without_twins
from tests.simulation.dying import Theatre, kill_at_each_step
from tests.simulation.mutants import MUTANTS, broken
from tests.simulation.test_two_workers import stop_at_each_step, two

KILLED = sorted(name for name, mutant in MUTANTS.items() if mutant.play)
STOPPED = sorted(name for name, mutant in MUTANTS.items() if not mutant.play)


def some(names: list[str]) -> list[object]:
    """Return all of them; three of four are for `make soak`."""
    return [
        pytest.param(one, marks=pytest.mark.soak if place % 4 else ())
        for place, one in enumerate(names)
    ]


@pytest.mark.parametrize("name", some(KILLED))
def test_a_broken_rule_is_noticed_by_killing(name: str) -> None:
    mutant, clock = MUTANTS[name], ManualClock()
    with memory_ledger(clock) as ledger:
        theatre = Theatre(ledger, clock, PLAYS[mutant.play])
        with broken(mutant), pytest.raises(AssertionError) as caught:
            kill_at_each_step(theatre, every=False)
    print(f"\n{mutant.rule}: {str(caught.value).splitlines()[:1]}")


@pytest.mark.parametrize("name", some(STOPPED))
def test_a_broken_fence_is_noticed_by_a_worker_that_wakes_too_late(
    name: str, tmp_path: Path
) -> None:
    mutant = MUTANTS[name]
    for workers in two(without_twins(PLAYS["lost answers"]), tmp_path):
        with broken(mutant), pytest.raises(AssertionError) as caught:
            stop_at_each_step(workers, start=14)
    print(f"\n{mutant.rule}: {str(caught.value).splitlines()[:1]}")
