"""Answers that belong to another request.

A proxy or a connection pool that mixes answers up gives one record the id of another.
A record that was just created has an id that no other record can have had before.
"""

from collections import Counter
from collections.abc import Sequence

from tasuki.engine.sync import Sync
from tasuki.model.write import Confirmed, Outcome


def strangers(sync: Sync, told: Sequence[tuple[str, Outcome]]) -> dict[str, str]:
    """Return the answers that say *created* of a counterpart somebody else has.

    Args:
        sync: The opened sync.
        told: Source ids and the outcomes of their creates.

    Returns:
        Intent id to whose counterpart it is.
    """
    made = [
        (source_id, one)
        for source_id, one in told
        if isinstance(one, Confirmed) and one.created and not one.target_stream
    ]
    if not made:
        return {}
    home = str(sync.mapping.destination)
    ids = Counter(one.id for _, one in made)
    owners = sync.ledger.owners(sync.id, home, list(ids))
    found = {
        one.ref: owner
        for source_id, one in made
        if (owner := owners.get(one.id, source_id)) != source_id
    }
    twice = {one.ref: "another row" for _, one in made if ids[one.id] > 1}
    return twice | found
