"""Settling writes that are in doubt: done, not done, or a person's question.

Where the vendor knows idempotency keys, they are repeated (see `repeat`). Elsewhere
they are looked up. A lost write may land seconds after its connection died, so nothing
is looked up before its quiet time is over; only then does "not found" mean "not done".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tasuki.engine.echo import strangers
from tasuki.engine.journal import masked
from tasuki.engine.repeat import (
    Repeated,
    as_write,
    is_remembered,
    is_wanted,
    repeat,
)
from tasuki.engine.sync import Sync
from tasuki.engine.write_back import write_back_intent, written_back
from tasuki.ledger import Lease
from tasuki.ledger.rows import (
    ConfirmRow,
    IntentRow,
    LinkRow,
    NewDeadLetter,
    NewDecision,
    NewIntent,
    StateRow,
    encode,
    time_text,
)
from tasuki.mapping import Payload, fingerprint
from tasuki.model.record import Record
from tasuki.model.write import (
    Confirmed,
    InDoubt,
    Rejected,
    Sighting,
    WriteClass,
    WriteFacts,
)

MOST_ATTEMPTS = 5
SENDER_LIVES = "sender_lives"
"""Why a write stays in doubt whose process was replaced while it stood still."""
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
    refused: dict[str, str] = field(default_factory=dict)
    """By source id: the destination refused it, with which code."""
    still: set[str] = field(default_factory=set)
    """Source ids that are in doubt as before."""
    left: set[str] = field(default_factory=set)
    """Ids of intents that stay in doubt: their sender has not ended."""


@dataclass(slots=True)
class Settler:
    """Settles the in-doubt intents of one sync."""

    sync: Sync
    lease: Lease
    run_id: str
    tries: Counter[str] = field(default_factory=Counter)
    senders: dict[str, str] = field(default_factory=dict)
    """By run id: processes that stand still with a write and may wake up."""

    def due_at(self, intent: IntentRow) -> datetime:
        """Return when the intent's quiet time is over."""
        if intent.quiet_until is not None:
            return intent.quiet_until
        return self.sync.clock.now()

    def begin_quiet(self, intents: Sequence[IntentRow]) -> list[IntentRow]:
        """Let the quiet time of writes that a killed run was sending begin now.

        When they were recorded says nothing: each waited for its turn in the budget,
        and the last may have left right before the run died.
        """
        sending = [row.id for row in intents if row.state == "sending"]
        if not sending:
            return list(intents)
        until = self.sync.clock.now() + timedelta(seconds=self._facts().settling_delay)
        words = "the run that was sending it did not end"
        with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.set_state(sending, "in_doubt", "no_answer", words, until)
        quiet = time_text(until)
        return [
            row._replace(state="in_doubt", quiet_text=quiet)
            if row.state == "sending"
            else row
            for row in intents
        ]

    def _facts(self) -> WriteFacts:
        stream = self.sync.mapping.destination.stream
        return self.sync.destination.destination.facts(stream)

    def settle(self, intents: Sequence[IntentRow]) -> Settled:
        """Look up these intents, whose quiet time is over, and record the result."""
        settled = Settled()
        if not intents:
            return settled
        self.lease.check()
        if self._facts().create_class is WriteClass.KEY:
            intents = self._repeat(intents, settled)
        sightings = self._sightings(intents)
        self.tries = self._count_tries(intents)
        others = [row.run_id for row in intents if row.run_id != self.run_id]
        self.senders = self.sync.ledger.living_senders(others)
        records = self._sources(intents, sightings)
        for row in intents:
            sighting = sightings.get(row.id, _NONE)
            record = records.get(row.source_id, Record(row.source_id, "", {}))
            self._one(row, sighting, record, settled)
        return settled

    def _repeat(
        self, intents: Sequence[IntentRow], settled: Settled
    ) -> list[IntentRow]:
        """Send again what the vendor still knows the key of; return the others."""
        sync, now = self.sync, self.sync.clock.now()
        young = [row for row in intents if is_remembered(row, self._facts(), now)]
        if not young:
            return list(intents)
        ids = list(dict.fromkeys(row.source_id for row in young))
        found = sync.source.source.fetch(sync.mapping.query(), ids)
        records = {record.id: record for record in found}
        wanted = {one for one in ids if is_wanted(sync, records.get(one))}
        for row in young:
            if row.source_id not in wanted:
                lost = "sent without an answer, and not wanted any more"
                words = f"{lost}: {row.error_words}".removesuffix(": ")
                self._hold(row, words, settled)
        again = [row for row in young if row.source_id in wanted]
        told = repeat(sync, self.lease, self.run_id, again, records)
        foreign = strangers(
            sync, [(one.row.source_id, one.outcome) for one in told if one.outcome]
        )
        for one in told:
            self._answered(one, foreign.get(one.row.id, ""), settled)
        return [row for row in intents if row not in young]

    def _answered(self, one: Repeated, owner: str, settled: Settled) -> None:
        """Record what the answer to a repeated row says about the first time."""
        row, outcome = one.row, one.outcome
        if isinstance(outcome, Confirmed) and not owner:
            self._confirm(row, one.record, outcome, settled)
        elif isinstance(outcome, Rejected):
            self._refuse(row, outcome, settled)
        elif isinstance(outcome, InDoubt) and row.attempts + 1 >= MOST_ATTEMPTS:
            self._hold(row, outcome.words, settled)
        else:
            words = getattr(outcome, "words", "") or "the answer is another row's"
            with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
                tx.set_states([StateRow(row.id, "in_doubt", "no_answer", words)])
            settled.still.add(row.source_id)

    def _sightings(self, intents: Sequence[IntentRow]) -> dict[str, Sighting]:
        if self._facts().create_class is WriteClass.NONE:
            return {}  # nothing to look for: a person decides about each
        writes = [as_write(row) for row in intents]
        if not writes:
            return {}
        stream = self.sync.mapping.destination.stream
        found = self.sync.destination.destination.probe(stream, writes)
        return {one.ref: one for one in found}

    def _count_tries(self, intents: Sequence[IntentRow]) -> Counter[str]:
        """Return how often each source id's document has been sent, all tries."""
        marks = {row.mark for row in intents}
        ids = list({row.source_id for row in intents})
        sent = self.sync.ledger.intents_of(self.sync.id, ids)
        return Counter(
            row.source_id
            for rows in sent.values()
            for row in rows
            if row.mark in marks and row.sent_at
        )

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
        if len(found) == 1:
            self._confirm(row, record, found[0], settled)
        elif row.run_id in self.senders and not (found or sighting.suspects):
            # No quiet time covers it: it would send when it is woken up.
            words = f"{self.senders[row.run_id]} has not ended and may still send"
            with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
                tx.set_states([StateRow(row.id, "in_doubt", SENDER_LIVES, words)])
            settled.left.add(row.id)
        elif self._may_go_again(row, sighting):
            words = "looked up after the quiet time: not there"
            with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
                tx.set_states([StateRow(row.id, "planned", "not_found", words)])
            settled.again.append(row.source_id)
        else:
            words = self._question(row, found or sighting.suspects)
            self._hold(row, words, settled)

    def _confirm(
        self, row: IntentRow, record: Record, found: Confirmed, settled: Settled
    ) -> None:
        with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.confirm([ConfirmRow(row.id, found.id, encode(found.answer))])
            tx.put_links([_link(self.sync, row, found)])
            tx.add_intents(self._write_back(row, record, found))
        settled.confirmed[row.source_id] = found

    def _hold(self, row: IntentRow, words: str, settled: Settled) -> None:
        with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.set_states([StateRow(row.id, "held", "in_doubt", words)])
            tx.add_decisions([_decided(row, "held", "in_doubt", words)])
        settled.held[row.source_id] = words

    def _refuse(self, row: IntentRow, outcome: Rejected, settled: Settled) -> None:
        code, words = outcome.code, outcome.words
        payload = encode(masked(self.sync.mapping, row.payload))
        letter = NewDeadLetter(
            row.source_id, row.sync, code, words, outcome.remedy, payload,
            row.version, row.revision,
        )  # fmt: skip
        with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.set_states([StateRow(row.id, "rejected", code, words)])
            tx.put_dead_letters([letter])
            tx.add_decisions([_decided(row, "dead", code, words)])
        settled.refused[row.source_id] = code

    def _may_go_again(self, row: IntentRow, sighting: Sighting) -> bool:
        return (
            sighting.ref == row.id
            and not sighting.found
            and not sighting.suspects
            and self.tries[row.source_id] < MOST_ATTEMPTS
        )

    def _question(self, row: IntentRow, found: Sequence[Confirmed]) -> str:
        stream = self.sync.mapping.destination
        names = ", ".join(f"{stream}/{one.id}" for one in found[:5])
        tries = self.tries[row.source_id]
        if not (names or tries):
            return "the ledger was restored: this may have been sent before"
        lost = f"sent without an answer, {tries} time(s): {row.error_words}"
        return names or lost.removesuffix(": ")

    def _write_back(
        self, row: IntentRow, record: Record, found: Confirmed
    ) -> list[NewIntent]:
        receipt = {**found.answer, "id": found.id}
        fields = written_back(self.sync.mapping, record, receipt)
        if not fields:
            return []
        return [write_back_intent(self.sync, f"{row.id}w", record, fields)]


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


def _decided(row: IntentRow, outcome: str, reason: str, words: str) -> NewDecision:
    return NewDecision(
        row.source_id, row.sync, outcome, reason, words, row.revision, row.version
    )
