from collections.abc import Iterator
from pathlib import Path

import pytest

from tasuki.sandbox.rehearsal import Rehearsal
from tests.unit.cli.rehearsing import Desk, new_project, stand_ins


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    with stand_ins() as served:
        yield served


@pytest.fixture
def desk(
    tmp_path: Path, rehearsal: Rehearsal, capsys: pytest.CaptureFixture[str]
) -> Desk:
    for server in rehearsal.servers.values():
        server.faults.clear()
    new_project(tmp_path, rehearsal.connections_yaml())
    return Desk(tmp_path, capsys)
