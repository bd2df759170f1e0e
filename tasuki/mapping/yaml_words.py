"""Says in our words where and why a text is no YAML; the parser has its own."""

import re
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import (
    BlockEndToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
)

from tasuki.mapping.problem import Problem

MOST_DEPTH = 30
ALIASES = "anchors and aliases (& and *) are not used here"
WRITE_OUT = "Write the value out at each place."
_MOST_OPEN = 200  # brackets open at once; far more than any file that can be read
_OPENING = (
    BlockMappingStartToken,
    BlockSequenceStartToken,
    FlowMappingStartToken,
    FlowSequenceStartToken,
)
_CLOSING = (BlockEndToken, FlowMappingEndToken, FlowSequenceEndToken)
_DEEP = "values nested too deeply"
_FLATTEN = "Write the inner values in blocks of their own."

# The parser's words, ours, the remedy, and whether the place is where it began.
_WORDS: tuple[tuple[str, str, str, bool], ...] = (
    (
        "mapping values are not allowed",
        "a second ': ' in one line",
        "Put the value in quotes: field: '= concat(a, \": \", b)'.",
        False,
    ),
    (
        "found another document",
        "a second document begins here",
        "One file holds one document: move the rest into a file of its own.",
        False,
    ),
    ("found undefined alias", ALIASES, WRITE_OUT, False),
    (
        "found unexpected end of stream",
        "the text in quotes that begins here is not closed",
        "End it with the same quotation mark.",
        True,
    ),
    (
        "found unexpected document separator",
        "the text in quotes that begins here is not closed",
        "End it with the same quotation mark.",
        True,
    ),
    ("expected ',' or ']'", "the '[' here is not closed", "End the list with ].", True),
    ("expected ',' or '}'", "the '{' here is not closed", "End it with }.", True),
    (
        "could not find expected ':'",
        "there is no ': ' behind this key",
        "Write key: value; a list item begins with '- '.",
        True,
    ),
    (
        "expected <block end>",
        "this line does not fit the lines above it",
        "Give it the indentation of the line that it belongs to.",
        False,
    ),
    (
        "found character that cannot start",
        "a plain value cannot begin with this character",
        "Put the value in quotes.",
        False,
    ),
    (
        "found unknown escape character",
        "a backslash means something else within double quotes",
        "Write \\\\, or put the value in single quotes.",
        False,
    ),
)
_NAMED_CHARACTER = re.compile(r"found character '.*?' that cannot start")


def unreadable(file: str, text: str, error: Exception) -> Problem:
    """Return the problem of a text that cannot be read.

    Args:
        file: As problems name it.
        text: The file's text.
        error: What the parser raised: a YAMLError or a RecursionError.
    """
    if isinstance(error, MarkedYAMLError):
        return _marked(file, text, error)
    if isinstance(error, ReaderError):
        return _character(file, text, error)
    if isinstance(error, RecursionError):
        return _too_deep(file, text)
    return Problem(file, 1, 1, f"not YAML ({str(error).splitlines()[0]})")


def depth_problem(file: str, text: str) -> Problem | None:
    """Return a problem where brackets open without end, before a parser meets them."""
    opened = 0
    for found in re.finditer(r"[\[\]{}]", text):
        opened = opened + 1 if found[0] in "[{" else max(opened - 1, 0)
        if opened > _MOST_OPEN:
            line, column = _place(text, found.start())
            return Problem(file, line, column, _DEEP, _FLATTEN)
    return None


def _marked(file: str, text: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    words = (error.problem or "not YAML").splitlines()[0]
    at = text.split("\n")[line] if line < text.count("\n") + 1 else ""
    if "\t" in at[: column + 1] or "\\t" in words:
        remedy = "YAML indents with spaces."
        return Problem(file, line + 1, max(at.find("\t"), 0) + 1, "a tab", remedy)
    if "mapping values are not allowed" in words and line and at.count(":") == 1:
        remedy = "Put a space behind the colon."
        return Problem(file, line, 1, "there is no ': ' behind this key", remedy)
    known = _NAMED_CHARACTER.sub("found character that cannot start", words)
    for theirs, ours, remedy, begins in _WORDS:
        if theirs in known:
            if begins and isinstance(error.context_mark, StringMark):
                line, column = error.context_mark.line, error.context_mark.column
            return Problem(file, line + 1, column + 1, ours, remedy)
    remedy = "Check the indentation and the quotes around here."
    return Problem(file, line + 1, column + 1, words, remedy)


def _character(file: str, text: str, error: ReaderError) -> Problem:
    code = error.character if isinstance(error.character, int) else ord("\ufffd")
    index = text.find(chr(code))
    line, column = _place(text, max(index, 0))
    what = f"the character U+{code:04X} cannot stand in a file"
    return Problem(file, line, column, what, "Remove it; it may be invisible.")


def _too_deep(file: str, text: str) -> Problem:
    depth, mark = 0, None
    for token in _tokens(text):
        if isinstance(token, _OPENING):
            depth += 1
        elif isinstance(token, _CLOSING):
            depth -= 1
        if depth > MOST_DEPTH:
            mark = token.start_mark  # type: ignore[attr-defined]
            break
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem(file, line, column, _DEEP, _FLATTEN)


def _tokens(text: str) -> Iterator[object]:
    try:
        yield from YAML(typ="safe", pure=True).scan(text)
    except YAMLError:
        return


def _place(text: str, index: int) -> tuple[int, int]:
    line = text.count("\n", 0, index) + 1
    return line, index - (text.rfind("\n", 0, index) + 1) + 1
