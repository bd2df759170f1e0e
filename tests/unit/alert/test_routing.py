"""Who is told what, and when: decided from values alone."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.alert.notice import Severity, row_of, stored
from tasuki.alert.quiet import QuietHours, last_digest
from tasuki.alert.route import About, Standing, Telling, Told, channels_of, due
from tasuki.alert.terms import Route, Terms, Timing
from tasuki.clock import TOKYO
from tests.unit.alert.found import DAY, HOUR, NOW, notice, terms

WORK = QuietHours(time(19), time(8, 30), closed_days=True)


def tokyo(day: int, hour: int, minute: int = 0, month: int = 4) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=TOKYO)


def said(found: dict[str, tuple[Telling, ...]]) -> dict[str, list[tuple[str, str]]]:
    return {
        name: [(one.about.value, one.notice.key) for one in some]
        for name, some in found.items()
    }


def knows(about: str, severity: str = "high", at: datetime = NOW) -> Told:
    return Told(About(about), Severity(severity), at)


def test_a_finding_goes_to_the_channels_of_every_rule_that_takes_it() -> None:
    rules = terms(
        "sales", "keiri", "boss", "rest",
        routes=(
            Route(("boss",), severity=Severity.CRITICAL),
            Route(("keiri",), departments=("back_office",)),
            Route(("sales", "keiri"), findings=("leak/L0*", "hold/*")),
        ),
        otherwise=("rest",),
    )  # fmt: skip
    assert channels_of(notice(), rules) == {"keiri", "sales"}
    assert channels_of(notice(severity="critical"), rules) == {"boss", "keiri", "sales"}
    assert channels_of(notice("x", department="marketing"), rules) == {"rest"}


def test_without_any_rule_everybody_is_told() -> None:
    assert channels_of(notice(), terms("a", "b")) == {"a", "b"}


def test_a_dead_channel_is_told_to_all_others() -> None:
    rules = terms("a", "b", routes=(Route(("a",)),))
    assert channels_of(notice("alerts/channel/a"), rules) == {"b"}


def test_a_finding_already_told_is_not_told_again() -> None:
    one = Standing(notice(), NOW)
    assert said(due([one], {}, terms(), NOW)) == {"sales": [("opened", one.notice.key)]}
    known = {(one.notice.key, "sales"): knows("opened")}
    assert due([one], known, terms(), NOW + 30 * DAY) == {}


def test_a_finding_that_gets_worse_is_told_and_one_that_gets_better_is_not() -> None:
    one = Standing(notice(), NOW)
    assert said(due([one], {(one.notice.key, "sales"): knows("opened", "medium")}, terms(), NOW)) == {
        "sales": [("worse", one.notice.key)]
    }  # fmt: skip
    better = {(one.notice.key, "sales"): knows("opened", "critical")}
    assert due([one], better, terms(), NOW) == {}


def test_an_open_finding_is_told_again_after_as_long_as_was_asked_for() -> None:
    one, rules = Standing(notice(), NOW), terms(remind_after=3 * DAY)
    known = {(one.notice.key, "sales"): knows("opened")}
    assert due([one], known, rules, NOW + 3 * DAY - timedelta(seconds=1)) == {}
    assert said(due([one], known, rules, NOW + 3 * DAY)) == {
        "sales": [("reminder", one.notice.key)]
    }


def test_a_recovery_is_told_once_and_only_to_those_who_knew() -> None:
    one = Standing(notice(), NOW, recovered_at=NOW + HOUR)
    known = {(one.notice.key, "sales"): knows("opened")}
    now = NOW + 2 * HOUR
    assert said(due([one], known, terms("sales", "keiri"), now)) == {
        "sales": [("recovered", one.notice.key)]
    }
    known = {(one.notice.key, "sales"): knows("recovered")}
    assert due([one], known, terms("sales", "keiri"), now) == {}


def test_what_comes_back_before_its_recovery_was_told_is_no_news() -> None:
    again = Standing(notice(), NOW + HOUR)
    known = {(again.notice.key, "sales"): knows("opened")}
    assert due([again], known, terms(), NOW + HOUR) == {}
    known = {(again.notice.key, "sales"): knows("recovered")}
    assert said(due([again], known, terms(), NOW + HOUR)) == {
        "sales": [("opened", again.notice.key)]
    }


@pytest.mark.parametrize(
    ("moment", "is_quiet"),
    [
        (tokyo(1, 8, 29), True),
        (tokyo(1, 8, 30), False),
        (tokyo(1, 18, 59), False),
        (tokyo(1, 19), True),
        (tokyo(4, 12), True),  # Saturday
        (tokyo(29, 12), True),  # 昭和の日
        (tokyo(30, 12), False),
        (tokyo(31, 12, month=12), True),
        (tokyo(13, 12, month=8), True),  # closed by the company
    ],
)
def test_quiet_hours_are_those_of_the_japanese_calendar(
    moment: datetime, *, is_quiet: bool
) -> None:
    hours = QuietHours(
        time(19), time(8, 30), closed_days=True,
        extra_closed=frozenset({date(2026, 8, 13)}),
    )  # fmt: skip
    assert hours.is_quiet(moment) is is_quiet


def test_in_quiet_hours_only_what_is_critical_is_told_and_nothing_where_so_said() -> (
    None
):
    night, morning = tokyo(1, 23), tokyo(2, 8, 30)
    found = [
        Standing(notice("a"), night),
        Standing(notice("b", severity="critical"), night),
    ]
    rules = terms(quiet=WORK)
    assert said(due(found, {}, rules, night)) == {"sales": [("opened", "b")]}
    known = {("b", "sales"): knows("opened", "critical", night)}
    assert said(due(found, known, rules, morning)) == {"sales": [("opened", "a")]}
    assert due(found, {}, terms(quiet=WORK, passes=None), night) == {}


def test_a_digest_comes_at_its_time_and_what_is_urgent_at_once() -> None:
    rules = Terms({"keiri": Timing(time(9), Severity.HIGH)})
    found = [
        Standing(notice("a", severity="medium"), tokyo(1, 10)),
        Standing(notice("b", severity="low"), tokyo(1, 15)),
        Standing(notice("c", severity="high"), tokyo(1, 15)),
    ]
    assert said(due(found, {}, rules, tokyo(1, 15))) == {"keiri": [("opened", "c")]}
    known = {("c", "keiri"): knows("opened")}
    assert due(found, known, rules, tokyo(2, 8, 59)) == {}
    assert said(due(found, known, rules, tokyo(2, 9, 3))) == {
        "keiri": [("opened", "a"), ("opened", "b")]
    }


def test_a_digest_that_falls_into_quiet_hours_comes_when_they_end() -> None:
    rules = Terms({"keiri": Timing(time(7))}, quiet=WORK)
    found = [Standing(notice("a", severity="low"), tokyo(1, 12))]
    assert due(found, {}, rules, tokyo(2, 7)) == {}
    assert said(due(found, {}, rules, tokyo(2, 8, 30))) == {"keiri": [("opened", "a")]}


def test_the_last_digest_is_of_today_or_of_yesterday() -> None:
    assert last_digest(time(9), tokyo(2, 9)) == tokyo(2, 9)
    assert last_digest(time(9), tokyo(2, 8, 59)) == tokyo(1, 9)


def test_the_worst_comes_first_and_what_is_over_last() -> None:
    found = [
        Standing(notice("over", severity="critical"), NOW, NOW),
        Standing(notice("small", yen=1), NOW),
        Standing(notice("large", yen=9_000_000), NOW),
        Standing(notice("worst", severity="critical", yen=None), NOW),
    ]
    known = {("over", "sales"): knows("opened", "critical")}
    told = due(found, known, terms(), NOW)["sales"]
    assert [one.notice.key for one in told] == ["worst", "large", "small", "over"]


def test_a_notice_comes_back_from_the_ledger_as_it_was() -> None:
    assert stored(row_of(notice())) == notice()


_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["low", "medium", "high", "critical", "gone"]),
        st.integers(1, 30),
    ),
    max_size=20,
)


@given(
    events=_EVENTS,
    digest=st.sampled_from([None, time(7), time(9), time(22)]),
    quiet=st.sampled_from([QuietHours(), WORK]),
    remind=st.sampled_from([None, 2 * DAY]),
)
def test_no_finding_is_told_twice_and_none_is_lost(
    events: list[tuple[str, str, int]],
    digest: time | None,
    quiet: QuietHours,
    remind: timedelta | None,
) -> None:
    """Whatever opens, worsens, closes and reopens, at whatever hour of the calendar."""
    rules = Terms({"wall": Timing(digest)}, quiet=quiet, remind_after=remind)
    standing: dict[str, Standing] = {}
    known: dict[tuple[str, str], Told] = {}
    history: list[tuple[str, About]] = []
    now = NOW

    def look() -> None:
        for one in due(standing.values(), known, rules, now).get("wall", ()):
            history.append((one.notice.key, one.about))
            told = Told(one.about, one.notice.severity, now)
            known[one.notice.key, "wall"] = told

    for key, what, hours in events:
        before = standing.get(key)
        if what != "gone":
            is_open = before is not None and before.recovered_at is None
            noted = before.noted_at if before and is_open else now
            standing[key] = Standing(notice(key, severity=what), noted)
        elif before is not None and before.recovered_at is None:
            standing[key] = before._replace(recovered_at=now)
        look()
        now += hours * HOUR
    for _ in range(48):  # past any night, Golden Week and digest
        now += 6 * HOUR
        look()

    for key, one in standing.items():
        said_of_it = [about for name, about in history if name == key]
        knows_it = False
        for about in said_of_it:  # opened, …, recovered, opened, …
            assert (about is About.OPENED) is not knows_it
            knows_it = about is not About.RECOVERED
        assert knows_it is (one.recovered_at is None)
