"""Bringing a backup back, into either database: all of it, or nothing."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Table

from tasuki.ledger.archive_tables import ARCHIVE
from tasuki.ledger.backup import (
    CHUNK,
    RESTORED,
    BackupNote,
    copied_tables,
    digests,
    insert_all,
    read_note,
    select_all,
    sound,
    translated,
)
from tasuki.ledger.database import Database
from tasuki.ledger.lease import LeaseRow
from tasuki.ledger.migration import HEAD, bring_up_to_date
from tasuki.ledger.rows import time_text
from tasuki.ledger.tables import CURSOR, LEASE, TOKEN, Stored
from tasuki.model.errors import LedgerError

_WORK = ("link", "intent", "decision", "dead_letter", "cursor", "run")
_DAMAGED = "Give an older backup; keep this one to look at."


class Restores:
    """The ledger's side of a restore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def restore(
        self,
        path: Path,
        accounts: Mapping[str, str],
        *,
        force: bool = False,
        newest: bool = False,
    ) -> BackupNote:
        """Fill this ledger with a backup, in one transaction.

        Fences of leases go on, so that a run that slept through the restore is
        refused; of two tokens of a connection the newer one stays.

        Args:
            path: What `back_up` has made.
            accounts: The accounts of this project's connections, where known.
            force: Replace what is in the ledger.
            newest: Nothing was written after the backup was made (a move), so what it
                does not know was not sent.

        Raises:
            LedgerError: the file is damaged, newer, or another project's; the ledger
                is not empty; a run is under way. Nothing was changed.
        """
        if not path.is_file():
            raise LedgerError(str(path), "there is no such file", "Give its path.")
        with translated(path), self._current(path) as (source, note):
            _refuse_strangers(path, note, accounts)
            with self._database.writing() as connection:
                self._lock(connection)
                self._refuse_to_replace(connection, force=force)
                self._fill(connection, source)
                if newest:
                    connection.execute(
                        CURSOR.delete().where(CURSOR.c.sync == "", _IS_MARK)
                    )
        return note

    def mark_restored(self, before: str) -> None:
        """Note that what was sent after a time is not known here."""
        with self._database.writing() as connection:
            connection.execute(CURSOR.delete().where(_IS_MARK))
            connection.execute(
                CURSOR.insert().values(
                    sync="",
                    part=RESTORED,
                    position=before,
                    revision="",
                    updated_at=time_text(self._database.clock.now()),
                    run_id="",
                )
            )

    @contextmanager
    def _current(self, path: Path) -> Iterator[tuple[sqlite3.Connection, BackupNote]]:
        """Give the checked file in this version's schema, upgraded in a copy."""
        with closing(_opened(path)) as connection:
            note = _checked(connection, path)
            if note.schema == HEAD:
                yield connection, note
                return
        with tempfile.TemporaryDirectory(prefix="tasuki-restore") as folder:
            copy = Path(folder) / "ledger.db"
            shutil.copyfile(path, copy)
            upgraded = Database(f"sqlite:///{copy}", self._database.clock, 10.0, "OFF")
            try:
                bring_up_to_date(upgraded)
            finally:
                upgraded.engine.dispose()
            with closing(sqlite3.connect(copy)) as connection:
                yield connection, note

    def _lock(self, connection: Connection) -> None:
        """Keep runs out: whatever they write begins with their lease."""
        if not self._database.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE lease IN SHARE ROW EXCLUSIVE MODE")
        now = time_text(self._database.clock.now())
        for row in connection.execute(LEASE.select()):
            held = LeaseRow._make(row)
            if held.name.startswith("sync:") and not held.is_free(now):
                name = held.name.removeprefix("sync:").partition("#")[0]
                what = f"a run of {name} is under way (process {held.pid})"
                remedy = "End it, and stop the schedules, before you restore."
                raise LedgerError(self._database.where, what, remedy)

    def _refuse_to_replace(self, connection: Connection, *, force: bool) -> None:
        for name in _WORK:
            table = Stored.metadata.tables[name]
            if force or connection.execute(table.select().limit(1)).first() is None:
                continue
            what = f"the ledger is not empty (table {name})"
            remedy = (
                "Back it up and look twice; --force replaces everything that is in it."
            )
            raise LedgerError(self._database.where, what, remedy)

    def _fill(self, connection: Connection, source: sqlite3.Connection) -> None:
        fences = {
            row.name: row.fence
            for row in connection.execute(LEASE.select())  # go on, never back
        }
        tokens = connection.execute(TOKEN.select()).mappings().all()
        for table in copied_tables():
            if table is ARCHIVE:
                self._grow_archive(connection, source)
                continue
            connection.execute(table.delete())
            self._copy(connection, source, table)
        _free_leases(connection, fences)
        for token in tokens:
            mine = TOKEN.c.connection == token["connection"]
            stored = connection.execute(TOKEN.select().where(mine)).first()
            if stored is None or stored.updated_at < token["updated_at"]:
                connection.execute(TOKEN.delete().where(mine))
                connection.execute(TOKEN.insert().values(**token))
        if not self._database.is_sqlite:
            _set_counters(connection)

    def _grow_archive(self, connection: Connection, source: sqlite3.Connection) -> None:
        """Add what this archive lacks at its end; nothing of it is ever replaced."""
        mine = {row.seq: row.hash for row in connection.execute(ARCHIVE.select())}
        place, hashed = ARCHIVE.c.keys().index("seq"), ARCHIVE.c.keys().index("hash")
        news: list[tuple[object, ...]] = []
        for row in source.execute(f"{select_all(ARCHIVE)} ORDER BY seq"):
            if row[place] > len(mine):
                news.append(row)
            elif mine.get(row[place]) != row[hashed]:
                what = f"its archive is another one (entry {row[place]} differs)"
                remedy = "Restore into an empty ledger, and compare the two archives."
                raise LedgerError(self._database.where, what, remedy)
        mark = "?" if self._database.is_sqlite else "%s"
        if news:
            insert = insert_all(ARCHIVE.name, ARCHIVE.c.keys(), mark)
            connection.exec_driver_sql(insert, news)

    def _copy(
        self, connection: Connection, source: sqlite3.Connection, table: Table
    ) -> None:
        names = [column.name for column in table.c]
        mark = "?" if self._database.is_sqlite else "%s"
        insert = insert_all(table.name, names, mark)
        rows = source.execute(select_all(table))
        while some := rows.fetchmany(CHUNK):
            connection.exec_driver_sql(insert, some)


_IS_MARK = CURSOR.c.part == RESTORED


def _opened(path: Path) -> sqlite3.Connection:
    # Nobody else writes to it, and it need not lie where a lock file can be made.
    return sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)


def _checked(connection: sqlite3.Connection, path: Path) -> BackupNote:
    note = read_note(connection, path)
    where = str(path)
    if note.schema > HEAD:
        what = f"it has schema {note.schema}, this tasuki knows only {HEAD}"
        remedy = f"Restore it with tasuki {note.made_by} or later."
        raise LedgerError(where, what, remedy)
    if not sound(connection):
        raise LedgerError(where, "the backup is damaged", _DAMAGED)
    found = digests(connection)
    for name in sorted(found.keys() | note.rows.keys()):
        if found.get(name) != (note.rows.get(name), note.digests.get(name)):
            what = f"the backup is damaged or was altered (table {name})"
            raise LedgerError(where, what, _DAMAGED)
    return note


def _refuse_strangers(
    path: Path, note: BackupNote, accounts: Mapping[str, str]
) -> None:
    """A ledger of another company's accounts would be believed in every link."""
    for name, account in sorted(note.accounts.items()):
        mine = accounts.get(name, "")
        if account and mine and account != mine:
            what = f"it belongs to {name} account {account}, this project to {mine}"
            remedy = "Give this project's own backup, or correct connections.yaml."
            raise LedgerError(str(path), what, remedy)


def _free_leases(connection: Connection, fences: Mapping[str, int]) -> None:
    stored = {row.name: row.fence for row in connection.execute(LEASE.select())}
    connection.execute(LEASE.delete())
    for name in sorted(stored.keys() | fences.keys()):
        fence = max(stored.get(name, 0), fences.get(name, 0)) + 1
        row = LeaseRow(name, "", "", "", 0, "", fence, "", "")
        connection.execute(LEASE.insert().values(**row._asdict()))


def _set_counters(connection: Connection) -> None:
    """Let numbers of new rows begin after the restored ones."""
    for name in ("decision", "dead_letter"):
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), "  # noqa: S608
            f"COALESCE((SELECT max(id) FROM {name}), 0) + 1, false)"
        )
