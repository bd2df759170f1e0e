"""The ledger's side of the archive: appending to the chain, and reading it."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Dialect, bindparam, exists, func, insert, select
from sqlalchemy.sql.expression import ClauseElement

from tasuki.archive.entry import GENESIS, Draft, Entry, chained
from tasuki.ledger.archive_tables import ARCHIVE
from tasuki.ledger.database import Database, among
from tasuki.ledger.rows import IntentRow
from tasuki.ledger.tables import INTENT

_LOCK = 7_274_736
_AT_ONCE = 1_000


def append(
    database: Database, connection: Connection, drafts: Sequence[Draft]
) -> list[Entry]:
    """Add to the end of the chain, inside the caller's transaction.

    Only one transaction at a time does: SQLite has one writer; on PostgreSQL others
    wait for an advisory lock until this one ends, so it is taken last. A create whose
    channel has its type of document already is left out: it was archived before.
    """
    if not drafts:
        return []
    if not database.is_sqlite:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    channels = sorted({one.channel for one in drafts if one.channel})
    there = {
        (str(row[0]), str(row[1]))
        for row in database.run(connection, _of_channels, names=channels)
    }
    last = database.run(connection, _last).first()
    seq, head = (int(last[0]), str(last[1])) if last else (0, GENESIS)
    now = database.clock.now()
    made: list[Entry] = []
    for wanted in drafts:
        draft = wanted
        place = (draft.channel or "", draft.doc_type)
        if draft.op == "create" and draft.channel and place in there:
            continue
        there.add(place)
        if draft.op == "correct":
            draft = _after_the_newest(database, connection, draft)
        entry = chained(draft, seq + 1, head, now)
        seq, head = entry.seq, entry.hash
        made.append(entry)
    database.run_many(connection, _add, made)
    return made


def _after_the_newest(
    database: Database, connection: Connection, draft: Draft
) -> Draft:
    """Let a correction follow the version that stands now, whoever made it."""
    while later := database.run(connection, _next, which=draft.supersedes).first():
        draft = draft._replace(supersedes=later[0], version=later[1] + 1)
    return draft


class Archives:
    """The archive as the ledger holds it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def archive_entries(self, after: int = 0) -> Iterator[Entry]:
        """Yield the entries in order of their place, after one of them."""
        while rows := self._database.rows(_entries, after=after, most=_AT_ONCE):
            yield from map(Entry._make, rows)
            after = rows[-1][0]

    def archive_entry(self, seq: int) -> Entry | None:
        """Return one entry."""
        rows = self._database.rows(_entries, after=seq - 1, most=1)
        return Entry._make(rows[0]) if rows and rows[0][0] == seq else None

    def archive_head(self) -> tuple[int, str]:
        """Return the last place and its hash."""
        rows = self._database.rows(_last)
        return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)

    def archived_in(self, channels: Sequence[str]) -> dict[tuple[str, str], Entry]:
        """Return the newest entry of each (channel, type of document)."""
        if not channels:
            return {}
        rows = self._database.rows(_whole_of_channels, names=list(channels))
        entries = map(Entry._make, rows)
        return {(one.channel or "", one.doc_type): one for one in entries}

    def archived_contents(self) -> set[str]:
        """Return the addresses of all contents that are still to be kept."""
        entries = list(self.archive_entries())
        gone = {one.supersedes for one in entries if one.op == "delete_request"}
        return {
            one.content_sha256
            for one in entries
            if one.content_sha256 and one.content_path and one.seq not in gone
        }

    def archive_deletions(self) -> list[Entry]:
        """Return the delete requests."""
        return [Entry._make(row) for row in self._database.rows(_deletions)]

    def add_to_archive(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Add entries in a transaction of their own."""
        with self._database.writing() as connection:
            return append(self._database, connection, drafts)

    def unarchived(self, sync: str) -> list[IntentRow]:
        """Return the sent and confirmed creates of a sync that the archive lacks."""
        rows = self._database.rows(_unarchived, sync=sync)
        return [IntentRow._make(row) for row in rows]

    def unprinted(self, sync: str, most: int, after: str = "") -> list[IntentRow]:
        """Return archived creates of a sync that have no PDF in the archive.

        In order of their id, after one of them.
        """
        rows = self._database.rows(_unprinted, sync=sync, most=most, after=after)
        return [IntentRow._make(row) for row in rows]


def _of_channels(dialect: Dialect) -> ClauseElement:
    return select(ARCHIVE.c.channel, ARCHIVE.c.doc_type).where(
        among(ARCHIVE.c.channel, "names", dialect)
    )


def _whole_of_channels(dialect: Dialect) -> ClauseElement:
    return (
        select(*ARCHIVE.c)
        .where(among(ARCHIVE.c.channel, "names", dialect))
        .order_by(ARCHIVE.c.seq)
    )


def _next(_: Dialect) -> ClauseElement:
    return select(ARCHIVE.c.seq, ARCHIVE.c.version).where(
        ARCHIVE.c.supersedes == bindparam("which")
    )


def _last(_: Dialect) -> ClauseElement:
    newest = select(func.max(ARCHIVE.c.seq)).scalar_subquery()
    return select(ARCHIVE.c.seq, ARCHIVE.c.hash).where(ARCHIVE.c.seq == newest)


def _add(_: Dialect) -> ClauseElement:
    return insert(ARCHIVE)


def _entries(_: Dialect) -> ClauseElement:
    return (
        select(*ARCHIVE.c)
        .where(ARCHIVE.c.seq > bindparam("after"))
        .order_by(ARCHIVE.c.seq)
        .limit(bindparam("most"))
    )


def _deletions(_: Dialect) -> ClauseElement:
    return (
        select(*ARCHIVE.c)
        .where(ARCHIVE.c.op == "delete_request")
        .order_by(ARCHIVE.c.seq)
    )


def _unarchived(_: Dialect) -> ClauseElement:
    channel = INTENT.c.destination + "/" + INTENT.c.destination_id
    return (
        select(*INTENT.c)
        .where(
            INTENT.c.sync == bindparam("sync"),
            INTENT.c.state == "confirmed",
            INTENT.c.operation == "create",
            INTENT.c.sent_at.is_not(None),
            ~exists().where(ARCHIVE.c.channel == channel),
        )
        .order_by(INTENT.c.id)
    )


def _unprinted(_: Dialect) -> ClauseElement:
    channel = INTENT.c.destination + "/" + INTENT.c.destination_id
    archived = exists().where(ARCHIVE.c.channel == channel)
    printed = exists().where(
        ARCHIVE.c.channel == channel, ARCHIVE.c.mime == "application/pdf"
    )
    return (
        select(*INTENT.c)
        .where(
            INTENT.c.sync == bindparam("sync"),
            INTENT.c.state == "confirmed",
            INTENT.c.operation == "create",
            INTENT.c.id > bindparam("after"),
            archived,
            ~printed,
        )
        .order_by(INTENT.c.id)
        .limit(bindparam("most"))
    )
