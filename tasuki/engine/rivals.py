"""One deal, two accounting systems: what is billed in one is not billed in the other.

A claim binds a pair of streams, so two mappings that make documents of the same records
would each make one. Where another mapping's document, or a billing plan, of a record is
live, its create is held, and a person says whether both are meant.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from tasuki import plan
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.mapping import CompiledMapping

ELSEWHERE = "billed_elsewhere"
_PLANS = "hub/billing_plan"


class _Made(Protocol):
    @property
    def turn(self) -> Turn: ...


_M = TypeVar("_M", bound=_Made)


def rivals_of(
    mapping: CompiledMapping, mappings: Iterable[CompiledMapping]
) -> frozenset[str]:
    """Return where else documents are made of the records that a mapping bills."""
    if not mapping.model.document:
        return frozenset()
    own = str(mapping.destination)
    return frozenset(
        str(other.destination)
        for other in mappings
        if other.source == mapping.source
        and (other.model.document or str(other.destination) == _PLANS)
    ) - {own}


def not_elsewhere(sync: Sync, unlinked: Sequence[_M]) -> list[_M]:
    """Hold the creates of what is billed elsewhere; return the others."""
    if not sync.rivals or not unlinked:
        return list(unlinked)
    ids = [made.turn.record.id for made in unlinked]
    source = str(sync.mapping.source)
    found = sync.ledger.billed_elsewhere(source, ids, sorted(sync.rivals))
    for made in unlinked:
        other = found.get(made.turn.record.id)
        if other is not None:
            made.turn.verdict = plan.Hold(ELSEWHERE, other, choices=("create",))
    return [made for made in unlinked if made.turn.record.id not in found]
