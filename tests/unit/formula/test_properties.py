"""Properties that hold for any value: nothing flows through, numbers stay exact."""

from datetime import date
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasuki.formula import FormulaError, builtin_functions, parse

TABLE = builtin_functions({}, {}, lambda: date(2026, 5, 31))
FLOWING = [
    each
    for each in TABLE
    if each.nulls == "flow" and each.name not in {"field", "setting", "list", "today"}
]
NUMBERS = st.one_of(
    st.integers(-(10**15), 10**15),
    st.decimals(-(10**12), 10**12, places=4),
    st.floats(-1e9, 1e9).map(lambda value: round(value, 3)),
)
ORDERS = ("<", "<=", ">", ">=")


@pytest.mark.parametrize("each", FLOWING, ids=lambda each: each.name)
def test_nothing_in_gives_nothing_out(each: object) -> None:
    parameters = list(each.parameters.parameters.values())
    needed = [
        p for p in parameters if p.default is p.empty and p.kind != p.VAR_POSITIONAL
    ]
    for index in range(len(needed)):
        arguments = ["x" if n == index else '"1"' for n in range(len(needed))]
        assert parse(f"{each.name}({', '.join(arguments)})", TABLE)({}) is None


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "//", "%", "**", *ORDERS])
@settings(max_examples=20, deadline=None)
@given(value=NUMBERS)
def test_nothing_flows_through_every_operator(sign: str, value: object) -> None:
    assert parse(f"a {sign} b", TABLE)({"a": value}) is None
    assert parse(f"a {sign} b", TABLE)({"b": value}) is None


@settings(max_examples=100, deadline=None)
@given(value=st.one_of(NUMBERS, st.text(), st.booleans(), st.lists(st.integers())))
def test_nothing_equals_nothing_only(value: object) -> None:
    assert parse("a == null", TABLE)({"a": value}) is False
    assert parse("a != b", TABLE)({"a": value}) is True
    assert parse("a == b", TABLE)({}) is True


@settings(max_examples=150, deadline=None)
@given(a=NUMBERS, b=NUMBERS, c=NUMBERS)
def test_sums_do_not_depend_on_order(a: object, b: object, c: object) -> None:
    scope = {"a": a, "b": b, "c": c}
    assert parse("a + b + c == c + b + a", TABLE)(scope) is True
    assert parse("a * b == b * a", TABLE)(scope) is True
    assert parse("a - b == -(b - a)", TABLE)(scope) is True


@settings(max_examples=150, deadline=None)
@given(value=NUMBERS, digits=st.integers(0, 3))
def test_rounding_moves_a_number_by_half_a_unit_at_most(
    value: object, digits: int
) -> None:
    scope = {"a": value, "d": digits}
    rounded = parse("round(a, d)", TABLE)(scope)
    unit = Decimal(1).scaleb(-digits)
    assert abs(Decimal(str(rounded)) - Decimal(str(value))) * 2 <= unit
    assert parse("floor(a, d) <= a", TABLE)(scope) is True
    assert parse("ceil(a, d) >= a", TABLE)(scope) is True


@settings(max_examples=100, deadline=None)
@given(a=NUMBERS, b=NUMBERS)
def test_the_ambient_decimal_context_changes_nothing(a: object, b: object) -> None:
    formula = parse("a * b + a / 3 - b", TABLE)
    usual = formula({"a": a, "b": b})
    with localcontext() as context:
        context.prec = 3
        assert formula({"a": a, "b": b}) == usual


@settings(max_examples=100, deadline=None)
@given(a=NUMBERS, b=NUMBERS)
def test_exactly_one_order_holds(a: object, b: object) -> None:
    scope = {"a": a, "b": b}
    held = [parse(f"a {sign} b", TABLE)(scope) for sign in ("<", "==", ">")]
    assert sorted(held) == [False, False, True]


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40))
def test_a_text_is_never_silently_a_number(text: str) -> None:
    with pytest.raises(FormulaError):
        parse("a + 1", TABLE)({"a": text})
    with pytest.raises(FormulaError):
        parse("a > 1", TABLE)({"a": text})


def test_tenths_add_up() -> None:
    assert parse("0.1 + 0.2 == 0.3", TABLE)({}) is True
    assert parse("sum(x) == 1", TABLE)({"x": [0.1] * 10}) is True
    assert parse("a * 0.1", TABLE)({"a": 1980}) == Decimal("198.0")
