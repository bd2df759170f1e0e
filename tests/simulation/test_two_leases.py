"""A worker that stands still beyond its lease, and one that takes over: real SIGSTOP.

The stopped one cannot write to the ledger any more; to the vendor it sends nothing but
what was already past its last check, and of that no document comes twice.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tasuki.project import LEASE_VARIABLE
from tasuki.sandbox.server import Reply, Request
from tests.simulation.company import Company, Process, until
from tests.simulation.office import INVOICES, LEADS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Held = dict[str, list[tuple[str, ...]]]
LEASE = "1"
REST = 0.5
ROUTES = {
    INVOICES: ("freee", "POST", "/iv/invoices"),
    LEADS: ("salesforce", "PATCH", ""),
}


@contextmanager
def stopped_at(
    company: Company, mapping: str, *, number: int, done: bool
) -> Iterator[Process]:
    """Start a run that is stopped while it waits for the answer to a certain write.

    `done`: the write is carried out first. The answer waits in the socket.
    """
    system, method, path = ROUTES[mapping]
    left = [number]
    runs: list[Process] = []

    def see(request: Request, carry_out: Callable[[], Reply]) -> Reply:
        if request.method != method or not request.path.startswith(path or "/services"):
            return carry_out()
        left[0] -= 1
        if left[0]:
            return carry_out()
        reply = carry_out() if done else None
        until(lambda: runs)
        time.sleep(REST)  # stopped inside a transaction: that is another test
        company.stop(company.holder(mapping))
        return reply or carry_out()

    with company.watching(system, see):
        runs.append(company.sync(mapping))
        runs[0].until_stopped()
        try:
            yield runs[0]
        finally:
            if runs[0].lives():
                runs[0].send(signal.SIGCONT)


def take_over(company: Company, mapping: str) -> Process:
    """Run again until the stopped one's lease has run out."""
    while True:
        run = company.sync(mapping)
        code = run.end()
        if "is held by process" not in run.said():
            assert code in {0, 1}, run.said()
            return run


def last_run_of(company: Company, pid: int) -> tuple[str, str]:
    (found,) = company.ledger(f"select state, error from run where pid = {pid}")
    return found[0], found[1]


@pytest.fixture
def short(company: Company) -> Iterator[Company]:
    company.environment[LEASE_VARIABLE] = LEASE
    company.morning()
    yield company
    company.environment[LEASE_VARIABLE] = "120"


@pytest.mark.parametrize(
    ("mapping", "done"),
    [
        pytest.param(LEADS, False, id="leads-unsent"),
        pytest.param(INVOICES, True, id="invoices-sent"),
        pytest.param(LEADS, True, id="leads-sent", marks=pytest.mark.soak),
        pytest.param(INVOICES, False, id="invoices-unsent", marks=pytest.mark.soak),
    ],
)
def test_a_worker_stopped_beyond_its_lease_writes_nothing_more(
    short: Company, undisturbed: Held, mapping: str, *, done: bool
) -> None:
    with stopped_at(short, mapping, number=1, done=done) as sleeper:
        take_over(short, mapping)
        state, words = last_run_of(short, sleeper.pid)
        assert state == "lost"
        assert "was silent for longer than its lease; run " in words
        before = short.rehearsal.writes()
        cursors = short.ledger("select sync, position, run_id from cursor order by 1")
        sleeper.send(signal.SIGCONT)
        assert sleeper.end() == 1
    line, _ = sleeper.said().splitlines()[-2:]
    assert f"the lease 'sync:{mapping}' was taken over by another run" in line
    # One request was past its check: it was waiting for its answer already.
    assert short.rehearsal.writes() == before
    assert cursors == short.ledger(
        "select sync, position, run_id from cursor order by 1"
    )
    assert last_run_of(short, sleeper.pid)[0] == "stopped"
    short.finish_all()
    assert short.everything() == undisturbed


def test_an_invoice_in_the_hand_of_a_stopped_worker_is_sent_by_nobody_else(
    short: Company, undisturbed: Held
) -> None:
    sleeper = short.sync(INVOICES, act="stop_with_an_invoice_in_hand")
    sleeper.until_stopped()
    other = take_over(short, INVOICES)
    assert other.end() == 1
    assert "in_doubt: sender_lives: 1" in other.said()
    told = short.ledger("select error_words from intent where state = 'in_doubt'")
    assert told == [
        (
            f"process {sleeper.pid} on {os.uname().nodename} has not ended and may still send",
        )
    ]
    sleeper.send(signal.SIGCONT)
    assert sleeper.end() == 1
    short.finish_all()
    assert short.everything() == undisturbed


@pytest.mark.soak
def test_an_invoice_in_the_hand_of_a_worker_that_dies_is_sent_by_the_next(
    short: Company, undisturbed: Held
) -> None:
    sleeper = short.sync(INVOICES, act="stop_with_an_invoice_in_hand")
    sleeper.until_stopped()
    sleeper.send(signal.SIGKILL)
    assert sleeper.end() is None
    short.finish_all()
    assert short.everything() == undisturbed


def test_leads_in_the_hand_of_a_stopped_worker_end_as_the_source_has_them(
    short: Company, undisturbed: Held
) -> None:
    sleeper = short.sync(LEADS, act="stop_with_leads_in_hand")
    sleeper.until_stopped()
    take_over(short, LEADS)
    sleeper.send(signal.SIGCONT)
    assert sleeper.end() == 1
    short.finish_all()
    assert short.everything() == undisturbed


def test_a_killed_run_is_closed_with_words_by_whoever_looks(short: Company) -> None:
    with stopped_at(short, INVOICES, number=1, done=False) as sleeper:
        assert short.command("status").end() == 1, "what is being sent is not done"
        assert last_run_of(short, sleeper.pid)[0] in {"running", "lost"}
        sleeper.send(signal.SIGKILL)
        assert sleeper.end() is None
    look = short.command("status")
    assert look.end() == 1, "what it was sending is left over"
    assert "ended without a word" in look.said() or "was silent" in look.said()
    assert last_run_of(short, sleeper.pid)[0] in {"crashed", "lost"}
