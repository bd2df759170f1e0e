"""What every command starts from: the project and the screen."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:  # what these load costs most of a second: only when used
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tasuki.cli.screen import Screen
    from tasuki.engine.sync import Sync
    from tasuki.ledger import Ledger
    from tasuki.model.record import Schema, StreamRef
    from tasuki.ports import System
    from tasuki.project import Project


def leave(code: int) -> None:
    """End the command with this exit code, unless it is 0."""
    if code:
        raise typer.Exit(code)


class Context:
    """The project a command works on, and where it speaks."""

    def __init__(self, root: Path | None, screen: Screen) -> None:
        self.root = root
        self.screen = screen

    @cached_property
    def project(self) -> Project:
        """The project, read when first asked for."""
        from tasuki.project import Project

        return Project(self.root)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Open the project's ledger."""
        with self.project.open_ledger() as ledger:
            yield ledger

    @contextmanager
    def sync(self, name: str) -> Iterator[Sync]:
        """Open a mapping with both of its systems."""
        mapping = self.project.mappings[name]
        with self.ledger() as ledger:
            sync = self.project.open_sync(mapping, ledger)
            try:
                yield sync
            finally:
                sync.close()

    @contextmanager
    def system(self, connection: str, ledger: Ledger) -> Iterator[System]:
        """Open a connection's system."""
        from tasuki.transport.calls import Calls

        system = self.project.open_system(connection, ledger, Calls())
        try:
            yield system
        finally:
            system.close()

    @contextmanager
    def schemas(self, ledger: Ledger) -> Iterator[Callable[[StreamRef], Schema]]:
        """Give streams' fields, each asked for once, each connection opened once."""
        known: dict[StreamRef, Schema] = {}
        with ExitStack() as opened:
            systems: dict[str, System] = {}

            def describe(ref: StreamRef) -> Schema:
                if ref.connection not in systems:
                    opening = self.system(ref.connection, ledger)
                    systems[ref.connection] = opened.enter_context(opening)
                if ref not in known:
                    known[ref] = systems[ref.connection].describe(ref.stream)
                return known[ref]

            yield describe


def of(context: typer.Context) -> Context:
    """Return our context from typer's."""
    found = context.obj
    assert isinstance(found, Context)  # noqa: S101 - set by the callback
    return found
