"""Formulas that want out, or want everything: refused or bounded, at once."""

import contextlib
import time
import tracemalloc
from datetime import date

import pytest

from tasuki.formula import (
    FormulaError,
    FormulaSyntaxError,
    builtin_functions,
    parse,
)

TABLE = builtin_functions({"owner": "1"}, {"free": ["a"]}, lambda: date(2026, 5, 31))
SCOPE = {"x": "a" * 100_000, "big": [{"big": [1] * 5_000}] * 5_000, "n": 10**30}

REFUSED = [
    '__import__("os").system("id")',
    'open("/etc/passwd").read()',
    'eval("1")',
    'exec("1")',
    "globals()",
    'getattr(x, "y")',
    "().__class__.__bases__[0].__subclasses__()",
    '"".__class__',
    "x.__class__.__mro__",
    "x._private",
    "__builtins__",
    "_f_lower",
    "lower.__globals__",
    "get.__self__",
    "lower(x).y",
    '"{0.__class__}".format(x)',
    '"a".upper()',
    "(lambda: 1)()",
    "lambda: 1",
    "[a for a in b]",
    "{a for a in b}",
    "{1: 2}",
    "(a for a in b)",
    'f"{x.__class__}"',
    'b"a"',
    "x[0]",
    "x[1:2]",
    "(x := 1)",
    "*x",
    "lower(*x)",
    "lower(**x)",
    "yield x",
    "await x",
    "import os",
    "x; y",
    "x\ny",
    "...",
    "1j",
    "~x",
    "x @ y",
    "x << 99999999",
    "x | y",
    "None()",
    "a()()",
    "(lower or upper)(x)",
    "sum(big, x, null)",
    "x" * 3_000,
    "(" * 1_000 + ")" * 1_000,
    "[" * 41 + "]" * 41,
    "-" * 1_999 + "1",
    "not " * 400 + "x",
    "a" + ".a" * 900,
    "+".join(["a"] * 900),
    "1 if 1 else " * 150 + "1",
    "x in " * 350 + "x",
    "f(a b " * 39 + ")" * 39,
    "concat(" + ",".join(["x"] * 900) + ")",
    "9" * 1_500,
    "1e999999999",
    "0." + "9" * 1_500,
    '"\\N{BULLET}"',
    '"\\ud800"',
    "\ud800",
    '"\ud800"',
    "\x00",
    '"\x00"',
    '"""a"""',
    "sum(a, sum(b, sum(c, sum(d, 1))))",
]

BOUNDED = [
    "9 ** 9 ** 9 ** 9",
    "9 ** 99999999",
    "((9 ** 30) ** 30) ** 30",
    "2 ** -1000000",
    "n * n * n * n",
    "1e99 * 1e99",
    "int(1e99)",
    "1e99 % 3",
    '"a" * 1000000000',
    "[1] * 1000000000",
    'pad("a", 1000000000)',
    "round(1.5, 999999999)",
    "left(x, 99999999999)",
    'replace(replace(x, "a", x), "a", x)',
    "x + x + x",
    "concat(x, x, x, x)",
    'join(["a", "b", "c"], x)',
    "number(x)",
    "date(x)",
    "sum(big, sum(big, sum(big, 1)))",
    "map(big, map(big, map(big, 1)))",
    "[" + ", ".join(["sum(big, 1)"] * 80) + "]",
    'add_months("2026-01-31", 999999999)',
    'add_days("9999-12-31", 1)',
    'business_day_add("2026-01-01", 99999999)',
]


@pytest.mark.parametrize("formula", REFUSED)
def test_what_is_not_allowed_is_refused_at_once(formula: str) -> None:
    started = time.thread_time()
    with pytest.raises(FormulaSyntaxError):
        parse(formula, TABLE)
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize("formula", BOUNDED)
def test_what_would_grow_is_stopped_early(formula: str) -> None:
    compiled = parse(formula, TABLE)
    with contextlib.suppress(FormulaError):
        compiled(SCOPE)  # imports and caches are not counted below
    started = time.thread_time()
    with pytest.raises(FormulaError):
        compiled(SCOPE)
    assert time.thread_time() - started < 0.5
    tracemalloc.start()
    with pytest.raises(FormulaError):
        compiled(SCOPE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16_000_000


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
