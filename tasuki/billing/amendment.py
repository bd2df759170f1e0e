"""What a changed or lost deal means for what was billed of it already. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from tasuki.billing.instalment import (
    CREDIT,
    DIFFERENCE,
    Instalment,
    instalments,
)
from tasuki.billing.plan import WITHDRAWN, BillingPlan, PlanLine

_YEN: Final = "JPY"
_FAR: Final = 366


@dataclass(frozen=True, slots=True)
class Difference:
    """What should have been billed by now, and what was.

    Attributes:
        should: The sum of the present plan's instalments among those billed.
        billed: What was billed, and promised to be returned.
        by_tax: The difference of each tax class; empty when there is none.
    """

    should: Decimal
    billed: Decimal
    by_tax: tuple[tuple[str, Decimal], ...]

    @property
    def total(self) -> Decimal:
        """The difference in all; below zero it is to be returned."""
        return self.should - self.billed


def difference(plan: BillingPlan, billed: Sequence[Instalment]) -> Difference:
    """Compare a plan with what was billed of it.

    Only parts that were billed are compared: what is still to come follows the plan.
    """
    until = max((one.bill_on for one in billed), default=plan.start)
    known = {one.id for one in billed}
    horizon = max(until, plan.start).toordinal() + _FAR
    present = [
        one for one in instalments(plan, date.fromordinal(horizon)) if one.id in known
    ]
    sums: dict[str, Decimal] = {}
    for sign, found in ((1, present), (-1, billed)):
        for one in found:
            for line in one.lines:
                sums[line.tax] = sums.get(line.tax, Decimal(0)) + sign * line.amount
    return Difference(
        sum((one.amount for one in present), Decimal(0)),
        sum((one.amount for one in billed), Decimal(0)),
        tuple((tax, amount) for tax, amount in sorted(sums.items()) if amount),
    )


def balancing(
    plan: BillingPlan, found: Difference, number: int, today: date
) -> Instalment:
    """Return the instalment that makes up for a difference.

    Args:
        plan: The plan as it is now.
        found: A difference that is not nothing.
        number: How many such instalments the deal has had.
        today: The day it is to be billed on.
    """
    is_more = found.total > 0
    kind, word = (DIFFERENCE, "差額") if is_more else (CREDIT, "返還")
    text = f"{word}（{plan.subject}）" if plan.subject else word
    lines = tuple(
        PlanLine(text, Decimal(1 if amount > 0 else -1), abs(amount), tax)
        for tax, amount in found.by_tax
    )
    own = f"{plan.deal}:{kind}-{number + 1}"
    return Instalment(own, plan.deal, today, lines, word, kind)


def proposal(plan: BillingPlan, found: Difference) -> str:
    """Return what is proposed to a person, in Japanese and English."""
    billed, should = _money(plan, found.billed), _money(plan, found.should)
    amount = _money(plan, abs(found.total))
    lost = "失注・取消: " if plan.state == WITHDRAWN else ""
    said = f"{lost}請求済み {billed} → 変更後 {should}"
    if found.total > 0:
        return f"差額請求 {amount}（{said}） / difference invoice {amount}"
    if found.total == 0:
        return (
            f"税区分の変更（{said}）: 返還インボイスと再発行 / "
            "another tax class: credit note and a new invoice"
        )
    return f"返還インボイス {amount}（{said}） / credit note {amount}"


def _money(plan: BillingPlan, amount: Decimal) -> str:
    text = f"{amount:,.{plan.digits}f}"
    return f"¥{text}" if plan.currency == _YEN else f"{plan.currency} {text}"
