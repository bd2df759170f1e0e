"""A kintone domain of our own over HTTP, and the connector opened on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from connectors.kintone import CONNECTOR
from connectors.kintone.sandbox import KintoneSandbox
from connectors.kintone.sandbox.forms import ONBOARDING
from connectors.kintone.sandbox.store import Row, minute
from tasuki.connector import Wire
from tasuki.model.policy import RetryPolicy
from tasuki.model.record import Page, Query, Record
from tasuki.model.write import Operation, Outcome, Write
from tasuki.ports import System
from tests.contract.kintone.spec import JudgedServer
from tests.contract.wire import make_wire

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
APPS = {
    "onboarding": {"app": 5, "token": "sandboxonboarding", "people": ["担当者"]},
    "subscription": {"app": 6, "token": "sandboxsubscription"},
}


class Hands:
    """A clock whose hands a test moves."""

    def __init__(self) -> None:
        self.at = NOON
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
    server: JudgedServer
    domain: KintoneSandbox
    system: System
    wire: Wire
    clock: Hands

    def read(self, query: Query, cursor: str | None = None) -> list[Page]:
        return list(self.system.source.read(query, cursor))

    def write(self, *writes: Write, stream: str = "onboarding") -> dict[str, Outcome]:
        outcomes = self.system.destination.write(stream, writes, lambda: None)
        assert len(outcomes) == len(writes)
        return {outcome.ref: outcome for outcome in outcomes}

    def calls(self, pattern: str = "records") -> int:
        return self.server.total(pattern)

    def act(self, name: str, **asked: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.server.url}/__act/{name}", json=asked)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def fill(self, count: int, at: datetime = NOON) -> None:
        """Put records 1…count, all changed in one minute, into the onboarding app."""
        store = self.domain.stores[ONBOARDING]
        stamp = minute(at)
        for number in range(1, count + 1):
            values = {
                "案件ID": f"D{number}",
                "顧客名": f"会社{number}",
                "状況": "未着手",
            }
            store.put(Row(number, values, 1, stamp, stamp))


@contextmanager
def opened(**behaviour: Any) -> Iterator[Opened]:
    settings = behaviour.pop("settings", {})
    clock = Hands()
    domain = KintoneSandbox(clock=clock, **behaviour)
    quick = RetryPolicy(attempts=4, first=0.01, ceiling=0.02)
    wire = make_wire("kintone", policy=quick, clock=clock)
    with JudgedServer(domain) as server:
        asked = {
            "connector": "kintone",
            "base_url": server.url,
            "apps": APPS,
            **settings,
        }
        system = CONNECTOR.open(CONNECTOR.settings.model_validate(asked), wire)
        try:
            yield Opened(server, domain, system, wire, clock)
        finally:
            system.close()
            domain.hooks.stop()
        assert not server.violations, "\n".join(server.violations)


def onboardings(*fields: str, **more: Any) -> Query:
    return Query("onboarding", fields or ("案件ID", "顧客名"), **more)


def records(pages: list[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def ids(pages: list[Page]) -> list[int]:
    return [int(record.id) for record in records(pages)]


def create(ref: str, key: str, **fields: object) -> Write:
    both = {"案件ID": key, "顧客名": "見本株式会社", **fields}
    return Write(ref, Operation.CREATE, both, key=("案件ID", key))


def update(ref: str, target: str, **fields: object) -> Write:
    return Write(ref, Operation.UPDATE, fields, target_id=target)
