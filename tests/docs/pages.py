"""The pages of the documentation, and the blocks in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
GENERATED = (
    *("cli.md", "errors.md", "formulas.md", "leaks.md", "ledger.md", "mapping.md"),
    *(f"L{number:02d}.md" for number in range(1, 39)),
)
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: where it stands, its language, its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]


def page_paths() -> list[Path]:
    """Every page that people read, the generated ones included."""
    top = [
        ROOT / name
        for name in ("README.md", "README.ja.md", "CHANGELOG.md", "CONTRIBUTING.md")
    ]
    return [
        *top,
        *sorted(ROOT.glob("docs/**/*.md")),
        *sorted(ROOT.glob("connectors/*/README.md")),
    ]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Block]:
    """The fenced blocks of these languages on all pages."""
    return [
        one
        for path in page_paths()
        for one in _blocks_of(path)
        if one.language in languages
    ]


def _blocks_of(path: Path) -> Iterator[Block]:
    text = text_of(path)
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(name_of(path), line, found[2], dedent(found[3]))


def prose_of(path: Path) -> str:
    """The page without its fenced blocks."""
    return _BLOCK.sub("", text_of(path))
