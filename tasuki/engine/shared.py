"""Two records that lead to one counterpart: only one of them may write to it.

Their counterparts were merged at the destination. The first one linked goes on; the
other one is held until a person says which of them owns the survivor.
"""

from collections.abc import Sequence

from tasuki import plan
from tasuki.engine.holding import SHARED
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn

SHARED_LINK = "shared"
"""State of a link whose counterpart has another live link."""
YIELDED_LINK = "yielded"
"""State of a link whose counterpart a person gave to another record."""


def sharing(home: str, target_id: str, owner: str) -> plan.Hold:
    """Return the question which of two records owns a counterpart."""
    one = plan.Counterpart(home, target_id, "link", taken_by=owner)
    return plan.Hold(SHARED, f"{home}/{target_id} ← {owner}", (one,), ("own",))


def hold_sharers(sync: Sync, turns: Sequence[Turn]) -> None:
    """Hold updates of a counterpart that another record was linked to before."""
    targets = {
        turn.record.id: turn.verdict.target_id
        for turn in turns
        if turn.link is not None
        and isinstance(turn.verdict, plan.Update)
        and not turn.verdict.attaching
    }
    if not targets:
        return
    owners = sync.ledger.reverse_links(sync.id, sorted(set(targets.values())))
    home = str(sync.mapping.destination)
    for turn in turns:
        target = targets.get(turn.record.id)
        owner = owners.get(target) if target is not None else None
        if target is not None and owner is not None and owner != turn.record.id:
            turn.verdict = sharing(home, target, owner)
