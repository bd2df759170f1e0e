"""Payment terms: when a delivery is closed, when it is due, and the 60-day limit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from tasuki.billing.calendar import BankCalendar, HolidayRule, clamped, to_day
from tasuki.billing.errors import BillingError
from tasuki.billing.phrase import phrase_fields

# The limit counts the day of receipt itself (初日算入).
_STRICT_LIMIT: Final = timedelta(days=59)
_LIMIT_MONTHS: Final = 2
_LONGEST_POSTPONEMENT: Final = 2
_LAST_DAY: Final = 31
_BANK_DAYS: Final = BankCalendar()
_LONGEST_NET: Final = 3650
_LONGEST_OFFSET: Final = 24


@dataclass(frozen=True, slots=True)
class ClosingTerms:
    """Closed once a month, paid in a later month: 月末締め翌月末払い.

    Attributes:
        closing_day: Day of the month, 31 for its last day.
        pay_month_offset: Months from the closing month to the month of payment.
        pay_day: Day of the month, 31 for its last day.
        holiday_rule: Where a due date on a closed day goes.
        calendar: The bank's closed days and the customer's own.
    """

    closing_day: int
    pay_month_offset: int
    pay_day: int
    holiday_rule: HolidayRule = HolidayRule.NONE
    calendar: BankCalendar = _BANK_DAYS


@dataclass(frozen=True, slots=True)
class NetTerms:
    """Paid some days after delivery, or after the closing day if there is one."""

    days: int
    closing_day: int | None = None
    holiday_rule: HolidayRule = HolidayRule.NONE
    calendar: BankCalendar = _BANK_DAYS


Terms = ClosingTerms | NetTerms


@dataclass(frozen=True, slots=True)
class Schedule:
    """The days that terms give to a delivery."""

    delivered_on: date
    closing_date: date | None
    due_date_unadjusted: date
    due_date: date


@dataclass(frozen=True, slots=True)
class SixtyDayCheck:
    """Whether an agreed due date respects the limit of 取適法 (formerly 下請法).

    A warning, not a verdict: whether the law covers a trade is not decided here.

    Attributes:
        strict_60_limit: The sixtieth day, the day of receipt counted.
        two_month_limit: The last day of two months, as the authority applies the limit.
        postponement_days: How far a bank holiday moves the payment; more than two
            days is too far.
    """

    strict_60_limit: date
    two_month_limit: date
    within_strict_60: bool
    within_two_months: bool
    postponement_days: int
    ok: bool


def read_terms(value: object, holiday_rule: str | None = None) -> Terms | None:
    """Read terms from a structure, a phrase of a CRM, or terms already read.

    Args:
        value: ``{"type": "closing", "closing_day": …}``, ``{"type": "net_days", …}``,
            or a phrase such as 20日締め翌月10日払い or "Net 30". Blank gives None.
        holiday_rule: Replaces the rule of the terms.

    Raises:
        BillingError: A phrase that is not known, or a field that is wrong; it names it.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, (ClosingTerms, NetTerms)):
        terms: Terms = value
    elif isinstance(value, str):
        terms = _terms_of(phrase_fields(value))
    elif isinstance(value, Mapping):
        terms = _terms_of(value)
    else:
        raise BillingError(
            where="payment terms",
            what=f"a {type(value).__name__} is not a phrase or a structure",
        )
    return replace(terms, holiday_rule=_rule(holiday_rule)) if holiday_rule else terms


def due_date(
    start: object, terms: object, holiday_rule: str | None = None
) -> date | None:
    """Return the day on which a delivery or invoice of a day is to be paid.

    Args:
        start: A date, an ISO text, or an instant (cut in Asia/Tokyo).
        terms: What ``read_terms`` reads.
        holiday_rule: none, previous, next or modified_following; by default what the
            terms say, and phrases that say nothing leave the day as it is.

    Returns:
        The due date; None when the start or the terms are blank.

    Example:
        >>> due_date("2025-04-21", "20日締め翌月10日払い")
        datetime.date(2025, 6, 10)
    """
    day, agreed = to_day(start), read_terms(terms, holiday_rule)
    if day is None or agreed is None:
        return None
    return schedule(day, agreed).due_date


def closing_date(day: date, closing_day: int) -> date:
    """Return the first closing day on or after a day.

    Example:
        >>> closing_date(date(2025, 1, 31), 30)
        datetime.date(2025, 2, 28)
    """
    closing = clamped(day.year, day.month, closing_day)
    return closing if day <= closing else clamped(day.year, day.month + 1, closing_day)


def schedule(delivered_on: date, terms: Terms) -> Schedule:
    """Return the closing day and the due date, before and after holidays move it."""
    closing: date | None = None
    if terms.closing_day is not None:
        closing = closing_date(delivered_on, terms.closing_day)
    if isinstance(terms, NetTerms):
        unadjusted = (closing or delivered_on) + timedelta(days=terms.days)
    else:
        month = closing or delivered_on
        unadjusted = clamped(
            month.year, month.month + terms.pay_month_offset, terms.pay_day
        )
    adjusted = terms.calendar.adjust(unadjusted, terms.holiday_rule)
    return Schedule(delivered_on, closing, unadjusted, adjusted)


def sixty_day_check(planned: Schedule) -> SixtyDayCheck:
    """Check the agreed due date against the 60-day limit.

    The limit binds the day that was agreed; how far a bank holiday moves the payment is
    judged on its own.
    """
    strict = planned.delivered_on + _STRICT_LIMIT
    two_months = _end_of_months(planned.delivered_on, _LIMIT_MONTHS)
    agreed = planned.due_date_unadjusted
    postponed = max(0, (planned.due_date - agreed).days)
    return SixtyDayCheck(
        strict_60_limit=strict,
        two_month_limit=two_months,
        within_strict_60=agreed <= strict,
        within_two_months=agreed <= two_months,
        postponement_days=postponed,
        ok=agreed <= two_months and postponed <= _LONGEST_POSTPONEMENT,
    )


def pays_in_time(
    start: object, terms: object, holiday_rule: str | None = None
) -> bool | None:
    """Say whether terms keep within the 60 days of 取適法; None where one is blank.

    Args:
        start: The day of delivery, as ``due_date`` takes it.
        terms: What ``read_terms`` reads.
        holiday_rule: Replaces the rule of the terms.

    Example:
        >>> pays_in_time("2025-04-01", "月末締め翌々月10日払い")
        False
    """
    day, agreed = to_day(start), read_terms(terms, holiday_rule)
    if day is None or agreed is None:
        return None
    return sixty_day_check(schedule(day, agreed)).ok


def is_paid_in_time(delivered_on: date, due_on: date) -> bool:
    """Say whether a day of payment keeps within the 60 days of 取適法.

    Of a day alone it is not known whether a holiday has moved it: one that the banks'
    next day explains is let pass.
    """
    limit = _end_of_months(delivered_on, _LIMIT_MONTHS)
    moved = BankCalendar().adjust(limit, HolidayRule.NEXT)
    late_most = min(moved, limit + timedelta(days=_LONGEST_POSTPONEMENT))
    return due_on <= late_most


def _end_of_months(start: date, months: int) -> date:
    """Return the last day of a period of months that begins on a day (民法 143条)."""
    same_day = clamped(start.year, start.month + months, start.day)
    if same_day.day != start.day:
        return same_day
    return same_day - timedelta(days=1)


def _terms_of(fields: Mapping[str, object]) -> Terms:
    kind = fields.get("type")
    rule, calendar = _rule(fields.get("holiday_rule", "none")), _calendar(fields)
    if kind == "closing":
        return ClosingTerms(
            closing_day=_whole(fields, "closing_day", 1, _LAST_DAY),
            pay_month_offset=_whole(fields, "pay_month_offset", 0, _LONGEST_OFFSET),
            pay_day=_whole(fields, "pay_day", 1, _LAST_DAY),
            holiday_rule=rule,
            calendar=calendar,
        )
    if kind == "net_days":
        origin = fields.get("from", "delivered")
        if origin not in {"delivered", "closing"}:
            raise _wrong(name="from", value=origin, expected="delivered or closing")
        closed = origin == "closing"
        closing_day = _whole(fields, "closing_day", 1, _LAST_DAY) if closed else None
        days = _whole(fields, "days", 0, _LONGEST_NET)
        return NetTerms(days, closing_day, rule, calendar)
    raise _wrong(name="type", value=kind, expected="closing or net_days")


def _whole(fields: Mapping[str, object], name: str, low: int, high: int) -> int:
    value = fields.get(name)
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if type(number) is not int or not low <= number <= high:
        raise _wrong(
            name=name, value=value, expected=f"a whole number from {low} to {high}"
        )
    return number


def _rule(value: object) -> HolidayRule:
    try:
        return HolidayRule(str(value))
    except ValueError:
        raise _wrong(
            name="holiday_rule", value=value, expected=", ".join(HolidayRule)
        ) from None


def _calendar(fields: Mapping[str, object]) -> BankCalendar:
    name = fields.get("calendar", "jp_bank")
    if name != "jp_bank":
        raise _wrong(name="calendar", value=name, expected="jp_bank")
    closed = fields.get("extra_closed_days") or ()
    if isinstance(closed, str) or not isinstance(closed, (list, tuple, set, frozenset)):
        raise _wrong(name="extra_closed_days", value=closed, expected="a list of days")
    days = (to_day(day) for day in closed)
    return BankCalendar(frozenset(day for day in days if day is not None))


def _wrong(name: str, value: object, expected: str) -> BillingError:
    return BillingError(
        f"payment terms: {name}", f'"{value}" is not {expected}', "Correct the terms."
    )
