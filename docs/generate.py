# ruff: noqa: INP001 - a script beside the pages
"""Write the reference pages that are made from the code; `--check` only compares.

`make docs` runs it, and a test runs `--check`: these pages cannot fall behind.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import tasuki
from tasuki.cli.app import EXIT_CODES
from tasuki.cli.reference import markdown as cli_markdown
from tasuki.formula.reference import markdown as formulas_markdown
from tasuki.insight.leak.reference import index_page as leaks_page
from tasuki.insight.leak.reference import rule_page
from tasuki.insight.leak.rule import rules
from tasuki.ledger.tables import Stored
from tasuki.mapping.reference import markdown as mapping_markdown
from tasuki.model.errors import TasukiError
from tasuki.project import Project

DOCS = Path(__file__).parent
ROOT = DOCS.parent
_NOT_IMPORTED = (".stages", ".shipped", ".demo.", "__main__", ".migrations")
NOTE = "<!-- Written by docs/generate.py: edit the code it is made from. -->\n\n"

_ERRORS = """# Errors and exit codes

Errors are sorted by **who acts next**. Retrying, dead-lettering and stopping are
decided by class alone. A message reads `where: what (their words)`, with the remedy on
a line of its own; it holds references and field names, never a record's values.

| exit code | meaning |
|---:|---|
{codes}

Skipped records, and those that wait for their parent, are no work left over.

| error | what happened | remedy it prints, unless it has a better one | exit code |
|---|---|---|---:|
"""

_LEDGER = """# The ledger's tables

One database, `.tasuki/ledger.db` (SQLite) or the PostgreSQL that `TASUKI_LEDGER_URL`
names. Tables are created and upgraded by whoever opens the ledger first. Times are UTC
text of fixed width; JSON is text. What is evidence (`intent`, `decision`,
`dead_letter`, `run`) is kept for good where it is about money, and otherwise until
`tasuki tidy` takes what is old.

Read it with any SQL client; write it only through `tasuki`.
"""


def errors_page() -> str:
    """Return the page of error classes."""
    rows = []
    for depth, kind in _tree(TasukiError, 0):
        words = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
        name = "&nbsp;" * 4 * depth + f"`{kind.__name__}`"
        rows.append(f"| {name} | {words} | {kind.remedy} | {kind.exit_code} |")
    codes = "\n".join(f"| {code} | {words} |" for code, words in EXIT_CODES.items())
    return NOTE + _ERRORS.replace("{codes}", codes) + "\n".join(rows) + "\n"


def _tree(
    kind: type[TasukiError], depth: int
) -> Iterator[tuple[int, type[TasukiError]]]:
    yield depth, kind
    for below in sorted(kind.__subclasses__(), key=lambda one: one.__name__):
        if below.__module__.startswith("tasuki."):
            yield from _tree(below, depth + 1)


def ledger_page() -> str:
    """Return the page of tables."""
    parts = [NOTE + _LEDGER]
    tables = sorted(Stored.__subclasses__(), key=lambda one: str(one.__tablename__))
    for model in tables:
        table = model.metadata.tables[str(model.__tablename__)]
        words = inspect.getdoc(model) or ""
        columns = [
            f"| `{column.name}` | {'number' if _is_number(column.type) else 'text'} | "
            f"{'key' if column.primary_key else ''} | "
            f"{'may be empty' if column.nullable else ''} |"
            for column in table.columns
        ]
        parts.append(
            f"## `{table.name}`\n\n{words}\n\n| column | | | |\n|---|---|---|---|"
        )
        parts.append("\n".join(columns) + "\n")
    return "\n".join(parts)


def _is_number(kind: object) -> bool:
    return type(kind).__name__ in {"Integer", "Float"}


def formulas_page() -> str:
    """Return the page of formula functions, with the shipped lists and settings."""
    return NOTE + formulas_markdown(Project(ROOT).mappings.around.functions)


def leak_page(name: str) -> str:
    """Return the page of a leak's rule, with where the shipped files look for it."""
    return NOTE + rule_page(rules()[name], Project(ROOT).leaks)


PAGES: dict[str, Callable[[], str]] = {
    "reference/cli.md": lambda: NOTE + cli_markdown(),
    "reference/errors.md": errors_page,
    "reference/formulas.md": formulas_page,
    "reference/ledger.md": ledger_page,
    "reference/leaks.md": lambda: NOTE + leaks_page(),
    **{f"reference/leaks/{name}.md": partial(leak_page, name) for name in rules()},
    "reference/mapping.md": lambda: NOTE + mapping_markdown(),
}


def load_everything() -> None:
    """Import the engine, so that every error class is known."""
    for module in walk_packages(tasuki.__path__, "tasuki."):
        if not any(part in module.name for part in _NOT_IMPORTED):
            import_module(module.name)


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` name those that are not up to date."""
    load_everything()
    old = []
    for name, make in PAGES.items():
        path, text = DOCS / name, make().rstrip() + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            old.append(name)
            if "--check" not in arguments:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    for name in old:
        sys.stdout.write(f"docs/{name}\n")
    if old and "--check" in arguments:
        sys.stdout.write("  These pages are not up to date: make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
