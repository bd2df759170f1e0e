"""A company lives at random (`machine.py`): short and always the same, or long.

The long form goes on for TASUKI_SOAK_MINUTES (3). It prints the seed of each batch;
TASUKI_SEED=… begins with that one.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import SystemRandom

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tasuki.testing import ManualClock, temporary_ledger
from tests.simulation.machine import RelayMachine

SHORT = settings(
    max_examples=10,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.normal,
)
LONG = settings(SHORT, max_examples=60, stateful_step_count=60, derandomize=False)


@pytest.fixture
def happened() -> Counter[str]:
    return Counter()


@pytest.fixture
def new_machine(
    tmp_path: Path, happened: Counter[str]
) -> Iterator[Callable[[], RelayMachine]]:
    clock, path = ManualClock(), tmp_path / "ledger.db"

    def told(what: str) -> None:
        happened[what] += 1

    with temporary_ledger(clock, path) as one, temporary_ledger(clock, path) as other:
        yield lambda: RelayMachine((one, other), clock, told)


@pytest.mark.slow
def test_whatever_happens_all_sides_agree_in_the_end(
    new_machine: Callable[[], RelayMachine], happened: Counter[str]
) -> None:
    run_state_machine_as_test(new_machine, settings=SHORT)
    print(f"\n{dict(happened)}")
    assert happened["death"] > 8
    assert happened["rest"] > 5


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_whatever_happens_for_a_long_time(
    new_machine: Callable[[], RelayMachine], happened: Counter[str]
) -> None:
    minutes = float(os.environ.get("TASUKI_SOAK_MINUTES", "3"))
    number = int(os.environ.get("TASUKI_SEED") or SystemRandom().randrange(10**6))
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end:
        print(f"\nseed {number}", end="", flush=True)
        try:
            run_state_machine_as_test(seed(number)(new_machine), settings=LONG)
        except BaseException as error:
            error.add_note(f"again: TASUKI_SEED={number} make soak")
            raise
        print(f": {dict(happened)}", flush=True)
        number += 1
