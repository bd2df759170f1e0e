"""Saying things on the screen: for people, or as JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from tasuki.model.errors import MappingError, TasukiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_PIPED_WIDTH = 200


class Screen:
    """Where a command says what it has to say.

    With `as_json` there is exactly one JSON value on standard output and nothing else.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def show(self, value: object, people: Callable[[Screen], None]) -> None:
        """Print a value as JSON, or let `people` say it in words."""
        if self.as_json:
            text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        else:
            people(self)

    def line(self, text: str = "") -> None:
        """Print one line as it stands."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def aside(self, text: str) -> None:
        """Say something that is no result: progress, a question, a warning."""
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print a table; numbers stand right."""
        from rich.console import Console
        from rich.table import Table

        # Piped output keeps its lines whole: a broken id is no use to grep.
        width = None if sys.stdout.isatty() else _PIPED_WIDTH
        console = Console(file=sys.stdout, highlight=False, soft_wrap=True, width=width)
        listed = [list(row) for row in rows]
        table = Table(box=None, pad_edge=False)
        for index, head in enumerate(heads):
            cells = [row[index] for row in listed]
            numbers = bool(cells) and all(isinstance(cell, int) for cell in cells)
            justify: Any = "right" if numbers else "left"
            table.add_column(head, justify=justify, overflow="fold")
        for row in listed:
            table.add_row(*(_cell(value) for value in row))
        console.print(table)

    def error(self, error: TasukiError) -> None:
        """Print an error: where and what, then the remedy."""
        if self.as_json:
            value: dict[str, object] = {"error": str(error), "remedy": error.remedy}
            if isinstance(error, MappingError):
                value["problems"] = list(error.problems)
            self.show(value, lambda _: None)
            return
        self.aside(str(error))
        self.aside(f"  {error.remedy}")


def _cell(value: object) -> str:
    from rich.markup import escape

    return f"{value:,}" if isinstance(value, int) else escape(str(value))
