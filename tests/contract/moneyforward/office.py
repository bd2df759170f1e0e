"""An office of our own over HTTP, and the connector opened on it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from connectors.moneyforward import CONNECTOR
from connectors.moneyforward.sandbox import MoneyForwardSandbox
from tasuki.connector import Wire
from tasuki.model.policy import RetryPolicy
from tasuki.model.record import Page, Query, Record
from tasuki.model.write import Confirmed, Operation, Outcome, Write
from tasuki.ports import System
from tasuki.sandbox.server import SandboxServer
from tests.contract.wire import make_wire

FAST = RetryPolicy(attempts=3, first=0.01, ceiling=0.02, total=5.0)
CREATES = r"POST .*invoice_template_billings"


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

    def move(self, to: datetime) -> None:
        self._passed += (to - self._now).total_seconds()
        self._now = to

    def pass_by(self, **span: float) -> None:
        self.move(self._now + timedelta(**span))


@dataclass
class Opened:
    server: SandboxServer
    sandbox: MoneyForwardSandbox
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

    def bill(self, ref: str, **changes: object) -> Confirmed:
        """Make an invoice for a customer, who is made too where none is named."""
        if not {"partner_id", "department_id"} & changes.keys():
            changes["partner_id"] = self.customer()
        (done,) = self.write("billing", create(ref, invoice(**changes)))
        assert isinstance(done, Confirmed), done
        return done

    def customer(self, code: str = "SF-1", departments: int = 1) -> str:
        known = self.sandbox.masters.partners.values()
        for row in known:
            if row["code"] == code:
                return str(row["id"])
        names = [{"person_dept": f"第{n}部"} for n in range(1, departments + 1)]
        body = {"name": f"株式会社{code}", "code": code, "departments": names}
        answer: Any = self.sandbox.masters.add(body).body
        return str(answer["id"])

    def act(self, act: str, **body: object) -> httpx.Response:
        return httpx.post(f"{self.server.url}/__act/{act}", json=body)

    @property
    def billings(self) -> dict[str, dict[str, Any]]:
        return self.sandbox.billings.rows


def settings(url: str, **changes: Any) -> Any:
    return CONNECTOR.settings.model_validate(
        {
            "connector": "moneyforward",
            "base_url": url,
            "accounts_url": url,
            "auth": {"flow": "token", "token": "sandbox-token"},
            **changes,
        }
    )


@contextmanager
def opened(
    stand_in: Mapping[str, Any] | None = None,
    wire: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Iterator[Opened]:
    """Open the connector on a fresh office; paid mail is never asked for."""
    clock = FixedClock()
    sandbox = MoneyForwardSandbox(**{"clock": clock, **(stand_in or {})})
    with SandboxServer(sandbox) as server:
        own = make_wire(
            "moneyforward", **{"clock": clock, "policy": FAST, **(wire or {})}
        )
        system = CONNECTOR.open(settings(server.url, **changes), own)
        try:
            yield Opened(server, sandbox, system, own, clock)
        finally:
            system.close()
        assert sandbox.posted == []
        assert server.total("unknown") == 0


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


def invoice(**changes: object) -> dict[str, object]:
    return {
        "subject": "11月分ご請求",
        "billing_date": "2026-11-30",
        "payment_date": "2026-12-31",
        "lines": [line()],
        **changes,
    }


def create(ref: str, fields: Mapping[str, object], **changes: Any) -> Write:
    return Write(ref, Operation.CREATE, fields, mark=f"m{ref}", **changes)
