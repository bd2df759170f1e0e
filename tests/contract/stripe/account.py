"""An account of our own over HTTP, and the connector opened on it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from connectors.stripe import CONNECTOR
from connectors.stripe.sandbox import StripeSandbox
from tasuki.connector import Wire
from tasuki.model.policy import RetryPolicy
from tasuki.model.record import Page, Query, Record
from tasuki.model.write import Confirmed, Operation, Outcome, Write
from tasuki.ports import System
from tasuki.sandbox.server import SandboxServer
from tests.contract.wire import make_wire

FAST = RetryPolicy(attempts=2, first=0.01, ceiling=0.02, total=5.0)
RATES = {"standard": "txr_standard", "reduced": "txr_reduced"}


class FixedClock:
    """A clock that moves only when somebody sleeps or moves it."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
        self._passed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        self._passed += seconds

    def pass_by(self, **span: float) -> None:
        self._now += timedelta(**span)
        self._passed += timedelta(**span).total_seconds()


@dataclass
class Opened:
    server: SandboxServer
    sandbox: StripeSandbox
    system: System
    wire: Wire
    clock: FixedClock

    def read(
        self, stream: str, cursor: str | None = None, where: object = None
    ) -> list[Page]:
        return list(self.system.source.read(Query(stream, (), where), cursor))

    def write(self, stream: str, write: Write) -> Outcome:
        (outcome,) = self.system.destination.write(stream, [write], lambda: None)
        assert outcome.ref == write.ref
        return outcome

    def customer(self, ref: str = "c1", **fields: object) -> str:
        done = self.write("customer", create(ref, {"name": "株式会社甲", **fields}))
        assert isinstance(done, Confirmed), done
        return done.id

    def bill(self, ref: str, **changes: object) -> Confirmed:
        if "partner_id" not in changes:
            changes["partner_id"] = self.customer(f"c-{ref}")
        done = self.write("invoice", create(ref, invoice(**changes)))
        assert isinstance(done, Confirmed), done
        return done

    def act(self, act: str, **body: object) -> None:
        answer = httpx.post(f"{self.server.url}/__act/{act}", json=body)
        assert answer.status_code == 200, answer.text

    @property
    def invoices(self) -> list[dict[str, Any]]:
        own = self.sandbox.invoices
        return [own.shown(row) for row in own.shelf.rows.values()]

    @property
    def loose_items(self) -> list[dict[str, Any]]:
        rows = self.sandbox.invoices.items.rows.values()
        return [row for row in rows if row["invoice"] is None]


def settings(url: str, **changes: Any) -> Any:
    return CONNECTOR.settings.model_validate(
        {
            "connector": "stripe",
            "base_url": url,
            "api_key": "rk_test_sandbox",
            "tax_rates": RATES,
            **changes,
        }
    )


@contextmanager
def opened(
    stand_in: Mapping[str, Any] | None = None,
    wire: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Iterator[Opened]:
    clock = FixedClock()
    sandbox = StripeSandbox(**{"clock": clock, **(stand_in or {})})
    with SandboxServer(sandbox) as server:
        own = make_wire("stripe", **{"clock": clock, "policy": FAST, **(wire or {})})
        system = CONNECTOR.open(settings(server.url, **changes), own)
        try:
            yield Opened(server, sandbox, system, own, clock)
        finally:
            system.close()
        assert server.total("unknown") == 0


def records(pages: list[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def line(**changes: object) -> dict[str, object]:
    return {"description": "保守", "quantity": 2, "unit_price": 50000, **changes}


def invoice(**changes: object) -> dict[str, object]:
    lines = [line(tax="standard"), line(quantity=1, unit_price=980, tax="reduced")]
    return {"payment_date": "2026-12-31", "lines": lines, **changes}


def create(ref: str, fields: Mapping[str, object]) -> Write:
    return Write(ref, Operation.CREATE, fields, mark=f"m{ref}")
