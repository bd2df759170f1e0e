"""Who is told what, and when: the rules of `alerts.yaml` as plain values."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from fnmatch import fnmatchcase

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.quiet import QuietHours
from tasuki.model.language import Language


@dataclass(frozen=True, slots=True)
class Timing:
    """When a channel is told.

    Attributes:
        digest_at: Findings wait for this time of the day (Tokyo) and come together.
        at_once: From this severity on they do not wait for the digest.
    """

    digest_at: time | None = None
    at_once: Severity = Severity.CRITICAL


@dataclass(frozen=True, slots=True)
class Route:
    """Findings that go to some channels. What is left open holds for all."""

    channels: tuple[str, ...]
    severity: Severity = Severity.LOW
    departments: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    def takes(self, notice: Notice) -> bool:
        """Say whether a finding goes this way."""
        return (
            notice.severity.rank >= self.severity.rank
            and (not self.departments or notice.department in self.departments)
            and (
                not self.findings
                or any(fnmatchcase(notice.key, one) for one in self.findings)
            )
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """The whole of it.

    Attributes:
        channels: All of them, with when each is told.
        routes: A finding goes to the channels of every route that takes it.
        otherwise: Where a finding goes that no route takes; None: to all channels.
        quiet: When only `passes` and worse is told.
        passes: What is told in quiet hours too; None: nothing is.
        remind_after: An open finding is told again after this time; None: never.
        dead_after: So many failures in a row, and a channel counts as dead.
    """

    channels: dict[str, Timing] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    otherwise: tuple[str, ...] | None = None
    quiet: QuietHours = field(default_factory=QuietHours)
    passes: Severity | None = Severity.CRITICAL
    remind_after: timedelta | None = None
    dead_after: int = 3
    language: Language = "ja"
