"""Updates that the destination itself has a question about, and withdrawals.

Most destinations take what they are given. One that knows what has come of a record
since (a billing plan, of which a part was billed) is asked before an update, and told
when the record does not qualify any more.
"""

from collections.abc import Mapping, Sequence

from tasuki import plan
from tasuki.engine.earlier import doubtful_fields
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.mapping import Payload, fingerprint
from tasuki.ports import Closing, Reviewing

BILLED = "billed_already"
LOST = "lost_after_billing"
_NOT_WITHDRAWN = frozenset(
    {"forgotten", "counterpart_deleted", "counterpart_yielded", "not_wanted"}
)


def close_due(sync: Sync) -> None:
    """Let a source fix what is due before a run reads it."""
    source = sync.source.source
    if isinstance(source, Closing):
        source.close_due(sync.mapping.source.stream)


def review(sync: Sync, turns: Sequence[Turn]) -> None:
    """Withdraw counterparts, and hold the updates that a person decides about."""
    destination = sync.destination.destination
    if not isinstance(destination, Reviewing):
        return
    stream = sync.mapping.destination.stream
    withdrawal = destination.withdrawal(stream)
    for turn in turns:
        _withdraw(sync, turn, withdrawal)
    updates = {
        turn.verdict.target_id: turn.verdict.fields
        for turn in turns
        if isinstance(turn.verdict, plan.Update)
    }
    questions = destination.review(stream, updates) if updates else {}
    for turn in turns:
        verdict = turn.verdict
        if isinstance(verdict, plan.Update) and verdict.target_id in questions:
            asked = questions[verdict.target_id]
            also = ("found",) if asked.takes_back else ()
            choices = ("send", *also) if turn.link is not None else ()
            turn.verdict = plan.Hold(asked.reason, asked.words, choices=choices)


def _withdraw(sync: Sync, turn: Turn, withdrawal: Mapping[str, object]) -> None:
    """Turn the skip of a linked record into what its counterpart is told."""
    link, verdict = turn.link, turn.verdict
    if link is None or not isinstance(verdict, plan.Skip):
        return
    if verdict.reason in _NOT_WITHDRAWN or link.destination != str(
        sync.mapping.destination
    ):
        return
    payload = Payload({**link.sent, **withdrawal})
    changed = plan.changed_fields(payload, link.sent, doubtful_fields(turn))
    if not changed:
        return
    turn.payload = payload
    turn.fingerprint = fingerprint(payload.fields)
    turn.verdict = plan.Update(link.destination_id, changed)
