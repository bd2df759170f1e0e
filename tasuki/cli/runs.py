"""Commands about runs: run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.engine.sync import Options, Sync
    from tasuki.engine.tally import RunReport, Tally

Name = Annotated[
    str | None, typer.Argument(help="A mapping's id; not needed with --plan.")
]
Full = Annotated[
    bool, typer.Option("--full", help="Read everything, not only what changed.")
]
Only = Annotated[
    list[str] | None, typer.Option("--only", help="These source ids and no others.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", help='Only what changed since: 2026-04-01, "3 days" (Tokyo).'
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("run")(run)


def run(
    context: typer.Context,
    name: Name = None,
    full: Full = False,
    only: Only = None,
    since: Since = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", help="Do exactly what this saved plan says."),
    ] = None,
    allow: Annotated[
        int | None,
        typer.Option("--yes-really", help="So many creates or changes are meant."),
    ] = None,
    accept_empty: Annotated[
        bool,
        typer.Option("--accept-empty", help="A system that shrank is meant."),
    ] = False,
) -> None:
    """Run a sync once."""
    from tasuki.engine.run import run_sync

    own = of(context)
    if plan is not None:
        if full or only or since or accept_empty:
            where, what = "--plan", "the plan says what is read"
            raise ConfigError(where, what, "Leave the other options out.")
        name, options = _planned(own, plan, name, allow)
    elif name is None:
        raise ConfigError("run", "which mapping?", "`tasuki run MAPPING`.")
    else:
        options = replace(
            options_for(own, full=full, only=only, since=since),
            allow=allow,
            accept_empty=accept_empty,
            lease_seconds=own.project.lease_seconds,
        )
    with own.sync(name) as sync:
        _watch(sync, own.screen)
        report = run_sync(sync, options)
    own.screen.show(report.as_json(), lambda screen: print_report(screen, report))
    leave(report.exit_code)


def options_for(
    own: Context, *, full: bool, only: list[str] | None, since: str | None
) -> Options:
    """Return which records are meant; ConfigError where the wishes do not agree."""
    from tasuki.cli.moments import moment_of
    from tasuki.engine.sync import Options

    given = [
        option
        for option, wish in (("--full", full), ("--only", only), ("--since", since))
        if wish
    ]
    if len(given) > 1:
        where, what = " and ".join(given), "do not go together"
        raise ConfigError(where, what, "Give one of them.")
    moment = moment_of(since, own.project.clock.now()) if since else None
    return Options(full=full, only=tuple(only or ()), since=moment)


def _planned(
    own: Context, path: Path, name: str | None, allow: int | None
) -> tuple[str, Options]:
    """Return the mapping and the options of a saved plan."""
    from tasuki.engine.planning import options_of
    from tasuki.engine.saved_plan import read_plan

    project = own.project
    saved = read_plan(path, project.keys.read(), project.clock.now())
    if name is not None and project.mappings[name].id != saved.head.sync:
        what = f"is a plan of {saved.head.sync}, not of {name}"
        raise ConfigError(saved.name, what, f"tasuki run --plan {path}")
    seconds = project.lease_seconds
    return saved.head.sync, options_of(saved, allow=allow, lease_seconds=seconds)


def _watch(sync: Sync, screen: Screen) -> None:
    """Show the sums after each page where a person watches."""
    if screen.as_json or not sys.stderr.isatty():
        return

    def told(tally: Tally) -> None:
        line = f"\r{sync.id}: read {tally.read:,}, sent {tally.sent():,} "
        sys.stderr.write(line)
        sys.stderr.flush()

    sync.on_page = told


def print_report(screen: Screen, report: RunReport) -> None:
    """Say what a run did, in a few lines."""
    from tasuki.engine.tally import Ending

    tally = report.tally
    parts = [f"read {tally.read:,}"]
    parts += [f"{e.value} {tally.ended[e]:,}" for e in Ending if tally.ended[e]]
    if tally.written_back:
        parts.append(f"written back {tally.written_back:,}")
    screen.line(f"{report.sync}: {', '.join(parts)}")
    for ending in Ending:
        for reason, count in tally.reasons_of(ending).items():
            screen.line(f"  {ending.value}: {reason}: {count:,}")
    for outcome, count in sorted(tally.ruled.items()):
        screen.line(f"  decisions about holds: {outcome}: {count:,}")
    made, least = report.calls_made(), report.minimum_calls
    screen.line(f"  calls {made:,}; the least possible {least:,}")
    if report.error:
        screen.aside(report.error)
        screen.aside(f"  {report.remedy}")
        return
    if tally.ended[Ending.DEAD]:
        screen.line("  `tasuki dead` lists causes and remedies")
    if tally.ended[Ending.HELD]:
        screen.line("  `tasuki held` lists what waits for a person")
