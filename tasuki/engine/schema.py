"""Dead letters come up again by themselves when a system's schema has changed.

Somebody has added the picklist value, lengthened the field, made it writable: what was
refused may pass now. The described fields that a mapping writes are looked at once a
run at most, and only while something is refused.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from tasuki.engine.sync import Sync
from tasuki.engine.write_back import CAUSE as BACK
from tasuki.ledger import Lease
from tasuki.ledger.rows import DeadLetterRow, encode
from tasuki.model.errors import RemoteError
from tasuki.model.record import Schema
from tasuki.ports import System

log = logging.getLogger("tasuki.engine")

_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two systems, and what the mapping writes there."""

    part: str
    system: System
    stream: str
    names: tuple[str, ...]
    is_back: bool


@dataclass(slots=True)
class SchemaWatch:
    """Watches the schemas of one run's systems.

    Attributes:
        taken: The sides that were looked at in this run.
    """

    sync: Sync
    lease: Lease
    run_id: str
    taken: set[str] = field(default_factory=set)

    def replay_changed(self) -> None:
        """Let refused letters be tried again where the schema is another one now."""
        letters = self._refused()
        for side in self._sides():
            mine = [row for row in letters if _is_back(row) is side.is_back]
            if not mine:
                continue
            now = self._take(side)
            known = self.sync.ledger.cursor(self.sync.id, side.part)
            if not now or (known is not None and known.position == now):
                continue
            if known is not None:
                self.sync.ledger.replay([row.id for row in mine])
                log.info(
                    "sync=%s the schema of %s has changed: %s dead letters again",
                    self.sync.id, side.stream, len(mine),
                )  # fmt: skip
            self._keep(side, now)

    def note_refused(self, run_id: str) -> None:
        """Remember under which schema this run's letters were refused."""
        fresh = [row for row in self._refused() if row.run_id == run_id]
        for side in self._sides():
            mine = any(_is_back(row) is side.is_back for row in fresh)
            if mine and side.part not in self.taken:
                now = self._take(side)
                if now:
                    self._keep(side, now)

    def _sides(self) -> Iterable[_Side]:
        sync, mapping = self.sync, self.sync.mapping
        there, here = mapping.destination.stream, mapping.source.stream
        back, names = tuple(mapping.model.write_back), mapping.fields
        yield _Side("schema", sync.destination, there, names, is_back=False)
        yield _Side("schema_back", sync.source, here, back, is_back=True)

    def _refused(self) -> list[DeadLetterRow]:
        """Return open letters that a system has refused: not those of the mapping."""
        letters = self.sync.ledger.dead_letters(self.sync.id, limit=_MOST)
        ids = [row.source_id for row in letters]
        sent = self.sync.ledger.intents_of(self.sync.id, ids)
        refused = {
            source_id
            for source_id, rows in sent.items()
            if any(row.state == "rejected" for row in rows)
        }
        return [row for row in letters if row.source_id in refused]

    def _take(self, side: _Side) -> str:
        """Return the fingerprint of a schema; "" where it cannot be told now."""
        self.taken.add(side.part)
        try:
            schema = side.system.describe(side.stream)
        except RemoteError as error:
            log.warning("sync=%s schema not looked at: %s", self.sync.id, error)
            return ""
        return fingerprint(schema, side.names)

    def _keep(self, side: _Side, now: str) -> None:
        with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
            revision = self.sync.mapping.revision
            tx.put_cursor(self.sync.id, side.part, now, revision)


def fingerprint(schema: Schema, names: Collection[str]) -> str:
    """Return what changes when the facts of these fields do, or what is required."""
    facts = {
        name: [
            one.type, one.writable, one.required, one.unique, one.length,
            sorted(one.options), one.references,
        ]
        for name, one in schema.fields.items()
        if name in names
    }  # fmt: skip
    required = sorted(n for n, one in schema.fields.items() if one.required)
    text = encode({"facts": facts, "required": required})
    return blake2b(text.encode(), digest_size=10).hexdigest()


def _is_back(row: DeadLetterRow) -> bool:
    return row.cause.startswith(BACK)
