"""The turns that a run would have, decided without sending or recording anything."""

from collections.abc import Iterator

from tasuki import plan
from tasuki.engine.again import fetched, held, open_again
from tasuki.engine.decide import Decider
from tasuki.engine.leftovers import sort_leftovers
from tasuki.engine.pages import unique_parts
from tasuki.engine.start import position_since, usable_position
from tasuki.engine.sync import Options, Sync
from tasuki.engine.turn import Turn
from tasuki.model.record import Page


def turns_ahead(
    sync: Sync, options: Options, position: str | None, sample: int = 0
) -> Iterator[list[Turn]]:
    """Yield the turns of a run, a part of a page at a time, each record once in it.

    Args:
        sync: The opened sync.
        options: As for the run.
        position: Where it would begin to read; None: at the beginning.
        sample: Stop after this many records; 0 for all.
    """
    decider = Decider.of(sync)
    sort_leftovers(sync, decider)
    creating: dict[str, str] = {}
    decider.search.creating = creating
    pages = _limited(_pages(sync, options, position, decider), sample)
    for number, page in enumerate(pages):
        for part in unique_parts(page.records):
            turns = decider.page(part, number)
            for turn in turns:
                if isinstance(turn.verdict, plan.Create):
                    creating |= dict.fromkeys(turn.match_hashes, turn.record.id)
            yield turns


def begin_at(sync: Sync, options: Options) -> str | None:
    """Return the position that a run with these options begins to read at."""
    if options.since is not None:
        return position_since(sync, options.since)
    return None if options.full else usable_position(sync)


def _pages(
    sync: Sync, options: Options, position: str | None, decider: Decider
) -> Iterator[Page]:
    """Yield what a run would decide about: the ledger's choice, then what is read."""
    if options.only:
        yield from fetched(sync, options.only)
        return
    versions: dict[str, str] = {}
    if options.since is None:
        for page in fetched(sync, open_again(sync, decider, held(sync))):
            versions |= {one.id: one.version for one in page.records if one.version}
            yield page
    for page in sync.source.source.read(sync.mapping.query(), position):
        new = [one for one in page.records if versions.get(one.id) != one.version]
        yield Page(new, page.cursor)


def _limited(pages: Iterator[Page], sample: int) -> Iterator[Page]:
    left = sample
    for page in pages:
        if sample and len(page.records) > left:
            yield Page(page.records[:left], page.cursor)
            return
        left -= len(page.records)
        yield page
        if sample and left <= 0:
            return
