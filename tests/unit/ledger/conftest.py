"""Every test of the ledger runs on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.ledger import Ledger
from tests.unit.ledger.material import KEY, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address where no ledger is yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def ledger(url: str, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger.open(url, clock, secret_key=KEY) as opened:
        yield opened
