"""What a sweep for leaks asks of the ledger: ids, states and times, plainly."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import func, select, text

from tasuki.ledger.archive_tables import ARCHIVE
from tasuki.ledger.database import Database
from tasuki.ledger.tables import (
    DEAD_LETTER,
    DECISION,
    INTENT,
    LINK,
    OPEN_STATES,
    RUN,
    UNSOLVED_LETTERS,
)

_AT_ONCE = 1_000


class LinkFact(NamedTuple):
    """A live link: from where, to where."""

    source_id: str
    destination: str
    destination_id: str


class DocumentFact(NamedTuple):
    """A money write that counts: not refused, not replaced."""

    sync: str
    source: str
    source_id: str
    destination: str
    destination_id: str | None
    mark: str
    payload_text: str
    receipt_text: str | None


class StuckFact(NamedTuple):
    """A write that is not finished, or a dead letter."""

    sync: str
    source: str
    source_id: str
    operation: str
    state: str
    since: str
    attempts: int


class SyncFact(NamedTuple):
    """When a sync first ran, and when it last succeeded (None: never)."""

    sync: str
    first_at: str
    succeeded_at: str | None


class SkipFact(NamedTuple):
    """A record that a sync's last decision left out."""

    source_id: str
    reason: str
    decided_at: str


class ArchiveFact(NamedTuple):
    """A document of the archive, not the answer to it."""

    seq: int
    channel: str
    content_sha: str


class LeakFacts:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def link_facts(self, sync: str) -> Iterator[list[LinkFact]]:
        """Yield a sync's live links, in parts."""
        after = ""
        while True:
            query = (
                select(LINK.c.source_id, LINK.c.destination, LINK.c.destination_id)
                .where(
                    LINK.c.sync == sync,
                    LINK.c.state == "live",
                    LINK.c.source_id > after,
                )
                .order_by(LINK.c.source_id)
                .limit(_AT_ONCE)
            )
            with self._database.reading() as connection:
                found = [LinkFact._make(row) for row in connection.execute(query)]
            if found:
                yield found
            if len(found) < _AT_ONCE:
                return
            after = found[-1].source_id

    def document_facts(self, destination: str) -> Iterator[list[DocumentFact]]:
        """Yield the money writes to a stream (`connection/stream`), in parts."""
        after = ""
        columns = (
            *(INTENT.c.sync, INTENT.c.source, INTENT.c.source_id),
            *(INTENT.c.destination, INTENT.c.destination_id, INTENT.c.mark),
            *(INTENT.c.payload, INTENT.c.receipt),
        )
        while True:
            query = (
                select(INTENT.c.id, *columns)
                .where(
                    INTENT.c.destination == destination,
                    INTENT.c.claim.is_not(None),
                    INTENT.c.operation == "create",
                    INTENT.c.state.not_in(("rejected", "abandoned")),
                    INTENT.c.id > after,
                )
                .order_by(INTENT.c.id)
                .limit(_AT_ONCE)
            )
            with self._database.reading() as connection:
                found = connection.execute(query).fetchall()
            if found:
                yield [DocumentFact._make(row[1:]) for row in found]
            if len(found) < _AT_ONCE:
                return
            after = found[-1][0]

    def stuck_facts(self) -> list[StuckFact]:
        """Return writes that are not finished, and dead letters nobody has solved."""
        writes = select(
            *(INTENT.c.sync, INTENT.c.source, INTENT.c.source_id),
            *(INTENT.c.operation, INTENT.c.state, INTENT.c.created_at),
            INTENT.c.attempts,
        ).where(text(OPEN_STATES))
        letters = select(
            *(DEAD_LETTER.c.sync, DEAD_LETTER.c.source_id),
            *(DEAD_LETTER.c.first_at, DEAD_LETTER.c.count),
        ).where(text(UNSOLVED_LETTERS))
        with self._database.reading() as connection:
            found = [StuckFact._make(row) for row in connection.execute(writes)]
            found += [
                StuckFact(sync, "", source_id, "", "dead", since, times)
                for sync, source_id, since, times in connection.execute(letters)
            ]
        return found

    def sync_facts(self) -> list[SyncFact]:
        """Return the syncs that have ever run."""
        done = func.max(RUN.c.finished_at).filter(RUN.c.state == "done")
        query = (
            select(RUN.c.sync, func.min(RUN.c.started_at), done)
            .where(RUN.c.kind == "run")
            .group_by(RUN.c.sync)
        )
        with self._database.reading() as connection:
            return [SyncFact._make(row) for row in connection.execute(query)]

    def skip_facts(self, sync: str) -> list[SkipFact]:
        """Return the records whose last decision left them out."""
        newest = (
            select(func.max(DECISION.c.id))
            .where(DECISION.c.sync == sync)
            .group_by(DECISION.c.source_id)
        )
        query = select(
            DECISION.c.source_id, DECISION.c.reason, DECISION.c.decided_at
        ).where(DECISION.c.outcome == "skipped", DECISION.c.id.in_(newest))
        with self._database.reading() as connection:
            return [SkipFact._make(row) for row in connection.execute(query)]

    def archive_facts(self) -> list[ArchiveFact]:
        """Return the archived documents with their content's address."""
        query = (
            select(ARCHIVE.c.seq, ARCHIVE.c.channel, ARCHIVE.c.content_sha256)
            .where(
                ARCHIVE.c.channel.is_not(None),
                ARCHIVE.c.content_sha256.is_not(None),
                ARCHIVE.c.doc_type.not_like("%\\_answer", escape="\\"),
            )
            .order_by(ARCHIVE.c.seq)
        )
        with self._database.reading() as connection:
            return [ArchiveFact._make(row) for row in connection.execute(query)]
