"""The handoff board as plain values: for programs, spreadsheets and the next report."""

from collections.abc import Iterable
from datetime import timedelta

from tasuki.insight.handoff_board import Due, Judged, Standing
from tasuki.insight.handoff_look import Board
from tasuki.insight.handoff_rule import SalesModel
from tasuki.insight.handoff_words import step, what_to_do, why

_HOUR = timedelta(hours=1)


def board_to_json(
    model: SalesModel, board: Board, shown: Iterable[Judged]
) -> dict[str, object]:
    """Return the board as plain values, words in both languages."""
    return {
        "as_of": board.now.isoformat(),
        "counts": {one.value: board.count(one) for one in Standing},
        "handoffs": [judged_to_json(model, one) for one in shown],
        "sources": [line.to_json() for line in board.sources],
        "orphans": [row.id for row in board.orphans],
    }


def judged_to_json(model: SalesModel, one: Judged) -> dict[str, object]:
    """Return one handoff as plain values."""
    row = one.row
    return {
        "id": row.id,
        "handoff": row.handoff,
        "subject": row.subject,
        "from": row.giver,
        "to": row.taker,
        "source": row.channel,
        "owner": row.owner,
        "state": row.state,
        "standing": one.standing.value,
        "opened_at": row.opened_at.isoformat(),
        "warn_at": row.warn_at.isoformat(),
        "due_at": row.due_at.isoformat(),
        "closed_at": row.closed_at.isoformat() if row.closed_at else None,
        "within": row.within,
        "rule_hash": row.rule_hash,
        "by_earlier_rule": one.by_new_rule,
        "reason": row.reason,
        "reason_missing": one.unexplained,
        "failed_criteria": list(row.failed),
        "who": one.who.id if one.who else None,
        "cause": one.cause.value if one.cause else None,
        "why": one.why.value if one.why else None,
        "why_ja": why(one, "ja"),
        "why_en": why(one, "en"),
        "what_to_do_ja": what_to_do(model, one, "ja"),
        "what_to_do_en": what_to_do(model, one, "en"),
        "late_by_hours": round(one.late_by / _HOUR, 2),
        "hub_took_hours": round(one.hub_took / _HOUR, 2),
        "steps_due": [_step(model, due, one) for due in one.steps],
        "next_step": _step(model, one.following, one) if one.following else None,
    }


def _step(model: SalesModel, due: Due, one: Judged) -> dict[str, object]:
    return {
        "at": due.at.isoformat(),
        "tell": due.tell,
        "person": due.person.id if due.person else None,
        "ja": step(model, due, one, "ja"),
        "en": step(model, due, one, "en"),
    }
