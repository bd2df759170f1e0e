"""Saying things on the screen: for people, or as JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tasuki.model.errors import MappingError, TasukiError


class Screen:
    """Where a command says what it has to say.

    With `as_json` there is exactly one JSON value on standard output and nothing else.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        # Piped output keeps its lines whole: a broken id is no use to grep.
        width = None if sys.stdout.isatty() else 200
        self.console = Console(highlight=False, soft_wrap=True, width=width)
        self.errors = Console(stderr=True, highlight=False, soft_wrap=True)

    def show(self, value: object, people: Callable[["Screen"], None]) -> None:
        """Print a value as JSON, or let `people` say it in words."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str))
            sys.stdout.write("\n")
        else:
            people(self)

    def line(self, text: str = "", style: str | None = None) -> None:
        """Print one line as it stands (no markup)."""
        self.console.print(text, style=style, markup=False)

    def table(
        self, heads: Sequence[str], rows: Iterable[Sequence[Any]], title: str = ""
    ) -> None:
        """Print a table; numbers stand right."""
        listed = [list(row) for row in rows]
        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
        for index, head in enumerate(heads):
            numbers = bool(listed) and all(
                isinstance(row[index], int) for row in listed
            )
            justify = "right" if numbers else "left"
            table.add_column(head, justify=justify, overflow="fold")  # type: ignore[arg-type]
        for row in listed:
            table.add_row(*(_cell(value) for value in row))
        self.console.print(table)

    def error(self, error: TasukiError) -> None:
        """Print an error: where and what, then the remedy."""
        if self.as_json:
            value: dict[str, object] = {"error": str(error), "remedy": error.remedy}
            if isinstance(error, MappingError):
                value["problems"] = list(error.problems)
            self.show(value, lambda _: None)
            return
        self.errors.print(str(error), markup=False)
        self.errors.print(f"  {error.remedy}", markup=False)


def _cell(value: object) -> str:
    from rich.markup import escape  # noqa: PLC0415 - with the table only

    return f"{value:,}" if isinstance(value, int) else escape(str(value))
