"""Months, quarters and fiscal years; half open, days cut in Asia/Tokyo."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple

from tasuki.clock import TOKYO

MONTHS: Final = 12
_PER_QUARTER: Final = 3


class Period(NamedTuple):
    """Everything from `start` up to, and without, `end`; both aware."""

    label: str
    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Say whether a moment lies in the period."""
        return self.start <= moment < self.end


def midnight(day: date) -> datetime:
    """Return when a day begins in Tokyo, in UTC.

    Example:
        >>> midnight(date(2025, 4, 1)).isoformat()
        '2025-03-31T15:00:00+00:00'
    """
    return datetime.combine(day, time(), TOKYO).astimezone(UTC)


def month_start(day: date, months: int = 0) -> date:
    """Return the first of a day's month, or of one so many months later.

    Example:
        >>> month_start(date(2025, 1, 31), -2)
        datetime.date(2024, 11, 1)
    """
    index = day.year * MONTHS + day.month - 1 + months
    return date(index // MONTHS, index % MONTHS + 1, 1)


def months(start: date, end: date) -> list[Period]:
    """Return the months from that of `start` to that of the day before `end`."""
    found: list[Period] = []
    first = month_start(start)
    while first < end:
        after = month_start(first, 1)
        label = f"{first:%Y-%m}"
        found.append(Period(label, midnight(first), midnight(after)))
        first = after
    return found


def span(start: date, end: date) -> Period:
    """Return the days from `start` up to, and without, `end` as one period."""
    return Period(f"{start}/{end}", midnight(start), midnight(end))


class Periods:
    """Periods, one or more, that follow each other: finds that of a moment quickly."""

    def __init__(self, periods: Sequence[Period]) -> None:
        self.listed = list(periods)
        self._starts = [one.start for one in self.listed]
        self._begin = self._starts[0]
        self._end = self.listed[-1].end

    def index(self, moment: datetime) -> int | None:
        """Return the place of the period that holds a moment."""
        if not self._begin <= moment < self._end:
            return None
        at = bisect_right(self._starts, moment) - 1
        return at if moment < self.listed[at].end else None


def fiscal_year(day: date, first_month: int = 4) -> str:
    """Return the fiscal year of a day, named after the year in which it begins.

    Example:
        >>> fiscal_year(date(2026, 3, 31))
        'FY2025'
    """
    return f"FY{day.year - (day.month < first_month)}"


def fiscal_quarter(day: date, first_month: int = 4) -> str:
    """Return the quarter of its fiscal year that a day lies in.

    Example:
        >>> fiscal_quarter(date(2026, 3, 31))
        'Q4'
    """
    return f"Q{(day.month - first_month) % MONTHS // _PER_QUARTER + 1}"


def fiscal_start(day: date, first_month: int = 4) -> date:
    """Return the first day of a day's fiscal year."""
    return date(day.year - (day.month < first_month), first_month, 1)
