"""One Prefect server for all tests that ask for it, started when the first one does."""

from collections.abc import Iterator

import pytest

from tasuki.stack import Stack


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Prefect server on a port of its own: `api_url`, `ui_url`, `environment`."""
    with Stack(tmp_path_factory.mktemp("prefect")) as stack:
        stack.start_prefect(0)
        stack.wait_for_prefect(seconds=120)
        yield stack
