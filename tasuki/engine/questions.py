"""Questions to people and what became of their answers, until they are durable."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tasuki import plan
from tasuki.engine.batch import intent_of
from tasuki.engine.holding import doubt_row, hold_row
from tasuki.engine.ruled import REJECTED
from tasuki.engine.sync import Sync
from tasuki.engine.tally import Ending, Tally
from tasuki.engine.turn import Turn
from tasuki.ledger import Tx
from tasuki.ledger.hold_rows import NewHold, RulingEndRow
from tasuki.ledger.rows import ConfirmRow, DecisionRow, NewIntent
from tasuki.model.write import Operation, Write

_SETTLED = frozenset(
    {
        Ending.CREATED,
        Ending.UPDATED,
        Ending.ATTACHED,
        Ending.UNCHANGED,
        Ending.SKIPPED,
    }
)


@dataclass(slots=True)
class Questions:
    """Buffers rows about holds and rulings; the journal commits them with its own."""

    sync: Sync
    tally: Tally
    _holds: dict[str, NewHold | None] = field(default_factory=dict)
    """By source id; None for a question that is settled."""
    _ends: list[RulingEndRow] = field(default_factory=list)
    _adopted: list[tuple[NewIntent, ConfirmRow]] = field(default_factory=list)

    def end(self, turn: Turn, ending: Ending, reason: str, detail: str) -> None:
        """Note what the end of a turn means for its question and its ruling."""
        source_id = turn.record.id
        before = turn.previous
        if ending is Ending.HELD:
            self._holds[source_id] = self._asked(turn, plan.Hold(reason, detail))
        elif source_id in self._holds or (before and _was_asked(before)):
            self._holds[source_id] = None
        self._rule(turn, ending)

    def _asked(self, turn: Turn, otherwise: plan.Hold) -> NewHold:
        row, verdict = turn.doubt, turn.verdict
        if row is not None:
            sent = self.sync.ledger.intents_of(self.sync.id, [row.source_id])
            same = [r for r in sent[row.source_id] if r.mark == row.mark and r.sent_at]
            return doubt_row(self.sync, row, row.error_words, len(same))
        asked = verdict if isinstance(verdict, plan.Hold) else otherwise
        return hold_row(self.sync, turn, asked)

    def _rule(self, turn: Turn, ending: Ending) -> None:
        end = turn.ruling_end
        if end is None and turn.ruling is not None and ending in _SETTLED:
            end = RulingEndRow(turn.ruling.id, "carried_out", ending.value)
        if end is not None:
            self._ends.append(end)
            self.tally.ruled[end.outcome] += 1

    def adopt(self, turn: Turn, target_id: str, run_id: str) -> None:
        """Let a document that a person has chosen hold the business key from now on."""
        if turn.ruling is None or turn.identity.claim is None:
            return
        mark = turn.identity.mark
        write = Write(f"{run_id}{turn.record.id}", Operation.CREATE, {}, mark=mark)
        sent = turn.sent_text
        intent = intent_of(self.sync, turn, write, in_full=True)
        turn.sent_text = sent
        self._adopted.append((intent, ConfirmRow(intent.id, target_id)))

    def write(self, tx: Tx) -> None:
        """Write everything within the journal's transaction."""
        settled = [one for one, row in self._holds.items() if row is None]
        tx.close_holds(self.sync.id, settled)
        tx.put_holds([row for row in self._holds.values() if row is not None])
        tx.end_rulings(self._ends)
        tx.add_intents([intent for intent, _ in self._adopted])
        tx.confirm([receipt for _, receipt in self._adopted])

    def __bool__(self) -> bool:
        return any(self._parts())

    def clear(self) -> None:
        """Forget what is durable."""
        for part in self._parts():
            part.clear()

    def _parts(
        self,
    ) -> Iterator[
        dict[str, NewHold | None]
        | list[RulingEndRow]
        | list[tuple[NewIntent, ConfirmRow]]
    ]:
        yield self._holds
        yield self._ends
        yield self._adopted


def _was_asked(before: DecisionRow) -> bool:
    """Say whether there is a question that may be open: put, or put again."""
    return before.outcome == "held" or before.reason == REJECTED
