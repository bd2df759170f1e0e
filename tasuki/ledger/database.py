"""The database under the ledger: opening it, compiled statements, errors in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson
from sqlalchemy import (
    ARRAY,
    URL,
    ColumnElement,
    Connection,
    Dialect,
    Table,
    Text,
    any_,
    bindparam,
    create_engine,
    event,
    exc,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.words import driver_errors, ledger_error
from tasuki.model.errors import LedgerError
from tasuki.ports import Clock

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Build = Callable[[Dialect], ClauseElement]
UNNAMED = "ledger"
_CACHE_KIB = 16_384
_LONGEST_LITERAL = 300
_SQLITE_OPTIONS = frozenset({"uri", "mode", "cache", "nolock", "immutable", "vfs"})
"""Options of a `file:` name; SQLAlchemy passes others over in silence."""


class Statement:
    """A Core statement compiled once, run with plain values at the driver's speed.

    Measured on SQLite: an executemany through Core's own parameter treatment costs
    19 us per row, the same SQL with tuples 8 us. Of those, most is binding: a column
    that is the same in all rows costs a tenth when it stands in the SQL itself.
    """

    def __init__(self, dialect: Dialect, clause: ClauseElement) -> None:
        compiled = cast(SQLCompiler, clause.compile(dialect=dialect))
        self.sql = str(compiled)
        self.names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._fixed: dict[str, Any] = {
            name: value for name, value in compiled.params.items() if value is not None
        }

    def with_constants(self, constants: Mapping[int, str]) -> str:
        """Return the SQL with literals in the place of these parameters (SQLite)."""
        first, *rest = self.sql.split("?")
        return first + "".join(
            constants.get(place, "?") + piece for place, piece in enumerate(rest)
        )

    def values(self, given: Mapping[str, object]) -> tuple[object, ...]:
        """Return the parameters in the order of the SQL text."""
        fixed = self._fixed
        return tuple(given[n] if n in given else fixed[n] for n in self.names)


class Database:
    """One opened ledger database."""

    def __init__(self, url: str, clock: Clock, busy_seconds: float, sync: str) -> None:
        self.url = _normal_url(url)
        self.where = _where(self.url)
        self.clock = clock
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            _place_file(self.url, self.where)
            self.engine = create_engine(
                self.url,
                connect_args={"timeout": busy_seconds},
                pool_size=8,
                max_overflow=24,
            )
            self._reader = self.engine
            event.listen(self.engine, "connect", _set_up(clock, busy_seconds, sync))
        else:
            self.engine = create_engine(
                self.url, paramstyle="format", pool_pre_ping=True, max_overflow=24
            )
            event.listen(self.engine, "connect", _bound_waits(busy_seconds))
            # A look-up is one statement: no BEGIN and ROLLBACK around it.
            self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._statements: dict[Build, Statement] = {}

    def statement(self, build: Build) -> Statement:
        """Return the compiled form of what `build` makes, compiling it once."""
        statement = self._statements.get(build)
        if statement is None:
            statement = Statement(self.engine.dialect, build(self.engine.dialect))
            self._statements[build] = statement
        return statement

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to read with."""
        with self.translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection inside a transaction that commits at the end.

        On SQLite the one write lock is taken at once: a read that is upgraded later
        cannot wait for it and fails instead.
        """
        with self.translated(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of PostgreSQL, rows as a stream."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.translated(), self.engine.connect() as connection:
            yield connection.execution_options(**options, stream_results=True)

    def rows(self, build: Build, /, **values: object) -> Sequence[tuple[Any, ...]]:
        """Run a query of its own and return all rows."""
        if self.is_sqlite:
            return self._rows_of_sqlite(build, values)
        with self.reading() as connection:
            found: Sequence[Any] = self.run(connection, build, **values).fetchall()
            return found

    def _rows_of_sqlite(
        self, build: Build, values: dict[str, object]
    ) -> Sequence[tuple[Any, ...]]:
        """Ask the driver itself: Core's part of a look-up costs more than SQLite's."""
        statement = self.statement(build)
        with self.translated():
            borrowed = self.engine.raw_connection()
            try:
                driver: Any = borrowed.driver_connection
                given = statement.values(_with_lists_as_text(values))
                found: Sequence[Any] = driver.execute(statement.sql, given).fetchall()
                return found
            finally:
                borrowed.close()

    def run(
        self, connection: Connection, build: Build, /, **values: object
    ) -> CursorResult[Any]:
        """Run one statement; lists are handed over as a set of texts."""
        statement = self.statement(build)
        if self.is_sqlite:
            values = _with_lists_as_text(values)
        return connection.exec_driver_sql(statement.sql, statement.values(values))

    def run_many(
        self,
        connection: Connection,
        build: Build,
        rows: Sequence[tuple[object, ...]],
        tail: tuple[object, ...] = (),
        alike: Sequence[int] = (),
    ) -> None:
        """Run one statement for each tuple (in the statement's own order).

        Args:
            connection: Inside a transaction.
            build: The statement.
            rows: Its parameters, one tuple for each time it runs.
            tail: Further parameters, the same for each row.
            alike: Places in the tuples that usually hold one value in all rows; never
                those of a record's own values.
        """
        if not rows:
            return
        statement = self.statement(build)
        if self.is_sqlite and len(rows) > 1:
            sql, given = _constants_in_place(statement, rows, tail, alike)
            driver: Any = connection.connection.driver_connection
            driver.executemany(sql, given)
            return
        many = [(*row, *tail) for row in rows] if tail else list(rows)
        connection.exec_driver_sql(statement.sql, many)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Say the database's errors in words."""
        try:
            yield
        except _refusals() as error:
            cause = error.orig if isinstance(error, exc.DBAPIError) else error
            told = ledger_error(self.where, cause)
            if told is None:
                raise
            raise told from None


def _with_lists_as_text(values: dict[str, object]) -> dict[str, object]:
    return {
        name: orjson.dumps(value).decode() if isinstance(value, list) else value
        for name, value in values.items()
    }


def _constants_in_place(
    statement: Statement,
    rows: Sequence[tuple[object, ...]],
    tail: tuple[object, ...],
    alike: Sequence[int],
) -> tuple[str, Iterable[tuple[object, ...]]]:
    """Return SQL in which what all rows share stands as text, and what they do not."""
    columns: list[tuple[object, ...]] = list(zip(*rows, strict=True))
    count, width = len(rows), len(columns)
    constants = {
        place: text
        for place in alike
        if columns[place].count(columns[place][0]) == count
        and (text := _literal(columns[place][0])) is not None
    }
    for place, value in enumerate(tail, start=width):
        if (text := _literal(value)) is None:
            columns.append((value,) * count)
        else:
            constants[place] = text
    varying = [column for at, column in enumerate(columns) if at not in constants]
    if not (constants and varying):
        return statement.sql, [(*row, *tail) for row in rows]
    return statement.with_constants(constants), zip(*varying, strict=True)


def _literal(value: object) -> str | None:
    """Return a value as SQLite's own SQL writes it; None where it is better bound."""
    if value is None:
        return "NULL"
    if type(value) is int:
        return str(value)
    if type(value) is str and "\0" not in value and len(value) <= _LONGEST_LITERAL:
        return "'" + value.replace("'", "''") + "'"
    return None


def _refusals() -> tuple[type[Exception], ...]:
    """Return what a refused statement raises (asked only once something is raised)."""
    return (exc.DBAPIError, *driver_errors())


def among(
    column: ColumnElement[Any], name: str, dialect: Dialect
) -> ColumnElement[bool]:
    """Return `column in (the texts of parameter name)`, one parameter for all."""
    if dialect.name == "sqlite":
        listed = func.json_each(bindparam(name, type_=Text())).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(bindparam(name, type_=ARRAY(Text())))


def insert_into(dialect: Dialect, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return an insert that knows `on conflict`."""
    if dialect.name == "sqlite":
        return sqlite.insert(table)
    # A ledger in SQLite does without: loading the dialect's drivers takes 0.1 s.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)


def _normal_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):  # a port that is none: quoted in the words
        what = "this is not a database URL"
        remedy = "Write sqlite:///path/to/ledger.db or postgresql://user@host/name."
        raise LedgerError(UNNAMED, what, remedy) from None
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        what = f"no ledger can be kept in '{url.drivername}'"
        remedy = "Write sqlite:///path/to/ledger.db or postgresql://user@host/name."
        raise LedgerError(UNNAMED, what, remedy)
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        what = "a ledger in memory would not survive the run"
        remedy = "Write sqlite:///path/to/ledger.db with a path."
        raise LedgerError(UNNAMED, what, remedy)
    if (unknown := _unknown_option(url)) is not None:
        what = f"the database URL has an option that is not known: '{unknown}'"
        raise LedgerError(UNNAMED, what, "Correct or remove what follows the '?'.")
    return url


def _unknown_option(url: URL) -> str | None:
    """Return the first option after the `?` that the database does not know."""
    if url.get_backend_name() == "sqlite":
        return next((name for name in url.query if name not in _SQLITE_OPTIONS), None)
    if not url.query:
        return None
    import psycopg  # noqa: PLC0415 - 0.2 s that a ledger in SQLite does without
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    for name in url.query:
        try:
            make_conninfo(f"{name}=1")
        except psycopg.ProgrammingError:
            return name
    return None


def _where(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(query={}).render_as_string(hide_password=True)


def _place_file(url: URL, where: str) -> None:
    """Create the file readable by its owner only: payloads are personal data."""
    if str(url.database).startswith("file:"):
        return
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        what = f"the ledger's file cannot be made ({error.strerror})"
        remedy = "Choose another path for the ledger, or give this user the right."
        raise LedgerError(where, what, remedy) from None


def _set_up(
    clock: Clock, busy_seconds: float, sync: str
) -> Callable[[Any, ConnectionPoolEntry], None]:
    def set_up(connection: Any, _: ConnectionPoolEntry) -> None:  # noqa: ANN401
        # sqlite3's own BEGIN is deferred; ours is written out where a write begins.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")
        _write_ahead(connection, clock, busy_seconds)
        # FULL: a commit is on the disk before the call it announces is made.
        connection.execute(f"PRAGMA synchronous = {sync}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    return set_up


def _bound_waits(busy_seconds: float) -> Callable[[Any, ConnectionPoolEntry], None]:
    """Let no process hold others up for ever.

    One that is stopped inside a transaction keeps its row locks until the server ends
    its session; whoever waits for them waits longer than that, and then says so.
    """
    idle, lock = int(busy_seconds * 1000), int(busy_seconds * 3000)

    def set_up(connection: Any, _: ConnectionPoolEntry) -> None:  # noqa: ANN401
        connection.execute(
            f"SET idle_in_transaction_session_timeout = {idle}; "
            f"SET lock_timeout = {lock}"
        )
        connection.commit()

    return set_up


def _write_ahead(connection: Any, clock: Clock, busy_seconds: float) -> None:  # noqa: ANN401
    """Switch to WAL; the busy timeout does not cover this one, so wait by hand."""
    deadline = clock.monotonic() + busy_seconds
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except connection.OperationalError:
            if clock.monotonic() > deadline:
                raise
            clock.sleep(0.01)
