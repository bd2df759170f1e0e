"""Documents that somebody has made by hand: what they bill is not billed again.

Before a document is made, the destination is looked through once for the whole page.
One that nobody knows of and that looks the same (customer, day, total), or that has
this record's mark though the ledger does not know it, holds the create: a person says
whether it is this record's document.
"""

from collections.abc import Sequence

from tasuki import plan
from tasuki.engine.batch import write_of
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.engine.written import link_written
from tasuki.ledger.backup import RESTORED
from tasuki.model.write import Sighting, WriteClass

EXISTS = "exists_already"
LOOKS_ALIKE = "looks the same"
_MARKED = "carries our mark"


def hold_made_by_hand(sync: Sync, turns: Sequence[Turn]) -> None:
    """Hold the creates of documents that seem to be there already.

    Only where documents carry marks, which tell what Tasuki has made.
    """
    link_written(sync, turns)
    creating = {
        turn.record.id: turn for turn in turns if isinstance(turn.verdict, plan.Create)
    }
    if not creating or not _looks(sync):
        return
    stream = sync.mapping.destination.stream
    writes = [write_of(turn, own) for own, turn in creating.items()]
    seen = sync.destination.destination.probe(stream, writes)
    ids = {one.id for sighting in seen for one in sighting.suspects}
    owners = sync.ledger.owners(sync.id, str(sync.mapping.destination), sorted(ids))
    for sighting in seen:
        candidates = _candidates(sync, sighting, owners)
        if candidates:
            refs = ", ".join(f"{one.stream}/{one.id}" for one in candidates[:5])
            detail = f"{candidates[0].step}: {refs}"
            choices = ("attach", "create")
            turn = creating[sighting.ref]
            turn.verdict = plan.Hold(EXISTS, detail, candidates, choices)


def _looks(sync: Sync) -> bool:
    mapping = sync.mapping
    if not mapping.model.document or mapping.write.value != "once":
        return False
    facts = sync.destination.destination.facts(mapping.destination.stream)
    # After a restore every create is looked up anyway, as if its answer had been lost.
    is_marked = facts.create_class is WriteClass.MARKER
    return is_marked and sync.ledger.cursor("", RESTORED) is None


def _candidates(
    sync: Sync, sighting: Sighting, owners: dict[str, str]
) -> tuple[plan.Counterpart, ...]:
    """Return what may be this record's document; what is another's is none."""
    home = str(sync.mapping.destination)
    marked = [plan.Counterpart(home, one.id, _MARKED) for one in sighting.found]
    alike = [
        plan.Counterpart(home, one.id, LOOKS_ALIKE)
        for one in sighting.suspects
        if one.id not in owners
    ]
    return (*marked, *alike)
