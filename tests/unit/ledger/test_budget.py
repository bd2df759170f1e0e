"""The budget: no window of a limit is ever exceeded, and little time is wasted."""

import random
from collections.abc import Sequence

import pytest
from sqlalchemy import event

from tasuki.clock import SystemClock
from tasuki.ledger import Ledger
from tasuki.ledger.budget import Pace
from tasuki.model.errors import ThrottledError
from tasuki.model.policy import Limit
from tasuki.ports import Budget
from tests.unit.ledger.material import ManualClock, Other

LIMITS = [
    Limit(1, 1.0),
    Limit(10, 1.0),
    Limit(100, 10.0),
    Limit(300, 60.0),
    Limit(5000, 3600.0),
]

SPEND = """
budget = ledger.budget("hubspot", [Limit(30, 2.0)])
say("ready")
wait()
for _ in range(30):
    budget.acquire()
    say(time.time())
"""


def most_in_any(seconds: float, times: Sequence[float]) -> int:
    """Return the most calls in any window [t, t + seconds)."""
    times = sorted(times)
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= seconds - 1e-6:
            first += 1
        most = max(most, last - first + 1)
    return most


def spend(
    budget: Budget, clock: ManualClock, calls: int, window: str = ""
) -> list[float]:
    times = []
    for _ in range(calls):
        budget.acquire(window)
        times.append(clock.now().timestamp())
    return times


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_a_window_is_never_exceeded_whatever_the_callers_do(
    ledger: Ledger, clock: ManualClock, limit: Limit
) -> None:
    chance = random.Random(f"{limit}")
    budgets = [ledger.budget("hubspot", [limit]) for _ in range(3)]
    times: list[float] = []
    for _ in range(250):
        if chance.random() < 0.1:
            clock.sleep(chance.choice([0.01, 0.3, 1.1]) * limit.seconds)
        times += spend(chance.choice(budgets), clock, chance.choice([1, 1, 1, 7]))
        # The call itself may be made a little after the budget allowed it.
        if chance.random() < 0.3:
            clock.sleep(limit.seconds * 0.002)
    assert most_in_any(limit.seconds, times) <= limit.calls


@pytest.mark.parametrize("limit", LIMITS[:4], ids=str)
def test_a_busy_connection_uses_nearly_all_of_its_limit(
    ledger: Ledger, clock: ManualClock, limit: Limit
) -> None:
    calls = limit.calls * 10
    times = spend(ledger.budget("hubspot", [limit]), clock, calls)
    ideal = calls / limit.calls * limit.seconds
    assert times[-1] - times[0] <= 1.2 * ideal


def test_half_of_a_daily_quota_may_be_used_at_once_the_last_of_it_by_money(
    ledger: Ledger, clock: ManualClock
) -> None:
    limit = [Limit(1000, 86400.0)]
    others, money = ledger.budget("crm", limit), ledger.budget("crm", limit, money=True)
    before = clock.now()
    spend(others, clock, 400)
    spend(money, clock, 100)
    assert clock.now() == before
    money.acquire()
    assert clock.now() > before


@pytest.mark.parametrize("limit", LIMITS[1:4], ids=str)
def test_a_money_call_stands_behind_few_others(
    ledger: Ledger, clock: ManualClock, limit: Limit
) -> None:
    pace = Pace.of(limit)
    backfill = ledger.budget("crm", [limit])
    money = ledger.budget("crm", [limit], money=True)
    times = spend(backfill, clock, limit.calls * 2)
    waits = []
    for _ in range(limit.calls):
        times += spend(backfill, clock, 3)
        before = clock.now()
        times += spend(money, clock, 1)
        waits.append((clock.now() - before).total_seconds())
    slots = max(0, pace.block - pace.kept + 1)
    assert max(waits) <= slots * pace.interval + 1e-6
    assert most_in_any(limit.seconds, times) <= limit.calls


def test_all_limits_hold_together(ledger: Ledger, clock: ManualClock) -> None:
    limits = [Limit(10, 1.0), Limit(40, 10.0)]
    times = spend(ledger.budget("slack", limits), clock, 120)
    assert most_in_any(1.0, times) <= 10
    assert most_in_any(10.0, times) <= 40
    assert times[-1] - times[0] <= 1.2 * 30


def test_a_named_window_counts_only_its_own_calls(
    ledger: Ledger, clock: ManualClock
) -> None:
    limits = [Limit(100, 1.0), Limit(4, 1.0, "search")]
    budget = ledger.budget("hubspot", limits)
    searches = spend(budget, clock, 12, "search")
    assert most_in_any(1.0, searches) <= 4
    others = spend(budget, clock, 80)
    assert others[-1] - others[0] < 1.0


def test_connections_do_not_share(ledger: Ledger, clock: ManualClock) -> None:
    limit = [Limit(1, 60.0)]
    before = clock.now()
    ledger.budget("a", limit).acquire()
    ledger.budget("b", limit).acquire()
    assert clock.now() == before
    ledger.budget("a", limit).acquire()
    assert (clock.now() - before).total_seconds() >= 60


def test_a_busy_process_asks_the_ledger_seldom(
    ledger: Ledger, clock: ManualClock
) -> None:
    budget = ledger.budget("hubspot", [Limit(1000, 10.0)])
    asked: list[str] = []

    @event.listens_for(ledger._database.engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, *___: object) -> None:
        if "budget" in statement:
            asked.append(statement)

    spend(budget, clock, 1000)
    assert 0 < len(asked) < 1000 / 15


def test_nothing_reserved_is_used_long_afterwards(
    ledger: Ledger, clock: ManualClock
) -> None:
    budget = ledger.budget("hubspot", [Limit(100, 10.0)])
    spend(budget, clock, 40)
    clock.sleep(3600)
    other = ledger.budget("hubspot", [Limit(100, 10.0)])
    times = spend(other, clock, 95) + spend(budget, clock, 40)
    assert most_in_any(10.0, times) <= 100


@pytest.mark.parametrize("limits", [[], [Limit(50, 1.0)]], ids=["none", "some"])
def test_a_pause_is_obeyed_by_everybody(
    ledger: Ledger, clock: ManualClock, limits: list[Limit]
) -> None:
    one, other = ledger.budget("crm", limits), ledger.budget("crm", limits)
    one.acquire()
    one.pause(30)
    before = clock.now()
    other.acquire()
    one.acquire()
    assert (clock.now() - before).total_seconds() >= 30
    elsewhere = ledger.budget("erp", limits)
    now = clock.now()
    elsewhere.acquire()
    assert clock.now() == now


def test_a_shorter_pause_does_not_end_a_longer_one(
    ledger: Ledger, clock: ManualClock
) -> None:
    budget = ledger.budget("crm", [Limit(50, 1.0)])
    before = clock.now()
    budget.pause(60)
    budget.pause(5)
    budget.acquire()
    assert (clock.now() - before).total_seconds() >= 60


def test_after_a_pause_the_calls_come_back_evenly(
    ledger: Ledger, clock: ManualClock
) -> None:
    limit = Limit(50, 1.0)
    budget = ledger.budget("crm", [limit])
    budget.pause(10)
    times = spend(budget, clock, 100)
    assert most_in_any(Pace.of(limit).interval * 0.9, times) == 1


def test_a_caller_without_patience_is_told_how_long(ledger: Ledger) -> None:
    budget = ledger.budget("crm", [Limit(2, 86400.0)], patience=60)
    budget.acquire()
    with pytest.raises(ThrottledError) as caught:
        budget.acquire()
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 60


@pytest.mark.slow
def test_two_processes_share_one_budget(url: str) -> None:
    Ledger.open(url, SystemClock()).close()
    with Other(url, SPEND) as one, Other(url, SPEND) as two:
        for other in (one, two):
            assert other.hear() == "ready"
        for other in (one, two):
            other.go_on()
        times = [float(other.hear()) for _ in range(30) for other in (one, two)]
    assert most_in_any(2.0, times) <= 30
    assert max(times) - min(times) <= 1.2 * (60 / 30 * 2.0)
