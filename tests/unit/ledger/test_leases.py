"""Leases: one worker at a time, whatever happens to the one before."""

import os
import pickle
import signal
import threading

import pytest

from tasuki.clock import SystemClock
from tasuki.ledger import LeaseHeldError, Ledger
from tasuki.ledger.lease import look, swap
from tasuki.ledger.whereabouts import here, is_gone
from tasuki.model.errors import LeaseLostError, LedgerError
from tests.unit.ledger.material import SYNC, ManualClock, Other, intent, link

HOLD = """
lease = ledger.acquire_lease("sync:s", float(sys.argv[2]) if sys.argv[2:] else 60)
say("held")
wait()
"""
TRY = """
for step in (lease.check, lambda: ledger.transaction(lease).__enter__()):
    try:
        step()
        say("still mine")
    except LeaseLostError:
        say("lost")
"""


def test_one_lease_has_one_holder(ledger: Ledger) -> None:
    lease = ledger.acquire_lease("sync:s")
    with pytest.raises(LeaseHeldError, match="'sync:s' is held by process") as caught:
        ledger.acquire_lease("sync:s")
    assert caught.value.exit_code == 1
    assert "2026-04-01 00:00:00 UTC" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    ledger.release_lease(lease)
    assert ledger.acquire_lease("sync:s").fence == lease.fence + 1


def test_other_names_are_free(ledger: Ledger) -> None:
    assert ledger.acquire_lease("sync:a").fence == ledger.acquire_lease("sync:b").fence


def test_a_lease_that_ran_out_is_taken_over_and_the_old_owner_fenced(
    ledger: Ledger, clock: ManualClock
) -> None:
    old = ledger.acquire_lease("sync:s", seconds=60)
    clock.sleep(60)
    new = ledger.acquire_lease("sync:s", seconds=60)
    with pytest.raises(LeaseLostError, match="taken over"):
        old.check()
    with pytest.raises(LeaseLostError), ledger.transaction(old) as tx:
        tx.put_links([link(1)])
    assert ledger.links(SYNC, ["c1"]) == {}
    ledger.release_lease(old)
    new.check()
    with ledger.transaction(new) as tx:
        tx.put_links([link(1)])
    assert ledger.links(SYNC, ["c1"]) == {"c1": link(1)}


def test_each_transaction_renews_the_lease(ledger: Ledger, clock: ManualClock) -> None:
    lease = ledger.acquire_lease("sync:s", seconds=60)
    for _ in range(5):
        clock.sleep(50)
        with ledger.transaction(lease):
            pass
    with pytest.raises(LeaseHeldError):
        ledger.acquire_lease("sync:s")


def test_a_check_renews_what_is_half_over_and_asks_nothing_before(
    ledger: Ledger, clock: ManualClock
) -> None:
    lease = ledger.acquire_lease("sync:s", seconds=60)
    before = look(ledger._database, "sync:s")
    clock.sleep(29)
    lease.check()
    assert look(ledger._database, "sync:s") == before
    clock.sleep(2)
    lease.check()
    clock.sleep(50)
    with pytest.raises(LeaseHeldError):
        ledger.acquire_lease("sync:s")


def test_an_owner_that_renews_in_time_keeps_its_lease(
    ledger: Ledger, clock: ManualClock
) -> None:
    database = ledger._database
    lease = ledger.acquire_lease("sync:s", seconds=60)
    clock.sleep(61)
    seen = look(database, "sync:s")
    assert seen is not None
    lease.renew()
    challenger = seen._replace(owner="another", fence=seen.fence + 1)
    assert not swap(database, challenger, seen)
    lease.renew()


def test_the_fence_stands_in_what_a_run_records(ledger: Ledger) -> None:
    ledger.release_lease(ledger.acquire_lease("sync:s"))
    with ledger.transaction(ledger.acquire_lease("sync:s"), "run1") as tx:
        tx.add_intents([intent(1)])
    row = ledger.intents(["I00001"])["I00001"]
    assert (row.fence, row.run_id) == (2, "run1")


def test_of_many_at_once_one_gets_it(ledger: Ledger) -> None:
    start, got, refused = threading.Barrier(5), [], []

    def work() -> None:
        start.wait()
        try:
            got.append(ledger.acquire_lease("sync:s"))
        except LeaseHeldError:
            refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 4)


def test_a_killed_holder_is_replaced_at_once(url: str) -> None:
    with Other(url, HOLD) as other, Ledger.open(url, SystemClock()) as ledger:
        assert other.hear() == "held"
        with pytest.raises(LeaseHeldError, match=f"process {other.process.pid} "):
            ledger.acquire_lease("sync:s")
        other.process.send_signal(signal.SIGKILL)
        other.process.wait()
        assert ledger.acquire_lease("sync:s").fence == 2


def test_a_killed_holder_that_nobody_buried_is_replaced_too(url: str) -> None:
    with Other(url, HOLD) as other, Ledger.open(url, SystemClock()) as ledger:
        assert other.hear() == "held"
        other.process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, other.process.pid, os.WEXITED | os.WNOWAIT)
        assert ledger.acquire_lease("sync:s").fence == 2


def test_a_stopped_holder_loses_its_lease_and_writes_nothing(url: str) -> None:
    script = HOLD.replace("60)", "1.0)") + TRY
    with Other(url, script) as other, Ledger.open(url, SystemClock()) as ledger:
        assert other.hear() == "held"
        other.process.send_signal(signal.SIGSTOP)
        other.go_on()
        taken = None
        while taken is None:
            try:
                taken = ledger.acquire_lease("sync:s")
            except LeaseHeldError:
                SystemClock().sleep(0.05)
        other.process.send_signal(signal.SIGCONT)
        assert [other.hear(), other.hear()] == ["lost", "lost"]
        taken.check()


def test_a_process_that_has_another_birth_is_another_process() -> None:
    me = here()
    assert not is_gone(me)
    assert is_gone(me._replace(born="1"))
    assert is_gone(me._replace(pid=2**22 + 1))


def test_nothing_is_known_of_processes_elsewhere() -> None:
    me = here()
    assert not is_gone(me._replace(machine="another boot", born="1"))
    assert not is_gone(me._replace(machine="", born="1"))


STILL = """
ledger = Ledger.open(url, SystemClock(), busy_seconds=0.5)
lease = ledger.acquire_lease("sync:s", 1.0)
try:
    with ledger.transaction(lease) as tx:
        say("inside")
        wait()
    say("committed")
except LedgerError as error:
    say(error)
"""


def test_a_process_stopped_inside_a_transaction_holds_nobody_up_for_ever(
    url: str,
) -> None:
    with (
        Ledger.open(url, SystemClock(), busy_seconds=0.5) as ledger,
        Other(url, STILL) as other,
    ):
        assert other.hear() == "inside"
        other.process.send_signal(signal.SIGSTOP)
        SystemClock().sleep(1.1)
        if url.startswith("sqlite"):
            # One file, one write lock: whoever wants it is told, and may come again.
            with pytest.raises(LedgerError, match="another program holds the ledger"):
                ledger.acquire_lease("sync:s")
            answer = "committed"
        else:
            assert ledger.acquire_lease("sync:s").fence == 2
            answer = "undone"
        other.process.send_signal(signal.SIGCONT)
        other.go_on()
        assert answer in other.hear()
