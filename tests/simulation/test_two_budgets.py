"""Two backfills and a money flow on one connection, against a vendor that counts."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

import pytest

from tasuki.ledger.budget import Pace
from tasuki.model.policy import Limit
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import Reply, Request, Route, SandboxServer
from tests.simulation.company import Company, Process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RATE = 20


class Strict:
    """A vendor that lets so many calls pass in any one second, and counts all."""

    name = "strict"

    def __init__(self) -> None:
        self.times: list[float] = []
        self.refused = 0
        self._passed: deque[float] = deque()
        self._lock = threading.Lock()

    def routes(self) -> Iterable[Route]:
        return [("GET", "/call", self.call)]

    def call(self, _: Request) -> Reply:
        with self._lock:
            now = time.monotonic()
            self.times.append(now)
            while self._passed and self._passed[0] <= now - 1.0:
                self._passed.popleft()
            if len(self._passed) >= RATE:
                self.refused += 1
                return Reply(429, {}, {"retry-after": "1"})
            self._passed.append(now)
            return Reply(200, {})

    def limit_reply(self, fault: Fault) -> Reply:
        raise NotImplementedError(fault)

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        raise NotImplementedError(request, carry_out)

    def dump(self) -> object:
        return {}

    def load(self, state: object) -> None:
        raise NotImplementedError(state)


def spender(
    company: Company, url: str, calls: int, *, money: bool = False, pause: float = 0.0
) -> Process:
    ledger = company.url or f"sqlite:///{company.folder}/.tasuki/ledger.db"
    asked = {
        "ledger": ledger, "url": url, "calls": calls, "rate": RATE,
        "money": money, "pause": pause,
    }  # fmt: skip
    company.environment["SPEND"] = json.dumps(asked)
    return company.command("status", act="spend_calls")


def waits_of(run: Process) -> list[float]:
    assert run.end() == 0, run.said()
    waits: list[float] = json.loads(run.said().splitlines()[-1])
    return waits


@pytest.mark.parametrize(
    "calls", [40, pytest.param(1000, marks=pytest.mark.soak)], ids=["short", "long"]
)
def test_two_backfills_share_one_limit_and_use_nearly_all_of_it(
    company: Company, calls: int
) -> None:
    company.new_day()
    assert company.command("status").end() == 0
    vendor = Strict()
    with SandboxServer(vendor) as server:
        runs = [spender(company, server.url, calls) for _ in range(2)]
        for run in runs:
            waits_of(run)
    made = len(vendor.times)
    wall = vendor.times[-1] - vendor.times[0]
    print(
        f"\n{made} calls in {wall:.2f} s of {made / RATE:.2f}, {vendor.refused} x 429"
    )
    assert made - vendor.refused == 2 * calls
    assert vendor.refused <= made * 0.01
    assert wall <= 1.2 * made / RATE


def test_a_money_flow_beside_two_backfills_waits_few_call_slots(
    company: Company,
) -> None:
    company.new_day()
    assert company.command("status").end() == 0
    vendor = Strict()
    with SandboxServer(vendor) as server:
        backfills = [spender(company, server.url, 35) for _ in range(2)]
        time.sleep(1.0)
        money = waits_of(spender(company, server.url, 8, money=True, pause=0.2))
        for run in backfills:
            waits_of(run)
    pace = Pace.of(Limit(RATE, 1.0))
    slots = len(backfills) * pace.block - pace.kept + 1
    print(f"\nlongest wait {max(money) / pace.interval:.1f} slots of {slots}")
    assert sorted(money)[len(money) // 2] <= slots * pace.interval
    assert max(money) <= slots * pace.interval + 2.0  # a busy machine's own delays
