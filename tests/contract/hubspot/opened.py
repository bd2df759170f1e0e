"""A HubSpot account of our own over HTTP, and the connector opened on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.hubspot import CONNECTOR
from connectors.hubspot.sandbox import HubspotSandbox
from connectors.hubspot.sandbox.store import Row
from tasuki.connector import Wire
from tasuki.model.policy import RetryPolicy
from tasuki.model.record import Page, Query, Record
from tasuki.model.write import Operation, Outcome, Write
from tasuki.ports import System
from tasuki.sandbox.server import SandboxServer
from tests.contract.wire import make_wire

YESTERDAY = 86_400_000


class HurriedClock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)


@dataclass
class Opened:
    server: SandboxServer
    account: HubspotSandbox
    system: System
    wire: Wire

    def read(self, query: Query, cursor: str | None = None) -> list[Page]:
        return list(self.system.source.read(query, cursor))

    def write(self, stream: str, *writes: Write) -> dict[str, Outcome]:
        outcomes = self.system.destination.write(stream, writes, lambda: None)
        assert len(outcomes) == len(writes)
        return {outcome.ref: outcome for outcome in outcomes}

    def calls(self, pattern: str = "") -> int:
        return self.server.total(pattern)

    def fill(
        self, count: int, changed: Callable[[int], int] | int, stream: str = "contacts"
    ) -> None:
        """Put records 1…count with these change times (epoch ms) into the account."""
        store = self.account.stores[stream]
        for number in range(1, count + 1):
            stamp = changed if isinstance(changed, int) else changed(number)
            values: dict[str, str | None] = {"lastname": f"山田{number}"}
            if stream == "contacts":
                values["email"] = f"p{number}@sample.co.jp"
            store.put(Row(number, values, stamp, stamp))
        self.account._last_id = count


@contextmanager
def opened(wire: Wire | None = None, **behaviour: Any) -> Iterator[Opened]:
    settings = behaviour.pop("settings", {})
    account = HubspotSandbox(**behaviour)
    quick = RetryPolicy(attempts=4, first=0.01, ceiling=0.02)
    wire = wire or make_wire("hubspot", policy=quick)
    with SandboxServer(account) as server:
        asked = {
            "connector": "hubspot",
            "base_url": server.url,
            "auth": {"token": "pat-sandbox"},
            **settings,
        }
        system = CONNECTOR.open(CONNECTOR.settings.model_validate(asked), wire)
        try:
            yield Opened(server, account, system, wire)
        finally:
            system.close()


def contacts(*fields: str, **more: Any) -> Query:
    return Query("contacts", fields or ("email", "lastname"), **more)


def records(pages: list[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def ids(pages: list[Page]) -> list[int]:
    return [int(record.id) for record in records(pages)]


def now_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def create(ref: str, key: str, field: str = "email", **fields: object) -> Write:
    return Write(ref, Operation.CREATE, fields, key=(field, key))


def update(ref: str, target: str, **fields: object) -> Write:
    return Write(ref, Operation.UPDATE, fields, target_id=target)
