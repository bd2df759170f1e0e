"""Counting the calls a run makes."""

import threading
from collections import Counter


class Calls:
    """Calls by (connection, kind), counted from any thread.

    Kinds: `read`, `write`, `look-up`, `probe`, `auth`, `set-up`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, connection: str, kind: str) -> None:
        """Count one call that left this machine."""
        with self._lock:
            self._counts[connection, kind] += 1

    def start_over(self) -> None:
        """Forget what was counted: the next run of an opened sync begins."""
        with self._lock:
            self._counts.clear()

    def counts(self) -> dict[tuple[str, str], int]:
        """Return a copy of the counts."""
        with self._lock:
            return dict(self._counts)
