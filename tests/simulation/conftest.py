"""Scenes with a ledger of their own, copied from one empty ledger: fast."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from tasuki.testing import ManualClock, temporary_ledger
from tests.simulation.scenes import Scene, template_ledger


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template_ledger(tmp_path_factory.mktemp("ledger"))


@pytest.fixture
def new_scene(empty_ledger: Path, tmp_path: Path) -> Iterator[Callable[[], Scene]]:
    """Make scenes; the one before is closed and forgotten."""
    numbers = count()
    with ExitStack() as stack:

        def make() -> Scene:
            stack.close()
            clock = ManualClock()
            path = tmp_path / f"{next(numbers)}.db"
            shutil.copy(empty_ledger, path)
            ledger = stack.enter_context(temporary_ledger(clock, path))
            stack.callback(path.unlink)
            return Scene(ledger, clock)

        yield make


@pytest.fixture
def scene(new_scene: Callable[[], Scene]) -> Scene:
    return new_scene()
