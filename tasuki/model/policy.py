"""Policies that are data: how often to try again, how fast one may call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how fast one call is repeated, as `mappings/policies.yaml` says.

    Attributes:
        attempts: Calls in all, the first included.
        first: Seconds before the second call.
        factor: Each wait is this many times the one before.
        ceiling: No wait is longer (a vendor's Retry-After still wins).
        total: Seconds after which no further call is begun.
        throttled_attempts: Attempts for answers that only say "too fast".
        settle: Seconds a run stays on to look up writes that are in doubt.
    """

    attempts: int = 5
    first: float = 0.5
    factor: float = 2.0
    ceiling: float = 30.0
    total: float = 180.0
    throttled_attempts: int = 12
    settle: float = 120.0


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` calls in any `seconds`; `window` names it ("" = every call)."""

    calls: int
    seconds: float
    window: str = ""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, and to wait for each piece of an answer."""

    connect: float = 10.0
    read: float = 60.0
