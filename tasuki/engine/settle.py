"""Settling writes that are in doubt: done, not done, or a person's question.

Where the vendor knows idempotency keys, they are repeated (see `repeat`). Elsewhere
they are looked up. A lost write may land seconds after its connection died, so nothing
is looked up before its quiet time is over; only then does "not found" mean "not done".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tasuki.engine.agreeing import disagreement, hold_of
from tasuki.engine.echo import strangers
from tasuki.engine.holding import DISAGREE, doubt_row, sums_row
from tasuki.engine.masking import masked, masked_words
from tasuki.engine.repeat import (
    Repeated,
    as_write,
    is_remembered,
    is_wanted,
    repeat,
)
from tasuki.engine.settled import Settled
from tasuki.engine.sworn import HELD, new_suspects, prove, words_given
from tasuki.engine.sync import Sync
from tasuki.engine.tally import Tally
from tasuki.engine.write_back import write_back_intent, written_back
from tasuki.ledger import Lease, Tx
from tasuki.ledger.hold_rows import RulingEndRow, RulingRow
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
    Operation,
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
class Settler:
    """Settles the in-doubt intents of one sync."""

    sync: Sync
    lease: Lease
    run_id: str
    rulings: Mapping[str, RulingRow] = field(default_factory=dict)
    """What people have decided and no run has carried out, by source id."""
    tally: Tally = field(default_factory=Tally)
    tries: Counter[str] = field(default_factory=Counter)
    senders: dict[str, str] = field(default_factory=dict)
    """By run id: processes that stand still with a write and may wake up."""

    @property
    def sworn(self) -> dict[str, RulingRow]:
        """What people have said about writes that are held, by source id."""
        return words_given(self.rulings)

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
        young = [
            row
            for row in intents
            if row.state != HELD and is_remembered(row, self._facts(), now)
        ]
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
        """Return how often each source id's document has been sent, all tries.

        A person's word that it was not there begins the count anew.
        """
        marks = {row.mark for row in intents}
        ids = list({row.source_id for row in intents})
        sent = self.sync.ledger.intents_of(self.sync.id, ids)
        anew = {
            ruling.source_id: ruling.ended_at
            for ruling in self.sync.ledger.rulings_about(ids)
            if (ruling.choice, ruling.outcome) == ("not_there", "carried_out")
            and ruling.sync == self.sync.id
        }
        return Counter(
            row.source_id
            for rows in sent.values()
            for row in rows
            if row.mark in marks and row.sent_at
            if row.created_at >= anew.get(row.source_id, "")
        )

    def _sources(
        self, intents: Sequence[IntentRow], sightings: Mapping[str, Sighting]
    ) -> dict[str, Record]:
        """Read the source records that a write-back may need."""
        mapping = self.sync.mapping
        found = [
            r.source_id
            for r in intents
            if sightings.get(r.id, _NONE).found or r.source_id in self.sworn
        ]
        if not (found and mapping.model.write_back):
            return {}
        records = self.sync.source.source.fetch(mapping.query(), found)
        return {record.id: record for record in records}

    def _one(
        self, row: IntentRow, sighting: Sighting, record: Record, settled: Settled
    ) -> None:
        found, end = self._by_word(row, sighting)
        if end is None:
            found, is_again = sighting.found, self._may_go_again(row, sighting)
        else:
            is_again = end.outcome == "carried_out"
        if len(found) == 1:
            self._confirm(row, record, found[0], settled, end)
        elif row.run_id in self.senders and not (
            found or (self._suspects(row, sighting) and not end)
        ):
            # No quiet time covers it: it would send when it is woken up.
            words = f"{self.senders[row.run_id]} has not ended and may still send"
            if row.state != HELD:
                with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
                    tx.set_states([StateRow(row.id, "in_doubt", SENDER_LIVES, words)])
            settled.left.add(row.id)
        elif is_again:
            words = "looked up after the quiet time: not there"
            with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
                tx.set_states([StateRow(row.id, "planned", "not_found", words)])
                self._end(tx, end)
            settled.again.append(row.source_id)
        else:
            words = self._question(row, found or sighting.suspects)
            self._hold(row, words, settled, end)

    def _confirm(
        self,
        row: IntentRow,
        record: Record,
        found: Confirmed,
        settled: Settled,
        end: RulingEndRow | None = None,
    ) -> None:
        receipt = ConfirmRow(row.id, found.id, encode(found.answer))
        archived = self.sync.archived([receipt])
        words = ""
        if row.operation == Operation.CREATE:
            words = disagreement(self.sync.mapping, row.payload, found.stated)
        with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.confirm([receipt])
            tx.put_links([_link(self.sync, row, found)])
            if words:
                hold = hold_of(self.sync, found.id, words)
                tx.add_decisions([_decided(row, "held", DISAGREE, hold.detail)])
                tx.put_holds([sums_row(self.sync, row, hold)])
            else:
                tx.add_intents(self._write_back(row, record, found))
                tx.close_holds(row.sync, [row.source_id])
            self._end(tx, end or self._carried_out(row))
            tx.archive(archived)
        if words:
            settled.disagree[row.source_id] = words
        else:
            settled.confirmed[row.source_id] = found

    def _hold(
        self,
        row: IntentRow,
        words: str,
        settled: Settled,
        end: RulingEndRow | None = None,
    ) -> None:
        tries = self.tries[row.source_id] or row.attempts
        with self.sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.set_states([StateRow(row.id, HELD, "in_doubt", words)])
            tx.add_decisions([_decided(row, "held", "in_doubt", words)])
            tx.put_holds([doubt_row(self.sync, row, words, tries)])
            self._end(tx, end)
        settled.held[row.source_id] = words

    def _carried_out(self, row: IntentRow) -> RulingEndRow | None:
        """Return the end of the decision that this create has followed from."""
        ruling = self.rulings.get(row.source_id)
        if ruling is None or ruling.choice != "create":
            return None
        if row.created_at < ruling.ruled_at:
            return None
        return RulingEndRow(ruling.id, "carried_out", "created")

    def _end(self, tx: Tx, end: RulingEndRow | None) -> None:
        if end is not None:
            tx.end_rulings([end])
            self.tally.ruled[end.outcome] += 1

    def _by_word(
        self, row: IntentRow, sighting: Sighting
    ) -> tuple[tuple[Confirmed, ...], RulingEndRow | None]:
        """Return what a person's word about this write leads to, and its end."""
        ruling = self.sworn.get(row.source_id)
        if ruling is None or row.state != HELD:
            return (), None
        if ruling.choice == "found":
            proof = prove(self.sync, row, ruling.target, sighting)
            if proof.document is None:
                return (), RulingEndRow(ruling.id, "stale", proof.words)
            return (proof.document,), RulingEndRow(ruling.id, "carried_out", "found")
        unseen = new_suspects(ruling, sighting.suspects)
        if sighting.found or unseen:
            named = ", ".join(one.id for one in (*sighting.found, *unseen))
            words = f"it is there after all: {named}"
            return sighting.found, RulingEndRow(ruling.id, "stale", words)
        return (), RulingEndRow(ruling.id, "carried_out", "not there: sent again")

    def _refuse(self, row: IntentRow, outcome: Rejected, settled: Settled) -> None:
        mapping, code = self.sync.mapping, outcome.code
        words = masked_words(mapping, row.payload, outcome.words)
        payload = encode(masked(mapping, row.payload))
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
            and row.state != HELD
            and not sighting.found
            and not self._suspects(row, sighting)
            and self.tries[row.source_id] < MOST_ATTEMPTS
        )

    def _suspects(self, row: IntentRow, sighting: Sighting) -> Sequence[Confirmed]:
        """Return the look-alikes that may be ours.

        Those are not which a person has seen and decided to create this one beside.
        """
        end = self._carried_out(row)
        if end is None:
            return sighting.suspects
        return new_suspects(self.rulings[row.source_id], sighting.suspects)

    def _question(self, row: IntentRow, found: Sequence[Confirmed]) -> str:
        stream = self.sync.mapping.destination
        names = ", ".join(f"{stream}/{one.id}" for one in found[:5])
        tries = self.tries[row.source_id]
        if not (names or tries):
            return "the ledger was restored: this may have been sent before"
        lost = f"sent without an answer, {tries} time(s): {row.error_words}"
        if row.state == HELD:
            return names or row.error_words
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
