"""Whichever parser reads a text, it means the same and stands at the same places."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasuki.mapping import yaml_text
from tasuki.mapping.problem import Problems
from tasuki.mapping.yaml_text import Document, read_yaml

FILES = sorted(Path(__file__).parents[3].glob("mappings/**/*.yaml"))
WRONG = sorted((Path(__file__).parent / "wrong").glob("*.yaml"))
TOKENS = (
    *(" ", "  ", "\n", "\n  ", "\n- ", "a", "b: ", ": ", "{", "}", "[", "]", '"', "'"),
    *(
        "#",
        " #",
        "&x ",
        "*x",
        "!t ",
        "|\n  ",
        ">\n  ",
        "%",
        "@",
        "?",
        "? ",
        "漢",
        "\u3000",
    ),
    *("\t", "\u2028", "= a * b", "1", "null", "~", "---\n", "\ufeff", "e\u0301", "12"),
    *("😀", "\\n", "a: {x: 1}\n", ", "),
)


def told(text: str) -> tuple[object, list[str], list[tuple[object, ...]]]:
    problems = Problems()
    document = read_yaml("x.yaml", text, problems)
    value = None if document is None else document.value
    places = [] if document is None else list(standing(document))
    return value, [str(one) for one in problems.of("x.yaml")], places


def standing(document: Document) -> Iterator[tuple[object, ...]]:
    for path in document._values:
        place = document.problem(path, "")
        yield path, place.line, place.column, document.comment_behind(path)


def slowly(text: str, patch: pytest.MonkeyPatch) -> object:
    with patch.context() as within, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the parser, about anchors
        within.setattr(yaml_text, "_needs_care", lambda _: True)
        return told(text)


def same(text: str) -> None:
    patch = pytest.MonkeyPatch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert told(text) == slowly(text, patch)


@pytest.mark.parametrize("path", [*FILES, *WRONG], ids=lambda one: one.stem)
def test_a_file_means_the_same_to_both(path: Path) -> None:
    same(path.read_bytes().decode("utf-8", errors="replace"))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
@example("b: #")
@example("a: |\n  \n    b")
@example("[a: !t :]")
@example("a:\tb")
def test_any_text_means_the_same_to_both(text: str) -> None:
    same(text)


def test_a_shipped_mapping_is_read_by_the_fast_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    careful: list[str] = []
    before = yaml_text._needs_care

    def noted(text: str) -> bool:
        careful.extend([text] if before(text) else [])
        return before(text)

    monkeypatch.setattr(yaml_text, "_needs_care", noted)
    for path in FILES:
        told(path.read_text(encoding="utf-8"))
    assert len(careful) < len(FILES) / 2
