"""Findings in the ledger: opened once, closed when gone, resting while a person says so."""

from datetime import timedelta

from tasuki.ledger import Ledger
from tasuki.ledger.findings import Changed, Met
from tasuki.testing import ManualClock

HOUR = 3600


def met(subject: str, rule: str = "L12", yen: int | None = 100) -> Met:
    return Met(rule, subject, f"crm/deal/{subject}", "critical", "back_office", yen, "")


def sweep(ledger: Ledger, *found: Met, unasked: str = "") -> Changed:
    looked = {"L12": "", "L17": ""} | ({unasked: "away"} if unasked else {})
    began = ledger._database.clock.now()
    return ledger.put_sweep(list(found), looked, {"crm:read": 2}, began)


def test_a_leak_is_opened_once_and_then_only_seen(
    ledger: Ledger, clock: ManualClock
) -> None:
    assert [one.key for one in sweep(ledger, met("d1")).opened] == ["L12/d1"]
    first = ledger.findings()[0]
    clock.sleep(HOUR)
    again = sweep(ledger, met("d1", yen=90))
    assert again == Changed([], [])
    now = ledger.findings()[0]
    assert (now.id, now.opened_at) == (first.id, first.opened_at)
    assert now.seen_at > first.seen_at
    assert now.yen == 90


def test_a_leak_that_is_gone_closes_by_itself(ledger: Ledger) -> None:
    sweep(ledger, met("d1"), met("d2"))
    assert [one.key for one in sweep(ledger, met("d2")).closed] == ["L12/d1"]
    assert [one.key for one in ledger.findings()] == ["L12/d2"]


def test_a_rule_that_was_not_asked_closes_nothing(ledger: Ledger) -> None:
    sweep(ledger, met("d1"), met("i1", "L17"))
    changed = sweep(ledger, unasked="L12")
    assert [one.key for one in changed.closed] == ["L17/i1"]
    assert [one.key for one in ledger.findings()] == ["L12/d1"]


def test_a_leak_that_comes_back_is_another_one(
    ledger: Ledger, clock: ManualClock
) -> None:
    sweep(ledger, met("d1"))
    sweep(ledger)
    clock.sleep(HOUR)
    assert len(sweep(ledger, met("d1")).opened) == 1
    since = clock.now() - timedelta(days=1)
    both = ledger.findings(closed_since=since)
    assert [one.key for one in both] == ["L12/d1", "L12/d1"]
    assert [one.closed_at is None for one in both] == [True, False]


def test_one_that_rests_goes_on_resting_when_it_comes_back(
    ledger: Ledger, clock: ManualClock
) -> None:
    sweep(ledger, met("d1"))
    until = clock.now() + timedelta(days=3)
    assert ledger.snooze("L12", "d1", until, "agreed", "sato")
    sweep(ledger)
    sweep(ledger, met("d1"))
    found = ledger.findings()[0]
    assert (found.snooze_reason, found.snoozed_by) == ("agreed", "sato")
    assert found.rests(found.opened_at)
    clock.sleep(4 * 24 * HOUR)
    sweep(ledger)
    sweep(ledger, met("d1"))
    assert ledger.findings()[0].snoozed_until is None


def test_only_an_open_leak_can_rest(ledger: Ledger, clock: ManualClock) -> None:
    assert not ledger.snooze("L12", "d1", clock.now(), "x", "y")


def test_the_last_sweep_says_what_it_looked_for(ledger: Ledger) -> None:
    assert ledger.last_leak_sweep() is None
    sweep(ledger, unasked="L17")
    last = ledger.last_leak_sweep()
    assert last is not None
    assert (last.rules, last.calls) == ({"L12": "", "L17": "away"}, {"crm:read": 2})
