"""Lies that a fake system tells on command."""

from dataclasses import dataclass
from enum import StrEnum


class Lie(StrEnum):
    """What goes wrong with a call. "After" means: it was carried out first."""

    LOST_BEFORE = "lost_before"  # no answer; not done
    LOST_AFTER = "lost_after"  # no answer; done
    LATE = "late"  # no answer; done `seconds` later
    NOT_SENT = "not_sent"
    THROTTLED = "throttled"
    ACCESS = "access"
    REJECTED = "rejected"  # the whole call is refused; nothing done
    ROW_REJECTED = "row_rejected"  # every `nth` row is refused, the others are done
    ROW_DEFERRED = "row_deferred"  # every `nth` row is not done, the others are
    ROW_UNTOLD = "row_untold"  # all is done; the answer leaves every `nth` row out


@dataclass(slots=True)
class FakeFault:
    """One planted lie.

    Attributes:
        lie: What goes wrong.
        call: With which calls: `write`, `read`, `fetch`, `find`, `probe`, `describe`.
        stream: Of which stream; "" for any.
        skip: Let so many of these calls pass first.
        times: How often it happens; 0 for always.
        seconds: How late a late write is done.
        nth: Which rows are hit, for the lies about rows.
    """

    lie: Lie
    call: str = "write"
    stream: str = ""
    skip: int = 0
    times: int = 1
    seconds: float = 5.0
    nth: int = 2
    fired: int = 0

    def strikes(self, call: str, stream: str) -> bool:
        """Say whether this call is hit, and count it."""
        if self.times and self.fired >= self.times:
            return False
        if self.call != call or self.stream not in {"", stream}:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.fired += 1
        return True
