"""What one transaction will record: outcomes wait here until they are durable."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tasuki import plan
from tasuki.engine.both_sides import CONFLICT
from tasuki.engine.masking import masked
from tasuki.engine.pages import Progress
from tasuki.engine.part import Part
from tasuki.engine.questions import Questions
from tasuki.engine.shared import YIELDED_LINK
from tasuki.engine.sync import Sync
from tasuki.engine.tally import Ending, Tally
from tasuki.engine.turn import Turn, sent_text
from tasuki.ledger import Lease
from tasuki.ledger.rows import (
    ConfirmRow,
    LinkRow,
    MatchKeyRow,
    NewDeadLetter,
    NewDecision,
    NewIntent,
    RelationRow,
    StateRow,
    encode,
)
from tasuki.ledger.transaction import ClaimTakenError, TwinTakenError, Tx
from tasuki.model.record import RecordRef

_SENT = frozenset({Ending.CREATED, Ending.UPDATED, Ending.ATTACHED, Ending.UNCHANGED})


@dataclass(slots=True)
class Journal:
    """Buffers rows and commits them together, with the cursor they allow."""

    sync: Sync
    lease: Lease
    run_id: str
    tally: Tally
    progress: Progress
    moves_cursor: bool = True
    part: Part | None = None
    attaching: dict[str, str] = field(default_factory=dict)
    """The decider's own, emptied here: it may not grow with the number of records."""
    _decisions: list[NewDecision] = field(default_factory=list)
    _letters: list[NewDeadLetter] = field(default_factory=list)
    _resolved: list[str] = field(default_factory=list)
    _confirms: list[ConfirmRow] = field(default_factory=list)
    _states: list[StateRow] = field(default_factory=list)
    _links: list[LinkRow] = field(default_factory=list)
    _intents: list[NewIntent] = field(default_factory=list)
    _relations: list[RelationRow] = field(default_factory=list)
    _finished: list[int] = field(default_factory=list)
    questions: Questions = field(init=False)
    _source: str = field(init=False)
    _linked: bool = False

    def __post_init__(self) -> None:
        self._source = str(self.sync.mapping.source)
        self.questions = Questions(self.sync, self.tally)

    # -- what happened to a record ------------------------------------------------

    def end(
        self, turn: Turn, ending: Ending, reason: str = "", detail: str = ""
    ) -> None:
        """Note how a record's turn ended, and the decision where it is news."""
        self.tally.end(ending, reason)
        self._finished.append(turn.page)
        for intent in turn.open_intents:
            self._states.append(
                StateRow(intent.id, "abandoned", "replaced", ending.value)
            )
        turn.open_intents = ()
        if turn.earlier and ending not in _SENT:
            self._link_earlier(turn)
        self.questions.end(turn, ending, reason, detail)
        self._decide(turn, ending, reason, detail)

    def _decide(self, turn: Turn, ending: Ending, reason: str, detail: str) -> None:
        sent, archived = ending in _SENT, turn.archiving and ending is Ending.UPDATED
        outcome = "archived" if archived else "sent" if sent else ending.value
        if archived:
            reason = "source_deleted"
        elif sent:  # of what both sides changed, nothing else would be left to see
            reason, detail = (CONFLICT, turn.contest) if turn.contest else ("", "")
        before = turn.previous
        if before is None and outcome == "sent" and not reason:
            return  # the link and its intents tell the story
        was_dead = before is not None and before.outcome == "dead"
        if was_dead and ending is not Ending.DEAD:
            self._resolved.append(turn.record.id)
        if before is not None and (outcome, reason, detail) == (
            before.outcome,
            before.reason,
            before.detail,
        ):
            # A dead letter is renewed once for each version of its record.
            renewed = ending is Ending.DEAD and before.version != turn.record.version
            if not renewed:
                return
        mapping = self.sync.mapping
        self._decisions.append(
            NewDecision(
                turn.record.id,
                mapping.id,
                outcome,
                reason,
                detail,
                mapping.revision,
                turn.record.version,
            )
        )

    def dead(self, turn: Turn, cause: str, words: str, remedy: str) -> None:
        """Note a dead letter, and end the turn."""
        mapping = self.sync.mapping
        fields = turn.payload.fields if turn.payload else {}
        if self._is_known_dead(turn, cause, words):
            self.end(turn, Ending.DEAD, cause, words)
            return
        self._letters.append(
            NewDeadLetter(
                turn.record.id,
                mapping.id,
                cause,
                words,
                remedy,
                encode(masked(mapping, fields)),
                turn.record.version,
                mapping.revision,
            )
        )
        self.end(turn, Ending.DEAD, cause, words)

    def _is_known_dead(self, turn: Turn, cause: str, words: str) -> bool:
        """Say whether the open dead letter says exactly this already."""
        before = turn.previous
        if before is None or before.outcome != "dead" or turn.replayed:
            return False
        seen = (before.version, before.revision, before.reason, before.detail)
        return seen == (turn.record.version, self.sync.mapping.revision, cause, words)

    def skip(self, turn: Turn, reason: str) -> None:
        """End a skipped turn; a merged record hands its counterpart to the survivor."""
        survivor, link = turn.record.merged_into, turn.link
        if survivor and link is not None and link.state == "live":
            taken = self.sync.ledger.links(self.sync.id, [survivor])
            if not taken:
                self.repoint(link._replace(source_id=survivor, version=""))
            self.repoint(link._replace(state="detached"))
            reason = "merged_at_source"
        self.end(turn, Ending.SKIPPED, reason)

    def unchanged(self, turn: Turn) -> None:
        """End a turn that needs no write; remember the version seen."""
        link = turn.link
        if link is not None and turn.payload is not None:
            seen = link._replace(
                version=turn.record.version,
                revision=self.sync.mapping.revision,
                fingerprint=turn.fingerprint,
            )
            if seen != link:
                self._links.append(seen)
        self.end(turn, Ending.UNCHANGED)

    def accept(self, turn: Turn) -> None:
        """End a turn whose record a person has taken for what was sent."""
        link, payload = turn.link, turn.payload
        if link is not None and payload is not None:
            self._links.append(
                link._replace(
                    sent_text=encode(link.sent | payload.for_update()),
                    version=turn.record.version,
                    revision=self.sync.mapping.revision,
                    fingerprint=turn.fingerprint,
                )
            )
        self.end(turn, Ending.UNCHANGED)

    def give_way(self, turn: Turn) -> None:
        """Take the counterpart away from the record that a person decided against."""
        taken = self.sync.ledger.links(self.sync.id, [turn.yields])
        for link in taken.values():
            self._links.append(link._replace(state=YIELDED_LINK))

    def link(
        self, turn: Turn, stream: str, target_id: str, *, state: str = "live"
    ) -> None:
        """Note the link of a record with what has been sent to its counterpart."""
        self._linked = True
        mapping = self.sync.mapping
        self._links.append(
            LinkRow(
                turn.record.id,
                mapping.id,
                self._source,
                stream,
                target_id,
                sent_text(turn),
                turn.fingerprint,
                turn.record.version,
                mapping.revision,
                state,
            )
        )

    def repoint(self, link: LinkRow) -> None:
        """Note a link as it is given."""
        self._linked = True
        self._links.append(link)

    def _link_earlier(self, turn: Turn) -> None:
        """Link to what a killed run has made, though nothing is sent to it now."""
        verdict, fingerprint = turn.verdict, turn.fingerprint
        turn.verdict, turn.fingerprint = plan.Unchanged(), ""
        self.link(turn, str(self.sync.mapping.destination), turn.earlier)
        self._links[-1] = self._links[-1]._replace(version="")
        turn.verdict, turn.fingerprint = verdict, fingerprint

    def has_new_links(self) -> bool:
        """Say whether there are links that deciding cannot see in the ledger yet."""
        return self._linked

    def put_off(self, turn: Turn) -> None:
        """End a turn for now: its page stays unfinished, so that it is read again."""
        self.tally.end(Ending.IN_DOUBT, "no_answer")
        before = turn.previous
        known = before is not None and before.outcome == Ending.IN_DOUBT
        words = before.detail if before is not None and known else ""
        self._decide(turn, Ending.IN_DOUBT, "no_answer", words)

    def resume(self, turn: Turn) -> None:
        """Take a put-off turn back: the record gets another one."""
        self.tally.reopen(Ending.IN_DOUBT, "no_answer")
        self.tally.read -= 1
        self._finished.append(turn.page)

    def replaced(self, turn: Turn) -> None:
        """End a turn that a newer one of the same record replaces: it decides."""
        self.tally.end(Ending.UNCHANGED)
        self._finished.append(turn.page)

    # -- what happened to an intent ------------------------------------------------

    def confirm(self, intent_id: str, target_id: str, receipt_text: str) -> None:
        """Note the receipt of an intent."""
        self._confirms.append(ConfirmRow(intent_id, target_id, receipt_text))

    def state(self, row: StateRow) -> None:
        """Note an intent's new state."""
        self._states.append(row)

    def plan_write_back(self, intent: NewIntent) -> None:
        """Note a write that follows from another one; it is sent later."""
        self._intents.append(intent)

    def relate(self, turn: Turn) -> None:
        """Note the records of the same story that the mapping names."""
        mapping, record = self.sync.mapping, turn.record
        unchanged = isinstance(turn.verdict, plan.Unchanged)
        if not mapping.model.relates or turn.payload is None or unchanged:
            return
        here, own = mapping.source, str(RecordRef(*mapping.source, record.id))
        for stream, other in mapping.relations(record):
            to_ref = str(RecordRef(here.connection, stream, other))
            self._relations.append(RelationRow(own, to_ref, self.sync.id))

    # -- durable ---------------------------------------------------------------------

    def commit(
        self,
        intents: Sequence[NewIntent] = (),
        turns: Sequence[Turn] = (),
        quiet_until: datetime | None = None,
    ) -> frozenset[str]:
        """Make everything durable; `intents` are about to be sent.

        With `quiet_until` they are not: they begin in doubt, to be looked up then.

        `turns` are those the intents belong to: older intents that they replace are
        abandoned in the same transaction, so that a claim is never held twice and
        never free in between.

        Returns:
            The ids of intents that must not be sent: a live one holds their claim.
        """
        replaced = [
            StateRow(one.id, "abandoned", "replaced")
            for t in turns
            for one in t.open_intents
        ]
        for turn in turns:
            turn.open_intents = ()
        keys = [
            MatchKeyRow(one, self.sync.id, turn.record.id)
            for turn in turns
            if isinstance(turn.verdict, plan.Create)
            for one in turn.match_hashes
        ]
        for page in self._finished:
            self.progress.finish(page)
        self._finished.clear()
        cursor = self.progress.advance()
        if not self._anything(intents, replaced, cursor):
            return frozenset()
        refused: set[str] = set()
        while True:
            free = [one for one in intents if one.id not in refused]
            try:
                self._write(free, replaced, keys, cursor, quiet_until)
            except ClaimTakenError as error:
                refused |= error.taken.keys()
            except TwinTakenError as error:
                # Another part creates a record with the same match value right now.
                twins = error.taken
                refused |= {one.id for one in free if one.source_id in twins}
                keys = [one for one in keys if one.source_id not in twins]
            else:
                self._clear()
                return frozenset(refused)

    def _write(
        self,
        intents: Sequence[NewIntent],
        replaced: Sequence[StateRow],
        keys: Sequence[MatchKeyRow],
        cursor: str | None,
        quiet_until: datetime | None,
    ) -> None:
        sync = self.sync
        archived = sync.archived(self._confirms)
        with sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.set_states([*self._states, *replaced])
            tx.confirm(self._confirms)
            tx.put_links(self._links)
            if self.part is None:
                tx.put_match_keys(keys)
            else:
                tx.claim_match_keys(keys)
            tx.put_relations(self._relations)
            tx.add_decisions(self._decisions)
            tx.put_dead_letters(self._letters)
            tx.resolve_dead_letters(sync.id, self._resolved)
            self.questions.write(tx)
            tx.add_intents(self._intents)
            state: Literal["sending", "in_doubt"] = (
                "in_doubt" if quiet_until else "sending"
            )
            tx.add_intents(intents, state, quiet_until)
            if cursor is not None and self.moves_cursor:
                self._move(tx, cursor)
            tx.archive(archived)

    def _move(self, tx: Tx, cursor: str) -> None:
        sync, part = self.sync, self.part
        revision = sync.mapping.revision
        tx.put_cursor(sync.id, part.cursor if part else "", cursor, revision)
        if part is not None:
            part.advanced(tx, sync.id, revision, self.progress.passed)

    def _buffers(self) -> tuple[list[Any] | Questions, ...]:
        return (
            self._decisions,
            self._letters,
            self._resolved,
            self._confirms,
            self._states,
            self._links,
            self._intents,
            self._relations,
            self.questions,
        )

    def _anything(self, *more: object) -> bool:
        return any(self._buffers()) or any(more)

    def _clear(self) -> None:
        self._linked = False
        if self.attaching:
            for link in self._links:  # the ledger knows these from now on
                self.attaching.pop(link.destination_id, None)
        for rows in self._buffers():
            rows.clear()

    def waiting_rows(self) -> int:
        """Return how many rows are not durable yet."""
        return len(self._decisions) + len(self._links) + len(self._letters)
