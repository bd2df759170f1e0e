"""The cursor, the sums, the guards: each on its own."""

from collections.abc import Iterator
from random import Random

import pytest

from tasuki import plan
from tasuki.engine.gate import Gate
from tasuki.engine.pages import Progress, read_ahead
from tasuki.engine.tally import Ending, RunReport, Tally
from tasuki.model.errors import ConservationError, GuardError, TransientError
from tasuki.model.record import Page, Record


def test_the_cursor_never_passes_an_unfinished_page() -> None:
    progress = Progress()
    first, second = progress.begin("c1", 2), progress.begin("c2", 1)
    progress.finish(second)
    progress.finish(first)
    assert progress.advance() is None
    progress.finish(first)
    assert progress.advance() == "c2"
    assert progress.reached == "c2"


def test_an_empty_page_carries_the_cursor() -> None:
    progress = Progress()
    progress.begin("c1", 0)
    assert progress.advance() == "c1"
    assert progress.advance() is None


def test_pages_outside_the_stream_hold_the_cursor_back_but_never_are_it() -> None:
    progress = Progress()
    outside, inside = progress.begin(None, 1), progress.begin("c1", 1)
    progress.finish(inside)
    assert progress.advance() is None
    progress.finish(outside)
    assert progress.advance() == "c1"


@pytest.mark.parametrize("seed", range(50))
def test_in_any_order_the_cursor_is_that_of_the_last_page_before_a_gap(
    seed: int,
) -> None:
    random = Random(seed)
    progress, sizes = Progress(), [random.randrange(4) for _ in range(12)]
    numbers = [progress.begin(f"c{n}", size) for n, size in enumerate(sizes)]
    left = dict(zip(numbers, sizes, strict=True))
    todo = [number for number, size in left.items() for _ in range(size)]
    random.shuffle(todo)
    for number in todo:
        progress.finish(number)
        left[number] -= 1
        progress.advance()
        before_gap = [n for n in numbers if all(not left[m] for m in numbers[: n + 1])]
        assert progress.reached == (f"c{before_gap[-1]}" if before_gap else None)


def pages(count: int) -> list[Page]:
    return [Page([Record(str(n), "", {})], str(n)) for n in range(count)]


def test_reading_ahead_gives_the_same_pages() -> None:
    assert [page.cursor for page in read_ahead(iter(pages(9)))] == [
        str(n) for n in range(9)
    ]


def test_an_error_of_the_reader_comes_after_the_pages_before_it() -> None:
    def broken() -> Iterator[Page]:
        yield from pages(3)
        where = "crm/people"
        raise TransientError(where, "gone")

    ahead = read_ahead(broken())
    assert [next(ahead).cursor for _ in range(3)] == ["0", "1", "2"]
    with pytest.raises(TransientError):
        next(ahead)


def test_a_balanced_run_passes_and_a_missing_record_fails_it() -> None:
    tally = Tally()
    tally.take(3)
    tally.end(Ending.CREATED)
    tally.end(Ending.SKIPPED, "free_mail")
    with pytest.raises(ConservationError, match="3 records read, 2 ended"):
        tally.balance()
    tally.end(Ending.IN_DOUBT, "no_answer")
    tally.balance()
    tally.reopen(Ending.IN_DOUBT, "no_answer")
    with pytest.raises(ConservationError):
        tally.balance()
    tally.end(Ending.CREATED)
    tally.balance()
    assert tally.reasons_of(Ending.IN_DOUBT) == {}
    assert tally.repeats == 1


def test_a_report_counts_what_still_needs_somebody() -> None:
    from tasuki.testing import ManualClock

    tally = Tally()
    for ending in Ending:
        tally.take(1)
        tally.end(ending)
    tally.write_back_failed = 2
    report = RunReport("s", "r", ManualClock().now(), tally)
    assert report.left_over() == 4 + 2  # dead, in doubt, deferred, held
    assert report.as_json()["left_over"] == 6


CREATE = plan.Create({})
UPDATE = plan.Update("L1", {})


def test_an_unguarded_run_sends_at_once() -> None:
    gate = Gate(None, None)
    assert gate.is_open()
    assert all(gate.count(CREATE) for _ in range(5000))
    gate.close("s")


def test_a_guarded_run_sends_only_when_all_is_decided() -> None:
    gate = Gate(2, None)
    assert not gate.is_open()
    assert gate.count(CREATE)
    assert gate.count(CREATE)
    gate.close("s")
    assert not gate.count(CREATE)
    with pytest.raises(GuardError, match="would create 3 records") as caught:
        gate.close("s")
    assert caught.value.count == 3


def test_a_record_decided_again_is_not_counted_twice() -> None:
    gate = Gate(1, 1)
    gate.count(CREATE)
    gate.forget(CREATE)
    gate.count(CREATE)
    gate.count(UPDATE)
    gate.forget(UPDATE)
    gate.count(UPDATE)
    gate.close("s")


def test_a_share_of_changes_is_guarded_and_attaching_is_no_change() -> None:
    gate = Gate(None, 3, known=10)
    for _ in range(5):
        assert gate.count(plan.Update("L1", {}, attaching=True))
    for _ in range(3):
        assert gate.count(UPDATE)
    assert not gate.count(UPDATE)
    with pytest.raises(GuardError, match="would change 4 of 10 known records"):
        gate.close("s")


def test_a_persons_word_opens_the_gate_for_as_many() -> None:
    gate = Gate(2, 2, trusted=True)
    assert gate.is_open()
    gate.count(CREATE)
    gate.count(CREATE)
    assert gate.is_open()
    gate.count(CREATE)
    assert not gate.is_open()
