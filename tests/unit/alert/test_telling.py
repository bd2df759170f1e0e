"""Telling through the ledger: once, by whoever comes, over deaths and dead channels."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tasuki.alert.deliver import (
    TAKEN_SECONDS,
    note_findings,
    pause,
    tell_everybody,
    write_down,
)
from tasuki.alert.message import Message
from tasuki.alert.terms import Route
from tasuki.ledger import Ledger
from tasuki.model.errors import ThrottledError, TransientError
from tasuki.testing import ManualClock
from tests.unit.alert.found import Wall, notice, terms


class DiedError(BaseException):
    """The process ends here."""


class Deadly(Wall):
    """A channel in whose middle the process dies, before or after it took a message."""

    def __init__(self, *, takes: bool) -> None:
        super().__init__()
        self.takes = takes

    def send(self, message: Message, attempt: int) -> str:
        if self.takes:
            super().send(message, attempt)
        raise DiedError


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with Ledger.open(
        url, clock, secret_key=b"a key for the tests, long enough"
    ) as made:
        yield made


def test_a_finding_is_told_once_and_its_recovery_once(
    ledger: Ledger, clock: ManualClock
) -> None:
    book, wall = ledger.alerts(), Wall()
    for _ in range(3):
        note_findings(book, "leaks", [notice("a"), notice("b")])
        tell_everybody(book, terms("wall"), {"wall": wall}, clock)
        clock.sleep(3600)
    assert wall.said() == [("opened", "a"), ("opened", "b")]
    assert len(wall.told) == 1
    for _ in range(2):
        note_findings(book, "leaks", [notice("b")])
        tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    assert wall.said()[2:] == [("recovered", "a")]


def test_a_source_says_nothing_of_what_another_has_found(
    ledger: Ledger, clock: ManualClock
) -> None:
    book, wall = ledger.alerts(), Wall()
    note_findings(book, "leaks", [notice("a")])
    note_findings(book, "archive", [])
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    assert wall.said() == [("opened", "a")]
    assert [row.key for row in book.notices()] == ["a"]


def test_a_finding_keeps_its_first_day_while_its_words_change(ledger: Ledger) -> None:
    book = ledger.alerts()
    note_findings(book, "leaks", [notice("a", title="2 件")])
    later = notice("a", title="9 件")
    note_findings(
        book, "leaks", [later._replace(opened_at=later.opened_at.replace(year=2027))]
    )
    (row,) = book.notices()
    assert "9 件" in row.words
    assert row.opened_at.startswith("2026-")


@pytest.mark.parametrize(("takes", "times"), [(False, 1), (True, 2)])
def test_a_message_that_was_being_sent_at_a_death_is_sent_by_the_next(
    ledger: Ledger, clock: ManualClock, *, takes: bool, times: int
) -> None:
    """Told once more only where the channel took it and we could not note that."""
    book, deadly, wall = ledger.alerts(), Deadly(takes=takes), Wall()
    note_findings(book, "leaks", [notice("a")])
    with pytest.raises(DiedError):
        tell_everybody(book, terms("wall"), {"wall": deadly}, clock)
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    assert wall.told == []  # it may still be on its way
    clock.sleep(TAKEN_SECONDS)
    for _ in range(3):
        tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    assert len(deadly.told) + len(wall.told) == times
    assert {message.id for message in deadly.told + wall.told} == {wall.told[0].id}


def test_a_message_written_down_before_a_death_is_sent_at_once(
    ledger: Ledger, clock: ManualClock
) -> None:
    book, wall = ledger.alerts(), Wall()
    note_findings(book, "leaks", [notice("a")])
    write_down(book, terms("wall"), clock.now())
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    assert wall.said() == [("opened", "a")]


def test_workers_at_the_same_time_tell_it_once(
    ledger: Ledger, clock: ManualClock
) -> None:
    book, wall = ledger.alerts(), Wall()
    note_findings(book, "leaks", [notice(str(n)) for n in range(5)])
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait()
        tell_everybody(ledger.alerts(), terms("wall"), {"wall": wall}, clock)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(key for _, key in wall.said()) == list("01234")


def test_a_failure_is_tried_again_later_and_what_came_meanwhile_comes_after(
    ledger: Ledger, clock: ManualClock
) -> None:
    book, wall = ledger.alerts(), Wall(works=False)
    note_findings(book, "leaks", [notice("a")])
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    assert wall.tries == 1  # not before its time
    for found in ("ab", "abc"):
        note_findings(book, "leaks", [notice(key) for key in found])
        tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    assert wall.tries == 1  # nothing is sent past what waits
    wall.works = True
    clock.sleep(61)
    for _ in range(2):
        tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    assert wall.said() == [("opened", "a"), ("opened", "b"), ("opened", "c")]
    assert len(wall.told) == 2


def test_a_dead_channel_is_told_to_the_others_and_its_recovery_too(
    ledger: Ledger, clock: ManualClock
) -> None:
    book, dead, alive = ledger.alerts(), Wall(works=False), Wall()
    rules = terms("dead", "alive", routes=(Route(("dead",)),))
    channels = {"dead": dead, "alive": alive}
    note_findings(book, "leaks", [notice("a")])
    for _ in range(3):
        assert alive.told == []
        tell_everybody(book, rules, channels, clock)
        clock.sleep(3600)
    assert alive.said() == [("opened", "alerts/channel/dead")]
    dead.works = True
    tell_everybody(book, rules, channels, clock)
    assert dead.said() == [("opened", "a")]
    assert alive.said()[1:] == [("recovered", "alerts/channel/dead")]


def test_a_channel_that_makes_a_mistake_keeps_no_other_from_being_told(
    ledger: Ledger, clock: ManualClock
) -> None:
    class Wrong(Wall):
        def send(self, message: Message, _attempt: int) -> str:
            raise ValueError(message.tellings[0].notice.title_ja)

    book, wall = ledger.alerts(), Wall()
    note_findings(book, "leaks", [notice("a")])
    channels = {"wrong": Wrong(), "wall": wall}
    sent = tell_everybody(book, terms("wrong", "wall"), channels, clock)
    assert wall.said() == [("opened", "a")]
    assert "ValueError" in sent.failed["wrong"]
    assert "請求書" not in sent.failed["wrong"]


def test_waits_double_up_to_an_hour_and_a_system_may_ask_for_more(
    ledger: Ledger, clock: ManualClock
) -> None:
    book = ledger.alerts()
    note_findings(book, "leaks", [notice("a")])
    write_down(book, terms("wall"), clock.now())
    row = book.take("wall", 60)
    assert row is not None
    error = TransientError("alerts/wall", "503")
    waits = [pause(row._replace(attempts=n), error) for n in (0, 1, 2, 50)]
    assert waits == [timedelta(minutes=n) for n in (1, 2, 4, 60)]
    asked = ThrottledError("alerts/wall", "429", "", 300.0)
    assert pause(row, asked) == timedelta(minutes=5)


def test_a_test_of_a_channel_lets_what_waits_be_tried_at_once(
    ledger: Ledger, clock: ManualClock
) -> None:
    book, wall = ledger.alerts(), Wall(works=False)
    note_findings(book, "leaks", [notice("a")])
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    wall.works = True
    book.try_now("wall")
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    assert wall.said() == [("opened", "a")]


def test_what_is_long_over_is_taken_out(ledger: Ledger, clock: ManualClock) -> None:
    book, wall = ledger.alerts(), Wall()
    note_findings(book, "leaks", [notice("a"), notice("b")])
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    note_findings(book, "leaks", [notice("b")])
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    clock.sleep(91 * 86_400)
    tell_everybody(book, terms("wall"), {"wall": wall}, clock)
    with book.deciding() as tx:
        assert [row.key for row in tx.notices()] == ["b"]
        assert [row.key for row in tx.told()] == ["b"]


def test_what_a_person_lets_rest_is_silent_and_new_once_it_wakes(
    ledger: Ledger, clock: ManualClock
) -> None:
    book, wall, rules = ledger.alerts(), Wall(), terms("sales")

    def look(*found: str, hushed: tuple[str, ...] = ()) -> None:
        note_findings(book, "leak", [notice(key) for key in found], hushed)
        tell_everybody(book, rules, {"sales": wall}, clock)

    look("leak/a", "leak/b")
    look("leak/b", hushed=("leak/a",))
    assert wall.said() == [("opened", "leak/a"), ("opened", "leak/b")]
    look("leak/a", "leak/b")
    look()
    assert wall.said()[2:] == [
        ("opened", "leak/a"),
        ("recovered", "leak/a"),
        ("recovered", "leak/b"),
    ]
