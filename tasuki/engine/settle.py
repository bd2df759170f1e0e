"""Looking up writes that are in doubt: found, not there, or a person's question.

A lost write may land seconds after its connection died, so nothing is looked up
before its quiet time is over; only then does "not found" mean "not done".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tasuki.engine.sync import Sync
from tasuki.engine.write_back import write_back_intent, written_back
from tasuki.ledger import Lease
from tasuki.ledger.rows import (
    ConfirmRow,
    IntentRow,
    LinkRow,
    NewDecision,
    NewIntent,
    StateRow,
    encode,
    text_time,
)
from tasuki.mapping import Payload, fingerprint
from tasuki.model.record import Record
from tasuki.model.write import Confirmed, Operation, Sighting, Write

MOST_ATTEMPTS = 5
_NONE = Sighting("", ())


@dataclass(slots=True)
class Settled:
    """What looking up has brought."""

    confirmed: dict[str, Confirmed] = field(default_factory=dict)
    """By source id: it was done."""
    again: list[str] = field(default_factory=list)
    """Source ids: certainly not done, to be decided and sent afresh."""
    held: dict[str, str] = field(default_factory=dict)
    """By source id: a person must look, and at what."""


@dataclass(slots=True)
class Settler:
    """Settles the in-doubt intents of one sync."""

    sync: Sync
    lease: Lease
    run_id: str

    def due_at(self, intent: IntentRow) -> datetime:
        """Return when the intent's quiet time is over."""
        if intent.quiet_until is not None:
            return intent.quiet_until
        facts = self.sync.destination.destination.facts(
            self.sync.mapping.destination.stream
        )
        sent = text_time(intent.sent_at or intent.created_at)
        assert sent is not None  # noqa: S101 - created_at is always there
        return sent + timedelta(seconds=facts.quiet_seconds)

    def settle(self, intents: Sequence[IntentRow]) -> Settled:
        """Look up these intents, whose quiet time is over, and record the result."""
        settled = Settled()
        if not intents:
            return settled
        writes = [_as_write(row) for row in intents]
        self.lease.check()
        stream = self.sync.mapping.destination.stream
        sightings = {
            one.ref: one
            for one in self.sync.destination.destination.probe(stream, writes)
        }
        records = self._sources(intents, sightings)
        for row in intents:
            sighting = sightings.get(row.id, Sighting(row.id, ()))
            record = records.get(row.source_id, Record(row.source_id, "", {}))
            self._one(row, sighting, record, settled)
        return settled

    def _sources(
        self, intents: Sequence[IntentRow], sightings: Mapping[str, Sighting]
    ) -> dict[str, Record]:
        """Read the source records that a write-back may need."""
        mapping = self.sync.mapping
        found = [r.source_id for r in intents if sightings.get(r.id, _NONE).found]
        if not (found and mapping.model.write_back):
            return {}
        records = self.sync.source.source.fetch(mapping.query(), found)
        return {record.id: record for record in records}

    def _one(
        self, row: IntentRow, sighting: Sighting, record: Record, settled: Settled
    ) -> None:
        found = sighting.found
        with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
            if len(found) == 1:
                tx.confirm([ConfirmRow(row.id, found[0].id, encode(found[0].answer))])
                tx.put_links([_link(self.sync, row, found[0])])
                tx.add_intents(self._write_back(row, record, found[0]))
                settled.confirmed[row.source_id] = found[0]
            elif not found and not sighting.suspects and row.attempts < MOST_ATTEMPTS:
                words = "looked up after the quiet time: not there"
                tx.set_states([StateRow(row.id, "planned", "not_found", words)])
                settled.again.append(row.source_id)
            else:
                words = self._question(found or sighting.suspects)
                tx.set_states([StateRow(row.id, "held", "in_doubt", words)])
                tx.add_decisions([_held(row, words)])
                settled.held[row.source_id] = words

    def _question(self, found: Sequence[Confirmed]) -> str:
        stream = self.sync.mapping.destination
        names = ", ".join(f"{stream}/{one.id}" for one in found[:5])
        return names or f"sent {MOST_ATTEMPTS} times without an answer"

    def _write_back(
        self, row: IntentRow, record: Record, found: Confirmed
    ) -> list[NewIntent]:
        receipt = {**found.answer, "id": found.id}
        fields = written_back(self.sync.mapping, record, receipt)
        if not fields:
            return []
        return [write_back_intent(self.sync, f"{row.id}w", record, fields)]


def _as_write(row: IntentRow) -> Write:
    key = (row.key_field, row.key_value) if row.key_field else None
    return Write(row.id, Operation.CREATE, row.payload, key=key, mark=row.mark)


def _link(sync: Sync, row: IntentRow, found: Confirmed) -> LinkRow:
    payload = Payload(row.payload)
    return LinkRow(
        source_id=row.source_id,
        sync=row.sync,
        source=row.source,
        destination=row.destination,
        destination_id=found.id,
        sent_text=row.payload_text,
        fingerprint=row.fingerprint or fingerprint(payload.fields),
        version="",  # read again: the record may have changed meanwhile
        revision=sync.mapping.revision,
    )


def _held(row: IntentRow, words: str) -> NewDecision:
    return NewDecision(
        row.source_id, row.sync, "held", "in_doubt", words, row.revision, row.version
    )
