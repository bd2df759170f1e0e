"""Reading a source's stream for a run, and waiting without losing the run's lease."""

from collections.abc import Iterator
from dataclasses import replace

from tasuki.engine.pages import read_ahead
from tasuki.engine.part import Part, end_of
from tasuki.engine.shrunken import believable
from tasuki.engine.sync import Options, Sync
from tasuki.ledger import Lease
from tasuki.model.record import Page
from tasuki.ports import Clock


def stream_pages(sync: Sync, options: Options, position: str | None) -> Iterator[Page]:
    """Yield the stream's pages from a position on, all of them when it is None.

    A part of a backfill reads its own range. A full reading that lacks most of what
    is known is not believed, unless a person says so.
    """
    query = sync.mapping.query()
    if options.part is not None:
        query = replace(query, within=options.part.span)
    pages = sync.source.source.read(query, position)
    ahead = read_ahead(pages) if sync.threads else iter(pages)
    if position is not None or options.accept_empty:
        return ahead
    return believable(sync, ahead, options.holds)


def end_part(sync: Sync, part: Part, lease: Lease, run_id: str) -> None:
    """Store that a part was read to its end."""
    with sync.ledger.transaction(lease, run_id) as tx:
        tx.put_cursor(sync.id, end_of(part.number), run_id, sync.mapping.revision)


def wait_under(lease: Lease, clock: Clock, seconds: float) -> None:
    """Wait without losing the lease."""
    while seconds > 0:
        step = min(seconds, lease.seconds / 4)
        clock.sleep(step)
        lease.renew()
        seconds -= step
