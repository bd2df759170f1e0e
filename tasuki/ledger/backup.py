"""Copying a ledger while runs go on: one consistent file, readable on either database.

The file is a ledger in SQLite, whatever database it comes from, with a table `backup`
that says what must be in it. It carries the mark of a restored ledger, so that it is
known as one however it comes back, also when somebody puts the file in place by hand.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Table

from tasuki.ledger.database import Database
from tasuki.ledger.migration import HEAD, bring_up_to_date
from tasuki.ledger.rows import encode, time_text
from tasuki.ledger.tables import Stored
from tasuki.ledger.words import ledger_error
from tasuki.model.errors import LedgerError

FORMAT = 1
RESTORED = "restored"
"""The part of a cursor that says: what was sent after this time is not known here."""
CHUNK = 1_000
_PASSING = frozenset({"budget", "backup"})  # calls left are worth nothing later
_MANIFEST = "CREATE TABLE backup (manifest TEXT NOT NULL)"
_CHOOSE = "Choose another path for the backup."


class BackupNote(NamedTuple):
    """What a backup says of itself; `rows` and `digests` by table."""

    path: Path
    schema: str
    made_at: str
    made_by: str
    rows: dict[str, int]
    digests: dict[str, str]
    accounts: dict[str, str]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size


class Backups:
    """The ledger's side of a backup."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def back_up(self, path: Path) -> BackupNote:
        """Copy the ledger as it is at one moment to a file only its owner can read.

        The file appears under its name once it is complete, checked and on the disk.

        Raises:
            LedgerError: it cannot be read or written, or `path` is no earlier backup.
        """
        database = self._database
        _refuse_to_replace(database, path)
        with _under_way(path) as part:
            if database.is_sqlite:
                _copy_file(database, part)
            else:
                _copy_rows(database, part)
            with translated(part), closing(sqlite3.connect(part)) as copy:
                note = _seal(copy, path, time_text(database.clock.now()))
            _to_disk(part)
            part.replace(path)
            _to_disk(path.parent)
        return note


def read_note(connection: sqlite3.Connection, path: Path) -> BackupNote:
    """Return what the file says of itself; LedgerError when it is no backup."""
    try:
        (text,) = connection.execute("SELECT manifest FROM backup").fetchone()
        said: dict[str, Any] = orjson.loads(text)
        found = int(said.pop("format"))
        if found > FORMAT:
            what = f"a newer tasuki made this backup (form {found})"
            raise LedgerError(str(path), what, "Restore it with that tasuki.")
        return BackupNote(path, **said)
    except (sqlite3.Error, TypeError, KeyError, ValueError):
        what = "this is not a backup, or it is damaged"
        remedy = "Give a file that `tasuki backup` has made, or an older one."
        raise LedgerError(str(path), what, remedy) from None


def digests(connection: sqlite3.Connection) -> dict[str, tuple[int, str]]:
    """Return each table's number of rows and a hash over all of them.

    The columns are those of the file, which may be of an older schema.
    """
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite%' ORDER BY name"
    ).fetchall()
    return {
        name: _digest(connection, name) for (name,) in found if name not in _PASSING
    }


def _digest(connection: sqlite3.Connection, table: str) -> tuple[int, str]:
    columns = connection.execute(
        "SELECT name, pk FROM pragma_table_info(?)", (table,)
    ).fetchall()
    keys = [name for name, place in sorted(columns, key=itemgetter(1)) if place]
    names = ", ".join(f'"{name}"' for name, _ in columns)
    order = ", ".join(f'"{name}"' for name in keys) or "rowid"
    query = f"SELECT {names} FROM {table} ORDER BY {order}"  # noqa: S608 - ours
    hashed, count = sha256(), 0
    for row in connection.execute(query):
        hashed.update(orjson.dumps(row))
        count += 1
    return count, hashed.hexdigest()


def copied_tables() -> list[Table]:
    """Return the tables that a backup is made of."""
    tables = Stored.metadata.sorted_tables
    return [table for table in tables if table.name not in _PASSING]


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say SQLite's errors about a file in words."""
    try:
        yield
    except sqlite3.Error as error:
        told = ledger_error(str(path), error)
        if told is None:
            raise
        raise told from None


def sound(connection: sqlite3.Connection) -> bool:
    """Say whether SQLite finds the file whole."""
    return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def _refuse_to_replace(database: Database, path: Path) -> None:
    """A backup may replace an older one, nothing else, and least of all the ledger."""
    if not path.exists():
        return
    where = str(path)
    if database.is_sqlite and path.samefile(str(database.url.database)):
        what = "this is the ledger itself"
        raise LedgerError(where, what, _CHOOSE)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        try:
            read_note(connection, path)
        except LedgerError:
            what = "there is a file already, and it is not a backup"
            raise LedgerError(where, what, _CHOOSE) from None


@contextmanager
def _under_way(path: Path) -> Iterator[Path]:
    """Give a file beside `path` for its owner only; gone unless it is renamed."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
        handle, name = tempfile.mkstemp(".part", f".{path.name}.", path.parent)
        os.close(handle)
    except OSError as error:
        what = f"the backup cannot be written ({error.strerror})"
        raise LedgerError(str(path), what, _CHOOSE) from None
    part = Path(name)
    try:
        yield part
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{part}{suffix}").unlink()


def _copy_file(database: Database, part: Path) -> None:
    # One read transaction, which in WAL mode keeps no writer waiting. Unlike a copy
    # page by page it leaves out what was deleted: an erased person stays erased.
    with database.reading() as connection:
        connection.exec_driver_sql("VACUUM INTO ?", (str(part),))


def _copy_rows(database: Database, part: Path) -> None:
    target = Database(f"sqlite:///{part}", database.clock, 10.0, "OFF")
    try:
        bring_up_to_date(target)
        with database.snapshot() as source, target.writing() as sink:
            for table in copied_tables():
                names = [column.name for column in table.c]
                rows = source.exec_driver_sql(select_all(table))
                insert = insert_all(table.name, names)
                for some in rows.yield_per(CHUNK).partitions():
                    sink.exec_driver_sql(insert, [tuple(row) for row in some])
    finally:
        target.engine.dispose()


def select_all(table: Table) -> str:
    """Return the query for every row of a table."""
    names = ", ".join(f'"{column.name}"' for column in table.c)
    return f"SELECT {names} FROM {table.name}"  # noqa: S608 - names of our own tables


def insert_all(table: str, names: Sequence[str], mark: str = "?") -> str:
    """Return the insert of whole rows."""
    listed = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join([mark] * len(names))
    return f"INSERT INTO {table} ({listed}) VALUES ({marks})"  # noqa: S608 - likewise


def _seal(copy: sqlite3.Connection, path: Path, now: str) -> BackupNote:
    """Mark the copy as one, check it, and write down what is in it."""
    copy.execute("PRAGMA journal_mode = DELETE")
    copy.execute("DROP TABLE IF EXISTS backup")
    copy.execute(_MANIFEST)
    row = ("", RESTORED, now, "", now, "")
    names = ("sync", "part", "position", "revision", "updated_at", "run_id")
    copy.execute("DELETE FROM cursor WHERE sync = '' AND part = ?", (RESTORED,))
    copy.execute(insert_all("cursor", names), row)
    copy.commit()
    if not sound(copy):
        what = "the copy is damaged, and so is the ledger or the disk"
        remedy = "`tasuki doctor --deep` looks at the ledger; look at the disk too."
        raise LedgerError(str(path), what, remedy)
    found = digests(copy)
    accounts = dict(copy.execute("SELECT name, account FROM connection").fetchall())
    note = BackupNote(
        path,
        schema=HEAD,
        made_at=now,
        made_by=version("tasuki"),
        rows={name: rows for name, (rows, _) in found.items()},
        digests={name: hashed for name, (_, hashed) in found.items()},
        accounts=accounts,
    )
    said = note._asdict() | {"format": FORMAT}
    del said["path"]
    copy.execute("INSERT INTO backup VALUES (?)", (encode(said),))
    copy.commit()
    return note


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
