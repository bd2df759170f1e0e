"""What became of one row: recorded, and followed where the counterpart has moved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from tasuki import plan
from tasuki.engine.agreeing import disagreement, hold_of, made_by, was_held
from tasuki.engine.departed import ARCHIVED_LINK
from tasuki.engine.journal import Journal
from tasuki.engine.masking import masked_words
from tasuki.engine.shared import SHARED_LINK, sharing
from tasuki.engine.sync import Sync
from tasuki.engine.tally import Ending
from tasuki.engine.turn import Turn
from tasuki.engine.write_back import write_back_intent, written_back
from tasuki.ledger.rows import StateRow, encode
from tasuki.model.record import StreamRef
from tasuki.model.write import (
    Confirmed,
    Deferred,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
)


@dataclass(slots=True)
class Outcomes:
    """Records the outcomes of rows.

    Attributes:
        again: Takes a turn that must be sent once more, to another counterpart.
        unsettled: Intent id → turn of writes that went in doubt in this run.
    """

    sync: Sync
    journal: Journal
    again: Callable[[Turn], None]
    unsettled: dict[str, Turn] = field(default_factory=dict)
    _home: str = field(init=False)

    def __post_init__(self) -> None:
        self._home = str(self.sync.mapping.destination)

    def maybe_done(self, turn: Turn, ref: str, code: str, words: str) -> None:
        """Record a repeatable write that may be done: the next run repeats it."""
        self.journal.state(StateRow(ref, "in_doubt", code, words))
        self.journal.end(turn, Ending.DEFERRED, code, words)

    def record(self, turn: Turn, outcome: Outcome) -> None:
        """Record one row's outcome."""
        match outcome:
            case Confirmed():
                self._confirmed(turn, outcome)
            case Rejected(ref, code, words, remedy):
                fields = turn.payload.fields if turn.payload else {}
                words = masked_words(self.sync.mapping, fields, words)
                self.journal.state(StateRow(ref, "rejected", code, words))
                self.journal.dead(turn, code, words, remedy)
            case Deferred(ref, code, words):
                self.journal.state(StateRow(ref, "planned", code, words))
                self.journal.end(turn, Ending.DEFERRED, code, words)
            case InDoubt(ref, words):
                self._in_doubt(turn, ref, words)
            case Gone():
                self._gone(turn, outcome)

    def _in_doubt(self, turn: Turn, ref: str, words: str) -> None:
        stream = self.sync.mapping.destination.stream
        facts = self.sync.destination.destination.facts(stream)
        until = self.sync.clock.now() + timedelta(seconds=facts.settling_delay)
        self.journal.state(StateRow(ref, "in_doubt", "no_answer", words, until))
        self.journal.end(turn, Ending.IN_DOUBT, "no_answer", words)
        self.unsettled[ref] = turn

    def _confirmed(self, turn: Turn, outcome: Confirmed) -> None:
        mapping = self.sync.mapping
        receipt_text = encode(outcome.answer) if outcome.answer else "{}"
        self.journal.confirm(outcome.ref, outcome.id, receipt_text)
        stream = self._home
        if outcome.target_stream:
            ref = StreamRef(mapping.destination.connection, outcome.target_stream)
            stream = str(ref)
        state = ARCHIVED_LINK if turn.archiving else "live"
        self.journal.link(turn, stream, outcome.id, state=state)
        if turn.yields:
            self.journal.give_way(turn)
        creating = isinstance(turn.verdict, plan.Create)
        operation = Operation.CREATE if creating else Operation.UPDATE
        self.journal.tally.written[operation] += 1
        fields = turn.payload.fields if turn.payload else {}
        words = disagreement(mapping, fields, outcome.stated) if creating else ""
        if words:
            turn.verdict = hold = hold_of(self.sync, outcome.id, words)
            self.journal.end(turn, Ending.HELD, hold.reason, hold.detail)
            return
        detail = f"{stream}/{outcome.id}" if turn.archiving else ""
        self.journal.end(turn, self._ending(turn, outcome), detail=detail)
        self._tell(turn, outcome.ref, {**outcome.answer, "id": outcome.id})

    def _tell(self, turn: Turn, ref: str, receipt: Mapping[str, object]) -> None:
        """Let the source be told what was made of its record."""
        mapping = self.sync.mapping
        if not mapping.model.write_back:
            return
        fields = written_back(mapping, turn.record, receipt)
        if fields:
            intent = write_back_intent(self.sync, f"{ref}w", turn.record, fields)
            self.journal.plan_write_back(intent)

    def tell_late(self, turn: Turn) -> None:
        """Tell the source of a document that was held for its sums until now."""
        if not was_held(turn):
            return
        made = made_by(self.sync, turn)
        if made is not None:
            self._tell(turn, made.id, {**made.receipt, "id": made.destination_id})

    def adopt(self, turn: Turn, target_id: str, run_id: str) -> None:
        """Let a document that a person has chosen be the record's, and tell the source.

        It was made by hand, so what it says of itself is looked up (one call).
        """
        self.journal.questions.adopt(turn, target_id, run_id)
        mapping = self.sync.mapping
        if turn.ruling is None or not mapping.model.write_back:
            return
        if turn.identity.claim is None:
            return
        stream, names = mapping.destination.stream, sorted(mapping.receipt_names)
        shown = self.sync.destination.destination.fetch(stream, [target_id], names)
        receipt = {**shown.get(target_id, {}), "id": target_id}
        self._tell(turn, f"{run_id}{turn.record.id}", receipt)

    def _ending(self, turn: Turn, outcome: Confirmed) -> Ending:
        verdict = turn.verdict
        if isinstance(verdict, plan.Create):
            return Ending.ATTACHED if outcome.created is False else Ending.CREATED
        attaching = isinstance(verdict, plan.Update) and verdict.attaching
        # Where nothing is ever created, finding the counterpart is no news.
        if attaching and self.sync.mapping.write.value != "update_only":
            return Ending.ATTACHED
        return Ending.UPDATED

    def _gone(self, turn: Turn, outcome: Gone) -> None:
        """Follow a counterpart that was merged or converted; let a deleted one go."""
        mapping = self.sync.mapping
        self.journal.state(
            StateRow(outcome.ref, "abandoned", outcome.code, outcome.words)
        )
        if outcome.moved_to is None:
            if turn.link is None:  # found, and deleted since: look again next time
                self.journal.state(StateRow(outcome.ref, "planned", outcome.code))
                self.journal.end(turn, Ending.DEFERRED, outcome.code, outcome.words)
                return
            self.journal.repoint(turn.link._replace(state="detached"))
            self.journal.end(turn, Ending.SKIPPED, "counterpart_deleted")
            return
        stream, target_id = outcome.moved_to
        where = str(StreamRef(mapping.destination.connection, stream))
        if turn.archiving and turn.link is not None:
            self.journal.repoint(turn.link._replace(state="detached"))
            self.journal.end(turn, Ending.SKIPPED, "counterpart_moved")
            return
        if where == self._home and not turn.moved and turn.payload:
            if self._is_shared(turn, target_id):
                return
            turn.moved = True
            turn.verdict = plan.Update(
                target_id, turn.payload.for_update(), attaching=True
            )
            self.again(turn)
            return
        self.journal.link(turn, where, target_id)
        self.journal.end(turn, Ending.ATTACHED, outcome.code.lower())

    def _is_shared(self, turn: Turn, target_id: str) -> bool:
        """Hold a turn whose counterpart was merged into that of another record."""
        own, journal = turn.record.id, self.journal
        owners = self.sync.ledger.reverse_links(self.sync.id, [target_id])
        owner = owners.get(target_id, own)
        if owner == own:
            owner = journal.attaching.setdefault(target_id, own)
        if owner == own:
            return False
        turn.verdict = hold = sharing(self._home, target_id, owner)
        if turn.link is not None:
            journal.repoint(
                turn.link._replace(
                    destination_id=target_id,
                    sent_text="{}",
                    fingerprint="",
                    version="",
                    state=SHARED_LINK,
                )
            )
        journal.end(turn, Ending.HELD, hold.reason, hold.detail)
        return True
