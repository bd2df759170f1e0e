"""The command that makes the weekly page for the meeting of all departments."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, of
from tasuki.cli.language import LanguageOption, spoken

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.insight.review.page import Page
    from tasuki.model.language import Language


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("review")(review)


def review(
    context: typer.Context,
    week: Annotated[
        str | None,
        typer.Option(help="2026-W47; the last week that is over without."),
    ] = None,
    language: LanguageOption = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV that Excel reads.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write the page into this file.", dir_okay=False),
    ] = None,
) -> None:
    """Make the page of a week: funnel, handoffs, SLA, leaks, questions; no calls."""
    from tasuki.insight.review.listing import csv_text

    own = of(context)
    page = _page(own, week)
    tongue = spoken(own, language)
    if html is not None:
        _write(own, page, tongue, html)
    if as_csv and not own.screen.as_json:
        sys.stdout.write(csv_text(page))
    elif html is None or own.screen.as_json:
        own.screen.show(page.to_json(), lambda screen: _people(screen, page, tongue))


def _page(own: Context, written: str | None) -> Page:
    from tasuki.insight.review.week import Week
    from tasuki.operation.review import review_once

    today = own.project.today()
    week = Week.closed(today) if written is None else Week.written(written, today)
    with own.ledger() as ledger:
        return review_once(own.project, ledger, week)


def _write(own: Context, page: Page, language: Language, path: Path) -> None:
    from tasuki.insight.review.sheet import html_text

    path.write_text(html_text(page, language), encoding="utf-8")
    own.screen.aside(f"wrote {path}")


def _people(screen: Screen, page: Page, language: Language) -> None:
    from tasuki.insight.review.section import heading, sections

    screen.line(heading(page, language))
    for one in sections(page, language):
        screen.line()
        screen.line(f"== {one.title}")
        for line in one.lines:
            screen.line(line)
        if one.name == "questions":
            for department, question in one.rows:
                screen.line(f"{department}: {question}")
        elif one.heads:
            screen.table(one.heads, one.rows)
