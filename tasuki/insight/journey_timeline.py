"""One timeline for a customer: everything from first touch to renewal, in order."""

from collections.abc import Iterable, Iterator, Sequence

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.journey import LINKS
from tasuki.insight.journey_book import restored
from tasuki.insight.journey_file import Stages
from tasuki.ledger import Ledger
from tasuki.ledger.stage_events import StageBook

KINDS = (
    "person", "company", "deal", "invoice", "subscription", "onboarding", "payment"
)  # fmt: skip
_MOST = 1_000  # subjects of one customer
_OF_A_RECORD = 3


def subjects_of(asked: str, refs: Iterable[str], stages: Stages) -> list[str]:
    """Return the subjects that a question and the records of its story can mean.

    Args:
        asked: `connection/stream/id`, `kind/id`, or an id alone.
        refs: Further records, as `connection/stream/id`.
        stages: Says what the records of a stream are.
    """
    kinds: dict[str, str] = {one.read: one.subject for one in stages.records.values()}
    parts = asked.split("/")
    found: list[str] = []
    if len(parts) == 1:
        found += [f"{kind}/{asked}" for kind in KINDS]
    elif parts[0] in KINDS:
        found.append(asked)
    for ref in (asked, *refs):
        stream, _, record_id = ref.rpartition("/")
        if ref.count("/") == _OF_A_RECORD - 1:
            told = [kinds[stream]] if stream in kinds else KINDS
            found += [f"{kind}/{record_id}" for kind in told]
    return list(dict.fromkeys(found))


def timeline(ledger: Ledger, subjects: Sequence[str]) -> list[StageEvent]:
    """Return a customer's events: those of these subjects and of all about them.

    A person's company, its other people, their deals, invoices and subscriptions. That
    two records are the same one is no event for the eye.
    """
    book = ledger.stages()
    found = map(restored, book.events_of(sorted(_together(book, subjects))))
    same = (Stage.MERGED, "same")
    shown = {one for one in found if (one.stage, one.reason) != same}
    ranks = {stage: rank for rank, stage in enumerate(Stage)}
    return sorted(
        shown, key=lambda one: (one.entered_at, ranks[one.stage], one.subject)
    )


def _together(book: StageBook, subjects: Sequence[str]) -> set[str]:
    """Follow links and merges in both directions."""
    seen: set[str] = set()
    waiting = set(subjects)
    while waiting and len(seen) < _MOST:
        seen |= waiting
        near = set(_neighbours(book, sorted(waiting)))
        waiting = near - seen
    return seen


def _neighbours(book: StageBook, subjects: Sequence[str]) -> Iterator[str]:
    for fact in book.facts_of(subjects):
        if fact.name in LINKS:
            yield fact.subject
            yield fact.value
    for event in book.events_of(subjects):
        if event.into:
            yield event.subject
            yield event.into
