"""Business hours: how long a handoff has waited, and when it is due.

Pure: instants in, instants out. A day is open from one time to another, or closed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from tasuki.billing.calendar import is_holiday
from tasuki.clock import TOKYO

NOTHING: Final = timedelta(0)
_ONE_DAY: Final = timedelta(days=1)
_WEEK: Final = frozenset(range(5))
_HOURS: Final = (timedelta(hours=9), timedelta(hours=18))


class Unit(StrEnum):
    """What a span is counted in; a business day is one whole day of open hours."""

    BUSINESS_HOURS = "business_hours"
    BUSINESS_DAYS = "business_days"
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as people agree on it: 8 business hours, 14 days."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        one = self.unit.removesuffix("s") if self.amount == 1 else self.unit.value
        return f"{self.amount} {one}"


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When a company is at work.

    Attributes:
        zone: Whose days and hours these are.
        workdays: Days of the week, Monday is 0.
        hours: From when to when a day is open, counted from its midnight.
        jp_holidays: Whether Japan's national holidays are closed.
        extra_closed: Further closed days: summer, the year's end.
    """

    zone: tzinfo = TOKYO
    workdays: frozenset[int] = _WEEK
    hours: tuple[timedelta, timedelta] = _HOURS
    jp_holidays: bool = True
    extra_closed: frozenset[date] = frozenset()

    @property
    def day_length(self) -> timedelta:
        """The open time of one business day."""
        return self.hours[1] - self.hours[0]

    def is_open_on(self, day: date) -> bool:
        """Tell whether the day is one of work."""
        return (
            day.weekday() in self.workdays
            and day not in self.extra_closed
            and not (self.jp_holidays and is_holiday(day))
        )

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Return the open time between two instants; negative if `end` is earlier."""
        if end < start:
            return -self.worked(end, start)
        day, last = self._day(start), self._day(end)
        total = NOTHING
        while day <= last:
            if self.is_open_on(day):
                opens, closes = self._open(day)
                total += max(NOTHING, min(closes, end) - max(opens, start))
            day += _ONE_DAY
        return total

    def add(self, start: datetime, length: timedelta) -> datetime:
        """Return when so much open time has passed; always within open hours.

        Nothing at all, added outside of them, gives the next opening; a whole day's
        hours end at closing time, and not at the opening of the next day.

        Raises:
            ValueError: The length is negative.
        """
        if length < NOTHING:
            msg = "a length is not negative"
            raise ValueError(msg)
        left = length
        for opens, closes in self._from(start):
            begins = max(opens, start.astimezone(UTC))
            if begins <= closes and left <= closes - begins:
                return begins + left
            left -= max(NOTHING, closes - begins)
        raise AssertionError  # days never end

    def elapsed(self, start: datetime, end: datetime, unit: Unit) -> timedelta:
        """Return the time between two instants, as the unit counts it."""
        if unit in {Unit.HOURS, Unit.DAYS}:
            return end - start
        return self.worked(start, end)

    def length(self, span: Span) -> timedelta:
        """Return a span as a length, of open time or of any."""
        match span.unit:
            case Unit.DAYS:
                return timedelta(days=span.amount)
            case Unit.BUSINESS_DAYS:
                return self.day_length * span.amount
            case _:
                return timedelta(hours=span.amount)

    def after(self, start: datetime, span: Span, share: int = 100) -> datetime:
        """Return when a span is over, or so many per cent of it.

        Args:
            start: Aware.
            span: Business hours and days end within open hours.
            share: Per cent of the span.
        """
        length = self.length(span) * share / 100
        if span.unit in {Unit.HOURS, Unit.DAYS}:
            return start.astimezone(UTC) + length
        return self.add(start, length)

    def _from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = self._day(start)
        while True:
            if self.is_open_on(day):
                yield self._open(day)
            day += _ONE_DAY

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def _open(self, day: date) -> tuple[datetime, datetime]:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - zone below
        opens, closes = (
            (midnight + offset).replace(tzinfo=self.zone).astimezone(UTC)
            for offset in self.hours
        )
        return opens, closes
