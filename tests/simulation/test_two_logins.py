"""Single-use tokens shared by real processes: renewed once, and never lost in silence."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import httpx
import pytest

from tasuki.sandbox.server import Reply, Request
from tests.simulation.company import Company, Process, until
from tests.simulation.office import INVOICES, LEADS, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Held = dict[str, list[tuple[str, ...]]]


@pytest.fixture
def office(company: Company) -> Iterator[Company]:
    """The company, which uses freee by a login; every access token has just ended."""
    with company.by_login():
        company.morning()
        company.act("expire_access")
        yield company


@pytest.fixture
def local(firm: Company) -> Iterator[Company]:
    """The same on SQLite alone: where the database makes no difference."""
    firm.on("")
    with firm.by_login():
        firm.morning()
        firm.act("expire_access")
        yield firm


def log_in_by_pasting(company: Company) -> str:
    """Run `tasuki login freee` where there is no browser, and paste the code."""
    command = [sys.executable, "-m", "tasuki.cli", "-p", str(company.folder)]
    with subprocess.Popen(
        [*command, "login", "freee", "--paste"],
        cwd=ROOT,
        env={**os.environ, **company.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as login:
        assert login.stdin
        assert login.stdout
        assert login.stderr
        login.stderr.readline()
        page = httpx.get(login.stderr.readline().strip())
        login.stdin.write(page.text.rsplit(" ", 1)[-1] + "\n")
        login.stdin.flush()
        said = login.stdout.read()
        assert login.wait(60) == 0, login.stderr.read()
    return said


def ended(run: Process, code: int) -> str:
    """Return the line of a run that ended with this code."""
    assert run.end() == code, run.said()
    assert "Traceback" not in run.said()
    return run.said()


def test_two_processes_with_one_dead_token_renew_it_once(
    office: Company, undisturbed: Held
) -> None:
    before = office.renewals()
    runs = [office.sync(INVOICES), office.command("doctor", "freee")]
    assert runs[0].end() in {0, 1}, runs[0].said()
    assert "ok  freee: login: the token is accepted" in ended(runs[1], 0)
    assert office.renewals() == before + 1
    office.finish_all()
    assert office.everything() == undisturbed


def killed_in_the_window(company: Company, where: str) -> None:
    runs: list[Process] = []

    def see(request: Request, carry_out: Callable[[], Reply]) -> Reply:
        reply = carry_out()
        if request.path.endswith("/token"):
            until(lambda: runs)
            os.kill(runs[0].pid, signal.SIGKILL)
        return reply

    at_freee = where == "before the answer"
    act = "" if at_freee else "die_with_new_tokens_in_hand"
    with company.watching("freee", see) if at_freee else nullcontext():
        runs.append(company.sync(INVOICES, act=act))
        assert runs[0].end() is None


def test_tokens_lost_in_the_window_stop_one_connection_until_a_login(
    office: Company, undisturbed: Held
) -> None:
    killed_in_the_window(office, "before the commit")
    cursors = office.ledger("select sync, position from cursor order by 1")
    said = ended(office.sync(INVOICES), 3)
    (line,) = (one for one in said.splitlines() if "ended before it was stored" in one)
    assert re.search(
        r"freee: invalid_grant: process \d+ on .* asked for a new token", line
    )
    assert "Run `tasuki login freee`" in said
    asked = office.renewals()
    assert "ended before it was stored" in ended(office.sync(INVOICES), 3)
    assert office.renewals() == asked, "a dead login is not tried again and again"
    assert not office.rows("freee", "invoices")
    assert cursors == office.ledger("select sync, position from cursor order by 1")

    assert office.sync(LEADS).end() in {0, 1}, "other connections go on"
    assert "freee: stopped: process" in ended(office.command("status"), 1)
    assert "BAD freee: renewal: stopped since" in ended(
        office.command("doctor", "freee"), 3
    )

    assert "freee: logged in; it renews itself" in log_in_by_pasting(office)
    look = office.command("status")
    assert look.end() == 1, "letters that nobody has read"
    assert "freee: stopped" not in look.said()
    office.finish_all()
    assert office.everything() == undisturbed


def test_a_run_killed_while_it_waits_for_new_tokens_is_named_too(
    local: Company,
) -> None:
    killed_in_the_window(local, "before the answer")
    said = ended(local.sync(INVOICES), 3)
    assert "ended before it was stored" in said
    assert "Run `tasuki login freee`" in said


def test_a_login_that_was_revoked_stops_with_the_vendors_words(local: Company) -> None:
    local.act("expire_refresh")
    said = ended(local.sync(INVOICES), 3)
    assert "freee: invalid_grant: リフレッシュトークンが無効です。" in said
    assert "ended before" not in said
    assert "freee: stopped: リフレッシュ" in ended(local.command("status"), 1)


def test_a_wrong_client_secret_costs_no_login(
    local: Company, undisturbed: Held
) -> None:
    local.environment["FREEE_SECRET"] = "wrong"
    said = ended(local.sync(INVOICES), 3)
    del local.environment["FREEE_SECRET"]
    assert "Check `client_id` and `client_secret` in connections.yaml." in said
    local.finish_all()
    assert local.everything() == undisturbed


@pytest.mark.parametrize(
    "act",
    ["seven_hours_ahead", pytest.param("seven_hours_behind", marks=pytest.mark.soak)],
)
def test_a_wrong_clock_renews_once_and_goes_on(local: Company, act: str) -> None:
    before = local.renewals()
    assert local.sync(INVOICES, act=act).end() in {0, 1}
    assert local.rows("freee", "invoices")
    assert local.renewals() == before + 1


def test_a_token_that_ends_in_mid_run_is_renewed_once(
    local: Company, undisturbed: Held
) -> None:
    ended(local.command("doctor", "freee"), 0)  # from here on the token is fresh
    before, left = local.renewals(), [1]

    def see(_: Request, carry_out: Callable[[], Reply]) -> Reply:
        if left[0] and len(local.rows("freee", "invoices")) >= 3:
            left[0] = 0
            local.act("expire_access")
        return carry_out()

    with local.watching("freee", see):
        run = local.sync(INVOICES)
        assert run.end() in {0, 1}, run.said()
    assert left == [0]
    assert local.renewals() == before + 1
    local.finish_all()
    assert local.everything() == undisturbed
