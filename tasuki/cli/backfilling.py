"""The command that reads a mapping's whole source, in parts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of
from tasuki.cli.runs import print_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasuki.cli.screen import Screen
    from tasuki.engine.progress import Backfill
    from tasuki.engine.sync import Options, Sync
    from tasuki.engine.tally import RunReport

_PARTS = 8
Name = Annotated[str, typer.Argument(help="A mapping's id.")]


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("backfill")(backfill)


def backfill(
    context: typer.Context,
    name: Name,
    parts: Annotated[
        int, typer.Option(min=1, help="How many ranges to cut the source into.")
    ] = _PARTS,
    part: Annotated[
        int | None, typer.Option("--part", help="Only this one, from 1.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Cut the source into parts; run none.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Only say how far it has come.")
    ] = False,
    allow: Annotated[
        int | None,
        typer.Option("--yes-really", help="So many creates or changes are meant."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Plan anew, also where one is planned.")
    ] = False,
) -> None:
    """Read a mapping's whole source in parts; start it on several machines at once."""
    from tasuki.engine.backfill import finish_backfill, plan_backfill
    from tasuki.engine.progress import read_backfill
    from tasuki.engine.sync import Options
    from tasuki.model.errors import ConfigError

    own = of(context)
    seconds = own.project.lease_seconds
    if show:
        own.project.mappings[name]
        with own.ledger() as ledger:
            shown = read_backfill(ledger, name)
        if shown is None:
            raise ConfigError(name, "no backfill is planned", f"tasuki backfill {name}")
        own.screen.show(shown.as_json(), partial(_say, found=shown))
        leave(0 if shown.is_done else 1)
        return
    with own.sync(name) as sync:
        planned = read_backfill(sync.ledger, name)
        if planned is None or again or not planned.parts_under_way():
            planned = plan_backfill(sync, parts, allow, seconds, anew=again)
        reports = []
        if not plan:
            options = Options(lease_seconds=seconds)
            reports = list(_reports(sync, planned, part, options, own.screen))
            finish_backfill(sync, seconds)
        found = read_backfill(sync.ledger, name) or planned
    value = {**found.as_json(), "runs": [one.as_json() for one in reports]}
    own.screen.show(value, lambda screen: _say(screen, found))
    codes = [one.exit_code for one in reports]
    leave(max(codes, default=0) or (0 if found.is_done or plan or part else 1))


def _reports(
    sync: Sync,
    planned: Backfill,
    part: int | None,
    options: Options,
    screen: Screen,
) -> Iterator[RunReport]:
    from tasuki.engine.backfill import run_free_parts, run_part

    if part is not None:
        made = iter([run_part(sync, planned, part, options)])
    else:
        made = run_free_parts(sync, planned, options)
    for report in made:
        if not screen.as_json:
            print_report(screen, report)
        yield report


def _say(screen: Screen, found: Backfill) -> None:
    rows = [
        (one["part"], one["state"], one["counted"], one["passed"])
        for one in found.as_json()["parts"]
    ]
    screen.table(("part", "state", "counted", "passed"), rows)
    said = "done" if found.is_done else "under way"
    screen.line(
        f"{found.sync}: backfill {said}: {found.passed:,} records passed, "
        f"{found.counted:,} counted when it was planned"
    )
