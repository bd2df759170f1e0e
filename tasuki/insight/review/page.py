"""What the weekly page says, as values: figures only, no record and no person."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from tasuki.insight.event import Stage
from tasuki.insight.kpi.figure import rate, rounded
from tasuki.insight.review.week import Week


class StageLine(NamedTuple):
    """First entries of one stage: of each of the weeks before, and of the week."""

    stage: Stage
    before: tuple[int, ...]
    entered: int

    @property
    def usual(self) -> Decimal:
        """The mean of the weeks before."""
        return Decimal(sum(self.before)) / len(self.before)

    @property
    def change(self) -> Decimal | None:
        """How much more than usual, as a share; None where nothing is usual."""
        share = rate(self.entered - self.usual, self.usual)
        return None if share is None else rounded(share)


class Passing(NamedTuple):
    """One handoff of the funnel: how many pass, what is lost, what becomes of them.

    Attributes:
        name: `mql->sal`.
        entries: Subjects that entered the first stage in the week.
        passed: Those of them that have entered the second.
        now: passed / entries.
        before: Mean of that share in the weeks before, at the same age.
        flagged: `now` lies below `before` beyond chance.
        lost_yen: What fewer passed than usual would have brought.
        won: Of those that passed in the last half year: won by now.
        lost: Likewise lost.
    """

    name: str
    entries: int
    passed: int
    now: Decimal | None
    before: Decimal | None
    flagged: bool
    lost_yen: Decimal | None
    won: int
    lost: int

    @property
    def win_rate(self) -> Decimal | None:
        """Won / (won + lost)."""
        return rate(self.won, self.won + self.lost)


class Deals(NamedTuple):
    """The deals that were closed in the week, and in the weeks before it."""

    won: int
    lost: int
    won_amount: Decimal
    win_rate: Decimal | None
    before: Decimal | None
    usual_amount: Decimal


class Agreed(NamedTuple):
    """What a department took over of others, against the agreed time.

    Attributes:
        met: Answered in the week, in time.
        late: Answered in the week, too late.
        breached: Overdue at the end of the week.
        by_people: Of the late and overdue: people's delay.
        by_hub: Likewise the hub's own.
    """

    department: str
    met: int
    late: int
    breached: int
    by_people: int
    by_hub: int


class Severe(NamedTuple):
    """Leaks of one severity: in the week, and at its end."""

    severity: str
    opened: int
    closed: int
    open: int
    yen: int


class OpenLeak(NamedTuple):
    """All open leaks of one rule and department."""

    rule: str
    department: str
    open: int
    yen: int


class Done(NamedTuple):
    """What the hub did in the week, and what waits for people now.

    Attributes:
        sent: Created, updated or attached.
        invoices: Documents created.
        runs: Runs of syncs that began.
        ended_badly: Those that stopped, were refused, crashed or were lost.
        held: What waits for a decision now.
        dead: Dead letters that are open now.
    """

    read: int = 0
    sent: int = 0
    unchanged: int = 0
    skipped: int = 0
    invoices: int = 0
    calls: int = 0
    runs: int = 0
    ended_badly: int = 0
    held: int = 0
    dead: int = 0


class Question(NamedTuple):
    """Something to be answered in the meeting, in both languages."""

    department: str
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one week; equal for an equal ledger.

    Attributes:
        names: Departments by id, as the company calls them.
        known: How many journeys were known at all.
        swept: Whether anybody has ever looked for leaks.
    """

    week: Week
    as_of: datetime
    funnel: tuple[StageLine, ...]
    passings: tuple[Passing, ...]
    deals: Deals
    agreed: tuple[Agreed, ...]
    severities: tuple[Severe, ...]
    leaks: tuple[OpenLeak, ...]
    done: Done
    questions: tuple[Question, ...]
    names: dict[str, str]
    known: int
    swept: bool

    @property
    def worst(self) -> list[Passing]:
        """The three handoffs that lost most."""
        found = [one for one in self.passings if one.lost_yen and one.lost_yen > 0]
        return sorted(found, key=lambda one: (-(one.lost_yen or 0), one.name))[:3]

    @property
    def yen_at_risk(self) -> int:
        """Of all open leaks, as far as it can be said."""
        return sum(one.yen for one in self.severities)

    def to_json(self) -> dict[str, Any]:
        """Return plain values: rates and yen as text."""
        return {
            "week": self.week.label,
            "from": self.week.start.isoformat(),
            "to": self.week.last.isoformat(),
            "as_of": self.as_of.isoformat(),
            "timezone": "Asia/Tokyo",
            "funnel": [
                _plain(one) | _plain_values(usual=one.usual, change=one.change)
                for one in self.funnel
            ],
            "conversion": [
                _plain(one) | _plain_values(win_rate=one.win_rate)
                for one in self.passings
            ],
            "deals": _plain(self.deals),
            "worst_handoffs": [one.name for one in self.worst],
            "sla": [_plain(one) for one in self.agreed],
            "leaks": [_plain(one) for one in self.severities],
            "open_leaks": [_plain(one) for one in self.leaks],
            "leaks_looked_for": self.swept,
            "hub": _plain(self.done),
            "questions": [_plain(one) for one in self.questions],
        }


def _plain(one: NamedTuple) -> dict[str, Any]:
    return _plain_values(**one._asdict())


def _plain_values(**values: object) -> dict[str, Any]:
    return {
        name: f"{value:f}" if isinstance(value, Decimal) else value
        for name, value in values.items()
    }
