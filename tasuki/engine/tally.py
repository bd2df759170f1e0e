"""Counting a run, so that its sums can be checked and shown.

Conservation: every record taken in ends in exactly one outcome. `Tally.balance`
fails a run whose sums do not agree.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tasuki.model.errors import ConservationError
from tasuki.model.write import Operation


class Ending(StrEnum):
    """How a record's turn in a run can end."""

    CREATED = "created"
    UPDATED = "updated"
    ATTACHED = "attached"  # linked to a counterpart that was there already
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"  # with a reason
    HELD = "held"  # with a reason; a person decides
    WAITING = "waiting"  # for its parent
    DEAD = "dead"  # dead letter, with a remedy
    IN_DOUBT = "in_doubt"  # sent, no answer; looked up before anything else
    DEFERRED = "deferred"  # the system asked to come back later


LEFT_OVER = frozenset({Ending.DEAD, Ending.IN_DOUBT, Ending.DEFERRED, Ending.HELD})


@dataclass(slots=True)
class Tally:
    """The sums of one run."""

    read: int = 0
    again: int = 0
    """Of `read`: taken up again from the ledger rather than found by reading."""
    ended: Counter[Ending] = field(default_factory=Counter)
    reasons: Counter[tuple[Ending, str]] = field(default_factory=Counter)
    written_back: int = 0
    write_back_failed: int = 0
    pages: int = 0
    written: Counter[Operation] = field(default_factory=Counter)
    """Rows that the destination has confirmed, by operation."""
    ruled: Counter[str] = field(default_factory=Counter)
    """What became of people's decisions about holds: carried_out, stale, moot."""
    repeats: int = 0
    """Turns that ended provisionally and were taken up again in the same run."""

    def take(self, count: int) -> None:
        """Note records taken in."""
        self.read += count

    def end(self, ending: Ending, reason: str = "") -> None:
        """Note how one record's turn ended."""
        self.ended[ending] += 1
        if reason:
            self.reasons[ending, reason] += 1

    def reopen(self, ending: Ending, reason: str = "") -> None:
        """Take a provisional ending back: the record gets another turn."""
        self.ended[ending] -= 1
        if reason:
            self.reasons[ending, reason] -= 1
        self.repeats += 1

    def balance(self) -> None:
        """Raise ConservationError unless every record taken in has ended."""
        ended = sum(self.ended.values())
        if self.read != ended:
            parts = ", ".join(f"{k} {v}" for k, v in sorted(self.ended.items()) if v)
            msg = f"{self.read} records read, {ended} ended ({parts})"
            raise ConservationError(msg)

    def sent(self) -> int:
        """Return how many records were written to the destination."""
        return self.ended[Ending.CREATED] + self.ended[Ending.UPDATED]

    def reasons_of(self, ending: Ending) -> dict[str, int]:
        """Return reason → count of one ending, most frequent first."""
        rows = [(r, n) for (e, r), n in self.reasons.items() if e is ending and n]
        return dict(sorted(rows, key=lambda row: (-row[1], row[0])))


@dataclass(slots=True)
class RunReport:
    """What one run of a sync did; also what the CLI and Prefect show.

    `state` is `done`, `stopped` (a system or the ledger became unusable: `error`
    says which) or `refused` (a guard). Times are aware, UTC.
    """

    sync: str
    run_id: str
    started_at: datetime
    tally: Tally
    state: str = "done"
    finished_at: datetime | None = None
    error: str = ""
    remedy: str = ""
    exit_code: int = 0
    calls: dict[tuple[str, str], int] = field(default_factory=dict)
    minimum_calls: int = 0
    full: bool = False

    def calls_made(self) -> int:
        """Return all calls of the run except token and set-up calls."""
        return sum(
            n for (_, kind), n in self.calls.items() if kind not in {"auth", "set-up"}
        )

    def left_over(self) -> int:
        """Return how many records still need a person or another run."""
        tally = self.tally
        return sum(tally.ended[e] for e in LEFT_OVER) + tally.write_back_failed

    def as_json(self) -> dict[str, object]:
        """Return plain values for `--json`, the ledger and Prefect artifacts."""
        tally = self.tally
        return {
            "sync": self.sync,
            "run": self.run_id,
            "state": self.state,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "full": self.full,
            "read": tally.read,
            "again": tally.again,
            "pages": tally.pages,
            **{ending.value: tally.ended[ending] for ending in Ending},
            "reasons": {
                e.value: reasons for e in Ending if (reasons := tally.reasons_of(e))
            },
            "written_back": tally.written_back,
            "write_back_failed": tally.write_back_failed,
            "ruled": dict(sorted(tally.ruled.items())),
            "left_over": self.left_over(),
            "calls": {f"{c}:{kind}": n for (c, kind), n in sorted(self.calls.items())},
            "calls_made": self.calls_made(),
            "minimum_calls": self.minimum_calls,
            "error": self.error,
            "remedy": self.remedy,
            "exit_code": self.exit_code,
        }
