"""Totals agree or nothing leaves: a document's sums are ours, or a person looks.

A system computes a document by settings of its own. Where its sums are not what the
mapping's fields come to, the document is known and never made again, but its source
is told nothing: it is held until the sums agree or a person takes the system's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tasuki import plan
from tasuki.billing.document import differences, totals
from tasuki.billing.errors import BillingError
from tasuki.engine.holding import DISAGREE
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Accept, Turn
from tasuki.ledger.rows import IntentRow
from tasuki.mapping import CompiledMapping
from tasuki.ports import Stating

_MODES = ("price_mode", "tax_rounding", "line_rounding")


def disagreement(
    mapping: CompiledMapping,
    fields: Mapping[str, object],
    stated: Mapping[str, object],
) -> str:
    """Return the sums that a document states otherwise than we compute; "" for none.

    How the system rounds counts where the fields do not say how to.
    """
    if mapping.model.document is None or not stated:
        return ""
    modes = {name: stated[name] for name in _MODES if stated.get(name)}
    said = {name: value for name, value in fields.items() if value is not None}
    try:
        found = differences(totals(modes | said), stated)
    except BillingError as error:
        return f"the sums cannot be compared: {error}"
    return "; ".join(
        f"{one.field} {one.theirs:f} there, {one.ours:f} here" for one in found
    )


def hold_of(sync: Sync, target_id: str, words: str) -> plan.Hold:
    """Return the question about a document whose sums are not ours."""
    home = str(sync.mapping.destination)
    document = plan.Counterpart(home, target_id, "totals")
    detail = f"{home}/{target_id}: {words}"
    return plan.Hold(DISAGREE, detail, (document,), ("accept",), about=detail)


def look_again(sync: Sync, turns: Sequence[Turn]) -> None:
    """Compare documents once more that were held for their sums.

    Somebody may have corrected one, or the office's settings and saved it again.
    """
    held = {
        turn.link.destination_id: turn
        for turn in turns
        if turn.link is not None
        and isinstance(turn.verdict, plan.Unchanged)
        and was_held(turn)
    }
    destination = sync.destination.destination
    if not held or not isinstance(destination, Stating):
        return
    stated = destination.stated(sync.mapping.destination.stream, list(held))
    for target_id, turn in held.items():
        link = turn.link
        assert link is not None  # noqa: S101 - only such turns are held here
        if target_id not in stated:
            hold = hold_of(sync, target_id, "it is not there any more")
            turn.verdict = replace(hold, choices=())
            continue
        words = disagreement(sync.mapping, link.sent, stated[target_id])
        turn.verdict = hold_of(sync, target_id, words) if words else Accept()


def made_by(sync: Sync, turn: Turn) -> IntentRow | None:
    """Return the create that has made a turn's document, with its receipt."""
    sent = sync.ledger.intents_of(sync.id, [turn.record.id]).get(turn.record.id, [])
    made = [r for r in sent if (r.operation, r.state) == ("create", "confirmed")]
    return made[-1] if made else None


def was_held(turn: Turn) -> bool:
    """Say whether the turn's document was held for its sums until now."""
    before = turn.previous
    return before is not None and (before.outcome, before.reason) == ("held", DISAGREE)
