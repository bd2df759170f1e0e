"""Weeks of the review: Monday to Sunday, days cut in Asia/Tokyo."""

import re
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from tasuki.clock import TOKYO
from tasuki.insight.kpi.period import Period, midnight
from tasuki.model.errors import ConfigError

_DAYS: Final = timedelta(days=7)
_WRITTEN: Final = re.compile(r"(20\d{2})-?W(\d{2})", re.IGNORECASE)
_LEARNED: Final = timedelta(days=7)
OPTION: Final = "--week"


class Week(NamedTuple):
    """The week that begins on a Monday.

    Example:
        >>> Week.written("2026-W47", date(2026, 12, 1)).start
        datetime.date(2026, 11, 16)
    """

    start: date

    @classmethod
    def closed(cls, today: date) -> "Week":
        """Return the last week that is over."""
        return cls(today - timedelta(days=today.weekday()) - _DAYS)

    @classmethod
    def written(cls, text: str, today: date) -> "Week":
        """Return the week that a person has written, as 2026-W47.

        Raises:
            ConfigError: there is no such week, or it is not over.
        """
        found = _WRITTEN.fullmatch(text.strip())
        year, number = map(int, found.groups()) if found else (0, 0)
        try:
            week = cls(date.fromisocalendar(year, number, 1))
        except ValueError:
            what, remedy = f"'{text}' is no week", "Write a week as 2026-W47."
            raise ConfigError(OPTION, what, remedy) from None
        if week.start > cls.closed(today).start:
            last = cls.closed(today).label
            what, remedy = f"{week.label} is not over", f"The last one is {last}."
            raise ConfigError(OPTION, what, remedy)
        return week

    @property
    def label(self) -> str:
        """`2026-W47`."""
        year, number, _ = self.start.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def last(self) -> date:
        """Its Sunday."""
        return self.start + timedelta(days=6)

    @property
    def period(self) -> Period:
        """Its time, half open."""
        return Period(self.label, midnight(self.start), midnight(self.start + _DAYS))

    def before(self, count: int) -> list["Week"]:
        """Return so many weeks before it, the earliest first."""
        return [Week(self.start - _DAYS * back) for back in range(count, 0, -1)]

    def observed(self, now: datetime) -> datetime:
        """Return the moment as of which the week is told.

        What was learned within a week after its end still counts, what came later does
        not: the page of an old week stays as it was.
        """
        return min(now, self.period.end + _LEARNED)


def today_of(now: datetime) -> date:
    """Return the day of a moment in Tokyo."""
    return now.astimezone(TOKYO).date()
