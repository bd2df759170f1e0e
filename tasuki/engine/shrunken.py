"""A system that suddenly lacks what it is known to hold is not believed.

A lost permission, a token of another account or a vendor's broken index answers like an
empty system. Believing it would move the cursor past records nobody has read.
"""

from collections.abc import Sequence

from tasuki.engine.sync import Sync
from tasuki.model.errors import ShrunkenError

FEW = 10  # known records below which no share says anything
_SAMPLE = 50


def is_unusual(seen: int, known: int) -> bool:
    """Say whether fewer than half of the known records were seen."""
    return known >= FEW and seen * 2 < known


def confirm_gone(sync: Sync, source_ids: Sequence[str], seen: int, known: int) -> None:
    """Ask for some of the records that were not shown, before anything is concluded.

    Those that are there but fall outside the mapping's `where`, and those that were
    merged, are in order.

    Raises:
        ShrunkenError: most of them are gone.
    """
    asked = list(source_ids[:_SAMPLE])
    if not asked:
        return
    records = sync.source.source.fetch(sync.mapping.query(), asked)
    alive = {r.id for r in records if not r.deleted or r.merged_into}
    gone = sum(one not in alive for one in asked)
    if gone * 2 > len(asked):
        what = (
            f"answers with {seen:,} of {known:,} known records; of {len(asked)} of the "
            f"others, {gone} are said to be gone"
        )
        raise ShrunkenError(str(sync.mapping.source), what)
