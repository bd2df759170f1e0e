"""A clock that stands still until somebody sleeps or moves it."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

_BEGIN = datetime(2026, 4, 1, tzinfo=UTC)


class ManualClock:
    """Time in a test's hands; what is due happens while it passes.

    Example:
        >>> clock, heard = ManualClock(), []
        >>> clock.later(5, lambda: heard.append(clock.monotonic()))
        >>> clock.sleep(7)
        >>> heard, clock.monotonic()
        ([5.0], 7.0)
    """

    def __init__(self, begin: datetime = _BEGIN) -> None:
        self._begin = begin
        self._passed = 0.0
        self._numbers = count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        return self._begin + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Let time pass, and let what is due happen on the way."""
        end = self._passed + max(0.0, seconds)
        while self._due and self._due[0][0] <= end:
            at, _, action = heapq.heappop(self._due)
            self._passed = max(self._passed, at)
            action()
        self._passed = end

    advance = sleep

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as a time server does; no time passes."""
        self._begin += timedelta(seconds=seconds)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Let something happen after so many seconds."""
        at = self._passed + seconds
        heapq.heappush(self._due, (at, next(self._numbers), action))
