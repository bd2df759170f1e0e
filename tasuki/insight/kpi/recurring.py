"""Recurring revenue: what the customers of the beginning bring at the end."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from tasuki.clock import TOKYO
from tasuki.insight.event import Stage
from tasuki.insight.journey import Journeys
from tasuki.insight.kpi.closing import amount_of
from tasuki.insight.kpi.figure import rate, rounded

MRR: Final = "mrr"
STARTS, ENDS = "starts", "ends"
_YEN: Final = Decimal(1)


class Recurring(NamedTuple):
    """Monthly recurring revenue (MRR) between two moments.

    NRR, GRR and churn are about the customers of the beginning alone; new ones are in
    neither.
    """

    start: Decimal
    end: Decimal
    expansion: Decimal
    contraction: Decimal
    churned: Decimal
    new: Decimal
    nrr: Decimal | None
    grr: Decimal | None
    logo_churn: Decimal | None
    customers: int
    customers_lost: int
    arpa: Decimal | None
    ltv: Decimal | None


def recurring(
    start: Mapping[str, Decimal],
    end: Mapping[str, Decimal],
    gross_margin: Decimal = Decimal(1),
) -> Recurring:
    """Compare what each customer brings a month at two moments.

    LTV = ARPA × gross margin / logo churn; None while nobody has left.
    """
    before = {name: amount for name, amount in start.items() if amount > 0}
    after = {name: amount for name, amount in end.items() if amount > 0}
    change = {name: after.get(name, Decimal(0)) - was for name, was in before.items()}
    total = sum(before.values(), Decimal(0))
    expansion = sum((one for one in change.values() if one > 0), Decimal(0))
    churned = sum((w for n, w in before.items() if n not in after), Decimal(0))
    lost = sum(1 for name in before if name not in after)
    shrunk = (-c for n, c in change.items() if c < 0 and n in after)
    contraction = sum(shrunk, Decimal(0))
    new = sum((a for name, a in after.items() if name not in before), Decimal(0))
    kept = total - contraction - churned
    # ARPA / churn = (total / customers) / (lost / customers)
    ltv = rounded(total * gross_margin / lost, _YEN) if lost else None
    return Recurring(
        start=total,
        end=sum(after.values(), Decimal(0)),
        expansion=expansion,
        contraction=contraction,
        churned=churned,
        new=new,
        nrr=rate(kept + expansion, total),
        grr=rate(kept, total),
        logo_churn=rate(lost, len(before)),
        customers=len(before),
        customers_lost=lost,
        arpa=rate(total, len(before)),
        ltv=ltv,
    )


def mrr_on(journeys: Journeys, day: date) -> dict[str, Decimal]:
    """Return what each customer brings a month on a day, by subscription.

    A subscription is known by its facts `mrr`, `starts` and `ends` (the last day), and
    ends with the event `churned` as well. Its customer is its company; itself where no
    company is known.
    """
    facts = journeys.facts
    found: dict[str, Decimal] = {}
    for subject in facts.subjects():
        amount = amount_of(facts, subject, MRR)
        if amount is None or not _runs(journeys, subject, day):
            continue
        customer = facts.about(subject, "company") or subject
        found[customer] = found.get(customer, Decimal(0)) + amount
    return found


def _runs(journeys: Journeys, subject: str, day: date) -> bool:
    starts = _day(journeys.facts.get(subject, STARTS))
    ends = _day(journeys.facts.get(subject, ENDS))
    journey = journeys.get(subject)
    left = journey.first.get(Stage.CHURNED) if journey else None
    if left is not None and left.astimezone(TOKYO).date() <= day:
        return False
    return not (starts and day < starts) and not (ends and day > ends)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
