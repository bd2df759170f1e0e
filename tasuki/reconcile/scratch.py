"""Where two sides are laid beside each other: on disk, however many records there are.

SQLite's own temporary database: it has no name, and the operating system takes it back
when the process ends, however it ends. Nothing personal outlives a comparison.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16384;
CREATE TABLE there (
  id TEXT PRIMARY KEY, key TEXT, alike TEXT, live INTEGER, fields TEXT, owner TEXT
) WITHOUT ROWID;
CREATE INDEX there_key ON there (key) WHERE key <> '';
CREATE INDEX there_alike ON there (alike) WHERE alike <> '';
CREATE TABLE mark (mark TEXT, id TEXT, PRIMARY KEY (mark, id)) WITHOUT ROWID;
CREATE TABLE here (source_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE suspect (n INTEGER PRIMARY KEY, source_id TEXT UNIQUE);
CREATE TABLE finding (n INTEGER PRIMARY KEY, repair TEXT, content BLOB);
"""
_BATCH = 500


class There(NamedTuple):
    """A record of the destination, as the sweep met it.

    `owner` is the source record that it has been found to belong to; `alike` what
    makes it look like another one, "" where that does not matter.
    """

    id: str
    key: str = ""
    alike: str = ""
    live: bool = True
    fields_text: str = "{}"
    owner: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that were asked for (decoded on each use)."""
        found: dict[str, Any] = orjson.loads(self.fields_text)
        return found


class Scratch:
    """The two sides of one comparison, and what was found."""

    def __init__(self) -> None:
        # One thread at a time: pages are read by one and compared by another.
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Give the disk space back."""
        self._db.close()

    # -- the destination -----------------------------------------------------------

    def put_there(
        self, rows: Sequence[There], marks: Sequence[tuple[str, str]]
    ) -> None:
        """Lay records down; one that comes twice is kept once."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO there VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " key = excluded.key, alike = excluded.alike, live = excluded.live,"
            " fields = excluded.fields",
            rows,
        )
        self._db.executemany("INSERT OR IGNORE INTO mark VALUES (?, ?)", marks)
        self._db.execute("COMMIT")

    def count_there(self) -> int:
        """Return how many records there are."""
        return int(self._db.execute("SELECT count(*) FROM there").fetchone()[0])

    def by_id(self, ids: Sequence[str]) -> dict[str, There]:
        """Return records by id."""
        query = "SELECT * FROM there WHERE id IN (SELECT value FROM json_each(?))"
        return {row.id: row for row in self._rows(query, _listed(ids))}

    def by_key(self, keys: Sequence[str]) -> dict[str, list[There]]:
        """Return records by the value of their key field, compared without case."""
        query = (
            "SELECT * FROM there WHERE key <> '' "
            "AND key IN (SELECT value FROM json_each(?)) ORDER BY id"
        )
        found: dict[str, list[There]] = {}
        for row in self._rows(query, _listed(keys)):
            found.setdefault(row.key, []).append(row)
        return found

    def by_mark(self, marks: Sequence[str]) -> dict[str, list[There]]:
        """Return records by the mark they carry."""
        query = (
            "SELECT mark.mark, there.* FROM mark JOIN there ON there.id = mark.id "
            "WHERE mark.mark IN (SELECT value FROM json_each(?)) "
            "ORDER BY length(there.id), there.id"
        )
        found: dict[str, list[There]] = {}
        for mark, *row in self._db.execute(query, (_listed(marks),)):
            found.setdefault(mark, []).append(There(*row))
        return found

    def marked(self, ids: Sequence[str]) -> set[str]:
        """Return those of these records that carry a mark of ours."""
        query = "SELECT id FROM mark WHERE id IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._db.execute(query, (_listed(ids),))}

    def own(self, owners: Iterable[tuple[str, str]]) -> None:
        """Note to which source record (first) each record (second) belongs."""
        self._db.execute("BEGIN")
        self._db.executemany("UPDATE there SET owner = ? WHERE id = ?", owners)
        self._db.execute("COMMIT")

    def strangers(self) -> Iterator[tuple[There, tuple[str, ...]]]:
        """Yield live records without an owner that have a key or marks, with marks."""
        query = (
            "SELECT there.*, (SELECT group_concat(mark, ' ') FROM mark "
            "WHERE mark.id = there.id) FROM there WHERE owner = '' "
            "AND (key <> '' OR id IN (SELECT id FROM mark)) AND there.id > ? "
            "ORDER BY there.id LIMIT ?"
        )
        after = ""
        while True:
            rows = self._db.execute(query, (after, _BATCH)).fetchall()
            for *row, marks in rows:
                yield There(*row), tuple((marks or "").split())
            if len(rows) < _BATCH:
                return
            after = rows[-1][0]

    def look_alikes(self) -> Iterator[tuple[There, There]]:
        """Yield (ours, another without a mark) where both look the same and live."""
        query = (
            "SELECT ours.*, other.* FROM there other "
            "JOIN there ours ON ours.alike = other.alike AND ours.id <> other.id "
            "WHERE other.alike <> '' AND other.live AND ours.live "
            "AND other.id NOT IN (SELECT id FROM mark) "
            "AND ours.id IN (SELECT id FROM mark) GROUP BY other.id ORDER BY other.id"
        )
        width = len(There._fields)
        for row in self._db.execute(query):
            yield There(*row[:width]), There(*row[width:])

    # -- the source ----------------------------------------------------------------

    def saw_here(self, source_ids: Sequence[str]) -> None:
        """Note records that the source has."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR IGNORE INTO here VALUES (?)", [(one,) for one in source_ids]
        )
        self._db.execute("COMMIT")

    def not_here(self, source_ids: Sequence[str]) -> list[str]:
        """Return those that the source did not show."""
        query = (
            "SELECT value FROM json_each(?) "
            "WHERE value NOT IN (SELECT source_id FROM here)"
        )
        return [row[0] for row in self._db.execute(query, (_listed(source_ids),))]

    def suspect(self, source_ids: Sequence[str]) -> None:
        """Note records that qualify and whose counterpart was not met."""
        self._db.executemany(
            "INSERT OR IGNORE INTO suspect (source_id) VALUES (?)",
            [(one,) for one in source_ids],
        )

    def suspects(self, size: int) -> Iterator[list[str]]:
        """Yield them, in parts, each record once."""
        yield from self._parts(
            "SELECT n, source_id FROM suspect WHERE n > ? ORDER BY n LIMIT ?", size
        )

    # -- findings ------------------------------------------------------------------

    def keep(self, repair: str, content: object) -> None:
        """Keep a finding."""
        text = orjson.dumps(content, default=str)
        self._db.execute(
            "INSERT INTO finding (repair, content) VALUES (?, ?)", (repair, text)
        )

    def kept(self, repair: str, size: int) -> Iterator[list[dict[str, Any]]]:
        """Yield the findings with one repair, in parts."""
        after = 0
        while True:
            rows = self._db.execute(
                "SELECT n, content FROM finding WHERE repair = ? AND n > ? "
                "ORDER BY n LIMIT ?",
                (repair, after, size),
            ).fetchall()
            if rows:
                yield [orjson.loads(content) for _, content in rows]
            if len(rows) < size:
                return
            after = rows[-1][0]

    def _parts(self, query: str, size: int) -> Iterator[list[str]]:
        after = 0
        while True:
            rows = self._db.execute(query, (after, size)).fetchall()
            if rows:
                yield [row[1] for row in rows]
            if len(rows) < size:
                return
            after = rows[-1][0]

    def _rows(self, query: str, *values: object) -> Iterator[There]:
        for row in self._db.execute(query, values):
            yield There(*row)


def _listed(values: Sequence[str]) -> str:
    return orjson.dumps(list(values)).decode()
