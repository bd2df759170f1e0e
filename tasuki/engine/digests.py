"""What a run would do to each record, as digests: on disk, however many there are.

SQLite's own temporary database, as for a comparison: it has no name, and goes with the
process. A digest is keyed: without the project's key nobody can try values against it.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import orjson

from tasuki import plan
from tasuki.engine.saved_plan import Act
from tasuki.engine.turn import Accept, Relink, Turn
from tasuki.mapping.fingerprint import canonical

_SIZE = 12
_BATCH = 1_000
_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16384;
CREATE TABLE planned (id TEXT PRIMARY KEY, action TEXT, digest TEXT) WITHOUT ROWID;
CREATE TABLE found (id TEXT PRIMARY KEY, action TEXT, digest TEXT) WITHOUT ROWID;
"""


class Moved(NamedTuple):
    """How what was planned differs from what is found: how many, and the first ids."""

    new: int
    changed: int
    gone: int
    first: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)


def act_of(turn: Turn, key: bytes) -> Act | None:
    """Return what a turn would do at once; None where nothing is sent or linked."""
    match turn.verdict:
        case plan.Create(fields):
            action, content = "create", ("", fields)
        case plan.Update(target_id, fields, attaching):
            action = "attach and update" if attaching else "update"
            content = (target_id, fields)
        case plan.Attach(stream, target_id) | Relink(stream, target_id):
            action, content = "attach", (f"{stream}/{target_id}", {})
        case Accept():
            action, content = "accept", ("", {"": turn.fingerprint})
        case _:
            return None
    text = canonical({"action": action, "to": content[0], "fields": content[1]})
    digest = blake2b(text, digest_size=_SIZE, key=key).hexdigest()
    return Act(turn.record.id, action, digest)


class Digests:
    """Two sets of acts: those that were planned, and those that are found now."""

    def __init__(self) -> None:
        # One thread at a time: pages are read by one and decided by another.
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Give the disk space back."""
        self._db.close()

    def plan(self, acts: Iterable[Act]) -> None:
        """Take in what was planned."""
        self._put("INSERT OR REPLACE INTO planned VALUES (?, ?, ?)", acts)

    def find(self, turns: Sequence[Turn], key: bytes) -> None:
        """Take in what these turns would do; the last turn of a record counts."""
        acts = [act_of(turn, key) for turn in turns]
        nothing = [
            (t.record.id,) for t, one in zip(turns, acts, strict=True) if one is None
        ]
        self._put("INSERT OR REPLACE INTO found VALUES (?, ?, ?)", filter(None, acts))
        self._put("DELETE FROM found WHERE id = ?", nothing)

    def planned(self, ids: Sequence[str]) -> dict[str, Act]:
        """Return what was planned for these records."""
        query = "SELECT * FROM planned WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._db.execute(query, (orjson.dumps(list(ids)).decode(),))
        return {row[0]: Act._make(row) for row in rows}

    def found(self) -> Iterator[Act]:
        """Yield what was found, in the order of ids."""
        after = ""
        while True:
            query = "SELECT * FROM found WHERE id > ? ORDER BY id LIMIT ?"
            rows = self._db.execute(query, (after, _BATCH)).fetchall()
            yield from map(Act._make, rows)
            if len(rows) < _BATCH:
                return
            after = rows[-1][0]

    def moved(self, most: int) -> Moved:
        """Compare both sets; `most` ids are named."""
        new, changed, gone = (
            int(self._db.execute(f"SELECT count(*) {one}").fetchone()[0])
            for one in (_NEW, _CHANGED, _GONE)
        )
        query = f"SELECT 'new', n.id {_NEW} UNION ALL SELECT 'changed', n.id {_CHANGED}"
        query += f" UNION ALL SELECT 'gone', p.id {_GONE} LIMIT ?"
        first = self._db.execute(query, (most,)).fetchall()
        return Moved(new, changed, gone, tuple((a, b) for a, b in first))

    def _put(self, statement: str, rows: Iterable[tuple[str, ...]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(statement, rows)
        self._db.execute("COMMIT")


_NEW = "FROM found n LEFT JOIN planned p ON p.id = n.id WHERE p.id IS NULL"
_CHANGED = "FROM found n JOIN planned p ON p.id = n.id WHERE p.digest <> n.digest"
_GONE = "FROM planned p LEFT JOIN found n ON n.id = p.id WHERE n.id IS NULL"
