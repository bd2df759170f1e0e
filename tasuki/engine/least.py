"""The calls that nobody could do without, to measure a run by."""

from tasuki.engine.sync import Sync
from tasuki.engine.tally import Tally


def minimum_calls(sync: Sync, tally: Tally) -> int:
    """Return the least possible calls: pages read, batches written."""
    mapping = sync.mapping
    facts = sync.destination.destination.facts(mapping.destination.stream)
    back = sync.source.destination.facts(mapping.source.stream).batch_size
    return (
        tally.pages
        + sum(-(-rows // facts.batch_size) for rows in tally.written.values())
        + -(-tally.written_back // back)
    )
