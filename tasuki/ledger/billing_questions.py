"""What is open about the deal of a plan: queries that stand beside one on plans."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, text

from tasuki.billing.instalment import CREDIT
from tasuki.ledger.billing_tables import BILLING_INSTALMENT, BILLING_PLAN
from tasuki.ledger.tables import (
    DEAD_LETTER,
    HOLD,
    LINK,
    OPEN_HOLDS,
    RULING,
    RULING_END,
    UNSOLVED_LETTERS,
)

PLANS: Final = "hub/billing_plan"
LOST: Final = "lost_after_billing"
"""Why a deal is held that was lost, reopened or deleted after a part was billed."""


def not_asked() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that nothing is open about a plan's deal."""
    return (
        ~about(HOLD, OPEN_HOLDS).exists(),
        ~about(DEAD_LETTER, UNSOLVED_LETTERS).exists(),
    )


def left_lost() -> Select[Any]:
    """Select what people left at that about the lost deal of a plan."""
    return (
        select(RULING.c.id)
        .join(
            LINK,
            and_(LINK.c.source_id == RULING.c.source_id, LINK.c.sync == RULING.c.sync),
        )
        .where(
            LINK.c.destination == PLANS,
            LINK.c.destination_id == BILLING_PLAN.c.id,
            RULING.c.reason == LOST,
            RULING.c.choice.in_(("leave", "leave_for_good")),
            ~select(RULING_END.c.ruling_id)
            .where(RULING_END.c.ruling_id == RULING.c.id)
            .exists(),
        )
    )


def written_credits(ids: Sequence[str]) -> Select[Any]:
    """Select the proposals that credits came from: credit, choice, target, how many.

    Of each credit the newest comes first: the proposal that it was approved by.
    """
    part, same = BILLING_INSTALMENT, BILLING_INSTALMENT.alias("same")
    beside = (
        select(func.count())
        .where(same.c.plan_id == part.c.plan_id, same.c.kind == part.c.kind)
        .where(same.c.created_at == part.c.created_at)
        .scalar_subquery()
    )
    own = and_(RULING.c.source_id == LINK.c.source_id, RULING.c.sync == LINK.c.sync)
    told = RULING_END.c.outcome
    return (
        select(part.c.invoice_id, RULING.c.choice, RULING.c.target, beside)
        .join(LINK, LINK.c.destination_id == part.c.plan_id)
        .join(RULING, own)
        .outerjoin(RULING_END, RULING_END.c.ruling_id == RULING.c.id)
        .where(
            LINK.c.destination == PLANS,
            part.c.invoice_id.in_(ids),
            part.c.kind == CREDIT,
            RULING.c.choice.in_(("send", "found")),
            RULING.c.ruled_at <= part.c.created_at,
            or_(told.is_(None), told == "carried_out"),
        )
        .order_by(RULING.c.id.desc())
    )


def about(table: Table, condition: str) -> Select[Any]:
    """Select what is open in a table about the deal of a plan."""
    own = and_(LINK.c.source_id == table.c.source_id, LINK.c.sync == table.c.sync)
    told = text(condition.replace("state", f"{table.name}.state"))
    return (
        select(table.c.source_id)
        .join(LINK, own)
        .where(
            LINK.c.destination == PLANS,
            LINK.c.destination_id == BILLING_PLAN.c.id,
            told,
        )
    )
