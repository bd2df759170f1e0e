"""What the receiver has counted since it began, for whoever wants to show it."""

import threading
from collections import Counter
from collections.abc import Mapping

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds, in seconds, of the slots that answering times are counted in."""


class Counters:
    """Numbers that only grow; safe to share between threads.

    Names: `deliveries` (by connection and HTTP status), `hints` (by connection; `new`
    or `known`), `commits`, `committed` (hints in them), `refused_commits`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._slots = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, name: str, label: str = "", kind: str = "", count: int = 1) -> None:
        """Count."""
        with self._lock:
            self._counts[name, label, kind] += count

    def answered(self, connection: str, status: int, seconds: float) -> None:
        """Count a delivery that was answered, and how long that took."""
        slot = sum(seconds > bound for bound in BOUNDS)
        with self._lock:
            self._counts["deliveries", connection, str(status)] += 1
            self._slots[slot] += 1
            self._seconds += seconds

    def counts(self) -> Mapping[tuple[str, str, str], int]:
        """Return a copy of the counts by (name, connection, kind)."""
        with self._lock:
            return dict(self._counts)

    def times(self) -> tuple[list[int], float]:
        """Return the deliveries by answering time, slot by slot, and all seconds."""
        with self._lock:
            return list(self._slots), self._seconds

    def total(self, name: str) -> int:
        """Return the sum of one name."""
        return sum(count for (one, _, _), count in self.counts().items() if one == name)
