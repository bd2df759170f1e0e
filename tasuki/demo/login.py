"""The first login to the freee stand-in, as `tasuki login freee` does it."""

from contextlib import closing
from pathlib import Path
from threading import Thread

import httpx

from tasuki.connections import Connection
from tasuki.project import Project
from tasuki.transport.calls import Calls
from tasuki.transport.login import log_in
from tasuki.transport.oauth import TokenEndpoint


def _browse(url: str) -> None:
    httpx.get(url, follow_redirects=True, timeout=30)


def log_in_to_freee(place: Path) -> None:
    """Log in unless a token is stored already; the stand-in consents at once."""
    project = Project(place)
    connection: Connection = project.connection("freee")
    login = connection.connector.login
    flow = login(connection.settings) if login else None
    if flow is None:
        return
    with project.open_ledger() as ledger:
        tokens = ledger.tokens("freee")
        if tokens.load() is not None:
            return
        endpoint = TokenEndpoint(flow, "freee", clock=project.clock, calls=Calls())

        def open_page(url: str) -> None:
            """Do what a browser would, beside the receiver that waits for it."""
            Thread(target=_browse, args=[url], daemon=True).start()

        with closing(endpoint):
            tokens.save(
                log_in(flow, endpoint, "freee", open_page, clock=project.clock, port=0)
            )
