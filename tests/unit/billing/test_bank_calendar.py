from datetime import UTC, date, datetime, timedelta

import holidays
import pytest

from tasuki.billing.calendar import (
    BankCalendar,
    HolidayRule,
    clamped,
    is_holiday,
    month_end,
    national_holidays,
    to_day,
)
from tasuki.billing.errors import BillingError

BANK = BankCalendar()


@pytest.mark.parametrize("year", range(2023, 2029))
def test_national_holidays_agree_with_an_independent_library(year):
    assert national_holidays(year) == frozenset(
        holidays.country_holidays("JP", years=year)
    )


@pytest.mark.parametrize("year", range(2023, 2029))
def test_bank_days_agree_with_an_independent_library(year):
    closed = holidays.country_holidays("JP", years=year, categories=("public", "bank"))
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [BANK.is_business_day(day) for day in days] == [
        day.weekday() < 5 and day not in closed for day in days
    ]


@pytest.mark.parametrize(
    "day", [date(2024, 2, 12), date(2025, 5, 6), date(2026, 9, 22), date(2027, 3, 22)]
)
def test_substitute_and_citizens_holidays_are_closed(day):
    assert is_holiday(day)
    assert not BANK.is_business_day(day)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (HolidayRule.NONE, date(2024, 6, 30)),
        (HolidayRule.PREVIOUS, date(2024, 6, 28)),
        (HolidayRule.NEXT, date(2024, 7, 1)),
        (HolidayRule.MODIFIED_FOLLOWING, date(2024, 6, 28)),
    ],
)
def test_a_due_date_on_a_sunday_goes_where_the_rule_says(rule, expected):
    assert BANK.adjust(date(2024, 6, 30), rule) == expected


def test_modified_following_goes_forward_within_the_month():
    assert BANK.adjust(date(2024, 8, 10), HolidayRule.MODIFIED_FOLLOWING) == date(
        2024, 8, 13
    )


def test_the_turn_of_the_year_is_closed():
    assert BANK.adjust(date(2024, 12, 31), HolidayRule.NEXT) == date(2025, 1, 6)
    assert BANK.adjust(date(2024, 12, 31), HolidayRule.PREVIOUS) == date(2024, 12, 30)


def test_a_company_can_close_further_days():
    summer = BankCalendar(
        frozenset({date(2025, 8, 13), date(2025, 8, 14), date(2025, 8, 15)})
    )
    assert summer.next_business_day(date(2025, 8, 13)) == date(2025, 8, 18)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, date(2025, 5, 7)),
        (1, date(2025, 5, 7)),
        (2, date(2025, 5, 8)),
        (-1, date(2025, 5, 2)),
    ],
)
def test_business_days_are_counted_around_golden_week(days, expected):
    assert BANK.add_business_days(date(2025, 5, 3), days) == expected


def test_business_days_between_two_days_leave_out_the_end():
    assert BANK.business_days_between(date(2025, 5, 2), date(2025, 5, 8)) == 2
    assert BANK.business_days_between(date(2025, 5, 8), date(2025, 5, 2)) == -2


def test_a_day_beyond_the_month_is_its_last_day():
    assert clamped(2023, 2, 31) == date(2023, 2, 28)
    assert clamped(2024, 13, 31) == date(2025, 1, 31)
    assert clamped(2024, 24, 31) == date(2025, 12, 31)
    assert month_end(date(2024, 2, 1)) == date(2024, 2, 29)


def test_an_instant_is_cut_in_tokyo():
    assert to_day(datetime(2025, 4, 30, 15, 0, tzinfo=UTC)) == date(2025, 5, 1)
    assert to_day("2025-04-30T14:59:59Z") == date(2025, 4, 30)
    assert to_day(datetime(2025, 4, 30, 23, 0)) == date(2025, 4, 30)  # noqa: DTZ001  a naive time is already local
    assert not BANK.is_business_day(
        datetime(2025, 4, 28, 15, 0, tzinfo=UTC)
    )  # 昭和の日 in Tokyo


@pytest.mark.parametrize("value", [None, "", "  "])
def test_nothing_is_no_day(value):
    assert to_day(value) is None


@pytest.mark.parametrize("value", ["tomorrow", "2025-02-30", 20250430, object()])
def test_what_is_not_a_day_is_refused(value):
    with pytest.raises(BillingError, match="day"):
        to_day(value)
