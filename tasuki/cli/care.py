"""Commands that care for the ledger: backup, restore, forget."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasuki.cli.context import Context, leave, of
from tasuki.model.errors import ConfigError

if TYPE_CHECKING:
    from tasuki.cli.screen import Screen
    from tasuki.ledger import BackupNote
    from tasuki.ledger.forget import Erasure

_TABLES = ("link", "intent", "decision", "dead_letter", "run")
_MIB = 1024 * 1024


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("forget")(forget)


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
        screen.line(
            "  the archive's files are not inside: copy that folder too, it only grows"
        )
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


def forget(
    context: typer.Context,
    who: Annotated[
        str, typer.Argument(help="connection/stream/id, an id, or an e-mail address.")
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Erase; without it, only say what would be.")
    ] = False,
    suppress: Annotated[
        bool,
        typer.Option(
            "--suppress", help="Pass over the person's records from now on as well."
        ),
    ] = False,
) -> None:
    """Erase a person from the ledger; evidence of money stays, and is named."""
    own = of(context)
    with own.ledger() as ledger:
        erase = partial(ledger.forget, suppress=suppress) if yes else ledger.erasure
        erasure = erase(who)
    value = {
        "erased": yes,
        "suppressed": yes and suppress,
        "records": [trace._asdict() for trace in erasure.traces],
        "rows": erasure.rows,
        "kept": [one._asdict() for one in erasure.kept],
    }
    own.screen.show(
        value, lambda screen: _forgotten(screen, erasure, yes=yes, suppress=suppress)
    )
    leave(0 if erasure.traces else 1)


def _forgotten(screen: Screen, erasure: Erasure, *, yes: bool, suppress: bool) -> None:
    if not erasure.traces:
        screen.line("the ledger knows nothing of this person")
        return
    screen.line("erased:" if yes else "would be erased:")
    kept = {(one.sync, one.ref) for one in erasure.kept}
    for trace in erasure.traces:
        if (trace.sync, trace.ref) not in kept:
            screen.line(f"  {trace.ref} ({trace.sync})")
    counts = ", ".join(f"{name} {rows:,}" for name, rows in erasure.rows.items())
    screen.line(f"  rows: {counts}")
    for one in erasure.kept:
        screen.line(f"kept until {one.until}: {one.ref} ({one.sync})")
        screen.line("  evidence of an invoice: 会社法 432条, 法人税法施行規則 59条")
    if not yes:
        screen.line("Nothing was changed; --yes erases.")
        return
    if not suppress:
        screen.line("A record that its source still has comes back with its next run:")
        screen.line("  erase it there too, or repeat with --suppress.")
    screen.line("Backups made before still hold the person: delete them.")
