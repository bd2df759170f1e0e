"""Which records changed within some days: for a run over a span of time."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from tasuki.clock import TOKYO
from tasuki.engine.sync import Sync
from tasuki.model.errors import ConfigError
from tasuki.model.record import Page
from tasuki.ports import Rewinding


class Span(NamedTuple):
    """Days in Tokyo, both included; None leaves that end open."""

    since: date | None = None
    until: date | None = None

    def holds(self, moment: datetime | None) -> bool:
        """Say whether a moment lies within; one that is not told does."""
        if moment is None:
            return True
        day = moment.astimezone(TOKYO).date()
        return (self.since is None or day >= self.since) and (
            self.until is None or day <= self.until
        )


ALWAYS = Span()


def changed_within(sync: Sync, span: Span) -> tuple[str, ...]:
    """Return the ids of the records that the source says changed within the days.

    They are for `Options.only`: read once here and once more by the run, which is what
    leaves the sync's own cursor where it stands.

    Raises:
        ConfigError: the source does not tell when its records change, or the days are
            the wrong way round.
    """
    if span.since and span.until and span.until < span.since:
        where = f"{span.since} … {span.until}"
        raise ConfigError(where, "the last day is before the first", "Swap them.")
    return tuple(
        dict.fromkeys(
            record.id
            for page in _pages(sync, span)
            for record in page.records
            if span.holds(record.modified)
        )
    )


def _pages(sync: Sync, span: Span) -> Iterator[Page]:
    source, stream = sync.source.source, sync.mapping.source.stream
    position = None
    if span.since is not None:
        begin = datetime.combine(span.since, time(), TOKYO)
        if isinstance(source, Rewinding):
            position = source.cursor_at(stream, begin - timedelta(minutes=5))
        if position is None:
            remedy = "Name the records, or run it in full."
            what = "it does not tell when its records change"
            raise ConfigError(str(sync.mapping.source), what, remedy)
    yield from source.read(sync.mapping.query(), position)
