"""Commits hints before their senders are answered, many deliveries in one transaction.

A commit on the disk costs milliseconds, whatever it holds: while one is under way the
deliveries that arrive are gathered for the next. One thread writes.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Sequence
from typing import NamedTuple

from tasuki.inbox.counters import Counters
from tasuki.ledger import Ledger
from tasuki.model.errors import LedgerError
from tasuki.model.hint import Hint

log = logging.getLogger("tasuki.receiver")

_MOST_HINTS = 5_000
"""In one transaction: a vendor's answer is due in seconds."""
_WHERE = "receiver"


class _Delivered(NamedTuple):
    """What one delivery holds, and who waits for it to be stored."""

    hints: Sequence[tuple[str, Hint]]
    loop: asyncio.AbstractEventLoop
    stored: "asyncio.Future[None]"


class Intake:
    """The way into the inbox. Use it from one event loop, between start and stop."""

    def __init__(
        self, ledger: Ledger, counters: Counters, most_waiting: int = 10_000
    ) -> None:
        """Take a ledger of its own, that waits for others shorter than senders do.

        Args:
            ledger: Where the inbox is.
            counters: Told about commits.
            most_waiting: Deliveries that may wait for their commit at once.
        """
        self._ledger = ledger
        self._counters = counters
        self._most = most_waiting
        self._queue: queue.SimpleQueue[_Delivered | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="intake", daemon=True)
        self._is_failing = False

    def start(self) -> None:
        """Begin to commit."""
        self._thread.start()

    def stop(self) -> None:
        """Commit what was given so far, then end."""
        self._queue.put(None)
        self._thread.join()

    async def put(self, connection: str, hints: Sequence[Hint]) -> None:
        """Return once these hints are stored for good.

        Raises:
            LedgerError: they are not; the sender has to come again.
        """
        if self._queue.qsize() >= self._most:
            raise LedgerError(_WHERE, "too many deliveries wait to be stored")
        await self._given([(connection, hint) for hint in hints])

    async def prove(self) -> None:
        """Return if a delivery could be stored now; LedgerError if not."""
        await self._given([])

    async def _given(self, hints: Sequence[tuple[str, Hint]]) -> None:
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        self._queue.put(_Delivered(hints, loop, stored))
        await stored

    def _work(self) -> None:
        is_last = False
        while not is_last:
            batch, is_last = self._gather()
            if not batch:
                continue
            error = self._commit([hint for one in batch for hint in one.hints])
            self._note(error)
            for one in batch:
                _tell(one, error)

    def _gather(self) -> tuple[list[_Delivered], bool]:
        """Wait for a delivery, and take along those that have come meanwhile."""
        first = self._queue.get()
        batch: list[_Delivered] = []
        size = 0
        while first is not None:
            batch.append(first)
            size += len(first.hints)
            if size >= _MOST_HINTS:
                return batch, False
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _commit(self, hints: Sequence[tuple[str, Hint]]) -> LedgerError | None:
        try:
            if hints:
                fresh = self._ledger.put_hints(hints)
                self._counters.add("hints", kind="new", count=fresh)
                self._counters.add("hints", kind="known", count=len(hints) - fresh)
            else:
                self._ledger.prove_inbox()
        except LedgerError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whoever waits must be answered
            return LedgerError(_WHERE, f"ended by {type(error).__name__}")
        return None

    def _note(self, error: LedgerError | None) -> None:
        """Say once that storing fails, and once that it works again."""
        self._counters.add("refused_commits" if error else "commits")
        if error is not None and not self._is_failing:
            log.error(
                "nothing can be stored, senders are told to come again: %s", error
            )
        if error is None and self._is_failing:
            log.warning("deliveries are stored again")
        self._is_failing = error is not None


def _tell(one: _Delivered, error: LedgerError | None) -> None:
    def tell() -> None:
        if one.stored.done():  # the sender has gone away
            return
        if error is None:
            one.stored.set_result(None)
        else:
            one.stored.set_exception(error)

    try:
        one.loop.call_soon_threadsafe(tell)
    except RuntimeError:  # the loop has ended: nobody waits any more
        log.debug("a sender had gone before it was answered")
