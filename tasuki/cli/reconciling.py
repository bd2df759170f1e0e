"""The command that compares both sides: reconcile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.reconcile.finding import Finding, Reconciliation
    from tasuki.reconcile.run import Wish

_ARROW = " → "


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("reconcile")(reconcile)


def reconcile(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Mappings' ids; all without any.")
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Mend what is safe: links, and through a run."),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(help='Only what changed since: 2026-04-01, "3 days" (Tokyo).'),
    ] = None,
    sample: Annotated[
        int, typer.Option(min=0, help="Only so many linked records, at random.")
    ] = 0,
    show: Annotated[
        int, typer.Option(min=0, help="Findings of each kind to print.")
    ] = 20,
    accept_empty: Annotated[
        bool,
        typer.Option("--accept-empty", help="A side that shrank is meant."),
    ] = False,
    allow: Annotated[
        int | None,
        typer.Option("--yes-really", help="So many creates or changes are meant."),
    ] = None,
) -> None:
    """Compare both sides of syncs: missing, extra, drifted, duplicated records."""
    from tasuki.cli.moments import moment_of
    from tasuki.reconcile.run import Wish

    if since is not None and sample:
        words = "--since and --sample do not go together"
        where = "reconcile"
        raise ConfigError(where, words, "Give one of them.")
    own = of(context)
    wish = Wish(
        repair=repair,
        since=moment_of(since, own.project.clock.now()) if since else None,
        sample=sample,
        show=show,
        accept_empty=accept_empty,
        allow=allow,
    )
    wanted = _in_order(own, names or [])
    reports = [_one(own, name, wish) for name in wanted]
    value = [report.as_json() for report in reports]
    own.screen.show(value, lambda _: None)
    leave(max((report.exit_code for report in reports), default=0))


def _in_order(own: Context, names: list[str]) -> list[str]:
    """Return the mappings that are meant, parents before their children."""
    if not names:
        return [one.id for one in own.project.used]
    known = own.project.mappings
    wanted = {known[name].id for name in names}
    return [one.id for one in known.in_order() if one.id in wanted]


def _one(own: Context, name: str, wish: Wish) -> Reconciliation:
    from tasuki.reconcile.run import reconcile_sync

    def predicted(calls: dict[str, int]) -> None:
        listed = ", ".join(f"{n:,} at {where}" for where, n in calls.items())
        own.screen.aside(f"{name}: about {listed} calls")

    with own.sync(name) as sync:
        report = reconcile_sync(sync, wish, predicted)
    if not own.screen.as_json:
        print_reconciliation(own.screen, report)
    return report


def print_reconciliation(screen: Screen, report: Reconciliation) -> None:
    """Say what a reconciliation found, a line a finding."""
    for finding in report.findings:
        _finding(screen, finding)
    found = sum(report.counts.values())
    hidden = found - len(report.findings)
    if hidden > 0:
        screen.line(f"  … and {hidden:,} more (--show N)")
    for (kind, reason), count in report.reasons.most_common():
        screen.line(f"  {kind.value}: {reason}: {count:,}")
    for reason, count in report.accounted.most_common():
        screen.line(f"  as it should be: {reason}: {count:,}")
    words = [
        f"{count:,} {kind.value}" for kind, count in report.counts.items() if count
    ]
    if report.state == "done":
        both = "both sides agree" if not found else ", ".join(words)
        screen.line(
            f"{report.sync}: {report.source_records:,} records, "
            f"{report.agree:,} agree; {both}"
        )
    if not report.swept:
        screen.line("  only linked records were looked at: no extras, no duplicates")
    _repaired(screen, report)
    screen.line(f"  calls {report.calls_made():,}")
    if report.error:
        screen.aside(report.error)
        screen.aside(f"  {report.remedy}")


def _finding(screen: Screen, finding: Finding) -> None:
    targets = ", ".join(finding.targets)
    pair = _ARROW.join(part for part in (finding.source_id, targets) if part)
    screen.line(f"  {finding.kind.value:<11} {pair}  {finding.reason}")
    for one in finding.fields:
        screen.line(f"      {one.name}: {_value(one.old)}{_ARROW}{_value(one.new)}")
    if finding.remedy:
        screen.line(f"      {finding.remedy}")


def _value(value: object) -> str:
    if value is None or value == "":
        return "(blank)"
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def _repaired(screen: Screen, report: Reconciliation) -> None:
    if report.repaired:
        parts = [f"{n:,} {repair.value}" for repair, n in report.repaired.items()]
        screen.line(f"  repaired: {', '.join(parts)}")
    if report.after is not None:
        names = ("created", "updated", "attached", "unchanged", "held", "dead")
        said = [
            f"{name} {report.after[name]:,}" for name in names if report.after[name]
        ]
        screen.line(f"  the run afterwards: {', '.join(said) or 'nothing to send'}")
    elif report.repairable and not report.repaired:
        screen.line(f"  --repair mends {report.repairable:,} of them")
