"""The figures of a week, out of journeys, handoffs, leaks and runs. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from tasuki.insight.event import Stage
from tasuki.insight.handoff_board import Cause, Judged, Standing
from tasuki.insight.journey import Journey, Journeys
from tasuki.insight.kpi.bottleneck import Narrowing, bottlenecks
from tasuki.insight.kpi.closing import closing
from tasuki.insight.kpi.figure import rounded
from tasuki.insight.kpi.funnel import FUNNEL, first_entries, pair_name
from tasuki.insight.kpi.period import Period
from tasuki.insight.leak.report import DEPARTMENTS
from tasuki.insight.review.page import (
    Agreed,
    Deals,
    Done,
    OpenLeak,
    Passing,
    Severe,
    StageLine,
)
from tasuki.insight.review.week import Week
from tasuki.ledger.findings import StoredFinding
from tasuki.ledger.rows import RunRow, time_text

EARLIER: Final = 4
_HALF_YEAR: Final = timedelta(days=182)
_AFTER: Final = (Stage.INVOICED, Stage.PAID)
_SEVERITIES: Final = ("critical", "high", "medium", "low")
_SENT: Final = ("created", "updated", "attached")
_ENDED_BADLY: Final = frozenset({"stopped", "refused", "crashed", "lost"})
_COMPARED: Final = "reconcile"
_YEN: Final = Decimal(1)


def weeks_of(week: Week) -> list[Period]:
    """Return the weeks before, and the week itself, last."""
    return [*(one.period for one in week.before(EARLIER)), week.period]


def funnel_of(
    journeys: Journeys, week: Week, stages: Sequence[Stage] = FUNNEL
) -> tuple[StageLine, ...]:
    """Count first entries of the funnel's stages, of invoices and payments."""
    wanted = [*stages, *(one for one in _AFTER if one not in stages)]
    counted = [one.counts for one in first_entries(journeys, weeks_of(week), wanted)]
    return tuple(
        StageLine(stage, tuple(one[stage] for one in counted[:-1]), counted[-1][stage])
        for stage in wanted
    )


def passings_of(
    journeys: Journeys, week: Week, as_of: datetime, stages: Sequence[Stage] = FUNNEL
) -> tuple[Passing, ...]:
    """Compare each handoff with the weeks before, beside what became of the passed."""
    recent = _half_year(week)
    average = closing(journeys, recent).average_won
    found = bottlenecks(journeys, weeks_of(week), as_of, average, stages)
    by_name = {one.name: one for one in found}
    return tuple(
        _passing(by_name[pair_name(*pair)], journeys, pair, recent, average)
        for pair in pairwise(stages)
    )


def _half_year(week: Week) -> Period:
    end = week.period.end
    return Period("", end - _HALF_YEAR, end)


def _passing(
    one: Narrowing,
    journeys: Journeys,
    pair: tuple[Stage, Stage],
    recent: Period,
    average: Decimal | None,
) -> Passing:
    ends = Counter(_outcomes(journeys, pair, recent))
    return Passing(
        name=one.name,
        entries=one.entries,
        passed=one.passed,
        now=one.now,
        before=one.before,
        flagged=one.flagged,
        # Nothing can be said in yen while nobody knows what a deal brings.
        lost_yen=None if average is None else one.lost_yen,
        won=ends[Stage.WON],
        lost=ends[Stage.LOST],
    )


def _outcomes(
    journeys: Journeys, pair: tuple[Stage, Stage], recent: Period
) -> Iterator[Stage]:
    """Yield how those ended that passed: won where any deal of theirs was."""
    for journey in journeys.having(pair[0]):
        passed = journeys.reached(journey, pair[1])
        if passed is not None and recent.holds(passed):
            ended = _outcome(journeys, journey, recent.end)
            if ended is not None:
                yield ended


def _outcome(journeys: Journeys, journey: Journey, end: datetime) -> Stage | None:
    ends = {
        one.outcome
        for one in (journey, *journeys.followers(journey.subject))
        if one.closed_at is not None and one.closed_at < end
    }
    if Stage.WON in ends:
        return Stage.WON
    return Stage.LOST if Stage.LOST in ends else None


def deals_of(journeys: Journeys, week: Week) -> Deals:
    """Return the deals that were closed in the week, beside the weeks before."""
    weeks = weeks_of(week)
    now = closing(journeys, weeks[-1])
    earlier = closing(journeys, Period("", weeks[0].start, weeks[-1].start))
    return Deals(
        won=now.won,
        lost=now.lost,
        won_amount=now.won_amount,
        win_rate=now.win_rate,
        before=earlier.win_rate,
        usual_amount=rounded(earlier.won_amount / EARLIER, _YEN),
    )


def agreed_of(judged: Iterable[Judged], week: Week) -> tuple[Agreed, ...]:
    """Count handoffs by the department that takes, against the agreed time."""
    period = week.period
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in judged:
        name = _standing(one, period)
        if not name:
            continue
        counts = found[one.row.taker]
        counts[name] += 1
        if name != "met":
            counts["by_hub" if one.cause is Cause.HUB else "by_people"] += 1
    names = ("met", "late", "breached", "by_people", "by_hub")
    return tuple(
        Agreed(department, *(counts[name] for name in names))
        for department, counts in sorted(found.items(), key=_place)
    )


def _place(one: tuple[str, object]) -> tuple[int, str]:
    """Return where a department stands: in the order in which customers pass."""
    known = list(DEPARTMENTS)
    return known.index(one[0]) if one[0] in known else len(known), one[0]


def _standing(one: Judged, period: Period) -> str:
    """Say how a handoff counts in a week; "" where it does not."""
    if one.standing is Standing.NOT_COUNTED:
        return ""
    closed = one.row.closed_at
    if closed is None or closed >= period.end:
        is_over = one.row.opened_at < period.end and one.row.due_at < period.end
        return "breached" if is_over else ""
    if closed < period.start:
        return ""
    return "late" if one.standing is Standing.LATE else "met"


def severities_of(findings: Iterable[StoredFinding], week: Week) -> tuple[Severe, ...]:
    """Count leaks by severity; one that a person lets rest is not open."""
    listed = list(findings)
    start, end = time_text(week.period.start), time_text(week.period.end)
    lines = []
    for severity in _SEVERITIES:
        mine = [one for one in listed if one.severity == severity]
        still = [one for one in mine if _is_open(one, end)]
        lines.append(
            Severe(
                severity,
                opened=sum(start <= one.opened_at < end for one in mine),
                closed=sum(start <= (one.closed_at or "") < end for one in mine),
                open=len(still),
                yen=sum(one.yen or 0 for one in still),
            )
        )
    return tuple(lines)


def leaks_of(findings: Iterable[StoredFinding], week: Week) -> tuple[OpenLeak, ...]:
    """Return what is open at the end of the week by rule, the dearest first."""
    end = time_text(week.period.end)
    counts, yen = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in findings:
        if _is_open(one, end):
            counts[one.rule, one.department] += 1
            yen[one.rule, one.department] += one.yen or 0
    found = [OpenLeak(*key, count, yen[key]) for key, count in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one.yen, -one.open, one.rule)))


def _is_open(one: StoredFinding, end: str) -> bool:
    is_there = one.opened_at < end and (one.closed_at is None or one.closed_at >= end)
    return is_there and not one.rests(end)


def done_of(
    runs: Iterable[RunRow], documents: Collection[str], held: int, dead: int
) -> Done:
    """Add up what runs did.

    Args:
        runs: Those that began in the week.
        documents: The syncs whose records are invoices.
        held: What waits for a decision.
        dead: Open dead letters.
    """
    counts = Counter[str]()
    for run in runs:
        told = {name: _count(value) for name, value in run.counts.items()}
        counts["runs"] += 1
        counts["ended_badly"] += run.state in _ENDED_BADLY
        counts["calls"] += sum(map(_count, run.calls.values()))
        if run.kind == _COMPARED:
            continue  # it reads both sides, and hands nothing on
        for name in ("read", "unchanged", "skipped"):
            counts[name] += told.get(name, 0)
        counts["sent"] += sum(told.get(name, 0) for name in _SENT)
        if run.sync in documents:
            counts["invoices"] += told.get("created", 0)
    return Done(**counts, held=held, dead=dead)


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
