"""A system that suddenly lacks what it is known to hold is not believed.

A lost permission, a token of another account or a vendor's broken index answers like an
empty system. Believing it would move the cursor past records nobody has read, drop what
waits, and let links go.
"""

from collections.abc import Callable, Iterator, Sequence

from tasuki.engine.sync import Sync
from tasuki.model.errors import RemoteError, ShrunkenError, TasukiError
from tasuki.model.record import Page, Record
from tasuki.model.write import Deferred, Gone, Outcome

FEW = 10  # known records below which no share says anything
_SAMPLE = 200
_ASKED = 50


def is_unusual(seen: int, known: int) -> bool:
    """Say whether fewer than half of the known records were seen."""
    return known >= FEW and seen * 2 < known


def confirm_gone(sync: Sync, source_ids: Sequence[str], seen: int, known: int) -> None:
    """Ask for some of the records that were not shown, before anything is concluded.

    Those that are there but fall outside the mapping's `where`, and those that were
    merged, are in order.

    Raises:
        ShrunkenError: most of them are gone, or there and yet not shown.
    """
    asked = list(source_ids[:_ASKED])
    if not asked:
        return
    records = sync.source.source.fetch(sync.mapping.query(), asked)
    fine = {r.id for r in records if r.merged_into or (r.outside and not r.deleted)}
    wrong = sum(one not in fine for one in asked)
    if wrong * 2 > len(asked):
        what = (
            f"answers with {seen:,} of {known:,} known records, and nothing says where "
            "the others went"
        )
        raise ShrunkenError(str(sync.mapping.source), what)


def believable(
    sync: Sync, pages: Iterator[Page], holds: Callable[[str], bool]
) -> Iterator[Page]:
    """Yield the pages of a full read; the last one once the whole is believed.

    Some of the linked records are drawn beforehand: most of them have to come. Those
    that `holds` denies are not expected.

    Raises:
        ShrunkenError: they did not. What came before has been dealt with; the cursor
            must not stay behind it.
    """
    drawn = [one for one in sync.ledger.sample_links(sync.id, _SAMPLE) if holds(one)]
    if len(drawn) < FEW:
        yield from pages
        return
    awaited = set(drawn)
    last: Page | None = None
    for page in pages:
        if last is not None:
            yield last
        awaited.difference_update(r.id for r in page.records if not r.deleted)
        last = page
    seen = len(drawn) - len(awaited)
    if is_unusual(seen, len(drawn)):
        known = sync.ledger.count_links(sync.id)
        share = seen * known // len(drawn)
        confirm_gone(sync, sorted(awaited), share, known)
    if last is not None:
        yield last


def believe_gone(sync: Sync, records: Sequence[Record]) -> None:
    """Look twice when most of the records that were asked for are said to be gone.

    Raises:
        ShrunkenError: known ones are gone as well.
    """
    gone = sum(r.deleted and not r.merged_into for r in records)
    if not is_unusual(len(records) - gone, len(records)):
        return
    drawn = sync.ledger.sample_links(sync.id, _ASKED)
    if len(drawn) < FEW:
        return
    found = sync.source.source.fetch(sync.mapping.query(), drawn)
    alive = sum(not r.deleted for r in found)
    if is_unusual(alive, len(drawn)):
        what = f"says that {gone:,} of {len(records):,} awaited records are gone"
        raise ShrunkenError(str(sync.mapping.source), what)


def doubt_gone(
    sync: Sync, outcomes: Sequence[Outcome], stop: Callable[[TasukiError], None]
) -> Sequence[Outcome]:
    """Look twice when most counterparts of a batch are said to be gone.

    Returns:
        The outcomes. When known counterparts are gone as well, no link is let go: those
        rows wait, and `stop` is told why.
    """
    gone = {o.ref for o in outcomes if isinstance(o, Gone) and o.moved_to is None}
    if not is_unusual(len(outcomes) - len(gone), len(outcomes)):
        return outcomes
    mapping = sync.mapping
    drawn = sync.ledger.sample_links(sync.id, _ASKED)
    links = sync.ledger.links(sync.id, drawn).values()
    home = str(mapping.destination)
    ids = [link.destination_id for link in links if link.destination == home]
    try:
        near = sync.destination.destination.fetch(mapping.destination.stream, ids, ())
    except RemoteError as error:  # nobody can tell: what was answered is kept
        stop(error)
    else:
        if not is_unusual(len(near), len(ids)):
            return outcomes
        what = f"says that {len(gone):,} of {len(outcomes):,} known records are gone"
        stop(ShrunkenError(home, what))
    return [
        Deferred(o.ref, o.code, o.words) if isinstance(o, Gone) and o.ref in gone else o
        for o in outcomes
    ]
