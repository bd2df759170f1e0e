"""Commands about runs: plan, run, status."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import leave, of

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.engine.preview import PlannedChange, Preview
    from tasuki.engine.sync import Sync
    from tasuki.engine.tally import RunReport, Tally
    from tasuki.ledger import CauseCount, RunRow

Name = Annotated[str, typer.Argument(help="A mapping's id.")]
Full = Annotated[
    bool, typer.Option("--full", help="Read everything, not only what changed.")
]
Only = Annotated[
    list[str] | None, typer.Option("--only", help="These source ids and no others.")
]

_SIGNS = {
    "create": "+",
    "update": "~",
    "attach": "&",
    "skip": "=",
    "hold": "!",
    "wait": "…",
    "dead": "x",
    "in_doubt": "?",
}
_SHOWN_COUNTS = ("read", "created", "updated", "left_over")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("plan")(plan)
    app.command("run")(run)
    app.command("status")(status)


def plan(
    context: typer.Context,
    name: Name,
    full: Full = False,
    only: Only = None,
    sample: Annotated[int, typer.Option(help="Stop after so many records.")] = 0,
    show: Annotated[int, typer.Option(help="Changes to print.")] = 20,
) -> None:
    """Show what a run would do and what it would cost; change nothing."""
    from tasuki.engine.preview import preview_sync
    from tasuki.engine.sync import Options

    own = of(context)
    with own.sync(name) as sync:
        options = Options(full=full, only=tuple(only or ()))
        found = preview_sync(sync, options, show=show, sample=sample)
    own.screen.show(found.as_json(), lambda screen: _plan(screen, found))


def _plan(screen: Screen, found: Preview) -> None:
    for change in found.changes:
        screen.line(_planned(change))
        if change.action == "update":
            for one in change.fields:
                screen.line(f"      {one.name}: {_value(one.old)} → {_value(one.new)}")
    left = sum(found.counts.values()) - found.counts["unchanged"] - len(found.changes)
    if left > 0:
        screen.line(f"  … and {left:,} more (--show N)")
    for (action, reason), count in found.reasons.most_common():
        screen.line(f"  {action}: {reason}: {count:,}")
    counts = ", ".join(f"{count:,} {action}" for action, count in found.counts.items())
    screen.line(f"{found.sync}: {counts or 'nothing to do'}")
    calls = ", ".join(f"{count} {kind}" for kind, count in found.calls.items() if count)
    screen.line(f"calls a run will make: {calls or 'none'}")


def _planned(change: PlannedChange) -> str:
    names = ""
    if change.action == "create":
        names = ", ".join(one.name for one in change.fields)
    parts = [_SIGNS[change.action], change.action, change.ref]
    target = f"→ {change.target}" if change.target else ""
    return "  ".join(p for p in (*parts, target, change.reason, names) if p)


def _value(value: object) -> str:
    if value is None or value == "":
        return "(blank)"
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def run(
    context: typer.Context,
    name: Name,
    full: Full = False,
    only: Only = None,
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
    from tasuki.engine.sync import Options

    own = of(context)
    with own.sync(name) as sync:
        _watch(sync, own.screen)
        options = Options(
            full=full,
            only=tuple(only or ()),
            allow=allow,
            accept_empty=accept_empty,
            lease_seconds=own.project.lease_seconds,
        )
        report = run_sync(sync, options)
    own.screen.show(report.as_json(), lambda screen: print_report(screen, report))
    leave(report.exit_code)


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


def status(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many runs.")] = 15,
) -> None:
    """Show the last runs, what is left over, and the open dead letters by cause."""
    from tasuki.model.errors import LedgerError

    own = of(context)
    with own.ledger() as ledger:
        with suppress(LedgerError):  # said where it is written to, not where it is read
            ledger.close_left_open()
        found = ledger.runs(limit=limit)
        causes = ledger.causes()
        stopped = [row for row in ledger.logins() if row.refused_at]
        url = ledger.url_masked
    value = {
        "ledger": url,
        "runs": [
            {
                "run": r.id,
                "sync": r.sync,
                "state": r.state,
                "started_at": r.started_at,
                "finished_at": r.finished_at,
                "counts": r.counts,
                "error": r.error,
            }
            for r in found
        ],
        "dead_letters": [c._asdict() for c in causes],
        "stopped_connections": [
            {
                "connection": row.connection,
                "since": row.refused_at,
                "words": row.refused_words,
                "remedy": f"tasuki login {row.connection}",
            }
            for row in stopped
        ],
    }

    def people(screen: Screen) -> None:
        screen.line(f"ledger: {url}")
        for row in stopped:
            screen.line(f"{row.connection}: stopped: {row.refused_words}")
            screen.line(f"  tasuki login {row.connection}")
        _status(screen, found, causes)

    own.screen.show(value, people)


def _status(screen: Screen, found: list[RunRow], causes: list[CauseCount]) -> None:
    if not found:
        screen.line("no runs yet")
        return
    runs = [
        (
            r.started_at[:19].replace("T", " "),
            r.sync,
            r.state,
            *(int(r.counts.get(name, 0)) for name in _SHOWN_COUNTS),
            r.error,
        )
        for r in found
    ]
    heads = ("started (UTC)", "sync", "state", "read", "created", "updated", "left", "")
    screen.table(heads, runs)
    if causes:
        screen.line()
        open_letters = [(c.sync, c.cause, c.times, c.remedy) for c in causes]
        screen.table(("sync", "cause", "open", "remedy"), open_letters)
