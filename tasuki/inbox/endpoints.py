"""Which connections receive, and the server that listens for them."""

from collections.abc import Mapping
from typing import NamedTuple

import uvicorn

from tasuki.connections import Connection
from tasuki.inbox.counters import Counters
from tasuki.inbox.intake import Intake
from tasuki.inbox.receiver import Receiver
from tasuki.ledger import Ledger
from tasuki.model.errors import ConfigError
from tasuki.project import Project
from tasuki.webhook import Webhook

HOST = "127.0.0.1"
PORT = 8780
_SHORTEST_SECRET = 8
_BUSY_SECONDS = 3.0
"""How long a commit may wait for another writer: HubSpot hangs up after five."""
_GRACE_SECONDS = 10
_BACKLOG = 2048


class Address(NamedTuple):
    """Where the receiver listens."""

    host: str = HOST
    port: int = PORT


def webhooks_of(project: Project) -> dict[str, Webhook]:
    """Return what receives, by connection.

    Raises:
        ConfigError: a secret is too short, or a connector receives nothing.
    """
    receiving = {
        name: one
        for name, one in project.connections.items()
        if one.settings.webhook is not None
    }
    for name, one in receiving.items():
        _refuse_weak(name, one)
    return {
        name: project.registry.webhook(one.connector.name)(one.settings)
        for name, one in receiving.items()
    }


def open_inbox(project: Project) -> Ledger:
    """Open the ledger to receive: one that is busy for long is told to the sender."""
    return Ledger.open(project.ledger_url, project.clock, busy_seconds=_BUSY_SECONDS)


def make_receiver(
    project: Project,
    ledger: Ledger,
    counters: Counters,
    webhooks: Mapping[str, Webhook],
    *,
    trusts_proxy: bool = False,
) -> Receiver:
    """Put a receiver together; its app starts and ends the intake."""
    intake = Intake(ledger, counters)
    return Receiver(webhooks, intake, project.clock, counters, trusts_proxy)


def server(receiver: Receiver, address: Address) -> uvicorn.Server:
    """Return a server for the receiver; it ends at SIGTERM, with all that it took."""
    config = uvicorn.Config(
        receiver.app(),
        host=address.host,
        port=address.port,
        # Addresses may hold a secret: only our own lines are written.
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        lifespan="on",
    )
    return uvicorn.Server(config)


def _refuse_weak(name: str, connection: Connection) -> None:
    webhook = connection.settings.webhook
    assert webhook is not None  # noqa: S101 - the caller has looked
    if any(len(secret) < _SHORTEST_SECRET for secret in webhook.secrets()):
        where = f"connections.yaml: {name}.webhook.secret"
        what = f"it has fewer than {_SHORTEST_SECRET} characters"
        remedy = "Set its variable to what the vendor's screen shows, or to a long one."
        raise ConfigError(where, what, remedy)
