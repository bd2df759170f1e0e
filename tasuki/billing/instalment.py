"""From a plan to its instalments: what is billed on which day. Pure.

A period's id is the day it begins on by the anchor, so a period is billed once whatever
becomes of the contract's first and last day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Final

from tasuki.billing.calendar import clamped, month_end
from tasuki.billing.errors import BillingError
from tasuki.billing.plan import (
    WITHDRAWN,
    Bill,
    BillingPlan,
    Milestone,
    PlanLine,
    Proration,
    Schedule,
)
from tasuki.billing.portion import ProrateMethod, prorate, split
from tasuki.billing.rounding import largest_remainder, to_decimal, whole_units

REGULAR: Final = "regular"
DIFFERENCE: Final = "difference"
CREDIT: Final = "credit"

_ONE_DAY: Final = timedelta(days=1)
_MONTHS: Final = {Schedule.MONTHLY: 1, Schedule.YEARLY: 12}
_MOST_PERIODS: Final = 1200
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Instalment:
    """One part of a deal that is billed by itself.

    Attributes:
        id: The deal's id, and what tells its parts apart; it is billed once, for ever.
        bill_on: The day from which it is due to be billed.
        label: Which part it is, for people.
        kind: regular, difference, or credit (to be returned by a credit note).
        returns: For a credit, the invoice that it takes back; "" where a person says.
    """

    id: str
    deal: str
    bill_on: date
    lines: tuple[PlanLine, ...]
    label: str = ""
    kind: str = REGULAR
    returns: str = ""

    @property
    def amount(self) -> Decimal:
        """The sum of its lines."""
        return sum((line.amount for line in self.lines), Decimal(0))


def instalments(plan: BillingPlan, until: date) -> list[Instalment]:
    """Return the plan's instalments that begin on or before a day, in order.

    Those of a plan of once or milestones are returned whatever their day.

    Raises:
        BillingError: The amounts do not divide as the plan says.
    """
    if plan.state == WITHDRAWN:
        return []
    match plan.schedule:
        case Schedule.ONCE:
            return [Instalment(plan.deal, plan.deal, plan.start, plan.lines)]
        case Schedule.MILESTONES:
            return _milestones(plan)
        case _:
            return list(_periods(plan, until))


def next_bill_day(plan: BillingPlan, taken: frozenset[str], after: date) -> date | None:
    """Return the first day on which something untaken is to be billed.

    Args:
        plan: The plan.
        taken: Ids of instalments that are billed already.
        after: A day until which periods are looked at, and one period beyond.
    """
    horizon = clamped(after.year, after.month + 26, 1)
    days = [one.bill_on for one in instalments(plan, horizon) if one.id not in taken]
    return min(days, default=None)


def _milestones(plan: BillingPlan) -> list[Instalment]:
    totals = _milestone_totals(plan)
    parts = divided_lines(plan.lines, totals, plan.digits)
    found = []
    for number, (milestone, lines) in enumerate(
        zip(plan.milestones, parts, strict=True), 1
    ):
        label = milestone.name or f"{number}/{len(totals)}"
        found.append(
            Instalment(
                f"{plan.deal}:{number}",
                plan.deal,
                milestone.bill_on,
                _labelled(lines, label),
                label,
            )
        )
    return found


def _milestone_totals(plan: BillingPlan) -> tuple[Decimal, ...]:
    """Return each milestone's amount; they add up to the plan's."""
    weights = [one.weight for one in plan.milestones if one.weight is not None]
    if weights:
        return split(plan.amount, weights, plan.remainder, plan.digits)
    told = sum((one.amount or Decimal(0) for one in plan.milestones), Decimal(0))
    rest = plan.amount - told
    has_rest = any(one.amount is None for one in plan.milestones)
    if rest and not has_rest:
        what = f"they add up to {told:f}, the deal to {plan.amount:f}"
        raise BillingError(where="billing plan: milestones", what=what, remedy=_FIT)
    if rest < 0:
        what = f"they take {told:f} of {plan.amount:f}"
        raise BillingError(where="billing plan: milestones", what=what, remedy=_FIT)
    return tuple(_told(one, rest) for one in plan.milestones)


_FIT: Final = "Make the milestones' amounts add up to the deal's."


def _told(one: Milestone, rest: Decimal) -> Decimal:
    return rest if one.amount is None else one.amount


def divided_lines(
    lines: Sequence[PlanLine], totals: Sequence[Decimal], digits: int
) -> list[tuple[PlanLine, ...]]:
    """Divide lines into parts of these totals; every line adds up to itself.

    Each part takes from what is left of the lines in proportion to it, so no line is
    ever overdrawn and the last part takes exactly the rest.

    Raises:
        BillingError: The totals are not those of the lines, or of mixed signs.
    """
    left = [whole_units(line.amount, digits) for line in lines]
    wanted = [whole_units(total, digits) for total in totals]
    if sum(left) <= 0 or any(total < 0 for total in wanted) or sum(wanted) != sum(left):
        what = "only an amount above zero is divided, into parts that add up to it"
        raise BillingError(where="billing plan: lines", what=what)
    found = []
    for total in wanted:
        parts = _taken(left, total)
        left = [rest - part for rest, part in zip(left, parts, strict=True)]
        found.append(
            tuple(
                replace(line, quantity=_ONE, unit_price=to_decimal(part, digits))
                for line, part in zip(lines, parts, strict=True)
                if part
            )
        )
    return found


def _taken(left: Sequence[int], total: int) -> list[int]:
    """Take a total from what is left; discounts (below zero) in the same proportion."""
    rest, below = sum(left), -sum(part for part in left if part < 0)
    if not total:
        return [0 for _ in left]
    returned = total * below // rest
    more = largest_remainder(total + returned, [max(part, 0) for part in left])
    less = largest_remainder(returned, [max(-part, 0) for part in left])
    return [one - other for one, other in zip(more, less, strict=True)]


def _periods(plan: BillingPlan, until: date) -> Iterator[Instalment]:
    """Yield the periods that begin on or before a day, prorated at both ends."""
    last = plan.last_day
    for number, (anchor, following) in enumerate(_anchors(plan)):
        if number >= _MOST_PERIODS:
            what = f"it has more than {_MOST_PERIODS} periods"
            remedy = "Say when it ends."
            raise BillingError(where="billing plan: end", what=what, remedy=remedy)
        full = (anchor, following - _ONE_DAY)
        used = (
            max(anchor, plan.start),
            full[1] if last is None else min(full[1], last),
        )
        if used[0] > until or used[1] < used[0]:
            return
        bill_on = used[0] if plan.bill is Bill.START else used[1]
        label = period_label(used)
        lines = _labelled(_period_lines(plan, full, used), label)
        yield Instalment(f"{plan.deal}:{anchor}", plan.deal, bill_on, lines, label)


def _anchors(plan: BillingPlan) -> Iterator[tuple[date, date]]:
    """Yield the first day of each period and of the one after it."""
    step, start, day = _MONTHS[plan.schedule], plan.start, plan.anchor_day
    month = start.month if step == 1 else plan.anchor_month
    first = 0 if clamped(start.year, month, day) <= start else -step
    for number in count():
        at = month + first + number * step
        yield clamped(start.year, at, day), clamped(start.year, at + step, day)


def _period_lines(
    plan: BillingPlan, full: tuple[date, date], used: tuple[date, date]
) -> tuple[PlanLine, ...]:
    if used == full or plan.proration is Proration.NONE:
        return plan.lines
    method = ProrateMethod(plan.proration.value)
    found = []
    for line in plan.lines:
        part = prorate(line.amount, full, used, method=method, digits=plan.digits)
        found.append(replace(line, quantity=_ONE, unit_price=part.amount))
    return tuple(found)


def period_label(used: tuple[date, date]) -> str:
    """Return a period as an invoice says it.

    Example:
        >>> period_label((date(2026, 5, 1), date(2026, 5, 31)))
        '2026年5月分'
        >>> period_label((date(2026, 5, 16), date(2026, 5, 31)))
        '2026/05/16〜2026/05/31'
    """
    start, end = used
    if start.day == 1 and end == month_end(start):
        return f"{start.year}年{start.month}月分"
    return f"{start:%Y/%m/%d}〜{end:%Y/%m/%d}"


def _labelled(lines: Sequence[PlanLine], label: str) -> tuple[PlanLine, ...]:
    return tuple(
        replace(line, description=f"{line.description}（{label}）".lstrip())
        for line in lines
    )
