"""Every test of the ledger runs on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.ledger import Ledger
from tasuki.testing.runs import blank_ledger
from tests.unit.ledger.material import KEY, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> str:
    """Which of the two databases."""
    return str(request.param)


@pytest.fixture
def new_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address where no ledger is yet."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty ledger."""
    if kind == "sqlite":
        path = tmp_path / "ledger.db"
        path.write_bytes(blank_ledger())
        return f"sqlite:///{path}"
    return str(request.getfixturevalue("postgres_ledger_url"))


@pytest.fixture
def ledger(url: str, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger.open(url, clock, secret_key=KEY) as opened:
        yield opened
