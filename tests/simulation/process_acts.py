"""What happens to a process at a line of its own: it is stopped, or killed.

Called in the forked process before the command line runs. Nothing is replaced: the real
code runs, with a signal at the one place that a test is about.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

_NEXT_IS_BODY = threading.local()
# A process stopped inside a transaction holds SQLite's one write lock: another test.
_OTHERS_COME_TO_REST = 1.5


def _stop_at_body(request_line: bytes, skip: int) -> None:
    """Stop this process with the body of a request in hand, after its last check."""
    from httpcore._backends.sync import SyncStream

    write: Callable[..., None] = SyncStream.write
    left = [skip]

    def stopping(self: SyncStream, buffer: bytes, timeout: float | None = None) -> None:
        if buffer.startswith(request_line):
            _NEXT_IS_BODY.value = True
        elif getattr(_NEXT_IS_BODY, "value", False):
            _NEXT_IS_BODY.value = False
            left[0] -= 1
            if left[0] == -1:
                time.sleep(_OTHERS_COME_TO_REST)
                os.kill(os.getpid(), signal.SIGSTOP)
                time.sleep(0.1)  # the kernel may stop this thread a little later
        write(self, buffer, timeout)

    SyncStream.write = stopping  # type: ignore[method-assign]


def stop_with_an_invoice_in_hand() -> None:
    _stop_at_body(b"POST /iv/invoices ", 2)


def stop_with_leads_in_hand() -> None:
    _stop_at_body(b"PATCH /services/data", 0)


def _after_refresh(act: Callable[[], None]) -> None:
    from tasuki.transport.oauth import TokenEndpoint

    refresh = TokenEndpoint.refresh

    def then(self: TokenEndpoint, stale: Any) -> Any:
        token = refresh(self, stale)
        act()
        return token

    TokenEndpoint.refresh = then  # type: ignore[method-assign]


def die_with_new_tokens_in_hand() -> None:
    _after_refresh(lambda: os.kill(os.getpid(), signal.SIGKILL))


def _clock_off_by(**difference: float) -> None:
    from datetime import datetime, timedelta

    from tasuki.clock import SystemClock

    now = SystemClock.now

    def wrong(self: SystemClock) -> datetime:
        return now(self) + timedelta(**difference)

    SystemClock.now = wrong  # type: ignore[method-assign]


def seven_hours_ahead() -> None:
    _clock_off_by(hours=7)


def seven_hours_behind() -> None:
    _clock_off_by(hours=-7)


def spend_calls() -> None:
    """Make calls as a backfill, or as a money flow, and tell how long each waited."""
    from tasuki.clock import SystemClock
    from tasuki.ledger import Ledger
    from tasuki.model.policy import Limit, RetryPolicy, Timeouts
    from tasuki.transport.calls import Calls
    from tasuki.transport.http import Http

    asked = json.loads(os.environ["SPEND"])
    clock, waits = SystemClock(), []
    with Ledger.open(asked["ledger"], clock) as ledger:
        limit = Limit(asked["rate"], 1.0)
        budget = ledger.budget("crm", [limit], money=asked["money"])
        http = Http(
            "crm", asked["url"], clock=clock, budget=budget, policy=RetryPolicy(),
            calls=Calls(), timeouts=Timeouts(),
        )  # fmt: skip
        for _ in range(asked["calls"]):
            begin = clock.monotonic()
            http.send("GET", "/call", kind="read", repeatable=True)
            waits.append(clock.monotonic() - begin)
            clock.sleep(asked["pause"])
        http.close()
    print(json.dumps(waits), flush=True)
    os._exit(0)


def work_on_a_small_disk() -> None:
    """Let the ledger's file grow to so many pages only."""
    from sqlalchemy import Engine, event

    most = int(os.environ["LEDGER_PAGES"])

    def limit(connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {most}")

    event.listen(Engine, "connect", limit)


def be_impatient() -> None:
    """Wait half a second for the ledger, not ten."""
    from tasuki.ledger import Ledger

    Ledger.open.__func__.__kwdefaults__["busy_seconds"] = 0.5  # type: ignore[attr-defined]
