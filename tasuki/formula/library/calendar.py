"""The business calendar: closing days, fiscal years, ages, days on which banks open."""

import datetime as dt

from tasuki.billing.calendar import BankCalendar
from tasuki.billing.calendar import is_holiday as is_national_holiday
from tasuki.billing.terms import closing_date as closing_of
from tasuki.formula.errors import RefusedValueError
from tasuki.formula.functions import Example, Function, Kind, function
from tasuki.formula.values import as_date, as_text, as_whole

_MOST_SPAN = 4_000  # days counted one by one
_MONTHS = 12
_WEEKDAYS = "月火水木金土日"
_BANKS = BankCalendar()


def start_of_month(date: object) -> dt.date:
    """Return the first day of the month."""
    return as_date(date).replace(day=1)


def weekday(date: object) -> str:
    """Return the day of the week: 月, 火, 水, 木, 金, 土 or 日."""
    return _WEEKDAYS[as_date(date).weekday()]


def is_holiday(date: object) -> bool:
    """Tell whether it is a national holiday of Japan, 振替休日 included."""
    return is_national_holiday(as_date(date))


def is_business_day(date: object) -> bool:
    """Tell whether banks are open: no weekend, no holiday, not 12/31 to 1/3."""
    return _BANKS.is_business_day(as_date(date))


def business_days_between(start: object, end: object) -> int:
    """Count the banking days from one date up to another, that one not counted."""
    first, last = as_date(start), as_date(end)
    if abs((last - first).days) > _MOST_SPAN:
        raise RefusedValueError(reason=f"dates more than {_MOST_SPAN:,} days apart")
    return _BANKS.business_days_between(first, last)


def months_between(start: object, end: object) -> int:
    """Count the whole months from one date to another; negative if it is earlier."""
    first, last = as_date(start), as_date(end)
    if last < first:
        return -months_between(last, first)
    months = (last.year - first.year) * _MONTHS + last.month - first.month
    return months - (last.day < first.day)


def age(date: object, on: object) -> int:
    """Return the whole years from a date to another, such as today()."""
    months = months_between(date, on)
    return months // _MONTHS if months >= 0 else -(-months // _MONTHS)


def closing_date(date: object, day: object = 31) -> dt.date:
    """Return the closing day (締め日) on or after a date; 31 is the month's end."""
    start, closing = as_date(date), as_whole(day, 1, 31)
    try:
        return closing_of(start, closing)
    except (ValueError, OverflowError):
        raise RefusedValueError(reason="a date outside the years 1…9999") from None


def fiscal_year(date: object, first_month: object = 4) -> int:
    """Return the fiscal year (年度) of a date, by default from April on."""
    day, first = as_date(date), as_whole(first_month, 1, _MONTHS)
    return day.year - (day.month < first)


def fiscal_quarter(date: object, first_month: object = 4) -> int:
    """Return the quarter of the fiscal year, 1 to 4."""
    day, first = as_date(date), as_whole(first_month, 1, _MONTHS)
    return (day.month - first) % _MONTHS // 3 + 1


def valid_date(value: object) -> bool:
    """Tell whether date(value) would give a date; a missing one is none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return False
    try:
        as_date(value)
    except RefusedValueError:
        return False
    return True


def minutes_between(start: object, end: object) -> int:
    """Count the whole minutes from one time to another, as ISO text or as a time."""
    seconds = (_moment(end) - _moment(start)).total_seconds()
    return int(seconds // 60)


def _moment(value: object) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        try:
            value = dt.datetime.fromisoformat(as_text(value).strip())
        except ValueError:
            reason = "not a time"
            raise RefusedValueError(
                reason, remedy="Times are read as 2026-05-31T09:00:00+09:00."
            ) from None
    if value.tzinfo is None:
        raise RefusedValueError(reason="a time without a zone")
    return value


def calendar_functions() -> tuple[Function, ...]:
    """Return these functions."""
    return (*_days(), *_spans(), *_years())


def _days() -> tuple[Function, ...]:
    return (
        function(
            start_of_month,
            Example('start_of_month("2026-05-31")', dt.date(2026, 5, 1)),
            group="dates",
        ),
        function(
            closing_date,
            Example('closing_date("2026-05-21", 20)', dt.date(2026, 6, 20)),
            Example('closing_date("2026-02-03")', dt.date(2026, 2, 28)),
            group="dates",
        ),
        function(
            weekday,
            Example('weekday("2026-05-31")', "日"),
            group="dates",
            returns=Kind.TEXT,
        ),
        function(
            is_holiday,
            Example('is_holiday("2026-05-06")', gives=True),
            group="dates",
            returns=Kind.TRUTH,
        ),
        function(
            is_business_day,
            Example('is_business_day("2026-12-31")', gives=False),
            group="dates",
            returns=Kind.TRUTH,
        ),
        function(
            valid_date,
            Example('valid_date("2026-02-30")', gives=False),
            Example('valid_date("令和8年2月1日")', gives=True),
            group="dates",
            nulls="see",
            returns=Kind.TRUTH,
        ),
    )


def _spans() -> tuple[Function, ...]:
    return (
        function(
            business_days_between,
            Example('business_days_between("2026-04-28", "2026-05-07")', 3),
            group="dates",
            returns=Kind.NUMBER,
        ),
        function(
            months_between,
            Example('months_between("2026-01-31", "2026-03-30")', 1),
            group="dates",
            returns=Kind.NUMBER,
        ),
        function(
            minutes_between,
            Example(
                'minutes_between("2026-05-31T09:00:00+09:00", "2026-05-31T00:45:00Z")',
                45,
            ),
            group="dates",
            returns=Kind.NUMBER,
        ),
        function(
            age,
            Example('age("2000-06-01", "2026-05-31")', 25),
            group="dates",
            returns=Kind.NUMBER,
        ),
    )


def _years() -> tuple[Function, ...]:
    return (
        function(
            fiscal_year,
            Example('fiscal_year("2026-03-31")', 2025),
            Example('fiscal_year("2026-03-31", 1)', 2026),
            group="dates",
            returns=Kind.NUMBER,
        ),
        function(
            fiscal_quarter,
            Example('fiscal_quarter("2026-05-31")', 1),
            group="dates",
            returns=Kind.NUMBER,
        ),
    )
