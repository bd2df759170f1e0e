"""Scenes that share one ledger file and one clock: emptied rather than made anew."""

from collections.abc import Callable, Iterator

import pytest

from tasuki.ledger import Ledger
from tasuki.ledger.tables import Stored
from tasuki.testing import ManualClock, temporary_ledger
from tests.simulation.scenes import Scene


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Ledger, ManualClock]]:
    clock = ManualClock()
    with temporary_ledger(clock) as ledger:
        yield ledger, clock


@pytest.fixture
def new_scene(shared: tuple[Ledger, ManualClock]) -> Callable[[], Scene]:
    """Make scenes; what the ledger knew of the one before is forgotten."""

    def make() -> Scene:
        ledger, clock = shared
        with ledger._database.writing() as connection:
            for table in Stored.metadata.tables.values():
                connection.execute(table.delete())
        return Scene(ledger, clock)

    return make


@pytest.fixture
def scene(new_scene: Callable[[], Scene]) -> Scene:
    return new_scene()
