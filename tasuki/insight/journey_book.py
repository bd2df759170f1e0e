"""Journeys read from the ledger, and what is told written there."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.journey import Journeys
from tasuki.insight.kpi.report import Asked, Report, measure
from tasuki.ledger import Ledger
from tasuki.ledger.rows import time_text
from tasuki.ledger.stage_events import StageBook, StoredEvent, StoredFact

_STAGES = {str(stage): stage for stage in Stage}


def read_journeys(ledger: Ledger, as_of: datetime) -> Journeys:
    """Return every journey as it was known at a moment."""
    book, until = ledger.stages(), time_text(as_of)
    with _growing():
        return Journeys.of_entries(_entries(book, until), book.facts(until))


def report_of(ledger: Ledger, asked: Asked) -> tuple[Report, int]:
    """Return the report, and how many journeys were known at its moment."""
    with _growing():
        journeys = read_journeys(ledger, asked.as_of)
        return measure(journeys, asked), len(journeys)


@contextmanager
def _growing() -> Iterator[None]:
    """Let no garbage be looked for meanwhile: everything that is made here stays.

    Measured: it takes half of the time of a million events.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _entries(book: StageBook, until: str) -> Iterator[tuple[str, Stage, datetime, str]]:
    """Yield what `Journeys` is made of; a million of them, so nothing more."""
    stages, moment = _STAGES, datetime.fromisoformat
    for page in book.events(until):
        for _, subject, stage, at, into in page:
            yield subject, stages[stage], moment(at), into


def add_events(
    ledger: Ledger, events: Iterable[StageEvent], facts: Sequence[StoredFact] = ()
) -> int:
    """Add what is new of these events and facts; return the new events."""
    return ledger.stages().add([stored(one) for one in events], facts)


def stored(event: StageEvent) -> StoredEvent:
    """Return an event as the ledger holds it."""
    return StoredEvent(
        event.subject,
        str(event.stage),
        time_text(event.entered_at),
        time_text(event.observed_at),
        event.source,
        event.source_event,
        event.actor,
        event.reason,
        event.into,
    )


def restored(row: StoredEvent) -> StageEvent:
    """Return a stored event with its stage and times."""
    return StageEvent(
        row.subject,
        _STAGES[row.stage],
        datetime.fromisoformat(row.entered_at),
        datetime.fromisoformat(row.observed_at),
        row.source,
        row.source_event,
        row.actor,
        row.reason,
        row.into,
    )
