"""The commands that measure The Model: collect, kpi."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.cli.language import LanguageOption, spoken
from tasuki.cli.moments import moment_of
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from tasuki.cli.screen import Screen
    from tasuki.insight.journey_file import Stages
    from tasuki.insight.kpi.report import Asked, Report
    from tasuki.model.language import Language

_DAY = timedelta(days=1)


class By(StrEnum):
    """What the figures can be split by."""

    SEGMENT = "segment"
    SOURCE = "source"
    OWNER = "owner"
    TEAM = "team"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("collect")(collect)
    app.command("kpi")(kpi)


def collect(context: typer.Context) -> None:
    """Read what tells of stages, from where it was left, into the ledger."""
    from tasuki.transport.calls import Calls

    own = of(context)
    project, calls = own.project, Calls()
    project.read_all()
    with own.ledger() as ledger:
        collector = project.collector(ledger, calls)
        found = collector.run(project.connections, (m.id for m in project.mappings))
    spent = sum(calls.counts().values())

    def people(screen: Screen) -> None:
        heads = ("entry", "read", "changes", "new events", "")
        rows = [
            (one.name, one.read, one.changes, one.events, one.error) for one in found
        ]
        screen.table(heads, rows)
        screen.line(f"{spent:,} calls")
        for one in found:
            if one.error:
                screen.aside(f"{one.error}\n  {one.remedy}")

    value = {"entries": [one.to_json() for one in found], "calls": spent}
    own.screen.show(value, people)
    leave(max((one.exit_code for one in found), default=0))


def kpi(
    context: typer.Context,
    start: Annotated[
        str | None,
        typer.Option("--from", help="First day; the fiscal year's without."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Last day; today without.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="What was learned later does not count: a day's end, a time.",
        ),
    ] = None,
    by: Annotated[By | None, typer.Option(help="For each one apart.")] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV that Excel reads.")
    ] = False,
    language: LanguageOption = None,
) -> None:
    """Measure the journey: counts, conversion, times, win rate, money, bottlenecks."""
    from tasuki.insight.journey_book import report_of
    from tasuki.insight.kpi.listing import csv_text

    own = of(context)
    tongue = spoken(own, language)
    moment = _observed(own, as_of)
    asked = _asked(own.project.stages, moment, start, end, by.value if by else "")
    with own.ledger() as ledger:
        report, known = report_of(ledger, asked)
    if not known:
        own.screen.aside(_NOTHING)
    if as_csv and not own.screen.as_json:
        sys.stdout.write(csv_text(report))
        return
    own.screen.show(report.to_json(), lambda screen: _people(screen, report, tongue))


_NOTHING = (
    "kpi: the ledger knew of no stage at that moment\n"
    "  `tasuki collect` reads them; a later --as-of shows what is known now."
)


def _observed(own: Context, text: str | None) -> datetime:
    """Return the moment of observation; a day means its end."""
    now = own.project.clock.now()
    if text is None:
        return now
    moment = moment_of(text, now, "--as-of")
    if len(text.strip()) == len("2026-04-01"):
        return min(moment + _DAY, now)
    return moment


def _asked(
    stages: Stages, as_of: datetime, start: str | None, end: str | None, by: str
) -> Asked:
    from tasuki.clock import TOKYO
    from tasuki.insight.journey_file import asked_of
    from tasuki.insight.kpi.period import fiscal_start

    today = as_of.astimezone(TOKYO).date()
    last = _day(end, "--to") or today
    first = _day(start, "--from") or fiscal_start(last, stages.fiscal_year_starts)
    if first > last:
        what = f"{first} lies after {last}"
        raise ConfigError("--from", what, "Give the earlier day to --from.")
    return asked_of(stages, as_of, first, last, by)


def _day(text: str | None, where: str) -> date | None:
    if text is None:
        return None
    try:
        written = text.strip()
        return date.fromisoformat(
            f"{written}-01" if written.count("-") == 1 else written
        )
    except ValueError:
        what = f"'{text}' is no day"
        raise ConfigError(where, what, "Write 2026-04-01, or 2026-04.") from None


def _people(screen: Screen, report: Report, language: Language) -> None:
    from tasuki.insight.kpi.label import word
    from tasuki.insight.kpi.listing import sheets

    last = report.asked.last
    screen.line(
        f"{report.asked.start} – {last}, {report.asked.as_of:%Y-%m-%d %H:%M} UTC"
    )
    for part in report.parts:
        if report.asked.by:
            screen.line()
            screen.line(f"== {part.name or word('unknown', language)}")
        for sheet in sheets(part, report.asked, language):
            screen.line()
            screen.line(sheet.title)
            screen.table(sheet.heads, sheet.rows)
