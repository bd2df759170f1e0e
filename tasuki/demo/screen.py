"""The demo's result on one screen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tasuki.cli.records import print_story
from tasuki.cli.screen import Screen
from tasuki.engine.explain import explain
from tasuki.ledger import Ledger
from tasuki.project import Project
from tasuki.sandbox.demo_world import HERO

_NUMBERS = ("read", "created", "updated", "skipped", "held", "waiting", "dead")


@dataclass(slots=True)
class Passed:
    """One pass over all flows."""

    name: str
    reports: list[dict[str, Any]] = field(default_factory=list)
    writes: int = 0


def show_result(
    console: Console, place: Path, passes: list[Passed], ui_url: str
) -> None:
    """Print counts with reasons, invoices, calls, the UI, and one customer's story."""
    project = Project(place)
    console.print()
    console.print(_table(passes[0].reports))
    for line in _reasons(passes[0].reports):
        console.print(line, highlight=False)
    with project.open_ledger() as ledger:
        console.print(_invoices(ledger), highlight=False)
        _calls(console, passes)
        console.print(
            f"\n[bold]In Prefect:[/bold] {ui_url}/runs  (reports: {ui_url}/artifacts)",
            highlight=False,
        )
        ref = f"hubspot/contacts/{HERO.person_id}"
        console.print(f"\n[bold]tasuki explain {ref}[/bold]  ({HERO.company})")
        print_story(Screen(as_json=False), explain(ledger, ref))


def _table(reports: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("first pass")
    for name in (*_NUMBERS, "calls", "least"):
        table.add_column(name, justify="right")
    for report in reports:
        numbers = [f"{report[name]:,}" if report[name] else "·" for name in _NUMBERS]
        calls = [str(report["calls_made"]), str(report["minimum_calls"])]
        table.add_row(report["sync"], *numbers, *calls)
    return table


def _reasons(reports: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    shown: dict[tuple[str, str, str], int] = {}
    for report in reports:
        for ending in ("skipped", "held", "dead"):
            for reason, count in report["reasons"].get(ending, {}).items():
                shown[report["sync"], ending, reason] = count
    for (sync, ending, reason), count in shown.items():
        yield f"  [dim]{sync}[/dim] {ending}: {reason}: {count:,}"


def _invoices(ledger: Ledger) -> str:
    rows = ledger.receipts("invoice.salesforce-freee")
    total = sum(int(row.receipt.get("total_amount") or 0) for row in rows)
    return f"\n[bold]Invoices:[/bold] {len(rows)} made, ¥{total:,} in all, tax included"


def _calls(console: Console, passes: list[Passed]) -> None:
    made = sum(report["calls_made"] for report in passes[0].reports)
    least = sum(report["minimum_calls"] for report in passes[0].reports)
    console.print(
        f"[bold]API calls:[/bold] {made} made, {least} is the least possible",
        highlight=False,
    )
    for one in passes[1:]:
        console.print(
            f"  {one.name} pass: {one.writes} writes, "
            f"{sum(report['calls_made'] for report in one.reports)} calls",
            highlight=False,
        )
