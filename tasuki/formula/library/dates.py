"""Dates: calendar days, cut in Japan; business days and due dates of Japanese banks."""

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from tasuki.billing.calendar import BankCalendar, clamped
from tasuki.billing.calendar import month_end as end_of
from tasuki.billing.errors import BillingError
from tasuki.billing.terms import due_date as due_date_of
from tasuki.billing.terms import pays_in_time
from tasuki.formula.errors import RefusedValueError
from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.limits import MAX_READING
from tasuki.formula.values import as_date, as_text, as_whole

_T = TypeVar("_T")
_MOST_DAYS = 40_000
_MOST_BUSINESS_DAYS = 2_000
_MOST_MONTHS = 1_200
_DAY = dt.date(2026, 5, 31)
_OUTSIDE = "a date outside the years 1…9999"


def date(value: object) -> dt.date | None:
    """Read a date: ISO text, a time (cut in Japan), 令和8年5月31日; blank: nothing."""
    if isinstance(value, str) and not value.strip():
        return None
    return as_date(value)


def add_days(date: object, days: object) -> dt.date:
    """Return the day so many days later, or earlier."""
    start, distance = as_date(date), as_whole(days, -_MOST_DAYS, _MOST_DAYS)
    return _in_range(lambda: start + dt.timedelta(days=distance))


def add_months(date: object, months: object) -> dt.date:
    """Return the same day so many months later, or the last day of a shorter month."""
    start, distance = as_date(date), as_whole(months, -_MOST_MONTHS, _MOST_MONTHS)
    return _in_range(lambda: clamped(start.year, start.month + distance, start.day))


def end_of_month(date: object) -> dt.date:
    """Return the last day of the month."""
    return end_of(as_date(date))


def year(date: object) -> int:
    """Return the year."""
    return as_date(date).year


def month(date: object) -> int:
    """Return the month."""
    return as_date(date).month


def day(date: object) -> int:
    """Return the day of the month."""
    return as_date(date).day


def days_between(start: object, end: object) -> int:
    """Count the days from one date to another; negative if the other is earlier."""
    return (as_date(end) - as_date(start)).days


def format_date(date: object, pattern: object = "YYYY-MM-DD") -> str:
    """Write a date: YYYY, MM, DD with zeros, M and D without."""
    moment, written = as_date(date), as_text(pattern)
    parts = (
        ("YYYY", f"{moment.year:04d}"),
        ("MM", f"{moment.month:02d}"),
        ("DD", f"{moment.day:02d}"),
        ("M", str(moment.month)),
        ("D", str(moment.day)),
    )
    for sign, value in parts:
        written = written.replace(sign, value)
    return written


def business_day_add(date: object, days: object) -> dt.date:
    """Return the banking day so many banking days away.

    0 is the day itself, or the next banking day where banks are closed.
    """
    start = as_date(date)
    distance = as_whole(days, -_MOST_BUSINESS_DAYS, _MOST_BUSINESS_DAYS)
    return _in_range(lambda: BankCalendar().add_business_days(start, distance))


def due_date(
    start: object, terms: object, holiday_rule: object = None
) -> dt.date | None:
    """Return the day of payment for terms such as 月末締め翌月末払い or "Net 30".

    holiday_rule is none, previous, next or modified_following.
    """
    return _by_terms(due_date_of, start, terms, holiday_rule)


def pays_within_60_days(
    start: object, terms: object, holiday_rule: object = None
) -> bool | None:
    """Return whether terms keep within the 60 days (two months) of 取適法.

    start is the day of delivery. Whether the law covers the trade is not decided here.
    """
    return _by_terms(pays_in_time, start, terms, holiday_rule)


def _by_terms(
    reckon: Callable[[object, object, str | None], _T],
    start: object,
    terms: object,
    holiday_rule: object,
) -> _T:
    rule = None if holiday_rule is None else as_text(holiday_rule)
    if isinstance(terms, str) and len(terms) > MAX_READING:
        raise RefusedValueError(reason="text too long to be payment terms")
    day = as_date(start)
    try:
        return reckon(day, terms, rule)
    except BillingError as error:
        # Its words quote the terms, which are the record's: only the remedy is told.
        reason = "payment terms that cannot be read"
        raise RefusedValueError(reason, error.remedy) from None
    except (ValueError, OverflowError):
        raise RefusedValueError(_OUTSIDE) from None


def _in_range(reckon: Callable[[], dt.date]) -> dt.date:
    try:
        return reckon()
    except (ValueError, OverflowError):
        raise RefusedValueError(_OUTSIDE) from None


def date_functions(today: Callable[[], dt.date]) -> tuple[Function, ...]:
    """Return the functions for dates.

    Args:
        today: The day in Japan, by the clock of the run.
    """

    def today_() -> dt.date:
        """Return the day of the run, in Japan."""
        return today()

    return (
        function(
            date,
            Example('date("2026-05-31T15:00:00Z") == date("2026/6/1")', gives=True),
            Example('date("令和8年5月31日")', _DAY),
            group="dates",
        ),
        function(today_, Example("days_between(today(), today())", 0), group="dates"),
        *_reckoning(),
        *_parts(),
        *_banking(),
    )


def _reckoning() -> tuple[Function, ...]:
    return (
        function(add_days, Example('add_days("2026-05-30", 1)', _DAY), group="dates"),
        function(
            add_months,
            Example('add_months("2026-03-31", 1)', dt.date(2026, 4, 30)),
            group="dates",
        ),
        function(
            end_of_month, Example('end_of_month("2026-05-02")', _DAY), group="dates"
        ),
        function(
            days_between,
            Example('days_between("2026-05-01", "2026-05-31")', 30),
            group="dates",
            returns=Kind.NUMBER,
        ),
    )


def _parts() -> tuple[Function, ...]:
    number = Kind.NUMBER
    return (
        function(
            year, Example('year("2026-05-31")', 2026), group="dates", returns=number
        ),
        function(
            month, Example('month("2026-05-31")', 5), group="dates", returns=number
        ),
        function(day, Example('day("2026-05-31")', 31), group="dates", returns=number),
        function(
            format_date,
            Example('format_date("2026-05-31", "YYYY年M月分")', "2026年5月分"),
            group="dates",
            returns=Kind.TEXT,
        ),
    )


def _banking() -> tuple[Function, ...]:
    return (
        function(
            business_day_add,
            Example('business_day_add("2026-12-30", 1)', dt.date(2027, 1, 4)),
            group="dates",
        ),
        function(
            due_date,
            Example('due_date("2026-04-10", "月末締め翌月末払い")', _DAY),
            Example(
                'due_date("2026-04-10", "月末締め翌月末払い", "previous")',
                dt.date(2026, 5, 29),
            ),
            group="dates",
        ),
        function(
            pays_within_60_days,
            Example('pays_within_60_days("2026-04-10", "月末締め翌月末払い")', True),
            Example('pays_within_60_days("2026-04-10", "月末締め翌々月末払い")', False),
            group="dates",
        ),
    )
