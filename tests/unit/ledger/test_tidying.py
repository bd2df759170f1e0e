"""Tidying takes what is old and no evidence, and nothing else, killed or not."""

import signal
import threading
from datetime import timedelta

import pytest

from tasuki.clock import SystemClock
from tasuki.ledger import ConfirmRow, Ledger
from tasuki.ledger.audit import Flaw
from tasuki.ledger.hold_rows import NewHold
from tasuki.ledger.inbox import Delay
from tasuki.model.errors import LedgerError
from tasuki.model.hint import Hint
from tasuki.model.retention import Retention
from tests.unit.ledger.material import (
    KEY,
    SYNC,
    ManualClock,
    Other,
    decision,
    intent,
    letter,
    link,
)

MONEY = "invoice.salesforce-freee"
DAYS = 100
ALL = Retention(DAYS, DAYS, DAYS, DAYS, DAYS)
NOTHING = {"decisions": 0, "runs": 0, "dead_letters": 0, "payloads": 0, "inbox": 0}


def wait_days(clock: ManualClock, days: int) -> None:
    clock.sleep(timedelta(days=days).total_seconds())


def done_run(ledger: Ledger, run_id: str, sync: str = SYNC) -> None:
    ledger.start_run(run_id, sync, "run")
    ledger.finish_run(run_id, "done", {}, {})


def live(ledger: Ledger, *numbers: int, sync: str = SYNC, money: bool = False) -> None:
    """Let records be sent, refused, solved, and decided about three times."""
    with ledger.transaction(None, "r1") as tx:
        for n in numbers:
            claim = f"key{n}" if money else None
            tx.add_intents([intent(n, sync=sync, claim=claim)])
            tx.mark_sending([f"I{n:05d}"])
            tx.confirm([ConfirmRow(f"I{n:05d}", f"00Q{n}", "{}")])
            tx.put_links([link(n, sync=sync)])
            for outcome in ("waiting", "held", "sent"):
                tx.add_decisions([decision(n, outcome)._replace(sync=sync)])
            tx.put_dead_letters([letter(n)._replace(sync=sync)])
            tx.resolve_dead_letters(sync, [f"c{n}"])


def flaws(ledger: Ledger) -> list[Flaw]:
    return [flaw for flaw in ledger.audit() if flaw.found]


def test_hints_that_are_done_go_and_those_that_wait_or_were_given_up_stay(
    ledger: Ledger, clock: ManualClock
) -> None:
    hints = [("hubspot", Hint("contacts", one, event="e")) for one in "1234"]
    assert ledger.put_hints(hints) == 4
    rows = {row.record_id: row.id for row in ledger.due_hints(clock.now(), 10)}
    ledger.close_hints([rows["1"]])
    ledger.close_hints([rows["2"]], "ignored")
    ledger.delay_hints([Delay([rows["3"]], ["s"], 6, None, "words", "remedy")])
    wait_days(clock, DAYS + 1)
    assert ledger.tidy(ALL, ()).rows == NOTHING | {"inbox": 2}
    backlog = ledger.inbox_backlog()
    assert (backlog.waiting, backlog.dead, backlog.done) == (1, 1, 0)


def test_what_is_old_goes_and_what_counts_stays(
    ledger: Ledger, clock: ManualClock
) -> None:
    done_run(ledger, "r1")
    live(ledger, 1, 2)
    wait_days(clock, DAYS + 1)
    done_run(ledger, "r2")
    would = ledger.tidy(ALL, (), dry_run=True).rows
    assert ledger.tidy(ALL, ()).rows == would
    counts = {"decisions": 4, "runs": 1, "dead_letters": 2, "payloads": 2}
    assert would == NOTHING | counts
    story = ledger.everything_about("c1")
    assert [row.outcome for row in story.decisions] == ["sent"]
    assert [(row.state, row.payload) for row in story.intents] == [("confirmed", {})]
    assert story.links[0].sent == {"LastName": "山田"}
    assert [row.id for row in ledger.runs()] == ["r2"]
    assert ledger.tidy(ALL, ()).rows == NOTHING
    assert flaws(ledger) == []


def test_nothing_goes_before_its_time(ledger: Ledger, clock: ManualClock) -> None:
    done_run(ledger, "r1")
    live(ledger, 1)
    done_run(ledger, "r2")
    wait_days(clock, DAYS - 1)
    assert ledger.tidy(ALL, ()).rows == NOTHING
    wait_days(clock, 500)
    assert ledger.tidy(Retention(None, None, None, None, None), ()).rows == {}
    assert len(ledger.everything_about("c1").decisions) == 3


@pytest.mark.parametrize("named", [True, False])
def test_evidence_of_money_stays_whole(
    ledger: Ledger, clock: ManualClock, *, named: bool
) -> None:
    """Whether the project names the sync, or only the ledger knows of its claims."""
    done_run(ledger, "r1", MONEY)
    live(ledger, 1, sync=MONEY, money=not named)
    before = ledger.everything_about("c1")
    wait_days(clock, 20 * 365)
    done_run(ledger, "r2", MONEY)
    assert ledger.tidy(ALL, [MONEY] if named else ()).rows == NOTHING
    assert ledger.everything_about("c1") == before
    assert len(ledger.runs()) == 2


def test_open_work_stays_however_old_it_is(ledger: Ledger, clock: ManualClock) -> None:
    done_run(ledger, "r1")
    hold = NewHold("c3", SYNC, "crm/people", "ambiguous", "", "{}", "d", "f", "v", "r")
    with ledger.transaction(None, "r1") as tx:
        tx.add_intents([intent(1), intent(2)])
        tx.mark_sending(["I00002"])
        tx.put_dead_letters([letter(1)])
        tx.put_holds([hold])
        tx.add_decisions([decision(3, "held")])
    wait_days(clock, 1000)
    done_run(ledger, "r2")
    assert ledger.tidy(ALL, ()).rows == NOTHING
    assert len(ledger.open_intents(SYNC)) == 2
    assert len(ledger.dead_letters()) == 1
    assert len(ledger.holds_about("c3")) == 1


def test_the_last_run_that_read_to_the_end_stays(
    ledger: Ledger, clock: ManualClock
) -> None:
    done_run(ledger, "r1")
    clock.sleep(1)
    ledger.start_run("r2", SYNC, "run")
    ledger.finish_run("r2", "failed", {}, {}, "no")
    wait_days(clock, DAYS + 1)
    assert ledger.tidy(ALL, ()).rows == NOTHING
    assert ledger.last_run_began(SYNC)


MANY = 3500
_TIDY = """
from tasuki.model.retention import Retention
from datetime import timedelta
class Later(SystemClock):
    def now(self): return super().now() + timedelta(days=200)
    def sleep(self, seconds): say("step"); super().sleep(seconds)
ledger.close()
ledger = Ledger.open(url, Later())
print(ledger.tidy(Retention(100, 100, 100, 100, None), ()).rows)
"""


def many_decisions(ledger: Ledger) -> None:
    with ledger.transaction(None, "r1") as tx:
        for outcome in ("waiting", "sent"):
            tx.add_decisions([decision(n, outcome) for n in range(MANY)])


def outcomes(ledger: Ledger) -> dict[str, str]:
    ids = [f"c{n}" for n in range(MANY)]
    found = ledger.last_decisions(SYNC, ids)
    return {one: row.outcome for one, row in found.items()}


def test_a_tidying_that_is_killed_has_only_done_less(url: str) -> None:
    with Ledger.open(url, SystemClock(), secret_key=KEY) as ledger:
        many_decisions(ledger)
        with Other(url, _TIDY) as other:
            assert other.hear() == "step"
            other.process.send_signal(signal.SIGKILL)
            other.process.wait(10)
        assert outcomes(ledger) == {f"c{n}": "sent" for n in range(MANY)}
        with Other(url, _TIDY) as other:
            told = [other.hear()]
            while not told[-1].startswith("{"):
                told.append(other.hear())
        left = ledger.tidy(ALL, ()).rows
        assert outcomes(ledger) == {f"c{n}": "sent" for n in range(MANY)}
        assert flaws(ledger) == []
    assert "'decisions': 0" not in told[-1]
    assert f"'decisions': {MANY}" not in told[-1], "the first had done nothing"
    assert left == NOTHING


def test_work_goes_on_beside_a_tidying(url: str) -> None:
    with Ledger.open(url, SystemClock(), busy_seconds=2.0) as ledger:
        many_decisions(ledger)
        slowest, wrote = 0.0, 0
        with Other(url, _TIDY) as other:
            over = threading.Event()
            heard: list[str] = []

            def listen() -> None:
                while not (heard and heard[-1].startswith("{")):
                    heard.append(other.hear())
                over.set()

            listener = threading.Thread(target=listen)
            listener.start()
            clock = SystemClock()
            while not over.is_set():
                begin = clock.monotonic()
                with ledger.transaction(None, "r2") as tx:
                    tx.add_decisions([decision(wrote, "skipped")])
                slowest = max(slowest, clock.monotonic() - begin)
                wrote += 1
            listener.join()
        found = outcomes(ledger)
    assert wrote > 5
    assert slowest < 2.0
    assert sum(one == "skipped" for one in found.values()) == min(wrote, MANY)
    assert len(found) == MANY


def test_compacting_gives_room_back_and_waits_for_no_run(url: str) -> None:
    with Ledger.open(url, SystemClock()) as ledger:
        many_decisions(ledger)
        lease = ledger.acquire_lease(f"sync:{SYNC}")
        with pytest.raises(LedgerError, match="a run of"):
            ledger.compact()
        ledger.release_lease(lease)
        with ledger._database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM decision")
        told = ledger.compact()
        assert ledger.runs() == []
    if url.startswith("sqlite"):
        assert told.free == 0
        assert told.size < told.size_before / 2
