"""Commands that care for the ledger: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, of
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.ledger import BackupNote

_TABLES = ("link", "intent", "decision", "dead_letter", "run")
_MIB = 1024 * 1024


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="By default a new one in .tasuki/backups.", dir_okay=False),
    ] = None,
) -> None:
    """Copy the ledger to one file, while runs go on; either database reads it back."""
    own = of(context)
    with own.ledger() as ledger:
        note = ledger.back_up((file or _new_name(own)).resolve())
    value = _as_json(note) | {"bytes": note.size}

    def people(screen: Screen) -> None:
        screen.line(f"{note.path}: {note.size / _MIB:,.1f} MiB, complete and checked")
        screen.line(f"  {_rows(note)}")
        screen.line("  keep the secret key too, and apart from it: it is not inside")

    own.screen.show(value, people)


def _new_name(own: Context) -> Path:
    from tasuki.clock import TOKYO

    now = own.project.clock.now().astimezone(TOKYO)
    return own.project.place / "backups" / f"ledger-{now:%Y%m%d-%H%M%S}.db"


def _as_json(note: BackupNote) -> dict[str, object]:
    return {
        "file": str(note.path),
        "schema": note.schema,
        "made_at": note.made_at,
        "rows": note.rows,
    }


def _rows(note: BackupNote) -> str:
    return ", ".join(f"{name} {note.rows.get(name, 0):,}" for name in _TABLES)


def restore(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="What `tasuki backup` has made.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what the ledger holds.")
    ] = False,
    newest: Annotated[
        bool,
        typer.Option(
            "--newest",
            help="Nothing ran after this backup: a move to another database.",
        ),
    ] = False,
    mark: Annotated[
        bool,
        typer.Option(
            "--mark",
            help="Copy nothing: the ledger has been brought back by other means.",
        ),
    ] = False,
) -> None:
    """Fill the ledger with a backup; what that does not know is looked up first."""
    own = of(context)
    if (file is None) != mark or (mark and (force or newest)):
        where = "restore"
        raise ConfigError(
            where, "give a file, or --mark alone", "`tasuki restore --help`."
        )
    if file is None:
        _mark(own)
        return
    accounts = own.project.accounts()
    with own.ledger() as ledger:
        note = ledger.restore(file.resolve(), accounts, force=force, newest=newest)
        where = ledger.url_masked

    def people(screen: Screen) -> None:
        screen.line(f"{where}: restored from {note.made_at}")
        screen.line(f"  {_rows(note)}")
        if not newest:
            screen.line(f"  {_LOOKED_UP}")
        screen.line("  next: tasuki doctor --deep, then tasuki plan, money first")

    own.screen.show(_as_json(note) | {"ledger": where}, people)


_LOOKED_UP = "documents that cannot be written twice are looked up before each create"


def _mark(own: Context) -> None:
    from tasuki.ledger.rows import time_text

    with own.ledger() as ledger:
        ledger.mark_restored(time_text(own.project.clock.now()))
        where = ledger.url_masked
    own.screen.show(
        {"ledger": where, "marked": True},
        lambda screen: screen.line(f"{where}: marked as restored; {_LOOKED_UP}"),
    )
