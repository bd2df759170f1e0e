"""The command that tells how the systems' schemas have drifted: drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of
from tasuki.cli.language import LanguageOption, spoken

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("drift")(drift)


def drift(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Mappings' ids; all without any.")
    ] = None,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="What is there now is meant: tell it no more."),
    ] = False,
    language: LanguageOption = None,
) -> None:
    """Tell what changed in the systems' fields, and which pending records will fail."""
    from tasuki.operation.alarms import note_drift
    from tasuki.reconcile.drift import report_drift
    from tasuki.reconcile.drift_words import drift_lines

    own = of(context)
    tongue = spoken(own, language)
    known = own.project.mappings
    wanted = [known[one].id for one in names or ()] or [
        one.id for one in own.project.used
    ]
    found = []
    for name in wanted:
        with own.sync(name) as sync:
            report = report_drift(sync, accept=accept)
            if not report.error:  # nothing was seen then, and nothing is over
                told = report.as_json() | ({"changes": []} if accept else {})
                note_drift(own.project, sync.ledger, told)
            found.append(report)
    value = [one.as_json() for one in found]

    def people(screen: Screen) -> None:
        for report in value:
            for line in drift_lines(report, tongue):
                screen.line(line)

    own.screen.show(value, people)
    leave(max((one.exit_code for one in found), default=0))
