"""The command that takes out of the ledger what is old and no evidence of money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, of

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.ledger.tidy import Tidied

_MIB = 1024 * 1024


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("tidy")(tidy)


def tidy(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would go.")
    ] = False,
    compact: Annotated[
        bool,
        typer.Option(
            "--compact", help="Give the room back to the disk; not beside a run."
        ),
    ] = False,
) -> None:
    """Take out old decisions, runs, solved letters and payloads; never money."""
    own = of(context)
    retention = own.project.retention
    money = _money(own)
    with own.ledger() as ledger:
        told = ledger.tidy(retention, money, dry_run=dry_run)
        if compact and not dry_run:
            after = ledger.compact()
            told = told._replace(size=after.size, free=after.free)
    value = told._asdict() | {"dry_run": dry_run, "days": retention._asdict()}
    own.screen.show(value, lambda screen: _told(screen, told, dry_run=dry_run))


def _money(own: Context) -> list[str]:
    return [one.id for one in own.project.mappings if one.write.value == "once"]


def _told(screen: Screen, told: Tidied, *, dry_run: bool) -> None:
    rows = [f"{name} {count:,}" for name, count in told.rows.items()]
    verb = "would be taken out" if dry_run else "taken out"
    screen.line(f"{verb}: {', '.join(rows) or 'nothing, all is kept for good'}")
    sizes = f"{told.size_before / _MIB:,.1f} MiB, now {told.size / _MIB:,.1f} MiB"
    screen.line(f"  the ledger had {sizes}, {told.free / _MIB:,.1f} of them free")
    screen.line("  evidence of money is kept, whatever its age")
