"""A Salesforce org of our own over HTTP, and the connector opened on it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from connectors.salesforce import CONNECTOR
from connectors.salesforce.sandbox import SalesforceSandbox
from connectors.salesforce.system import SalesforceSystem
from tasuki.clock import SystemClock
from tasuki.connector import Wire
from tasuki.model.policy import RetryPolicy
from tasuki.model.record import Page, Query, Record
from tasuki.model.write import Operation, Outcome, Write
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import SandboxServer
from tests.contract.wire import make_wire

KEY = "HubSpot_Contact_Id__c"
LOGIN = {
    "flow": "client_credentials",
    "client_id": "sandbox",
    "client_secret": "sandbox",
}


class QuickClock(SystemClock):
    """Real time that jumps ahead instead of waiting."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.waits: list[float] = []

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += seconds
        self.waits.append(seconds)


class Still:
    """The org alone, without HTTP and connector."""

    def __init__(self, sandbox: SalesforceSandbox, clock: QuickClock) -> None:
        self.sandbox = sandbox
        self.clock = clock

    def act(self, name: str, **body: Any) -> dict[str, Any]:
        return self.sandbox.acts.act(name, body)

    def add(self, stream: str, **fields: Any) -> str:
        return str(self.act("create", object=stream, fields=fields)["id"])

    def lead(self, number: int, **fields: Any) -> str:
        given = {"LastName": "山田", "Company": "株式会社サンプル", KEY: str(number)}
        return self.add("Lead", **(given | fields))

    def leads(self, count: int) -> list[str]:
        return [self.lead(n, Email=f"p{n}@sample.co.jp") for n in range(1, count + 1)]

    def row(self, stream: str, record_id: str) -> dict[str, object]:
        row = self.sandbox.store.tables[stream].get(record_id)
        assert row is not None
        return row

    def alive(self, stream: str) -> int:
        return self.sandbox.store.tables[stream].alive


class Org(Still):
    """The org over HTTP, with the connector opened on it."""

    def __init__(
        self,
        server: SandboxServer,
        sandbox: SalesforceSandbox,
        system: SalesforceSystem,
        wire: Wire,
        clock: QuickClock,
    ) -> None:
        super().__init__(sandbox, clock)
        self.server = server
        self.system = system
        self.wire = wire

    def pages(self, query: Query, cursor: str | None = None) -> list[Page]:
        return list(self.system.source.read(query, cursor))

    def write(self, stream: str, *writes: Write) -> dict[str, Outcome]:
        outcomes = self.system.destination.write(stream, writes, lambda: None)
        assert sorted(o.ref for o in outcomes) == sorted(w.ref for w in writes)
        return {outcome.ref: outcome for outcome in outcomes}

    def fault(self, kind: str, **more: Any) -> None:
        self.server.faults.plant(Fault(kind, **more))  # type: ignore[arg-type]

    def calls(self, pattern: str = "v67") -> int:
        return self.server.total(pattern)


@contextmanager
def a_still_org(**behaviour: Any) -> Iterator[Still]:
    clock = QuickClock()
    yield Still(SalesforceSandbox(**{"now": clock.now, **behaviour}), clock)


@contextmanager
def an_org(
    settings: dict[str, Any] | None = None,
    wire: dict[str, Any] | None = None,
    **behaviour: Any,
) -> Iterator[Org]:
    clock = QuickClock()
    sandbox = SalesforceSandbox(**{"now": clock.now, **behaviour})
    quick = RetryPolicy(attempts=4, throttled_attempts=4, first=0.01, ceiling=0.02)
    given = make_wire("sf", **{"policy": quick, "clock": clock, **(wire or {})})
    with SandboxServer(sandbox) as server:
        asked = {"connector": "salesforce", "base_url": server.url, "auth": LOGIN}
        system = CONNECTOR.open(CONNECTOR.settings(**(asked | (settings or {}))), given)
        try:
            yield Org(server, sandbox, system, given, clock)
        finally:
            system.close()


def leads(*fields: str, **more: Any) -> Query:
    return Query("Lead", fields or (KEY,), **more)


def upsert(ref: str, key: str, field: str = KEY, **fields: Any) -> Write:
    given = {"LastName": "山田", "Company": "株式会社サンプル"} if field == KEY else {}
    return Write(ref, Operation.CREATE, given | fields, key=(field, key))


def update(ref: str, target: str, **fields: Any) -> Write:
    return Write(ref, Operation.UPDATE, fields, target_id=target)


def records(pages: Sequence[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def ids(pages: Sequence[Page]) -> list[str]:
    return [record.id for record in records(pages)]
