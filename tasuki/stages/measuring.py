"""Collecting the stages of customers' journeys, and the funnel that they make."""

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasuki.clock import TOKYO
from tasuki.insight.journey_book import report_of
from tasuki.insight.journey_file import asked_of
from tasuki.insight.kpi.label import word
from tasuki.insight.kpi.listing import Sheet, sheets
from tasuki.insight.kpi.period import fiscal_start
from tasuki.insight.kpi.report import Report
from tasuki.model.language import Language
from tasuki.project import Project
from tasuki.stages.handoff_report import KEY as HANDOFFS
from tasuki.stages.handoff_report import markdown as handoffs_markdown
from tasuki.stages.handoff_report import one_line
from tasuki.stages.language import language_here
from tasuki.stages.report import failure_line
from tasuki.stages.showing import show_report, tell
from tasuki.stages.stage import StageError, in_a_thread
from tasuki.transport.calls import Calls

Measured = dict[str, Any]
_KEY = "tasuki-funnel"
_TEXTS = frozenset({"markdown", "handoffs"})


def collect_and_measure(language: Language) -> Measured:
    """Collect this project's stages and measure the fiscal year; plain values."""
    project, calls = Project(), Calls()
    with project.open_ledger() as ledger:
        collected = project.collector(ledger, calls).run(
            project.connections, (one.id for one in project.mappings)
        )
        now = project.clock.now()
        today = now.astimezone(TOKYO).date()
        start = fiscal_start(today, project.stages.fiscal_year_starts)
        report, known = report_of(ledger, asked_of(project.stages, now, start, today))
        board = project.handoffs(ledger)
    return {
        "entries": [one.to_json() for one in collected],
        "remedy": next((one.remedy for one in collected if one.error), ""),
        "calls": sum(calls.counts().values()),
        "journeys": known,
        "markdown": markdown(report, language),
        "late": one_line(board),
        "handoffs": handoffs_markdown(project.model, board, language),
    }


@task(
    name="measure",
    task_run_name="measure",
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def measure_journey_once() -> Measured:
    """Collect, measure, and leave the funnel as an artifact.

    Raises:
        StageError: a system could not be read; the others were, and nothing is lost.
    """
    language = language_here()
    found = await in_a_thread("measure", _KEY, lambda: collect_and_measure(language))
    events = sum(one["events"] for one in found["entries"])
    line = f"{events:,} new events, {found['journeys']:,} journeys"
    line += f", {found['calls']:,} calls"
    get_run_logger().info(line)
    await show_report(_KEY, found["markdown"], line)
    await show_report(HANDOFFS, found["handoffs"], found["late"])
    tell("tasuki.funnel.measured", "measure", {"events": events})
    errors = [one["error"] for one in found["entries"] if one["error"]]
    if errors:
        raise StageError(failure_line(errors[0], found["remedy"]))
    return {name: value for name, value in found.items() if name not in _TEXTS}


def markdown(report: Report, language: str) -> str:
    """Return the report as Markdown tables."""
    asked = report.asked
    lines = [f"## {word('funnel', language)}: {asked.start} – {asked.last}", ""]
    for part in report.parts:
        for sheet in sheets(part, asked, language):
            lines += _table(sheet)
    return "\n".join(lines) + "\n"


def _table(sheet: Sheet) -> list[str]:
    rows = ["| " + " | ".join(map(str, row)) + " |" for row in sheet.rows]
    rule = "|---|" + "---:|" * (len(sheet.heads) - 1)
    head = "| " + " | ".join(sheet.heads) + " |"
    return [f"### {sheet.title}", "", head, rule, *rows, ""]
