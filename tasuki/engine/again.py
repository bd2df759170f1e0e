"""Records that get a turn though nothing was read of them: the ledger's own choice."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tasuki.engine.decide import Decider
from tasuki.engine.sync import Sync
from tasuki.model.record import Page, Record

_BATCH = 200
_LOOK_AGAIN_SECONDS = 3600.0  # a held record is looked at again after this long


def open_again(sync: Sync, decider: Decider) -> list[str]:
    """Return the source ids that need another turn though nothing changed.

    Unfinished writes, children whose parent has come, held records after a while,
    dead letters that a person sent back, and parents that others wait for.
    """
    ledger = sync.ledger
    before = sync.clock.now() - timedelta(seconds=_LOOK_AGAIN_SECONDS)
    ids = dict.fromkeys(decider.open_intents)
    ids |= dict.fromkeys(ledger.ready_after_wait(sync.id))
    ids |= dict.fromkeys(ledger.held_before(sync.id, before))
    ids |= dict.fromkeys(sorted(decider.replayed))
    ids |= dict.fromkeys(sorted(decider.wanted or ()))
    return [one for one in ids if one not in decider.unsettled]


def fetched(sync: Sync, ids: Sequence[str]) -> Iterator[Page]:
    """Yield these records as they are now; one that is gone comes as deleted."""
    query = sync.mapping.query()
    for start in range(0, len(ids), _BATCH):
        part = list(ids[start : start + _BATCH])
        records = sync.source.source.fetch(query, part)
        got = {record.id for record in records}
        records += [Record(one, "", {}, deleted=True) for one in part if one not in got]
        yield Page(records, "")
