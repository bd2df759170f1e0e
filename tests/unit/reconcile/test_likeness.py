"""Two spellings of one value are no drift; two values are."""

from decimal import Decimal

import pytest

from tasuki.model.likeness import is_same
from tasuki.reconcile.likeness import drift


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (None, ""),
        (True, "true"),
        (Decimal("1000.00"), 1000),
        (Decimal("1.50"), "1.5"),
        (1e3, "1000"),
        ("山田 ", "山田"),
        ("a\r\nb", "a\nb"),
        ("2026-04-01T09:00:00+09:00", "2026-04-01T00:00:00.000+0000"),
        ("0035h0000000001", "0035h0000000001AAA"),
        (Decimal("-0"), 0),
    ],
)
def test_two_spellings_of_one_value_are_the_same(left: object, right: object) -> None:
    assert is_same(left, right)
    assert is_same(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("007", "7"),
        ("", "0"),
        (None, False),
        ("Taro", "taro"),
        ("2026-04-01", "2026-04-02"),
        ("0035h0000000001", "0035h0000000002AAA"),
        (Decimal(1000), 1001),
    ],
)
def test_two_values_are_not_the_same(left: object, right: object) -> None:
    assert not is_same(left, right)


def test_a_blank_that_was_never_sent_is_not_ours() -> None:
    there = {"Phone": "03-1"}
    assert not drift({"Phone": None}, {}, there)
    assert drift({"Phone": None}, {"Phone": "03-2"}, there)


def test_what_a_sweep_does_not_show_is_not_compared() -> None:
    assert not drift({"lines": "a"}, {}, {"total": 3})


def test_personal_values_are_masked_and_blanks_are_seen() -> None:
    found = drift(
        {"Email": "a@x.jp", "Name": "b"},
        {},
        {"Email": None, "Name": "c"},
        frozenset({"Email", "Name"}),
    )
    assert [(one.name, one.old, one.new) for one in found] == [
        ("Email", None, "***"), ("Name", "***", "***"),
    ]  # fmt: skip
