"""The product's own source files, parsed."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PRODUCT = ("tasuki", "connectors", "flows")
_GENERATED = "migrations/versions"


class Source(NamedTuple):
    """One module: where it stands, its text and its tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(part for part in parts if part != "__init__")

    def calls(self) -> Iterator[tuple[int, str]]:
        """Yield (line, dotted name) of every call whose function has a name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node.lineno, ast.unparse(node.func)

    def imports(self) -> Iterator[str]:
        """Yield the modules that are imported, wherever in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield node.module


def sources(*folders: str) -> list[Source]:
    return [source for folder in folders or PRODUCT for source in _of(folder)]


@cache
def _of(folder: str) -> list[Source]:
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        if _GENERATED not in path.as_posix():
            text = path.read_text(encoding="utf-8")
            found.append(Source(path, text, ast.parse(text)))
    assert found
    return found
