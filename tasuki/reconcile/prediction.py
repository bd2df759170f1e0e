"""What a comparison will cost, said before it begins."""

from collections import Counter

from tasuki.model.record import StreamRef
from tasuki.ports import Counting, Sweeping, System
from tasuki.reconcile.frame import Frame

_UNKNOWN_PAGE = 100


def predicted_calls(frame: Frame, sample: int) -> dict[str, int]:
    """Return calls by connection: pages of both sides, by their number of records.

    Costs one call a side where the system can count; where it cannot, the number of
    known links stands for that of the records. What is found is looked at again, and
    comes on top.
    """
    sync, mapping = frame.sync, frame.sync.mapping
    known = sync.ledger.count_links(sync.id)
    calls: Counter[str] = Counter()
    sides = (
        (mapping.source, sync.source, True),
        (mapping.destination, sync.destination, frame.facts is not None),
    )
    for ref, system, whole in sides:
        records = known if sample or not whole else _count(system, ref, known)
        records = min(records, sample) if sample else records
        calls[ref.connection] += max(1, -(-records // _page_size(system, ref)))
    return dict(calls)


def _count(system: System, ref: StreamRef, known: int) -> int:
    destination = system.destination
    if isinstance(destination, Counting):
        return destination.count(ref.stream)
    return known


def _page_size(system: System, ref: StreamRef) -> int:
    destination = system.destination
    if isinstance(destination, Sweeping):
        return destination.sweep_facts(ref.stream).page_size
    return _UNKNOWN_PAGE
