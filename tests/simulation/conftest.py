"""Scenes that share one ledger file and one clock: emptied rather than made anew."""

import gc
import os
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tasuki.ledger import Ledger
from tasuki.ledger.tables import Stored
from tasuki.testing import ManualClock, temporary_ledger
from tests.simulation.company import Company
from tests.simulation.scenes import Scene


@pytest.fixture(scope="module", autouse=True)
def _little_to_collect() -> None:
    """Spare the collections after each death what other modules have left alive."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Ledger, ManualClock]]:
    clock = ManualClock()
    with temporary_ledger(clock) as ledger:
        yield ledger, clock


@pytest.fixture(scope="session")
def ledger_server(postgres_server: str) -> Iterator[str]:
    """A PostgreSQL database that several modules use in turn."""
    name = f"company_{os.getpid()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company, made once: its processes are forked from one that has all imported."""
    folder = tmp_path_factory.mktemp("company")
    with Company(folder, people=60, deals=45, won=30) as made:
        made.on("")
        yield made


@pytest.fixture(scope="session")
def undisturbed(firm: Company) -> dict[str, list[tuple[str, ...]]]:
    """What a quiet morning comes to, to compare with."""
    firm.on("")
    firm.morning()
    firm.finish_all()
    found = firm.everything()
    assert all(len(rows) > 8 for rows in found.values())
    return found


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.soak]),
    ],
)
def company(request: pytest.FixtureRequest, firm: Company) -> Company:
    """The company with its ledger on one database, then on the other."""
    on_server = request.param == "postgres"
    firm.on(request.getfixturevalue("ledger_server") if on_server else "")
    return firm


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
