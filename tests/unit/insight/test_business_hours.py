"""The time that people have: Japanese hours, holidays, the worked cases."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.insight.business_hours import BusinessHours, Span, Unit
from tests.unit.insight.handoff_material import jst

HOURS = BusinessHours()
YEAR_END = BusinessHours(
    extra_closed=frozenset({date(2025, 12, 29), date(2025, 12, 30)})
)
HOUR = timedelta(hours=1)

moments = st.datetimes(
    datetime(2024, 12, 20),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2026, 2, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
lengths = st.timedeltas(timedelta(0), timedelta(hours=120))
calendars = st.sampled_from(
    [
        HOURS,
        YEAR_END,
        BusinessHours(workdays=frozenset({5, 6}), jp_holidays=False),
        BusinessHours(hours=(timedelta(0), timedelta(hours=24))),
        BusinessHours(zone=ZoneInfo("America/New_York"), jp_holidays=False),
    ]
)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2025-05-20 09:00", "2025-05-21 09:00", 9.0),
        ("2025-04-05 09:00", "2025-04-07 09:00", 0.0),
        ("2025-04-11 09:00", "2025-07-01 00:00", 486.0),
        ("2025-05-02 17:00", "2025-05-07 10:00", 2.0),
        ("2025-05-20 12:00", "2025-05-20 12:30", 0.5),
        ("2025-05-20 20:00", "2025-05-20 21:00", 0.0),
    ],
)
def test_open_time_is_counted_exactly(start: str, end: str, hours: float) -> None:
    assert HOURS.worked(jst(start), jst(end)) / HOUR == hours
    assert HOURS.worked(jst(end), jst(start)) / HOUR == -hours


@pytest.mark.parametrize(
    ("start", "span", "due"),
    [
        ("2025-05-20 09:00", Span(8, Unit.BUSINESS_HOURS), "2025-05-20 17:00"),
        ("2025-05-20 10:00", Span(8, Unit.BUSINESS_HOURS), "2025-05-20 18:00"),
        ("2025-05-20 10:01", Span(8, Unit.BUSINESS_HOURS), "2025-05-21 09:01"),
        ("2025-04-05 09:00", Span(8, Unit.BUSINESS_HOURS), "2025-04-07 17:00"),
        ("2025-05-02 15:00", Span(1, Unit.BUSINESS_DAYS), "2025-05-07 15:00"),
        ("2025-05-03 15:00", Span(1, Unit.BUSINESS_DAYS), "2025-05-07 18:00"),
        ("2025-05-02 15:00", Span(3, Unit.DAYS), "2025-05-05 15:00"),
        ("2025-05-02 15:00", Span(20, Unit.HOURS), "2025-05-03 11:00"),
    ],
)
def test_a_span_ends_when_people_expect_it(start: str, span: Span, due: str) -> None:
    assert HOURS.after(jst(start), span) == jst(due)


def test_days_the_company_is_closed_are_left_out() -> None:
    start, span = jst("2025-12-26 17:00"), Span(2, Unit.BUSINESS_HOURS)
    assert HOURS.after(start, span) == jst("2025-12-29 10:00")
    assert YEAR_END.after(start, span) == jst("2025-12-31 10:00")


def test_a_share_of_a_span_is_counted_in_the_same_hours() -> None:
    start = jst("2025-05-20 15:00")
    assert HOURS.after(start, Span(8, Unit.BUSINESS_HOURS), 75) == jst(
        "2025-05-21 12:00"
    )


def test_spans_read_as_people_say_them() -> None:
    assert str(Span(1, Unit.BUSINESS_DAYS)) == "1 business_day"
    assert str(Span(8, Unit.BUSINESS_HOURS)) == "8 business_hours"


@given(calendars, moments, lengths, lengths)
def test_more_time_never_ends_earlier(
    hours: BusinessHours, start: datetime, one: timedelta, other: timedelta
) -> None:
    short, long = sorted((one, other))
    assert hours.add(start, short) <= hours.add(start, long)


@given(calendars, moments, moments, lengths)
def test_a_later_start_never_ends_earlier(
    hours: BusinessHours, one: datetime, other: datetime, length: timedelta
) -> None:
    early, late = sorted((one, other))
    assert hours.add(early, length) <= hours.add(late, length)


@given(calendars, moments, lengths, lengths)
def test_times_add_up(
    hours: BusinessHours, start: datetime, one: timedelta, other: timedelta
) -> None:
    both = hours.add(start, one + other)
    apart = hours.add(hours.add(start, one), other)
    # At the very end of a day, nothing more to add may stand at that end.
    assert hours.worked(both, apart) == timedelta(0)
    assert hours.worked(start, both) == one + other


@given(calendars, moments, lengths)
def test_a_span_never_ends_outside_of_open_hours(
    hours: BusinessHours, start: datetime, length: timedelta
) -> None:
    end = hours.add(start, length).astimezone(hours.zone)
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    wall = end.replace(tzinfo=None) - midnight.replace(tzinfo=None)
    if not wall and hours.hours[1] == timedelta(hours=24):
        end, wall = end - timedelta(days=1), timedelta(hours=24)
    assert hours.is_open_on(end.date())
    assert hours.hours[0] <= wall <= hours.hours[1]


@given(calendars, moments, moments, moments)
def test_counted_time_adds_up(
    hours: BusinessHours, one: datetime, two: datetime, three: datetime
) -> None:
    first, middle, last = sorted((one, two, three))
    whole = hours.worked(first, last)
    assert hours.worked(first, middle) + hours.worked(middle, last) == whole


def test_a_length_is_not_negative() -> None:
    with pytest.raises(ValueError, match="not negative"):
        HOURS.add(jst("2025-05-20 09:00"), -HOUR)
