"""Fields that were sent and are mapped no more: left as they are, or emptied.

Only a mapping that says `unmapped: clear` empties them, once, when it has changed,
and only where what stands there is still what we sent.
"""

from collections.abc import Sequence
from dataclasses import replace

from tasuki import plan
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.model.likeness import is_alike


def clear_unmapped(sync: Sync, turns: Sequence[Turn]) -> None:
    """Add fields that the mapping has dropped to updates, as blank."""
    mapping = sync.mapping
    if mapping.model.unmapped != "clear":
        return
    kept = {*mapping.fields, *(step.field for step in mapping.match_steps)}
    dropped = {turn.record.id: _dropped(sync, turn, kept) for turn in turns}
    targets = {
        turn.link.destination_id: turn
        for turn in turns
        if turn.link is not None and dropped[turn.record.id]
    }
    if not targets:
        return
    present = sync.destination.destination.fetch(
        mapping.destination.stream,
        sorted(targets),
        sorted({name for found in dropped.values() for name in found}),
    )
    for target_id, turn in targets.items():
        sent, there = dropped[turn.record.id], present.get(target_id, {})
        ours: dict[str, object] = {
            name: None
            for name, value in sent.items()
            if there.get(name) is not None and is_alike(there[name], value)
        }
        if not ours:
            continue
        if isinstance(turn.verdict, plan.Update):
            fields = {**turn.verdict.fields, **ours}
            turn.verdict = replace(turn.verdict, fields=fields)
        else:
            turn.verdict = plan.Update(target_id, ours)


def _dropped(sync: Sync, turn: Turn, kept: set[str]) -> dict[str, object]:
    """Return what was sent of fields that the mapping does not name any more."""
    link, verdict = turn.link, turn.verdict
    if link is None or link.revision == sync.mapping.revision or turn.archiving:
        return {}
    if turn.payload is None or link.destination != str(sync.mapping.destination):
        return {}
    if not isinstance(verdict, (plan.Unchanged, plan.Update)):
        return {}
    return {
        name: value
        for name, value in link.sent.items()
        if name not in kept and value is not None
    }
