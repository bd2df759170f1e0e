"""A small company's five weeks, the last of which went worse."""

from datetime import date, datetime, timedelta

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.handoff_board import Cause, Judged, Standing
from tasuki.insight.journey import Journeys
from tasuki.insight.review import figures
from tasuki.insight.review.page import Page
from tasuki.insight.review.question import Material, questions_of
from tasuki.insight.review.week import Week
from tasuki.ledger.findings import StoredFinding
from tasuki.ledger.handoffs import Handoff
from tasuki.ledger.rows import RunRow, encode, time_text

WEEK = Week(date(2026, 11, 16))
MONDAY = WEEK.period.end + timedelta(hours=8)
NAMES = {
    "marketing": "マーケティング",
    "inside_sales": "インサイドセールス",
    "field_sales": "フィールドセールス",
    "back_office": "バックオフィス",
}
USUAL = {"lead": 20, "mql": 10, "sal": 8, "sql": 4, "won": 2, "lost": 1}
WORSE = {"lead": 10, "mql": 5, "sal": 1, "sql": 1, "won": 0, "lost": 1}
INVOICES = "invoice.salesforce-freee"


def day(of: Week, days: float) -> datetime:
    return of.period.start + timedelta(days=days)


def week_of(of: Week, counts: dict[str, int]):
    """Yield the events and facts of a week: each stage a day after the one before."""
    for at, stage in enumerate(("lead", "mql", "sal", "sql", "won")):
        for number in range(counts[stage]):
            kind = "person" if at < 3 else "deal"
            yield event(f"{kind}/{of.label}-{number}", stage, day(of, at + 0.5))
    for number in range(counts["won"], counts["won"] + counts["lost"]):
        yield event(f"deal/{of.label}-{number}", "lost", day(of, 4.5))


def event(subject: str, stage: str, at: datetime) -> StageEvent:
    return StageEvent(subject, Stage(stage), at, at, "crm", f"{subject}:{stage}")


def facts_of(of: Week, counts: dict[str, int]):
    for number in range(counts["sql"]):
        deal = f"deal/{of.label}-{number}"
        yield deal, "person", f"person/{of.label}-{number}"
        yield deal, "amount", "1000000"


def journeys() -> Journeys:
    weeks = [(one, USUAL) for one in WEEK.before(4)] + [(WEEK, WORSE)]
    events = [one for each in weeks for one in week_of(*each)]
    return Journeys.of(events, [one for each in weeks for one in facts_of(*each)])


def judged(
    standing: Standing,
    *,
    taker: str = "inside_sales",
    opened: float = 1,
    due: float = 2,
    closed: float | None = None,
    cause: Cause | None = None,
) -> Judged:
    row = Handoff(
        "h", "mql_to_sal", "person/1", "e", "crm", "marketing", taker, "", "",
        day(WEEK, opened), day(WEEK, due), day(WEEK, due), "1 day", "r",
        state="open" if closed is None else "accepted",
        closed_at=None if closed is None else day(WEEK, closed),
    )  # fmt: skip
    return Judged(row, standing, cause=cause)


def finding(
    rule: str = "L12",
    severity: str = "critical",
    department: str = "back_office",
    yen: int | None = None,
    *,
    opened: float = 1,
    closed: float | None = None,
    rests_until: float | None = None,
) -> StoredFinding:
    def text(days: float | None) -> str | None:
        return None if days is None else time_text(day(WEEK, days))

    return StoredFinding(
        1, rule, "006", "", severity, department, yen, "", str(text(opened)),
        str(text(opened)), text(closed), text(rests_until), "", "",
    )  # fmt: skip


def run(sync: str, state: str = "done", kind: str = "run", **counts: int) -> RunRow:
    calls = encode({"salesforce:read": 2})
    return RunRow(
        "r", sync, kind, state, time_text(day(WEEK, 1)), None, "h", 1,
        encode({**counts, "reasons": {}}), calls, "",
    )  # fmt: skip


HANDOFFS = (
    *(judged(Standing.MET, closed=1.5) for _ in range(6)),
    judged(Standing.LATE, closed=3, cause=Cause.PEOPLE),
    judged(Standing.LATE, closed=3, cause=Cause.HUB),
    judged(Standing.BREACHED, cause=Cause.PEOPLE),
    judged(Standing.MET, taker="back_office", closed=1.5),
)
FINDINGS = (
    finding(yen=880_000),
    finding(yen=220_000, opened=-9),
    finding("L02", "high", "inside_sales", opened=-3, closed=2),
    finding("L02", "high", "inside_sales"),
    finding("L06", "medium", "field_sales", 3_000_000, rests_until=30),
)
RUNS = (
    run("lead.hubspot-salesforce", read=120, created=9, updated=3, skipped=20),
    run(INVOICES, "stopped", read=4, created=2, unchanged=1),
    run(INVOICES, kind="reconcile", read=900),
)


def page(
    known: Journeys | None = None,
    handoffs=HANDOFFS,
    findings=FINDINGS,
    runs=RUNS,
    *,
    swept: bool = True,
) -> Page:
    found = journeys() if known is None else known
    waits = {"held": 2, "dead": 1} if runs else {"held": 0, "dead": 0}
    material = Material(
        figures.funnel_of(found, WEEK),
        figures.passings_of(found, WEEK, MONDAY),
        figures.deals_of(found, WEEK),
        figures.agreed_of(handoffs, WEEK),
        figures.leaks_of(findings, WEEK),
        figures.done_of(runs, {INVOICES}, **waits),
    )
    return Page(
        week=WEEK,
        as_of=MONDAY,
        **material._asdict(),
        severities=figures.severities_of(findings, WEEK),
        questions=questions_of(material),
        names=NAMES,
        known=len(found),
        swept=swept,
    )


def empty_page() -> Page:
    return page(Journeys.of([]), (), (), (), swept=False)
