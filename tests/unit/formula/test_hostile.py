"""Formulas that want out, or want everything: refused or bounded, at once.

The formulas stand in hostile_refused.jsonl and hostile_bounded.jsonl. They are let loose
in a child process with limits on memory and CPU, which also hears (by Python's audit
events) whether any of them touches a file, a module, a process or the network.
"""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tasuki.formula import FormulaSyntaxError, builtin_functions, parse
from tasuki.formula.limits import MAX_LIST_SECONDS
from tests.unit.formula.hostile import HERE, formulas

TABLE = builtin_functions({"owner": "1"}, {"free": ["a"]}, lambda: date(2026, 5, 31))
# One item more may be worked on after the budget is spent, on a machine that is busy.
MOST_SECONDS = MAX_LIST_SECONDS + 3
MOST_MEGABYTES = 300


@pytest.fixture(scope="module")
def outcomes() -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(HERE / "hostile.py")],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_there_are_enough_hostile_formulas(outcomes: list[dict[str, Any]]) -> None:
    assert len(formulas("refused")) >= 250
    assert len(formulas("bounded")) >= 150
    assert len(outcomes) == len(formulas("refused")) + len(formulas("bounded"))


def test_what_is_not_allowed_is_refused_when_it_is_read(
    outcomes: list[dict[str, Any]],
) -> None:
    read = [
        one["formula"]
        for one in outcomes
        if one["file"] == "refused" and one["outcome"] != "refused"
    ]
    assert read == []


def test_what_would_grow_ends_with_a_reason(outcomes: list[dict[str, Any]]) -> None:
    bounded = [one for one in outcomes if one["file"] == "bounded"]
    assert [
        one["formula"] for one in bounded if one["outcome"] in {"value", "refused"}
    ] == []
    assert [one for one in bounded if "gave up" in one["outcome"]] == []
    assert [one for one in bounded if "nested" in one["outcome"]] == []  # MemoryError


def test_no_formula_takes_longer_than_its_budget(
    outcomes: list[dict[str, Any]],
) -> None:
    slow = [one for one in outcomes if one["seconds"] > MOST_SECONDS]
    assert slow == []


def test_no_formula_fills_the_memory(outcomes: list[dict[str, Any]]) -> None:
    assert outcomes[-1]["megabytes"] - outcomes[0]["megabytes"] < MOST_MEGABYTES


def test_no_formula_touches_anything_outside(outcomes: list[dict[str, Any]]) -> None:
    assert [one for one in outcomes if one["touched"]] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("lower(", ")"),
        ("first(a, ", ")"),
        ("number(1 + number(", "))"),
        ("(1 if ", " else 2)"),
        ("(a or ", ")"),
        ("(a and not ", ")"),
        ("[", "]"),
        ("(1 < ", " < 3)"),
        ('("a" == ', ")"),
        ("sum([", "])"),
        ("concat(a, ", ")"),
        ("-(", ")"),
        ("(x.y.z + ", ")"),
    ],
)
def test_nesting_is_cut_at_a_depth_that_python_can_compile(
    before: str, after: str
) -> None:
    deepest = 0
    for depth in range(1, 45):
        try:
            formula = parse(before * depth + "a" + after * depth, TABLE)
        except FormulaSyntaxError as error:
            assert "deep" in str(error) or "brackets" in str(error)  # noqa: PT017
            break
        deepest = depth
        assert len(formula.source) < 20_000
    assert deepest >= 12
    assert deepest < 44
