"""Sending: intents first, then the call, then what became of each row."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from tasuki import plan
from tasuki.engine.batch import Batch, Search, intent_of, write_of
from tasuki.engine.echo import strangers
from tasuki.engine.journal import Journal
from tasuki.engine.outcomes import Outcomes
from tasuki.engine.shrunken import doubt_gone
from tasuki.engine.sync import Sync
from tasuki.engine.tally import Ending
from tasuki.engine.turn import Turn
from tasuki.ledger import Lease
from tasuki.model.bisect import Bisection
from tasuki.model.errors import (
    InDoubtError,
    LedgerError,
    NotSentError,
    RejectedError,
    RemoteError,
    SilentError,
    TasukiError,
    ThrottledError,
    TransientError,
)
from tasuki.model.write import (
    Deferred,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    WriteClass,
    WriteFacts,
)
from tasuki.trace import span

log = logging.getLogger("tasuki.engine")

_BULK_FLYING = 2
_MOST_SILENT = 5  # documents in a row without an answer, before the run ends early


@dataclass(slots=True)
class Outbox:
    """Collects what is to be written, sends it in batches, and records outcomes."""

    sync: Sync
    journal: Journal
    lease: Lease
    run_id: str
    sends: bool = True
    """Off: count what would be sent (a guard has been hit)."""
    error: TasukiError | None = None
    """The first reason to stop; outcomes already known are still recorded."""
    creating: dict[str, str] = field(default_factory=dict)
    """Hashes of match values to source ids: creates taken in and not finished."""
    _creates: list[Turn] = field(default_factory=list)
    _updates: list[Turn] = field(default_factory=list)
    _flying: dict["Future[list[Outcome]]", Batch] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _silent: set[str] = field(default_factory=set)
    _sent_rows: int = 0
    _counter: int = 0
    _pool: ThreadPoolExecutor | None = None
    _settles_first: bool = False
    outcomes: Outcomes = field(init=False)

    def __post_init__(self) -> None:
        self._settles_first = self.sync.settles_first()
        self.outcomes = Outcomes(self.sync, self.journal, self.add)
        if self.sync.threads:
            self._pool = ThreadPoolExecutor(
                max_workers=max(1, self._facts().in_flight), thread_name_prefix="send"
            )

    def close(self) -> None:
        """Wait for the calls under way; their outcomes are recorded by the next run."""
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def unsettled(self) -> dict[str, Turn]:
        """Intent id → turn of writes that went in doubt in this run."""
        return self.outcomes.unsettled

    # -- taking in -----------------------------------------------------------------

    def add(self, turn: Turn) -> None:
        """Take a turn whose verdict is Create or Update."""
        self._busy.add(turn.record.id)
        creating = isinstance(turn.verdict, plan.Create)
        (self._creates if creating else self._updates).append(turn)
        if creating:
            for one in turn.match_hashes:
                self.creating.setdefault(one, turn.record.id)

    def _let_go(self, turn: Turn) -> None:
        """Note that nothing of this turn is under way any more."""
        self._busy.discard(turn.record.id)
        for one in turn.match_hashes:
            if self.creating.get(one) == turn.record.id:
                del self.creating[one]

    def withdraw(self, source_id: str) -> Turn | None:
        """Take back a turn that has not been sent: a newer one replaces it."""
        for rows in (self._creates, self._updates):
            for turn in rows:
                if turn.record.id == source_id:
                    rows.remove(turn)
                    self._let_go(turn)
                    return turn
        return None

    def is_busy(self, source_id: str) -> bool:
        """Say whether an earlier turn of this record is not finished."""
        return source_id in self._busy

    def waiting(self) -> int:
        """Return how many rows wait to be sent."""
        return len(self._creates) + len(self._updates)

    # -- sending ---------------------------------------------------------------------

    def pump(self, *, all_of_it: bool = False) -> None:
        """Send full batches, or everything; record what has come back."""
        self._collect(block=False)  # first: it is recorded along with the next intents
        for rows in (self._creates, self._updates):
            size = self._batch_size(rows)
            while rows and (all_of_it or len(rows) >= size) and self._may_send():
                batch, rows[:] = rows[:size], rows[size:]
                self._launch(batch)
                size = self._batch_size(rows)
        self._collect(block=False)

    def drain(self) -> None:
        """Send everything and wait until all of it has an outcome."""
        while (self.waiting() and self._may_send()) or self._flying:
            self.pump(all_of_it=True)
            self._collect(block=True)

    def _may_send(self) -> bool:
        return self.sends and self.error is None

    def _facts(self) -> WriteFacts:
        mapping = self.sync.mapping
        return self.sync.destination.destination.facts(mapping.destination.stream)

    def _batch_size(self, rows: Sequence[Turn]) -> int:
        facts = self._facts()
        if self._settles_first:
            return facts.batch_size
        if facts.bulk_threshold and self._sent_rows + len(rows) >= facts.bulk_threshold:
            return max(facts.bulk_size, facts.batch_size)
        return facts.batch_size

    def _launch(self, turns: Sequence[Turn]) -> None:
        """Record the intents, then send them: never the other way round."""
        most = self._most_flying(len(turns))
        while len(self._flying) >= most:
            self._collect(block=True)
            if self.error is not None:
                self._give_back(turns)
                return
        batch = self._batch(turns)
        intents = [
            intent_of(self.sync, turn, write, in_full=self._settles_first)
            for turn, write in zip(turns, batch.writes, strict=True)
        ]
        refused = self.journal.commit(intents, turns)
        for ref in refused:
            turn = batch.turns.pop(ref)
            self._let_go(turn)
            self.journal.end(turn, Ending.HELD, "duplicate_record", "claim in use")
        batch.writes = [write for write in batch.writes if write.ref not in refused]
        self._sent_rows += len(batch.writes)
        if batch.writes:
            self._submit(batch)

    def _most_flying(self, rows: int) -> int:
        """Return how many batches may be under way beside one of that size.

        Bulk hand-overs wait long for their answer, and every row waits in memory.
        """
        facts = self._facts()
        most = max(1, facts.in_flight)
        return min(most, _BULK_FLYING) if rows > facts.batch_size else most

    def _give_back(self, turns: Sequence[Turn]) -> None:
        """Put rows back that were not sent: the run is stopping."""
        for turn in turns:
            self.add(turn)

    def _submit(self, batch: Batch) -> None:
        if self._pool is not None:
            self._flying[self._pool.submit(self._call, batch)] = batch
            return
        answer: Future[list[Outcome]] = Future()
        try:
            answer.set_result(self._call(batch))
        except TasukiError as error:
            answer.set_exception(error)
        self._flying[answer] = batch

    def _call(self, batch: Batch) -> list[Outcome]:
        stream = self.sync.mapping.destination.stream
        with span("tasuki send", **{"tasuki.rows": len(batch.writes)}):
            return self.sync.destination.destination.write(
                stream, batch.writes, self.lease.check
            )

    def _batch(self, turns: Sequence[Turn]) -> Batch:
        keyed = self._facts().create_class is WriteClass.KEY
        writes, by_ref = [], {}
        for turn in turns:
            self._counter += 1
            write = write_of(turn, f"{self.run_id}{self._counter:07d}", keyed=keyed)
            writes.append(write)
            by_ref[write.ref] = turn
        return Batch(writes[0].operation, by_ref, writes)

    # -- what came back ----------------------------------------------------------------

    def _collect(self, *, block: bool) -> None:
        if not self._flying:
            return
        if block:
            done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
        else:
            done = {one for one in self._flying if one.done()}
        for answer in done:
            batch = self._flying.pop(answer)
            error = answer.exception()
            if error is None:
                self._record(batch, doubt_gone(self.sync, answer.result(), self._stop))
            elif isinstance(error, TasukiError):
                self._record_failure(batch, error)
            else:
                raise error
        if done and (not self.waiting() or self._settles_first):
            self.journal.commit()  # a receipt for money is made durable at once

    def _record(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        answered = {outcome.ref: outcome for outcome in outcomes}
        foreign = self._foreign(batch, answered)
        repeatable = self._is_repeatable(batch)
        for ref, turn in batch.turns.items():
            outcome = answered.get(ref)
            if outcome is None or ref in foreign:
                owner = foreign.get(ref)
                words = "the destination's answer does not name this row"
                words = f"the answer is that of {owner}" if owner else words
                log.error("sync=%s change=%s %s", self.sync.id, ref, words)
                outcome = InDoubt(ref, words)
            if isinstance(outcome, InDoubt) and repeatable:
                self._let_go(turn)
                self.outcomes.maybe_done(turn, ref, "no_answer", outcome.words)
                continue
            self._settle(turn, outcome)
        if batch.search is not None:
            batch.search.rows.accepted()
            self._search_on(batch.search)

    def _foreign(self, batch: Batch, answered: Mapping[str, Outcome]) -> dict[str, str]:
        """Return the rows that were answered with somebody else's counterpart."""
        if batch.operation is not Operation.CREATE:
            return {}
        if self.journal.has_new_links():
            self.journal.commit()  # whose counterparts they are must be known
        told = [
            (turn.record.id, answered[ref])
            for ref, turn in batch.turns.items()
            if ref in answered
        ]
        return strangers(self.sync, told)

    def _is_repeatable(self, batch: Batch) -> bool:
        return batch.operation is Operation.UPDATE or not self._settles_first

    def _record_failure(self, batch: Batch, error: TasukiError) -> None:
        """Record what an error says about a whole batch; the class decides."""
        if isinstance(error, RejectedError):
            self._bisect(batch, error)
            return
        if isinstance(error, LedgerError):
            self._stop(error)  # lease lost: nothing may be recorded by this run
            raise error
        code = error.code if isinstance(error, RemoteError) else ""
        code, words = code or "unavailable", str(error)
        unknown = isinstance(error, (InDoubtError, TransientError))
        certainly_not = isinstance(error, (NotSentError, ThrottledError))
        for ref, turn in batch.turns.items():
            if not unknown or certainly_not:
                self._settle(turn, Deferred(ref, code, words))
            elif self._is_repeatable(batch):
                self._let_go(turn)
                self.outcomes.maybe_done(turn, ref, code, words)
            else:
                self._settle(turn, InDoubt(ref, words))
        self._put_off(batch.search, code, words)
        if not isinstance(error, InDoubtError):
            self._stop(error)

    def _stop(self, error: TasukiError) -> None:
        if self.error is None:
            self.error = error

    def _bisect(self, batch: Batch, error: RejectedError) -> None:
        """Find the rows a vendor's "no" to the whole batch is meant for."""
        search, blamed = batch.search, None
        if search is not None:
            blamed = search.rows.refused()
        elif len(batch.writes) == 1:
            (blamed,) = batch.writes
        else:
            rows = Bisection(list(batch.writes))
            search = Search(batch.operation, rows, batch.turns)
        if blamed is not None:
            no = Rejected(blamed.ref, error.code, error.answer, error.remedy)
            self._settle(batch.turns[blamed.ref], no)
        self._search_on(search)

    def _search_on(self, search: Search | None) -> None:
        """Send the next part of a refused batch, where there is one."""
        writes = search.rows.next() if search is not None else []
        if search is not None and writes:
            turns = {write.ref: search.turns[write.ref] for write in writes}
            self._submit(Batch(search.operation, turns, writes, search))

    def _put_off(self, search: Search | None, code: str, words: str) -> None:
        """Leave what a search has not sent for the next run."""
        if search is not None:
            for write in search.rows.open_rows():
                self._settle(search.turns[write.ref], Deferred(write.ref, code, words))

    def _settle(self, turn: Turn, outcome: Outcome) -> None:
        """Record one row's outcome; nothing of it is under way any more."""
        self._let_go(turn)
        self.outcomes.record(turn, outcome)
        self._listen(turn, outcome)

    def _listen(self, turn: Turn, outcome: Outcome) -> None:
        """End the run early where a system answers to nothing that is written.

        Each document would be looked up and sent again, five times over; so only a few
        are in doubt, and the others wait for the next run, unsent.
        """
        if not isinstance(outcome, InDoubt):
            self._silent.clear()
            return
        self._silent.add(turn.record.id)
        if len(self._silent) >= _MOST_SILENT:
            what = f"{len(self._silent)} writes in a row had no answer"
            where = str(self.sync.mapping.destination)
            self._stop(SilentError(where, what, "no_answer"))
