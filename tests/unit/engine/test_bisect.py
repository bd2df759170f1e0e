"""A refused batch: which rows are to blame, and what it costs to find out."""

from math import ceil, log2
from random import Random

import pytest

from tasuki.model.bisect import Bisection


def search(rows: int, bad: set[int]) -> tuple[set[int], int]:
    """Return who is blamed and the calls made, the refused first one among them."""
    bisection, blamed, done, calls = Bisection(list(range(rows))), set(), [], 1
    while trial := bisection.next():
        calls += 1
        if bad & set(trial):
            one = bisection.refused()
            blamed |= {one} - {None}
        else:
            bisection.accepted()
            done += trial
    assert sorted([*done, *blamed]) == list(range(rows)), "each row once"
    return blamed, calls


@pytest.mark.parametrize("rows", [2, 3, 7, 100, 200])
def test_one_bad_row_costs_the_logarithm_and_a_few(rows: int) -> None:
    for bad in range(rows):
        blamed, calls = search(rows, {bad})
        assert blamed == {bad}
        assert calls <= ceil(log2(rows)) + 3


def test_three_bad_rows_in_a_hundred_cost_thirty_calls() -> None:
    random = Random(7)
    for _ in range(300):
        bad = set(random.sample(range(100), 3))
        blamed, calls = search(100, bad)
        assert blamed == bad
        assert calls <= 3 * (ceil(log2(100)) + 2) + 2


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_many_bad_rows_cost_about_two_calls_each_at_most(share: float) -> None:
    random = Random(7)
    for _ in range(30):
        bad = set(random.sample(range(100), int(100 * share)))
        blamed, calls = search(100, bad)
        assert blamed == bad
        assert calls <= 2 * 100 + 20


def test_rows_that_are_only_refused_together_are_not_blamed() -> None:
    """Two rows that name one record: each is fine without the other."""
    bisection, done = Bisection([1, 2, 3, 4]), []
    while trial := bisection.next():
        if {1, 4} <= set(trial):
            assert bisection.refused() is None
        else:
            bisection.accepted()
            done += trial
    assert sorted(done) == [1, 2, 3, 4]
