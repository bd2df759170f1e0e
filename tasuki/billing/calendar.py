"""The days on which Japanese banks are open, and the arithmetic of business days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from tasuki.billing.errors import BillingError
from tasuki.japan.dates import parse_date

_ONE_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_DECEMBER: Final = 12

# 銀行法施行令 5条: banks are closed from 31 December to 3 January beside the holidays.
_NEW_YEAR: Final = frozenset({(12, 31), (1, 1), (1, 2), (1, 3)})


class HolidayRule(StrEnum):
    """Where a day goes that falls on a closed day."""

    NONE = "none"
    PREVIOUS = "previous"
    NEXT = "next"
    MODIFIED_FOLLOWING = "modified_following"


@lru_cache(maxsize=256)
def national_holidays(year: int) -> frozenset[date]:
    """Return the national holidays of a year, 振替休日 and 国民の休日 included.

    The equinox days after next year are astronomical predictions until the
    government publishes them each February.
    """
    import jpholiday  # noqa: PLC0415  a sync that bills nothing never loads it

    return frozenset(day for day, _name in jpholiday.year_holidays(year))


def is_holiday(day: date) -> bool:
    """Tell whether the day is a Japanese national holiday."""
    return _plain(day) in national_holidays(day.year)


@dataclass(frozen=True, slots=True)
class BankCalendar:
    """The banking days of Japan (銀行法 15条).

    Attributes:
        extra_closed: Further closed days, such as a company's summer holiday.
    """

    extra_closed: frozenset[date] = frozenset()

    def is_business_day(self, day: date) -> bool:
        """Tell whether money can move between banks on the day."""
        day = _plain(day)
        return not (
            day.weekday() >= _SATURDAY
            or (day.month, day.day) in _NEW_YEAR
            or day in self.extra_closed
            or day in national_holidays(day.year)
        )

    def next_business_day(self, day: date) -> date:
        """Return the day itself, or the first business day after it."""
        return self._step(day, 1)

    def previous_business_day(self, day: date) -> date:
        """Return the day itself, or the last business day before it."""
        return self._step(day, -1)

    def add_business_days(self, day: date, days: int) -> date:
        """Return the business day that lies a number of business days away.

        Zero rolls a closed day forward; otherwise the day itself is not counted.
        """
        if not days:
            return self.next_business_day(day)
        direction = 1 if days > 0 else -1
        for _ in range(abs(days)):
            day = self._step(day + direction * _ONE_DAY, direction)
        return day

    def business_days_between(self, start: date, end: date) -> int:
        """Count the business days in ``[start, end)``; negative when end is earlier."""
        if end < start:
            return -self.business_days_between(end, start)
        span = (end - start).days
        return sum(
            self.is_business_day(start + offset * _ONE_DAY) for offset in range(span)
        )

    def adjust(self, day: date, rule: HolidayRule) -> date:
        """Move a closed day to a business day as the rule says."""
        if rule is HolidayRule.NONE:
            return day
        if rule is HolidayRule.PREVIOUS:
            return self.previous_business_day(day)
        following = self.next_business_day(day)
        if rule is HolidayRule.MODIFIED_FOLLOWING and following.month != day.month:
            return self.previous_business_day(day)
        return following

    def _step(self, day: date, direction: int) -> date:
        while not self.is_business_day(day):
            day += direction * _ONE_DAY
        return day


def clamped(year: int, month: int, day: int) -> date:
    """Return the day of a month, or the month's last day; months beyond 12 count on.

    Example:
        >>> clamped(2024, 14, 31)
        datetime.date(2025, 2, 28)
    """
    year, month = year + (month - 1) // _DECEMBER, (month - 1) % _DECEMBER + 1
    last = month_end(date(year, month, 1)).day
    return date(year, month, min(day, last))


def month_end(day: date) -> date:
    """Return the last day of the day's month."""
    if day.month == _DECEMBER:
        return date(day.year, _DECEMBER, 31)
    return date(day.year, day.month + 1, 1) - _ONE_DAY


def to_day(value: object) -> date | None:
    """Read a day from what records hold.

    Args:
        value: A date, a text that names one day, or an instant, which is cut in
            Asia/Tokyo. ``None`` and a blank text are no day.

    Raises:
        BillingError: It is something else.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, (str, date)):
        raise BillingError(where="date", what=f"a {type(value).__name__} is not a day")
    day = parse_date(value)
    if day is None:
        raise BillingError(where="date", what="the text names no day")
    return day


def _plain(day: date) -> date:
    if not isinstance(day, datetime):
        return day
    return parse_date(day) or day.date()
