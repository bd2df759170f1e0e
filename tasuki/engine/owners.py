"""Fields that people own at the destination are not written over.

What stands there now is read for the records that would change such a field, in one
call for a page; a value that is neither blank nor what we sent last is theirs. What a
run has sent that died before it was answered is ours too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tasuki import plan
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.model.likeness import is_alike

_THEIRS = frozenset({"destination", "destination_if_set"})


def respect_owners(sync: Sync, turns: Sequence[Turn]) -> None:
    """Take fields that belong to the destination out of updates."""
    contested: dict[str, list[str]] = {}
    for turn in turns:
        names = _contested(turn)
        if names and isinstance(turn.verdict, plan.Update):
            contested[turn.verdict.target_id] = names
    if not contested:
        return
    names = sorted({name for listed in contested.values() for name in listed})
    present = sync.destination.destination.fetch(
        sync.mapping.destination.stream, sorted(contested), names
    )
    disputed = [
        turn
        for turn in turns
        if isinstance(turn.verdict, plan.Update) and turn.verdict.target_id in contested
    ]
    sent = unanswered(sync, disputed)
    for turn in disputed:
        verdict = turn.verdict
        if not isinstance(verdict, plan.Update):
            continue
        ours = sent.get(turn.record.id, ())
        theirs = _theirs(turn, verdict, present.get(verdict.target_id, {}), ours)
        if not theirs:
            continue
        left = {k: v for k, v in verdict.fields.items() if k not in theirs}
        linked = not verdict.attaching
        turn.verdict = (
            plan.Unchanged() if linked and not left else replace(verdict, fields=left)
        )


def unanswered(
    sync: Sync, turns: Sequence[Turn]
) -> dict[str, list[Mapping[str, object]]]:
    """Return by source id what was sent since the last receipt: it may stand there.

    Costs no query unless a run was killed or an answer lost.
    """
    ids = [turn.record.id for turn in turns if turn.open_intents]
    if not ids:
        return {}
    payloads: dict[str, list[Mapping[str, object]]] = {one: [] for one in ids}
    for source_id, rows in sync.ledger.intents_of(sync.id, ids).items():
        for row in rows:
            if row.operation == "write_back":
                continue
            if row.state == "confirmed":
                payloads[source_id].clear()
            else:
                payloads[source_id].append(row.payload)
    return payloads


def _contested(turn: Turn) -> list[str]:
    """Return the fields of an update that may belong to the destination."""
    if turn.payload is None or not turn.payload.owners:
        return []
    if not isinstance(turn.verdict, plan.Update):
        return []
    owners = turn.payload.owners
    return [name for name in turn.verdict.fields if owners.get(name) in _THEIRS]


def _theirs(
    turn: Turn,
    verdict: plan.Update,
    present: Mapping[str, object],
    unanswered: Sequence[Mapping[str, object]],
) -> frozenset[str]:
    """Return the fields whose present value people have set."""
    owners = (turn.payload.owners if turn.payload else None) or {}
    sent = turn.link.sent if turn.link else {}
    theirs = set()
    for name in verdict.fields:
        owner, value = owners.get(name), present.get(name)
        if owner not in _THEIRS or value is None or value == "":
            continue
        ours = [sent.get(name), *(one.get(name) for one in unanswered)]
        kept = any(is_alike(value, one) for one in ours)
        if owner == "destination" or not kept:
            theirs.add(name)
    return frozenset(theirs)
