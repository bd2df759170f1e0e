"""The billing plan of a won deal: what is agreed, read from what a mapping has sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from tasuki.billing.calendar import clamped, to_day
from tasuki.billing.errors import BillingError
from tasuki.billing.portion import Remainder
from tasuki.billing.rounding import exact_decimal, minor_digits

WON: Final = "won"
PAUSED: Final = "paused"
WITHDRAWN: Final = "withdrawn"
"""The states of a plan: bills are made of it, not now, or no longer."""

_LAST_DAY: Final = 31
_MONTHS: Final = 12


class Schedule(StrEnum):
    """When a deal is billed."""

    ONCE = "once"
    MILESTONES = "milestones"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class Proration(StrEnum):
    """What a period costs that is not used from its first day to its last."""

    ACTUAL_DAYS = "actual_days"
    FIXED_30 = "fixed_30"
    NONE = "none"


class Bill(StrEnum):
    """Which day of a period its invoice is made on."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What is sold: of the whole deal, or of one full period."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    tax: str

    @property
    def amount(self) -> Decimal:
        """The line's price."""
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class Milestone:
    """One part of a deal: a share by weight, or an amount.

    Attributes:
        bill_on: The day of its invoice.
        weight: Its share; with `amount` None too, it takes what the others leave.
    """

    bill_on: date
    name: str = ""
    weight: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BillingPlan:
    """A deal and how it is billed.

    Attributes:
        start: The day of the invoice, or the first day of use.
        end: The last day of use; None while it goes on.
        anchor_day: The day of the month on which periods begin.
        anchor_month: The month in which years begin.
        billing_system: Which accounting system it is billed in, for mappings to ask.
        closing_day: Everything of a customer until this day is one invoice
            (締め請求); None for an invoice each.
    """

    deal: str
    subject: str
    schedule: Schedule
    start: date
    lines: tuple[PlanLine, ...]
    company: str
    billing_entity: str = ""
    billing_system: str = ""
    currency: str = "JPY"
    state: str = WON
    end: date | None = None
    cancelled_on: date | None = None
    anchor_day: int = 1
    anchor_month: int = 1
    proration: Proration = Proration.ACTUAL_DAYS
    bill: Bill = Bill.START
    milestones: tuple[Milestone, ...] = ()
    remainder: Remainder = Remainder.LAST
    total: Decimal | None = None
    closing_day: int | None = None
    rounding_unit: str = "invoice"
    payment_terms: str = ""
    holiday_rule: str = "next"

    @property
    def digits(self) -> int:
        """How many decimals an amount has."""
        return minor_digits(self.currency)

    @property
    def amount(self) -> Decimal:
        """The price of the lines: of the deal, or of one full period."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def last_day(self) -> date | None:
        """The last day of use, by the contract's end or its cancellation."""
        days = [day for day in (self.end, self.cancelled_on) if day is not None]
        return min(days) if days else None


KNOWN: Final = (
    "deal", "subject", "schedule", "start", "lines", "company", "billing_entity",
    "billing_system", "currency", "state", "end", "cancelled_on", "anchor_day",
    "anchor_month", "proration", "bill", "milestones", "remainder", "total",
    "closing_day", "rounding_unit", "payment_terms", "holiday_rule",
)  # fmt: skip
"""The fields that a mapping may write."""


def read_plan(fields: Mapping[str, object]) -> BillingPlan:
    """Read a plan from the fields that a mapping has sent.

    Raises:
        BillingError: A field is wrong, or the fields contradict each other.
    """
    unknown = sorted(set(fields) - set(KNOWN))
    if unknown:
        what = f"a plan has no field {', '.join(unknown)}"
        remedy = f"It has: {', '.join(KNOWN)}."
        raise BillingError(where="billing plan", what=what, remedy=remedy)
    start = _day(fields, "start")
    if start is None:
        raise _wrong("start", None, "the first day")
    plan = BillingPlan(
        deal=_text(fields, "deal"),
        subject=str(fields.get("subject") or ""),
        schedule=Schedule(_choice(fields, "schedule", Schedule, Schedule.ONCE)),
        start=start,
        lines=_lines(fields),
        company=_text(fields, "company"),
        billing_entity=str(fields.get("billing_entity") or ""),
        billing_system=str(fields.get("billing_system") or ""),
        currency=str(fields.get("currency") or "JPY"),
        state=_choice(fields, "state", (WON, PAUSED, WITHDRAWN), WON),
        end=_day(fields, "end"),
        cancelled_on=_day(fields, "cancelled_on"),
        anchor_day=_whole(fields, "anchor_day", _LAST_DAY) or start.day,
        anchor_month=_whole(fields, "anchor_month", _MONTHS) or start.month,
        proration=Proration(
            _choice(fields, "proration", Proration, Proration.ACTUAL_DAYS)
        ),
        bill=Bill(_choice(fields, "bill", Bill, Bill.START)),
        milestones=_milestones(fields, start),
        remainder=Remainder(_choice(fields, "remainder", Remainder, Remainder.LAST)),
        total=_number(fields, "total"),
        closing_day=_whole(fields, "closing_day", _LAST_DAY),
        rounding_unit=_choice(
            fields, "rounding_unit", ("invoice", "delivery"), "invoice"
        ),
        payment_terms=str(fields.get("payment_terms") or ""),
        holiday_rule=str(fields.get("holiday_rule") or "next"),
    )
    _check(plan)
    return plan


def _check(plan: BillingPlan) -> None:
    """Refuse what makes no plan."""
    if plan.schedule is Schedule.MILESTONES and not plan.milestones:
        raise _wrong("milestones", "", "a list; the schedule asks for one")
    if plan.schedule is Schedule.YEARLY and plan.proration is Proration.FIXED_30:
        raise _wrong("proration", "fixed_30", "for months; a year has actual_days")
    if plan.end is not None and plan.end < plan.start:
        raise _wrong("end", plan.end, "on or after the start")
    is_whole = plan.schedule in {Schedule.ONCE, Schedule.MILESTONES}
    if is_whole and plan.total is not None and plan.total != plan.amount:
        what = f"the lines add up to {plan.amount:f}, the deal says {plan.total:f}"
        remedy = "Correct the deal's lines."
        raise BillingError(where="billing plan: total", what=what, remedy=remedy)


def _lines(fields: Mapping[str, object]) -> tuple[PlanLine, ...]:
    found = []
    for index, row in enumerate(_rows(fields, "lines")):
        where = f"lines[{index}]"
        tax = str(row.get("tax") or "")
        if not tax:
            raise _wrong(f"{where}.tax", None, "a tax class")
        quantity = _number(row, "quantity", where)
        price = _number(row, "unit_price", where)
        if price is None:
            raise _wrong(f"{where}.unit_price", None, "a number")
        text = str(row.get("description") or "")
        found.append(
            PlanLine(text, Decimal(1) if quantity is None else quantity, price, tax)
        )
    if not found:
        raise _wrong("lines", "", "a list of what is sold")
    return tuple(found)


def _milestones(fields: Mapping[str, object], start: date) -> tuple[Milestone, ...]:
    found = []
    for index, row in enumerate(_rows(fields, "milestones")):
        where = f"milestones[{index}]"
        day = _day(row, "bill_on", where) or _later(row, start, where)
        weight, amount = (
            _number(row, "weight", where),
            _number(row, "amount", where),
        )
        found.append(Milestone(day, str(row.get("name") or ""), weight, amount))
    by_weight = [one.weight is not None for one in found]
    if any(by_weight) and not all(by_weight):
        raise _wrong("milestones", "", "all by weight, or all by amount")
    if sum(one.weight is None and one.amount is None for one in found) > 1:
        raise _wrong("milestones", "", "with an amount each but for one at most")
    return tuple(found)


def _later(row: Mapping[str, object], start: date, where: str) -> date:
    """Return the day that is so many months and days after the plan's first."""
    months, days = (_number(row, name, where) for name in ("months", "days"))
    if months is None and days is None:
        raise _wrong(f"{where}.bill_on", None, "a day, or months or days after `start`")
    later = clamped(start.year, start.month + int(months or 0), start.day)
    return later + timedelta(days=int(days or 0))


def _rows(fields: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    rows = fields.get(name) or []
    if not isinstance(rows, (list, tuple)):
        raise _wrong(name, rows, "a list")
    for row in rows:
        if not isinstance(row, Mapping):
            raise _wrong(name, row, "a list of rows with fields")
    return list(rows)


def _text(fields: Mapping[str, object], name: str) -> str:
    value = str(fields.get(name) or "").strip()
    if not value:
        raise _wrong(name, "", "there")
    return value


def _day(fields: Mapping[str, object], name: str, where: str = "") -> date | None:
    try:
        return to_day(fields.get(name))
    except BillingError:
        field = f"{where}.{name}" if where else name
        raise _wrong(field, fields.get(name), "a day") from None


def _number(fields: Mapping[str, object], name: str, where: str = "") -> Decimal | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        return exact_decimal(value)
    except BillingError:
        raise _wrong(f"{where}.{name}" if where else name, value, "a number") from None


def _whole(fields: Mapping[str, object], name: str, high: int) -> int | None:
    number = _number(fields, name)
    if number is None:
        return None
    if number != int(number) or not 1 <= number <= high:
        raise _wrong(name, fields.get(name), f"a whole number from 1 to {high}")
    return int(number)


def _choice(
    fields: Mapping[str, object],
    name: str,
    choices: "type[StrEnum] | tuple[str, ...]",
    default: str,
) -> str:
    value = str(fields.get(name) or default)
    known = [str(one) for one in choices]
    if value not in known:
        raise _wrong(name, value, f"one of {', '.join(known)}")
    return value


def _wrong(name: str, value: object, expected: str) -> BillingError:
    said = f'"{value}" is not' if value not in (None, "") else "it is to be"
    return BillingError(
        f"billing plan: {name}",
        f"{said} {expected}",
        "Correct the deal, or the mapping that makes the plan.",
    )
