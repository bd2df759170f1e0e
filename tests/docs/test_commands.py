"""Every command in the documentation exists, with those options."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tasuki.cli.reference import all_commands
from tests.docs.pages import ROOT, blocks, name_of, page_paths, prose_of, text_of

COMMANDS: dict[str, Any] = all_commands()
_GROUPS = frozenset(name.partition(" ")[0] for name in COMMANDS if " " in name)
TARGETS = frozenset(
    re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
)
_ANYWHERE = ("--json", "--verbose", "-v", "--project", "-p")
_INLINE = re.compile(r"`(tasuki [a-z][^`]*)`")


def _typed() -> Iterator[tuple[str, str]]:
    """Commands as people would type them: the lines of console blocks."""
    for block in blocks("console"):
        for number, line in enumerate(block.text.splitlines(), block.line + 1):
            if line.startswith("$ "):
                yield f"{block.page}:{number}", line[2:].partition("  #")[0].strip()


def _mentioned() -> Iterator[tuple[str, str]]:
    """Commands that prose names, perhaps without their arguments."""
    for path in page_paths():
        for found in _INLINE.finditer(prose_of(path).replace("\n", " ")):
            yield name_of(path), found[1]


def _said_by_code() -> Iterator[tuple[str, str]]:
    """Commands that messages, remedies and comments of the product name."""
    for folder in ("tasuki", "connectors", "flows", "mappings"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".yaml"}:
                for found in _INLINE.finditer(text_of(path)):
                    yield name_of(path), found[1]


def _words(text: str) -> list[str]:
    """The words behind `tasuki`, without options that may stand anywhere."""
    words = shlex.split(text.replace("…", "X"))
    words[0] = words[0].rpartition("/")[2]
    named = [word for word in words[1:] if word not in _ANYWHERE]
    if named and named[0] in _GROUPS:
        named[:2] = [" ".join(named[:2])]
    return named


def _options(name: str) -> set[str]:
    params = COMMANDS[name].params
    return {"-h", "--help"}.union(*(p.opts + p.secondary_opts for p in params))


@pytest.mark.parametrize(
    ("place", "line"), [p for p in _typed() if re.match(r"(\S*/)?tasuki ", p[1])]
)
def test_a_tasuki_command_that_is_shown_can_be_typed(place: str, line: str) -> None:
    name, *rest = _words(line)
    assert name in COMMANDS, f"{place}: there is no command '{name}'"
    with COMMANDS[name].make_context(name, rest):
        pass


@pytest.mark.parametrize(("place", "text"), sorted({*_mentioned(), *_said_by_code()}))
def test_a_command_that_is_named_exists_with_its_options(place: str, text: str) -> None:
    words = _words(text.replace("{", "").replace("}", ""))
    if words[0] in {*_GROUPS, *(f"{one} X" for one in _GROUPS)}:
        return  # a group of commands, named as a whole
    assert words[0] in COMMANDS, f"{place}: there is no command '{words[0]}'"
    used = {word for word in words[1:] if word.startswith("--")}
    assert used <= _options(words[0]), f"{place}: {text}"


@pytest.mark.parametrize(
    ("place", "line"), [p for p in _typed() if p[1].startswith("make ")]
)
def test_a_make_target_that_is_shown_exists(place: str, line: str) -> None:
    assert line.split()[1] in TARGETS, f"{place}: {line}"


def test_every_command_is_in_the_reference_and_has_help() -> None:
    page = text_of(ROOT / "docs" / "reference" / "cli.md")
    for name, command in COMMANDS.items():
        assert f"tasuki {name}" in page
        assert command.help
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.name != "help":
                assert parameter.opts[0] in page, f"tasuki {name} {parameter.opts[0]}"
