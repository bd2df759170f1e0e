"""A wire for connector tests: small real objects, no mocks."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tasuki.clock import SystemClock
from tasuki.connector import Wire
from tasuki.ports import Token
from tasuki.transport.calls import Calls


class CountingBudget:
    """Lets every call pass and remembers what was asked of it."""

    def __init__(self) -> None:
        self.acquired: Counter[str] = Counter()
        self.pauses: list[float] = []

    def acquire(self, window: str = "") -> None:
        self.acquired[window] += 1

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


class MemoryTokens:
    """A token store for one process."""

    def __init__(self, token: Token | None = None) -> None:
        self._lock = threading.Lock()
        self.token = token

    def load(self) -> Token | None:
        return self.token

    def renew(
        self, stale: Token | None, mint: Callable[[Token | None], Token]
    ) -> Token:
        with self._lock:
            if self.token is None or self.token == stale:
                self.token = mint(self.token)
            return self.token

    def save(self, token: Token) -> None:
        self.token = token


def make_wire(connection: str = "x", **overrides: Any) -> Wire:
    wire = Wire(connection, SystemClock(), CountingBudget(), MemoryTokens(), Calls())
    return replace(wire, **overrides)
