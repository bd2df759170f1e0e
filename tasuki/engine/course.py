"""The course of one run: take up what was left, read on, send, settle, close.

Every step may be the last one before the process dies. What makes that harmless:
an intent is durable before its call, an outcome before the cursor that passes it,
and whatever is neither confirmed nor refused is taken up by the next run.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from tasuki import plan
from tasuki.engine.again import fetched, held, note_look, open_again
from tasuki.engine.approval import Approval
from tasuki.engine.decide import Decider
from tasuki.engine.departed import Departures
from tasuki.engine.gate import Gate
from tasuki.engine.journal import Journal
from tasuki.engine.least import minimum_calls
from tasuki.engine.leftovers import sort_leftovers
from tasuki.engine.outbox import Outbox
from tasuki.engine.pages import Progress, unique_parts
from tasuki.engine.planning import NOT_PLANNED, Bound
from tasuki.engine.restored import Distrust
from tasuki.engine.schema import SchemaWatch
from tasuki.engine.settle import SENDER_LIVES, Settler
from tasuki.engine.settled import Settled, count_settled
from tasuki.engine.shrunken import believe_gone
from tasuki.engine.start import note_account, position_since, usable_position
from tasuki.engine.stream import end_part, stream_pages, wait_under
from tasuki.engine.sworn import held_doubts
from tasuki.engine.sync import Options, Sync
from tasuki.engine.tally import Ending, RunReport, Tally
from tasuki.engine.turn import Accept, Relink, StillDead, StillInDoubt, Turn
from tasuki.engine.write_back import send_write_backs
from tasuki.ledger import Lease
from tasuki.ledger.rows import IntentRow
from tasuki.mapping import Faulty, Waiting
from tasuki.model.errors import (
    CursorExpiredError,
    GuardError,
    LedgerError,
    ShrunkenError,
    TasukiError,
)
from tasuki.model.record import Page, Record
from tasuki.trace import span

log = logging.getLogger("tasuki.engine")

_COMMIT_ROWS = 500
_SETTLE_ROUNDS = 4


@dataclass(slots=True)
class Course:
    """The moving parts of one run."""

    sync: Sync
    options: Options
    lease: Lease
    report: RunReport
    decider: Decider = field(init=False)
    progress: Progress = field(init=False)
    journal: Journal = field(init=False)
    outbox: Outbox = field(init=False)
    schemas: SchemaWatch = field(init=False)
    settler: Settler = field(init=False)
    approval: Approval = field(init=False)
    gate: Gate = field(init=False)
    distrust: Distrust = field(init=False)
    bound: Bound = field(init=False)
    departures: Departures = field(init=False)
    in_doubt: list[IntentRow] = field(default_factory=list)
    put_off: dict[str, list[Turn]] = field(default_factory=lambda: defaultdict(list))
    """Turns that must wait until an earlier write has been looked up."""
    taken_up: dict[str, str] = field(default_factory=dict)
    """Versions of the records that had a turn out of the stream's order."""

    def __post_init__(self) -> None:
        sync, tally = self.sync, self.report.tally
        run_id = self.report.run_id
        self.decider = Decider.of(sync)
        self.progress = Progress()
        self.journal = Journal(
            sync,
            self.lease,
            run_id,
            tally,
            self.progress,
            moves_cursor=not self.options.is_partial,
            part=self.options.part,
            attaching=self.decider.attaching,
        )
        self.outbox = Outbox(sync, self.journal, self.lease, run_id)
        self.decider.search.creating = self.outbox.creating
        self.schemas = SchemaWatch(sync, self.lease, run_id)
        self.settler = Settler(
            sync, self.lease, run_id, dict(self.decider.rulings.standing), tally
        )
        self.approval = Approval(sync)
        self.gate = Gate.of(sync, self.options)
        self.distrust = Distrust.of(sync)
        self.bound = Bound(sync, self.options)
        self.departures = Departures(self.gate, self.journal)

    @property
    def tally(self) -> Tally:
        """Return the run's sums."""
        return self.report.tally

    def go(self) -> None:
        """Run to the end, or until something says stop."""
        with closing(self.outbox), closing(self.bound):
            try:
                self._work()
            except LedgerError:
                raise
            except TasukiError as error:
                self._keep_what_is_known()
                if isinstance(error, GuardError) and self.options.part is None:
                    self.approval.ask(self.gate, self.lease, self.report.run_id)
                if isinstance(error, ShrunkenError):
                    self._read_all_next_time()
                raise
            self.bound.carried_out(self.lease, self.report.run_id)
            if self.options.part is None:
                self.approval.settle(self.gate, self.lease, self.report.run_id)
        self.tally.balance()
        if self.options.part is not None:
            end_part(self.sync, self.options.part, self.lease, self.report.run_id)
        self.report.minimum_calls = minimum_calls(self.sync, self.tally)

    def _keep_what_is_known(self) -> None:
        """Record the outcomes that came before the error; send nothing more."""
        self.outbox.sends = False
        self.outbox.drain()
        self.journal.commit()

    def _read_all_next_time(self) -> None:
        """Let the next run begin anew: this one has not seen what it should have."""
        if self.report.full and not self.options.is_partial:
            with self.sync.ledger.transaction(self.lease, self.report.run_id) as tx:
                tx.forget_cursor(self.sync.id, self.options.cursor_part)

    def _work(self) -> None:
        if self.options.plan is None and self.options.part is None:
            self.schemas.replay_changed()
        self.decider.replayed = frozenset(self.sync.ledger.replayed(self.sync.id))
        self._take_up()
        if self.options.plan is None:
            self._send_write_backs()
            self._settle(wait=False)
        else:
            self.bound.verify(self.lease)
            self.in_doubt.clear()  # of earlier runs: no part of this plan
        if self.options.part is None:
            self.approval = Approval.of(self.sync)
            self.gate.approved = self.approval.size
        if self.options.only:
            self._pages(self._fetched(self.options.only))
        elif self.options.part is not None:
            self._read()
        elif self.options.since is not None:
            position = position_since(self.sync, self.options.since)
            self._pages(stream_pages(self.sync, self.options, position))
        else:
            looked_at = held(self.sync)
            self._pages(self._fetched(open_again(self.sync, self.decider, looked_at)))
            if looked_at:
                note_look(self.sync, self.lease, self.report.run_id)
            self._read()
        self._finish_sending()
        self._settle(wait=True)
        self._send_write_backs()
        if self.tally.ended[Ending.DEAD] or self.tally.write_back_failed:
            self.schemas.note_refused(self.report.run_id)
        if self.options.reads_stream:
            self.distrust.completed(self.lease, self.report.run_id)

    def _take_up(self) -> None:
        """Sort the intents that earlier runs did not finish."""
        rows = sort_leftovers(self.sync, self.decider, self.options.holds)
        self.in_doubt = self.settler.begin_quiet(rows)
        sworn = held_doubts(self.sync, self.settler.sworn)
        told = [row for row in sworn if self.options.holds(row.source_id)]
        self.in_doubt += told
        for row in told:
            self.decider.unsettled.add(row.source_id)
            self.decider.rulings.standing.pop(row.source_id, None)

    def _fetched(self, ids: Sequence[str]) -> Iterator[Page]:
        """Yield records of the ledger's choice as pages outside the stream."""
        for page in fetched(self.sync, ids):
            if not (self.options.only or self.options.accept_empty):
                believe_gone(self.sync, page.records)
            self.tally.again += len(page.records)
            versions = {one.id: one.version for one in page.records if one.version}
            self.taken_up |= versions
            yield page

    def _read(self) -> None:
        """Read the stream from the cursor, or all of it."""
        part = self.options.cursor_part
        position = None if self.options.full else usable_position(self.sync, part)
        note_account(self.sync, self.lease, self.report.run_id)
        self.report.full = position is None
        try:
            self._pages(stream_pages(self.sync, self.options, position), cursors=True)
        except CursorExpiredError as error:
            log.warning("sync=%s %s: everything is read", self.sync.id, error)
            self.report.full = True
            if self.options.part is not None:  # what it has passed is passed again
                self.progress.passed = -self.options.part.passed_before
            self._pages(stream_pages(self.sync, self.options, None), cursors=True)

    def _pages(self, pages: Iterator[Page], *, cursors: bool = False) -> None:
        with closing(pages):  # type: ignore[type-var]
            for page in pages:
                with span("tasuki page", **{"tasuki.records": len(page.records)}):
                    self._page(page, page.cursor if cursors else None)
                if self.outbox.error is not None:
                    self._stop()

    def _page(self, page: Page, cursor: str | None) -> None:
        records = page.records
        if cursor is not None and self.taken_up:
            had = self.taken_up
            records = [one for one in records if had.get(one.id) != one.version]
        self._make_way(records)
        number = self.progress.begin(cursor, len(records))
        if cursor is not None and page.records:
            self.tally.pages += 1
        self.tally.take(len(records))
        for part in unique_parts(records):
            self._make_way(part)
            if self.journal.has_new_links():
                self.journal.commit()
            self._dispatch_all(self.decider.page(part, number))
        self._pump()
        if self.sync.on_page is not None:
            self.sync.on_page(self.tally)

    def _make_way(self, records: Sequence[Record]) -> None:
        """Let earlier turns of these records end before they are decided again."""
        if not any(self.outbox.is_busy(record.id) for record in records):
            return
        self._pump()
        self.outbox.drain()
        for record in records:
            earlier = self.outbox.withdraw(record.id)
            if earlier is not None:
                self.gate.forget(earlier.verdict, archiving=earlier.archiving)
                self.journal.replaced(earlier)
                if earlier.open_intents:
                    mine = list(earlier.open_intents)
                    self.decider.open_intents[record.id] = mine

    def _pump(self) -> None:
        self.outbox.sends = self.gate.is_open()
        self.outbox.pump()
        if self.journal.waiting_rows() >= _COMMIT_ROWS or not self.outbox.waiting():
            self.journal.commit()

    def _dispatch_all(self, turns: list[Turn]) -> None:
        doubted = []
        turns, left = self.bound.permits(turns)
        for _ in left:  # their page stays unfinished: the next run reads it again
            self.tally.end(Ending.DEFERRED, NOT_PLANNED)
        for turn in turns:
            if self.distrust.concerns(turn):
                self.journal.relate(turn)
                doubted.append(turn)
            else:
                self._dispatch(turn)
        if doubted:
            self.outbox.outcomes.unsettled |= self.distrust.doubt(self.journal, doubted)

    def _dispatch(self, turn: Turn) -> None:
        journal = self.journal
        journal.relate(turn)
        self.departures.withdraw(turn.record.id)
        match turn.verdict:
            case plan.Create() | plan.Update():
                if self.gate.count(turn.verdict, archiving=turn.archiving):
                    self.outbox.add(turn)
            case plan.Attach(stream, target_id) | Relink(stream, target_id):
                journal.link(turn, stream, target_id)
                self.outbox.outcomes.adopt(turn, target_id, self.report.run_id)
                journal.end(turn, Ending.ATTACHED)
            case Accept():
                self.outbox.outcomes.tell_late(turn)
                journal.accept(turn)
            case plan.Unchanged():
                journal.unchanged(turn)
            case plan.Skip(reason):
                self.departures.skip(turn, reason)
            case plan.Hold(reason, detail):
                journal.end(turn, Ending.HELD, reason, detail)
            case Waiting(other, source_id):
                journal.end(turn, Ending.WAITING, other, source_id)
            case Faulty(where, cause, words, remedy):
                journal.dead(turn, cause, f"{where}: {words}", remedy)
            case StillDead(cause, words):
                journal.end(turn, Ending.DEAD, cause, words)
            case StillInDoubt():
                journal.put_off(turn)
                self.put_off[turn.record.id].append(turn)

    def _finish_sending(self) -> None:
        self.gate.close(self.sync.id)  # raises where the run would do too much
        self.departures.settle()
        self.outbox.sends = True
        self.outbox.drain()
        self.journal.commit()
        if self.outbox.error is not None:
            self._stop()

    def _stop(self) -> None:
        """Record what is known, then stop with the reason."""
        self.outbox.drain()
        self.journal.commit()
        error = self.outbox.error
        assert error is not None  # noqa: S101 - the caller has looked
        raise error

    def _settle(self, *, wait: bool) -> None:
        """Look up writes in doubt; send again what certainly was not done."""
        for _ in range(_SETTLE_ROUNDS):
            rows = self._due(wait=wait)
            if not rows:
                return
            settled = self.settler.settle(rows)
            again = self._apply(rows, settled)
            if again and wait:
                self._pages(self._fetched(again))
                self._finish_sending()

    def _due(self, *, wait: bool) -> list[IntentRow]:
        """Return the in-doubt intents whose quiet time is over, waiting if asked."""
        if wait:
            known = {row.id for row in self.in_doubt}
            fresh = self.outbox.unsettled.keys() - known
            if fresh:
                rows = self.sync.ledger.open_intents(self.sync.id)
                self.in_doubt += [row for row in rows if row.id in fresh]
        now = self.sync.clock.now()
        due = [row for row in self.in_doubt if self.settler.due_at(row) <= now]
        if due or not wait or not self.in_doubt:
            return due
        longest = max(self.settler.due_at(row) for row in self.in_doubt)
        seconds = (longest - now).total_seconds()
        if seconds > self.sync.mapping.policy.settle:
            return []
        wait_under(self.lease, self.sync.clock, seconds + 0.01)
        return list(self.in_doubt)

    def _apply(self, rows: Sequence[IntentRow], settled: Settled) -> list[str]:
        """Bring the run's own sums up to what the look-up found.

        Returns:
            The source ids that need another turn: not sent, or changed meanwhile.
        """
        gone = {row.id for row in rows}
        self.in_doubt = [row for row in self.in_doubt if row.id not in gone]
        rows = [row for row in rows if not self._is_left(row, settled)]
        open_rows = self.sync.ledger.open_intents(self.sync.id, settled.again)
        for row in open_rows:
            if row.operation != "write_back":
                self.decider.open_intents.setdefault(row.source_id, []).append(row)
        again = dict.fromkeys(settled.again)
        self.distrust.looked_up |= again.keys()
        for row in rows:
            was_open = self.outbox.unsettled.pop(row.id, None) is not None
            count_settled(self.tally, row, settled, was_open=was_open)
            if row.source_id in settled.still:
                continue
            self.decider.unsettled.discard(row.source_id)
            for turn in self.put_off.pop(row.source_id, ()):
                self.journal.resume(turn)
                again[row.source_id] = None
        return list(again)

    def _is_left(self, row: IntentRow, settled: Settled) -> bool:
        """Count a write that stays in doubt, unless a turn has been for it already."""
        if row.id not in settled.left:
            return False
        if row.source_id not in self.put_off:
            self.tally.again += 1
            self.tally.take(1)
            self.tally.end(Ending.IN_DOUBT, SENDER_LIVES)
        return True

    def _send_write_backs(self) -> None:
        if self.sync.mapping.model.write_back:
            send_write_backs(
                self.sync, self.lease, self.report.run_id, self.tally, self.options
            )
