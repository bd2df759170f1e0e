"""One Prefect server for all tests of a session that need one."""

import os
from collections.abc import Iterator

import pytest

from tasuki.clock import SystemClock
from tasuki.stack import Stack, free_port


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Prefect server with a database of its own, up when given."""
    place = tmp_path_factory.mktemp("prefect")
    with Stack(place, place / "logs", dict(os.environ), SystemClock()) as stack:
        stack.start_server(place / "home", free_port())
        yield stack
