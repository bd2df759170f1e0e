"""`tasuki archive …`: the archive of documents (電子帳簿保存法)."""

import typer

from tasuki.cli import archive_reading, archive_writing


def register(app: typer.Typer) -> None:
    """Add this group of commands."""
    group = typer.Typer(
        help="Keep, find, verify and hand out documents (電子帳簿保存法).",
        no_args_is_help=True,
    )
    archive_reading.register(group)
    archive_writing.register(group)
    app.add_typer(group, name="archive")
