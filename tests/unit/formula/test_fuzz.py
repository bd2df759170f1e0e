"""Any text and any tree: a value, a FormulaSyntaxError or a FormulaError, no more."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki.formula import (
    FormulaError,
    FormulaSyntaxError,
    builtin_functions,
    parse,
)

TABLE = builtin_functions(
    {"owner": "1", "rate": 0.1}, {"free": ["a", 1, None]}, lambda: date(2026, 5, 31)
)
FIELDS = ("a", "b", "rec.x", "rec.rec.x", "lines", "item", "会社名", 'field("$id")')
LITERALS = ("0", "1", "-1", "0.1", "1e30", '""', '"true"', '"12"', '"2026-05-31"')
WORDS = ("true", "false", "null", "[]", '"株式会社サンプル"', '"月末締め翌月末払い"')
SIGNS = ("+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=")
JOINS = (*SIGNS, "in", "not in", "and", "or")
NAMES = sorted(set(TABLE.names) - {"field"})


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(JOINS), inner).map(
            lambda p: f"({' '.join(p)})"
        ),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} < {p[1]} == {p[2]})"),
        st.tuples(st.sampled_from(["-", "not "]), inner).map("".join),
        st.lists(inner, max_size=3).map(lambda p: f"[{', '.join(p)}]"),
        st.tuples(st.sampled_from(NAMES), st.lists(inner, max_size=3)).map(
            lambda p: f"{p[0]}({', '.join(p[1])})"
        ),
    )


TREES = st.recursive(
    st.sampled_from([*FIELDS, *LITERALS, *WORDS]), larger, max_leaves=12
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**40), 10**40),
        st.floats(),
        st.decimals(),
        st.text(max_size=8),
        st.sampled_from(
            ["true", "12", "2026-05-31", "a@b.jp", "03-1234-5678", Decimal("1E+900")]
        ),
        st.dates(),
        st.datetimes(timezones=st.sampled_from([None, UTC])),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["a", "b", "x", "rec", "lines"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)
SCOPES = st.dictionaries(
    st.sampled_from(["a", "b", "rec", "lines", "item", "会社名", "$id"]), VALUES
)


SIGNS_OF_TEXT = "ab1.()[]\"'=<>+-*/% ,\n_{}\\@株　０"


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A formula with a few characters taken out, put in or doubled."""
    text = draw(TREES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 2))
        put = draw(st.text(SIGNS_OF_TEXT, max_size=2))
        text = text[:at] + put + text[at + cut :]
    return text


@settings(max_examples=250, deadline=None)
@given(text=damaged(), scope=SCOPES)
def test_a_damaged_formula_gives_a_value_or_a_formula_error_in_bounded_time(
    text: str, scope: dict[str, object]
) -> None:
    started = time.thread_time()
    try:
        value = parse(text, TABLE)(scope)
    except (FormulaSyntaxError, FormulaError):
        value = None
    assert not isinstance(value, float)
    assert time.thread_time() - started < 3


@settings(max_examples=250, deadline=None)
@given(text=TREES, scope=SCOPES)
def test_any_tree_gives_a_value_or_a_formula_error(
    text: str, scope: dict[str, object]
) -> None:
    try:
        formula = parse(text, TABLE)
    except FormulaSyntaxError as error:
        assert all(0 <= each.position <= len(text) for each in error.problems)  # noqa: PT017
        assert "deep" not in str(error)  # noqa: PT017 - what was written could be compiled
        return
    try:
        first = formula(scope)
    except FormulaError as error:
        assert 0 <= error.position < len(text)  # noqa: PT017
        return
    assert not isinstance(first, float)
    again = formula(scope)
    assert again == first or repr(again) == repr(first)


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=60), st.text("ab1.()[]\"'=<>+-*/% ,\n", max_size=40)
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text, TABLE)
    except FormulaSyntaxError as error:
        assert error.problems  # noqa: PT017
        assert all(0 <= each.position <= len(text) for each in error.problems)  # noqa: PT017


@settings(max_examples=150, deadline=None)
@given(
    left=st.decimals(-(10**12), 10**12, places=2), right=st.integers(-(10**6), 10**6)
)
def test_division_and_rest_make_the_whole_again(left: Decimal, right: int) -> None:
    scope = {"a": left, "b": right}
    if right:
        assert parse("(a // b) * b + a % b == a", TABLE)(scope) is True
        assert parse("a % b == 0 or (a % b < 0) == (b < 0)", TABLE)(scope) is True


def test_times_of_both_kinds_have_no_order() -> None:
    scope = {"a": datetime(2026, 1, 1), "b": datetime(2026, 1, 1, tzinfo=UTC)}  # noqa: DTZ001
    with pytest.raises(FormulaError, match="zone"):
        parse("a < b", TABLE)(scope)
