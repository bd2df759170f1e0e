"""One Prefect server for all tests of a session that need one."""

from collections.abc import Iterator

import pytest

from tasuki.stack import Stack


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Prefect server with a database of its own, up when given."""
    with Stack(tmp_path_factory.mktemp("prefect")) as stack:
        stack.start_prefect(0)
        stack.wait_for_prefect()
        yield stack
