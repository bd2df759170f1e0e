"""What the database's errors mean, in one line, without values or passwords."""

import re
import sqlite3
import sys
from typing import TYPE_CHECKING, cast

from tasuki.model.errors import LedgerError

if TYPE_CHECKING:
    import psycopg

_FREE = "Free disk space, then run again: nothing was lost."
_RIGHTS = "Give this user the right to write there, then run again: nothing was lost."
_CORRECT = "A correction is a new version: `tasuki archive correct`."
_RESTORE = "Put the last backup back (docs/how-to/restore); keep the broken file."

_SQLITE: dict[str, tuple[str, str | None]] = {
    "SQLITE_FULL": ("the disk is full", _FREE),
    "SQLITE_BUSY": (
        "another program holds the ledger",
        "End the program that holds it, then run again: nothing was lost.",
    ),
    "SQLITE_LOCKED": ("another part of this program holds the ledger", None),
    "SQLITE_READONLY": ("the ledger may not be written", _RIGHTS),
    "SQLITE_PERM": ("the ledger may not be opened", _RIGHTS),
    "SQLITE_CANTOPEN": ("the ledger's file cannot be opened", _RIGHTS),
    "SQLITE_NOTADB": ("the file is not a ledger, or is damaged", _RESTORE),
    "SQLITE_CORRUPT": ("the ledger's file is damaged", _RESTORE),
    "SQLITE_IOERR": (
        "the disk cannot be read or written",
        "Look at the disk and its free space, then run again.",
    ),
    "SQLITE_CONSTRAINT_TRIGGER": ("the archive is append-only", _CORRECT),
    "SQLITE_CONSTRAINT": ("two live rows for one business key", None),
}

_POSTGRES: dict[str, tuple[str, str | None]] = {
    "53100": ("the database server's disk is full", _FREE),
    "53300": (
        "the database server has no connection free",
        "Raise max_connections or run fewer workers.",
    ),
    "25006": ("the database is read-only", _RIGHTS),
    "42501": ("the database refuses this user", _RIGHTS),
    "28": (
        "the database refuses the log-in",
        "Correct user and password in the ledger's URL.",
    ),
    "3D000": (
        "there is no such database",
        "Create it (createdb), or correct the ledger's URL.",
    ),
    "55P03": (
        "another program holds the ledger",
        "End the program that holds it, then run again: nothing was lost.",
    ),
    "25P03": (
        "this process stood still inside a transaction, which was undone",
        "Run again: nothing was lost.",
    ),
    "P0001": ("the archive is append-only", _CORRECT),
    "23505": ("two live rows for one business key", None),
}

_REFUSED_AT_THE_DOOR = (
    (r"password authentication failed|no password supplied", "28"),
    (r'role ".*" does not exist', "28"),
    (r'database ".*" does not exist', "3D000"),
    (r"too many clients|connection slots", "53300"),
)
"""What a server says in English before it lets anybody in."""


def driver_errors() -> tuple[type[Exception], ...]:
    """Return what the loaded drivers raise.

    Loading psycopg takes 0.2 s: a ledger in SQLite does without.
    """
    driver = sys.modules.get("psycopg")
    return (sqlite3.Error,) if driver is None else (sqlite3.Error, driver.Error)


def ledger_error(where: str, error: BaseException | None) -> LedgerError | None:
    """Return the error in words, or None where it is a programming mistake."""
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(where, error)
    if isinstance(error, driver_errors()):
        return _of_postgres(where, cast("psycopg.Error", error))
    return None


def _of_sqlite(where: str, error: sqlite3.Error) -> LedgerError | None:
    name = getattr(error, "sqlite_errorname", "")
    for prefix, (what, remedy) in _SQLITE.items():
        if name.startswith(prefix):
            return LedgerError(where, f"{what} ({name})", remedy)
    return None


def _of_postgres(where: str, error: "psycopg.Error") -> LedgerError | None:
    import psycopg  # noqa: PLC0415 - loaded already: it has raised this

    state = error.sqlstate or ""
    for prefix, (what, remedy) in _POSTGRES.items():
        if state.startswith(prefix):
            return LedgerError(where, f"{what} (SQLSTATE {state})", remedy)
    if isinstance(error, (psycopg.OperationalError, psycopg.InternalError)):
        # Only the first line: the others may quote values.
        words = (error.diag.message_primary or str(error)).splitlines()
        return _of_a_connection(where, words[0] if words else "no words")
    return None


def _of_a_connection(where: str, words: str) -> LedgerError:
    """Return why no connection came about: libpq gives words only, no SQLSTATE."""
    for said, state in _REFUSED_AT_THE_DOOR:
        if re.search(said, words):
            what, remedy = _POSTGRES[state]
            return LedgerError(where, f"{what} ({words})", remedy)
    if "FATAL:" in words:
        what = f"the database refuses the connection ({words})"
        remedy = (
            "Look at the server, and at user, password and database in the ledger's "
            "URL; then run again: nothing was lost."
        )
        return LedgerError(where, what, remedy)
    what = f"the database does not answer ({words})"
    remedy = "Look at the database server, then run again: nothing was lost."
    return LedgerError(where, what, remedy)
