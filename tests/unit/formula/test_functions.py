"""The functions: their examples run, their table is a project's own."""

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from tasuki.formula import (
    Example,
    FormulaError,
    Function,
    RefusedValueError,
    builtin_functions,
    function,
    parse,
    runtime_globals,
)
from tasuki.formula.reference import markdown
from tasuki.model.errors import ConfigError

TABLE = builtin_functions(
    {"default_owner": "005A"}, {"free": ["gmail.com"]}, lambda: date(2026, 5, 31)
)
EXAMPLES = [(each.name, example) for each in TABLE for example in each.examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda each: str(each)[:60])
def test_the_examples_of_every_function_are_true(name: str, example: Example) -> None:
    formula = parse(example.formula, TABLE)
    assert name in formula.functions
    result = formula(example.given)
    assert result == example.gives
    assert type(result) is type(example.gives)


@pytest.mark.parametrize("each", list(TABLE), ids=lambda each: each.name)
def test_every_function_is_described_with_an_example(each: Function) -> None:
    assert each.examples
    assert each.doc
    assert each.signature.startswith(f"{each.name}(")


WITH_TEMPLATE = [each for each in TABLE if each.template]


@pytest.mark.parametrize("each", WITH_TEMPLATE, ids=lambda each: each.name)
def test_a_template_does_what_the_function_does(each: Function) -> None:
    by_field = parse(f"{each.name}(x)", TABLE)
    for text in ("", " Ab ", "12", "１２", "9" * 40, "ÀÉ", "0012"):
        by_formula = outcome(lambda value: by_field({"x": value}), text)
        assert by_formula == outcome(each.call, text)


def outcome(call: Callable[[str], object], text: str) -> object:
    try:
        return call(text)
    except (FormulaError, RefusedValueError) as error:
        return error.reason


@pytest.mark.parametrize("rate", ["round", "floor", "ceil", "truncate"])
def test_rounding_keeps_whole_numbers_whole(rate: str) -> None:
    assert type(parse(f"{rate}(x)", TABLE)({"x": 1.5})) is int
    assert parse(f"{rate}(12, 2)", TABLE)({}) == 12


@pytest.mark.parametrize(
    ("formula", "gives"),
    [
        ("round(0.5)", 1),
        ("round(-0.5)", -1),
        ("round(1.005, 2)", Decimal("1.01")),
        ("floor(-1.5)", -2),
        ("ceil(-1.5)", -1),
        ("truncate(-1.5)", -1),
        ("floor(12345, -3)", 12000),
        ("abs(-1.5)", Decimal("1.5")),
        ('substring("abc", 2)', "bc"),
        ('right("abc", 0)', ""),
        ('right("abc", 9)', "abc"),
        ('split("", ";")', []),
        ('add_months("2024-02-29", 12)', date(2025, 2, 28)),
        ('add_months("2026-01-31", -2)', date(2025, 11, 30)),
        ('format_date("2026-05-01", "YYYYMM")', "202605"),
        ("first_of([null, ' ', 'b'])", "b"),
        ('min_of(["2026-05-02"], date(item))', date(2026, 5, 2)),
        ('max(date("2026-05-02"), date("2026-05-03"))', date(2026, 5, 3)),
        ("avg([])", None),
        ('tax_class("", null)', None),
        ("postcode(1000001)", "100-0001"),
        ('hiragana("ﾔﾏﾀﾞ ﾀﾛｳ")', "やまだたろう"),
        ('due_date("2026-05-01", "")', None),
    ],
)
def test_edges_of_functions(formula: str, gives: object) -> None:
    assert parse(formula, TABLE)({}) == gives


def shout(text: str, times: int = 1) -> str:
    """Write loudly."""
    return text.upper() + "!" * times


def half(number: int) -> float:
    """Halve a number, carelessly."""
    return number / 2


def broken(text: str) -> str:
    """Give up with the value in the message."""
    raise KeyError(text)


def test_a_project_adds_its_own_functions() -> None:
    table = TABLE.extended([function(shout), function(half), function(broken)])
    assert parse("shout(x, times=2)", table)({"x": "a"}) == "A!!"
    assert parse("shout(x)", table)({"x": None}) is None
    assert parse("half(5)", table)({}) == Decimal("2.5")
    assert "shout" not in TABLE
    with pytest.raises(FormulaError) as caught:
        parse("broken(x)", table)({"x": "secret"})
    assert caught.value.reason == "broken gave up (KeyError)"
    assert "secret" not in f"{caught.value!r}{caught.value.__context__}"
    assert "### `shout(text, times=1)`" in markdown(table)


def test_a_shipped_function_is_not_replaced_in_silence() -> None:
    with pytest.raises(ConfigError, match="'lower' exists already"):
        TABLE.extended([function(shout, name="lower")])


def test_the_reference_lists_every_function_with_its_examples() -> None:
    page = markdown(TABLE)
    for each in TABLE:
        assert f"### `{each.signature}`" in page
    assert 'lower("TARO@Sample.co.jp")  →  "taro@sample.co.jp"' in page
    assert "Args:" not in page


def test_sources_of_several_formulas_run_side_by_side() -> None:
    formulas = {
        "a": parse("lower(x)", TABLE),
        "b": parse("number(y) * 0.1 if number(y) >= 10 else first(y, 0.5)", TABLE),
        "c": parse("sum(lines, Price * 1.1) / count(lines) if lines else 0", TABLE),
    }
    body = ", ".join(f"{name!r}: {each.source}" for name, each in formulas.items())
    names = runtime_globals(TABLE, *formulas.values()) | {"__builtins__": {}}
    together = eval(f"lambda get: {{{body}}}", names)
    for scope in (
        {"x": "A", "y": "20", "lines": [{"Price": 10}]},
        {"x": None, "y": None, "lines": None},
        {"y": "5"},
    ):
        assert together(scope.get) == {k: each(scope) for k, each in formulas.items()}


def test_making_the_table_loads_nothing_heavy() -> None:
    code = (
        "import sys; from datetime import date; from tasuki.formula import *;"
        "builtin_functions({}, {}, lambda: date(2026, 1, 1));"
        "print([m for m in ('phonenumbers', 'jpholiday', 'prefect', 'httpx', 'pydantic')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
