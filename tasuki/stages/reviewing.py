"""The weekly page: made from the ledger, left as an artifact, told to the channels."""

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasuki.insight.review.page import Page
from tasuki.insight.review.section import markdown
from tasuki.insight.review.week import Week
from tasuki.operation.review import review_once
from tasuki.operation.review_telling import write_to_channels
from tasuki.project import Project
from tasuki.stages.language import language_here
from tasuki.stages.showing import show_report, tell
from tasuki.stages.stage import in_a_thread

Reviewed = dict[str, Any]
KEY = "tasuki-review"


def review_here(written: str) -> tuple[Page, list[str]]:
    """Make the page of a week of this project, and write it down for its channels.

    Raises:
        ConfigError: there is no such week, or it is not over.
    """
    project = Project()
    today = project.today()
    week = Week.written(written, today) if written.strip() else Week.closed(today)
    with project.open_ledger() as ledger:
        page = review_once(project, ledger, week)
        # Only the week that has just ended is news.
        is_news = week == Week.closed(today)
        told = write_to_channels(project, ledger, page) if is_news else []
    return page, told


@task(
    name="review",
    task_run_name="review",
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def review_week_once(week: str = "") -> Reviewed:
    """Make the page and leave it under a key that stays the same.

    Raises:
        StageError: the ledger or the project's files cannot be used.
    """
    page, told = await in_a_thread("review", KEY, lambda: review_here(week))
    line = one_line(page)
    get_run_logger().info(line)
    await show_report(KEY, markdown(page, language_here()), line)
    tell("tasuki.week.reviewed", "review", {"week": page.week.label, "line": line})
    return {"week": page.week.label, "line": line, "channels": told}


def one_line(page: Page) -> str:
    """Return the page in one line, for logs."""
    breached = sum(one.breached for one in page.agreed)
    still = sum(one.open for one in page.severities)
    return (
        f"review {page.week.label}: {page.deals.won:,} won, {breached:,} handoffs "
        f"overdue, {still:,} leaks open, {len(page.questions):,} questions"
    )
