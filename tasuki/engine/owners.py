"""Fields that people own at the destination are not written over.

What stands there now is read for the records that would change such a field, in one
call for a page; a value that is neither blank nor what we sent last is theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tasuki import plan
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn


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
    for turn in turns:
        verdict = turn.verdict
        if not isinstance(verdict, plan.Update) or verdict.target_id not in contested:
            continue
        theirs = _theirs(turn, verdict, present.get(verdict.target_id, {}))
        if not theirs:
            continue
        ours = {k: v for k, v in verdict.fields.items() if k not in theirs}
        linked = not verdict.attaching
        turn.verdict = (
            plan.Unchanged() if linked and not ours else replace(verdict, fields=ours)
        )


def _contested(turn: Turn) -> list[str]:
    """Return the fields of an update that may belong to the destination."""
    if turn.payload is None or not turn.payload.owners:
        return []
    if not isinstance(turn.verdict, plan.Update):
        return []
    return [name for name in turn.verdict.fields if name in turn.payload.owners]


def _theirs(
    turn: Turn, verdict: plan.Update, present: Mapping[str, object]
) -> frozenset[str]:
    """Return the fields whose present value people have set."""
    owners = (turn.payload.owners if turn.payload else None) or {}
    sent = turn.link.sent if turn.link else {}
    theirs = set()
    for name in verdict.fields:
        owner, value = owners.get(name), present.get(name)
        if owner is None or value is None or value == "":
            continue
        if owner == "destination" or plan.stored(value) != sent.get(name):
            theirs.add(name)
    return frozenset(theirs)
