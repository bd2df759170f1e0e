"""A run that a guard has refused is a question to a person, and the answer to it.

An approval lets a run of this size pass once: of the same revision of the mapping,
before it expires, and no larger in all than was approved, however often it is killed.
"""

from dataclasses import dataclass
from hashlib import blake2b

from tasuki.engine.gate import NO_SIZE, Gate, Size
from tasuki.engine.ruled import LEAVE
from tasuki.engine.sync import Sync
from tasuki.ledger import Lease
from tasuki.ledger.hold_rows import GUARD, HoldRow, NewHold, RulingEndRow, RulingRow
from tasuki.ledger.rows import encode

_WHOLE_RUN = ""
_WRITTEN = ("confirmed", "held")
_UNDER_WAY = ("sending", "in_doubt")


@dataclass(slots=True)
class Approval:
    """What a person has said about the size of this sync's runs.

    Attributes:
        hold: The question that is open.
        ruling: The answer that stands.
        size: How much is still approved.
        end: Why the ruling does not count any more.
    """

    sync: Sync
    hold: HoldRow | None = None
    ruling: RulingRow | None = None
    size: Size = NO_SIZE
    end: RulingEndRow | None = None

    @classmethod
    def of(cls, sync: Sync) -> "Approval":
        """Return what stands when a run begins."""
        asked = [r for r in sync.ledger.holds_about(_WHOLE_RUN) if r.sync == sync.id]
        found = cls(sync, next((row for row in asked if row.state == "open"), None))
        for ruling in sync.ledger.open_rulings(sync.id):
            if ruling.source_id == _WHOLE_RUN:
                found._take(ruling)
        return found

    def _take(self, ruling: RulingRow) -> None:
        if ruling.choice == LEAVE:
            self.ruling = ruling
            return
        sync, until = self.sync, ruling.expires_at
        if until is not None and until <= sync.clock.now():
            self.end = RulingEndRow(ruling.id, "expired", "nobody ran it in time")
            return
        asked = ruling.question
        if asked.get("revision") != sync.mapping.revision:
            self.end = RulingEndRow(ruling.id, "stale", "the mapping has changed since")
            return
        # What is open is decided again, and counted then; not what must be looked up.
        states = [*_WRITTEN, *(_UNDER_WAY if sync.settles_first() else ())]
        written = sync.ledger.written_since(sync.id, ruling.ruled_at, states)
        self.ruling = ruling
        self.size = Size(
            int(asked["creates"]) - written.get("create", 0),
            int(asked["changes"]) - written.get("update", 0),
            int(asked.get("deletes", 0)),
        )

    def ask(self, gate: Gate, lease: Lease, run_id: str) -> None:
        """Put the refused run to a person, unless its size was rejected already."""
        sync, ruling = self.sync, self.ruling
        asked = {
            "run": run_id,
            "creates": gate.creates,
            "changes": gate.changes,
            "deletes": gate.deletes,
            "known": gate.known,
            "most_creates": gate.most_creates,
            "most_changes": gate.most_changes,
            "most_deletes": gate.most_deletes,
            "revision": sync.mapping.revision,
            "destination": str(sync.mapping.destination),
            "choices": ["allow"],
        }
        text = f"{gate.creates} {gate.changes} {sync.mapping.revision}"
        if gate.deletes:
            text += f" {gate.deletes}"
        digest = blake2b(text.encode(), digest_size=10).hexdigest()
        is_rejected = (
            ruling is not None and ruling.choice == LEAVE and ruling.digest == digest
        )
        row = NewHold(
            _WHOLE_RUN,
            sync.id,
            str(sync.mapping.source),
            GUARD,
            gate.words(),
            encode(asked),
            digest,
            "",
            "",
            sync.mapping.revision,
        )
        with sync.ledger.transaction(lease, run_id) as tx:
            tx.put_holds([] if is_rejected else [row])
            tx.end_rulings([self.end] if self.end else [])

    def settle(self, gate: Gate, lease: Lease, run_id: str) -> None:
        """Note that the run has passed: by itself, or by an approval that is used."""
        ends = []
        if self.end is not None:
            ends.append(self.end)
        if self.ruling is not None and gate.is_unusual():
            words = f"{gate.creates} creates, {gate.changes} changes"
            ends.append(RulingEndRow(self.ruling.id, "carried_out", words))
        if self.hold is None and not ends:
            return
        with self.sync.ledger.transaction(lease, run_id) as tx:
            tx.close_holds(self.sync.id, [_WHOLE_RUN])
            tx.end_rulings(ends)
