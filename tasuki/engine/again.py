"""Records that get a turn though nothing was read of them: the ledger's own choice."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tasuki.engine.decide import Decider
from tasuki.engine.sync import Sync
from tasuki.ledger import Lease
from tasuki.ledger.rows import time_text
from tasuki.model.record import Page, Record

_BATCH = 200
_LOOK_AGAIN_SECONDS = 3600.0  # between two looks at what is held
HELD = "held"
"""The part of a sync's cursor that says when held records were last looked at."""


def open_again(sync: Sync, decider: Decider, looked_at: Sequence[str]) -> list[str]:
    """Return the source ids that need another turn though nothing changed.

    Unfinished writes, children whose parent has come, held records after a while or
    once a person has decided, dead letters that a person sent back, and parents that
    others wait for.

    Args:
        sync: The opened sync.
        decider: Knows what is unfinished, replayed and wanted.
        looked_at: What `held` has given.
    """
    ledger = sync.ledger
    ids = dict.fromkeys(decider.open_intents)
    ids |= dict.fromkeys(ledger.ready_after_wait(sync.id))
    ids |= dict.fromkeys(looked_at)
    ids |= dict.fromkeys(ledger.ruled(sync.id))
    ids |= dict.fromkeys(sorted(decider.replayed))
    ids |= dict.fromkeys(sorted(decider.wanted or ()))
    return [one for one in ids if one not in decider.unsettled]


def held(sync: Sync) -> list[str]:
    """Return what has been held for a while, unless it was looked at lately."""
    before = sync.clock.now() - timedelta(seconds=_LOOK_AGAIN_SECONDS)
    looked = sync.ledger.cursor(sync.id, HELD)
    if looked is not None and looked.position > time_text(before):
        return []
    return sync.ledger.held_before(sync.id, before)


def note_look(sync: Sync, lease: Lease, run_id: str) -> None:
    """Remember that held records have just been looked at."""
    now = time_text(sync.clock.now())
    with sync.ledger.transaction(lease, run_id) as tx:
        tx.put_cursor(sync.id, HELD, now, sync.mapping.revision)


def fetched(sync: Sync, ids: Sequence[str]) -> Iterator[Page]:
    """Yield these records as they are now; one that is gone comes as deleted."""
    query = sync.mapping.query()
    for start in range(0, len(ids), _BATCH):
        part = list(ids[start : start + _BATCH])
        records = sync.source.source.fetch(query, part)
        got = {record.id for record in records}
        records += [Record(one, "", {}, deleted=True) for one in part if one not in got]
        yield Page(records, "")
