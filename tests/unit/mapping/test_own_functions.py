"""A project's own functions: loaded, called, tested, and part of the revision."""

from pathlib import Path

import pytest

from tasuki.mapping import Faulty, MappingSet, Payload, run_tests
from tests.unit.mapping.mapping_project import HEAD, MATCH, load, project, record

FUNCTIONS = '''"""Rules of our own."""

from decimal import Decimal

from tasuki.formula import RefusedValueError

_LIMIT = 80


def rank(points: int | Decimal) -> str:
    """Return the rank of a score.

    Scores come from marketing.

    >>> rank(90)
    'A'
    >>> rank(10)
    'B'
    """
    return "A" if points >= _LIMIT else "B"


def joined(one: str | None, other: str, by: str = "-") -> str:
    """Join two texts; the first may be missing.

    >>> joined(null, "b")
    'b'
    """
    return f"{one}{by}{other}" if one else other


def third(amount: Decimal) -> Decimal:
    """Return a third of a sum.

    >>> third(1.5)
    Decimal('0.5')
    """
    return amount / 3


def strict(text: str) -> str:
    """Refuse what is not good.

    >>> strict("good")
    'good'
    """
    if text == "broken":
        raise KeyError(text)
    if text != "good":
        raise RefusedValueError("a text that is not good", "Write good.")
    return text


def _hidden() -> str:
    return "not for formulas"
'''
LEAD = (
    HEAD
    + MATCH
    + "fields:\n  A: = rank(number(a))\n  B: {from: b, as: strict}\n  C: = joined(c, d, by='/')\n"
)


def loaded(folder: Path, text: str = LEAD, functions: str = FUNCTIONS) -> MappingSet:
    return load(project(folder, lead=text, **{"functions.py": functions}))


def test_a_function_of_the_project_is_called_in_formulas_and_as(tmp_path: Path) -> None:
    mapping = loaded(tmp_path)["lead"]

    made = mapping.evaluate(record(a="90", b="good", c="x", d="y"))

    assert isinstance(made, Payload)
    assert made.fields == {"A": "A", "B": "good", "C": "x/y"}


def test_nothing_flows_past_what_a_function_does_not_allow_for(tmp_path: Path) -> None:
    mapping = loaded(tmp_path)["lead"]

    made = mapping.evaluate(record(d="y"))
    missing = mapping.evaluate(record(c="x"))

    assert isinstance(made, Payload)
    assert made.fields == {"A": None, "B": None, "C": "y"}
    assert isinstance(missing, Payload)
    assert missing.fields["C"] is None


@pytest.mark.parametrize(
    ("value", "words", "remedy"),
    [
        (
            "bad",
            "a text that is not good (in `strict(b)`, character 1; b: text of 3 characters)",
            "Write good.",
        ),
        (
            "broken",
            "strict gave up (KeyError) (in `strict(b)`, character 1; b: text of 6 characters)",
            "Correct the record at its source, or the formula.",
        ),
    ],
)
def test_its_errors_are_those_of_the_record_and_quote_no_value(
    value: str, words: str, remedy: str, tmp_path: Path
) -> None:
    made = loaded(tmp_path)["lead"].evaluate(record(b=value))

    assert made == Faulty("B", "formula", words, remedy)


def test_the_examples_in_its_docstring_are_tests(tmp_path: Path) -> None:
    results = run_tests(loaded(tmp_path))

    assert [(r.mapping, r.name, r.passed) for r in results] == [
        ("function rank", "rank(90)", True),
        ("function rank", "rank(10)", True),
        ("function joined", 'joined(null, "b")', True),
        ("function third", "third(1.5)", True),
        ("function strict", 'strict("good")', True),
    ]
    assert results[0].position == "mappings/functions.py:10"


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("'A'\n    >>>", "'C'\n    >>>", 'expected "C", came "A"'),
        (">>> rank(90)", ">>> rank('x')", "came an error: rank gave up (TypeError)"),
        (
            ">>> rank(90)",
            ">>> rnak(90)",
            "an example is a formula: unknown function 'rnak'",
        ),
    ],
)
def test_an_example_that_is_not_true_fails(
    old: str, new: str, difference: str, tmp_path: Path
) -> None:
    results = run_tests(loaded(tmp_path, functions=FUNCTIONS.replace(old, new, 1)))

    assert not results[0].passed
    assert difference in results[0].difference


def test_it_is_described_without_its_examples(tmp_path: Path) -> None:
    found = loaded(tmp_path).around.functions["rank"]

    assert found.doc == "Return the rank of a score.\n\nScores come from marketing."
    assert found.signature == "rank(points)"
    assert found.group == "project"
    assert "_hidden" not in loaded(tmp_path).around.functions


def test_its_content_is_part_of_the_revision_of_who_calls_it(tmp_path: Path) -> None:
    changed = FUNCTIONS.replace("_LIMIT = 80", "_LIMIT = 70")
    other = HEAD + MATCH + "fields:\n  A: a\n"

    assert (
        loaded(tmp_path)["lead"].revision
        != loaded(tmp_path, functions=changed)["lead"].revision
    )
    assert (
        loaded(tmp_path, other)["lead"].revision
        == loaded(tmp_path, other, changed)["lead"].revision
    )


def test_two_projects_in_one_process_keep_their_own(tmp_path: Path) -> None:
    one = loaded(tmp_path / "one")["lead"]
    other = loaded(tmp_path / "two", functions=FUNCTIONS.replace('"A"', '"AAA"'))[
        "lead"
    ]

    first, second = one.evaluate(record(a="90")), other.evaluate(record(a="90"))

    assert isinstance(first, Payload)
    assert isinstance(second, Payload)
    assert (first.fields["A"], second.fields["A"]) == ("A", "AAA")


def test_a_dataclass_and_a_type_of_its_own_may_help(tmp_path: Path) -> None:
    functions = (
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n\n"
        "@dataclass(frozen=True)\nclass _Band:\n    low: int\n    name: str\n\n"
        "_BANDS = (_Band(80, 'A'), _Band(0, 'B'))\n\n"
        "def rank(points: int) -> str:\n"
        '    """Return the band.\n\n    >>> rank(80)\n    \'A\'\n    """\n'
        "    return next(b.name for b in _BANDS if points >= b.low)\n"
    )
    text = HEAD + MATCH + "fields:\n  A: = rank(number(a))\n"

    made = loaded(tmp_path, text, functions)["lead"].evaluate(record(a="85"))

    assert isinstance(made, Payload)
    assert made.fields == {"A": "A"}
