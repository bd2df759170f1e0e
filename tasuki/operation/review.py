"""Making the weekly page of a project: from the ledger alone, without a call."""

from tasuki.insight.journey_book import read_journeys
from tasuki.insight.review import figures
from tasuki.insight.review.page import Page
from tasuki.insight.review.question import Material, questions_of
from tasuki.insight.review.week import Week
from tasuki.ledger import Ledger
from tasuki.ledger.rows import CauseCount
from tasuki.project import Project


def review_once(project: Project, ledger: Ledger, week: Week) -> Page:
    """Return the page of a week; brings the ledger's handoffs up to date.

    What waits for people (holds, dead letters) is told as it is now.
    """
    now = project.clock.now()
    as_of, period, stages = week.observed(now), week.period, project.stages.funnel
    journeys = read_journeys(ledger, as_of)
    board = project.handoffs(ledger, since=period.start)
    findings = ledger.findings(closed_since=period.start)
    documents = {one.id for one in project.mappings if one.model.document}
    material = Material(
        funnel=figures.funnel_of(journeys, week, stages),
        passings=figures.passings_of(journeys, week, as_of, stages),
        deals=figures.deals_of(journeys, week),
        agreed=figures.agreed_of(board.judged, week),
        leaks=figures.leaks_of(findings, week),
        done=figures.done_of(
            ledger.runs_between(period.start, period.end),
            documents,
            held=len(ledger.holds()),
            dead=_letters(ledger.causes()),
        ),
    )
    return Page(
        week=week,
        as_of=as_of,
        **material._asdict(),
        severities=figures.severities_of(findings, week),
        questions=questions_of(material),
        names={one.id: one.name for one in project.model.departments.values()},
        known=len(journeys),
        swept=ledger.last_leak_sweep() is not None,
    )


def _letters(causes: list[CauseCount]) -> int:
    return sum(one.times for one in causes)
