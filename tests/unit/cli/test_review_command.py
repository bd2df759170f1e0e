"""`tasuki review` as typed, and the page of a project's ledger told to its channels."""

import csv
import io

from tasuki.insight.journey_book import add_events
from tasuki.insight.review.page import Page
from tasuki.insight.review.week import Week
from tasuki.ledger import Ledger
from tasuki.ledger.findings import Met
from tasuki.ledger.rows import time_text
from tasuki.ledger.stage_events import StoredFact
from tasuki.operation.alarms import send_alerts
from tasuki.operation.review import review_once
from tasuki.operation.review_telling import write_to_channels
from tasuki.project import Project
from tasuki.sandbox.rehearsal import ENVIRONMENT
from tasuki.testing.clock import ManualClock
from tests.unit.alert.offices import http_server
from tests.unit.cli.rehearsing import Desk
from tests.unit.insight.review_world import (
    MONDAY,
    USUAL,
    WEEK,
    WORSE,
    facts_of,
    week_of,
)

INVOICES = "invoice.salesforce-freee"
ALERTS = """\
version: 1
enabled: true
channels:
  sales: {kind: slack, url: "${SALES_URL}"}
"""


def on_monday(desk: Desk, **variables: str) -> Project:
    return Project(
        desk.folder, clock=ManualClock(MONDAY), environment={**ENVIRONMENT, **variables}
    )


def fill(ledger: Ledger) -> None:
    for week, counts in [(one, USUAL) for one in WEEK.before(4)] + [(WEEK, WORSE)]:
        at = time_text(week.period.end)
        facts = [StoredFact(*one, "crm", at) for one in facts_of(week, counts)]
        add_events(ledger, week_of(week, counts), facts)


def work_in_the_week(desk: Desk) -> None:
    """Do what the hub did on the Wednesday: one run, one sweep for leaks."""
    at = ManualClock(WEEK.period.start)
    at.sleep(2.5 * 86_400)
    with Project(
        desk.folder, clock=at, environment=ENVIRONMENT
    ).open_ledger() as ledger:
        ledger.start_run("r1", INVOICES, "run")
        counts = {"read": 5, "created": 2, "skipped": 3}
        ledger.finish_run("r1", "done", counts, {"freee:write": 2})
        leak = Met("L12", "006", "", "critical", "back_office", 550_000, "")
        ledger.put_sweep([leak], {"L12": ""}, {}, at.now())


def made(project: Project, ledger: Ledger) -> Page:
    return review_once(project, ledger, Week.closed(project.today()))


def test_the_page_is_made_of_the_ledger_alone(desk: Desk) -> None:
    work_in_the_week(desk)
    project = on_monday(desk)
    with project.open_ledger() as ledger:
        fill(ledger)
        page = made(project, ledger)
        again = made(project, ledger)
    assert page == again
    assert page.week == WEEK
    assert page.worst[0].lost_yen == 750_000
    assert (page.done.read, page.done.sent, page.done.invoices) == (5, 2, 2)
    assert page.severities[0] == ("critical", 1, 0, 1, 550_000)
    # MQL on Tuesday noon, due on Wednesday at eleven; the one was taken at noon.
    sales = next(one for one in page.agreed if one.department == "inside_sales")
    assert (sales.met, sales.late) == (0, 1)
    assert sales.breached == 4 + 2 * 4
    assert page.names["inside_sales"] == "インサイドセールス"


def test_the_channels_are_told_of_a_week_once(desk: Desk) -> None:
    desk.write("mappings/alerts.yaml", ALERTS)
    with http_server() as post:
        project = on_monday(desk, SALES_URL=post.url)
        with project.open_ledger() as ledger:
            fill(ledger)
            page = made(project, ledger)
            assert write_to_channels(project, ledger, page) == ["sales"]
            assert write_to_channels(project, ledger, page) == []
            send_alerts(project, ledger)
            send_alerts(project, ledger)
            assert write_to_channels(project, ledger, page) == []
        told = [body.decode() for _, body in post.came if b"2026-W47" in body]
    assert len(told) == 1
    assert "750,000円" in told[0]


def test_nobody_is_told_while_alerts_are_off(desk: Desk) -> None:
    project = on_monday(desk)
    with project.open_ledger() as ledger:
        assert write_to_channels(project, ledger, made(project, ledger)) == []


def test_the_page_is_shown_listed_and_written(desk: Desk) -> None:
    said = desk.tasuki("review")
    assert said.code == 0
    assert "週次レビュー" in said.out
    assert "tasuki collect" in said.out
    assert "Weekly review" in desk.tasuki("review", "--lang", "en").out
    value = desk.tasuki("review", "--json").json()
    assert value["funnel"][0]["stage"] == "lead"
    rows = list(csv.reader(io.StringIO(desk.tasuki("review", "--csv").out)))
    assert rows[0][1:] == ["group", "of", "figure", "value"]
    path = desk.folder / "review.html"
    said = desk.tasuki("review", "--week", "2026-W20", "--html", str(path))
    assert (said.code, said.out) == (0, "")
    assert "2026-W20" in path.read_text(encoding="utf-8")


def test_a_week_that_is_none_is_told_in_one_line(desk: Desk) -> None:
    said = desk.tasuki("review", "--week", "47")
    assert said.code == 2
    assert said.err == "--week: '47' is no week\n  Write a week as 2026-W47.\n"
