"""A freee company of our own over HTTP, and the connector opened on it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from connectors.freee import CONNECTOR
from connectors.freee.sandbox import FreeeSandbox
from tasuki.connector import Wire
from tasuki.model.policy import RetryPolicy
from tasuki.model.record import Page, Query, Record
from tasuki.model.write import Operation, Outcome, Write
from tasuki.ports import System
from tests.contract.freee.spec import JudgedServer
from tests.contract.wire import make_wire

FAST = RetryPolicy(attempts=3, first=0.01, ceiling=0.02, total=5.0)


class FixedClock:
    """A clock that moves only when somebody sleeps or moves it."""

    def __init__(
        self, now: datetime = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    ) -> None:
        self._now = now
        self.slept: list[float] = []
        self._passed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._passed += seconds

    def move(self, to: datetime) -> None:
        self._passed += (to - self._now).total_seconds()
        self._now = to


@dataclass
class Opened:
    server: JudgedServer
    company: FreeeSandbox
    system: System
    wire: Wire
    clock: FixedClock

    def read(
        self, stream: str, cursor: str | None = None, where: object = None
    ) -> list[Page]:
        return list(self.system.source.read(Query(stream, (), where), cursor))

    def write(self, stream: str, *writes: Write) -> list[Outcome]:
        outcomes = self.system.destination.write(stream, writes, lambda: None)
        assert [o.ref for o in outcomes] == [w.ref for w in writes]
        return outcomes

    def calls(self, pattern: str = "") -> int:
        return self.server.total(pattern)

    def act(self, name: str, **body: object) -> httpx.Response:
        return httpx.post(f"{self.server.url}/__act/{name}", json=body)


def settings(url: str, **changes: Any) -> Any:
    return CONNECTOR.settings.model_validate(
        {
            "connector": "freee",
            "company_id": 123456,
            "base_url": url,
            "accounts_url": url,
            "auth": {"flow": "token", "token": "sandbox-token"},
            **changes,
        }
    )


@contextmanager
def opened(
    company: Mapping[str, Any] | None = None,
    wire: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Iterator[Opened]:
    """Open the connector on a fresh company; every exchange is judged at the end."""
    clock = FixedClock()
    sandbox = FreeeSandbox(**{"clock": clock, **(company or {})})
    with JudgedServer(sandbox) as server:
        given = {"clock": clock, "policy": FAST, **(wire or {})}
        own = make_wire("freee", **given)
        system = CONNECTOR.open(settings(server.url, **changes), own)
        try:
            yield Opened(server, sandbox, system, own, clock)
        finally:
            system.close()
        assert server.violations == []


def ids(pages: list[Page]) -> list[str]:
    return [record.id for record in records(pages)]


def records(pages: list[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def line(**changes: object) -> dict[str, object]:
    return {
        "description": "初期設定費",
        "quantity": Decimal(1),
        "unit_price": Decimal(100000),
        "tax": "standard",
        **changes,
    }


def invoice(partner_id: int, **changes: object) -> dict[str, object]:
    return {
        "partner_id": partner_id,
        "subject": "11月分ご請求",
        "billing_date": "2026-11-30",
        "payment_date": "2026-12-31",
        "lines": [line()],
        **changes,
    }


def create(ref: str, fields: Mapping[str, object], **changes: Any) -> Write:
    return Write(ref, Operation.CREATE, fields, mark=f"m{ref}", **changes)


def partner(ref: str, code: str, **fields: object) -> Write:
    given = {"code": code, "name": f"取引先{code}", **fields}
    return Write(ref, Operation.CREATE, given, key=("code", code))


def by_hand(partner_id: int, **changes: object) -> dict[str, object]:
    """Return what a person enters at freee's screen."""
    return {
        "company_id": 123456,
        "partner_id": partner_id,
        "billing_date": "2026-11-30",
        "payment_date": "2026-12-31",
        "subject": "手入力",
        "tax_entry_method": "out",
        "tax_fraction": "omit",
        "withholding_tax_entry_method": "out",
        "partner_title": "御中",
        "lines": [
            {"type": "item", "description": "作業", "quantity": 1, "unit_price": "100000",
             "tax_rate": 10},
        ],
        **changes,
    }  # fmt: skip
