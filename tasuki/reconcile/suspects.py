"""Records that qualify and have no counterpart: what would a run do about each?

The engine's own decider says so, with its match steps, claims and holds; for documents
that cannot be told by a key, the destination is searched once more on its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tasuki import plan
from tasuki.engine.batch import write_of
from tasuki.engine.decide import Decider
from tasuki.engine.turn import Relink, StillDead, StillInDoubt, Turn
from tasuki.mapping import Faulty, Waiting
from tasuki.model.write import Sighting
from tasuki.reconcile.beside import Beside
from tasuki.reconcile.finding import Finding, Kind, Repair
from tasuki.reconcile.judge import AGREES

_BATCH = 200
_DEAD = "`tasuki dead` says what to correct; then replay it."
_HELD = "A person decides: `tasuki plan` says between what."
_SUSPECT = (
    "A document without our mark looks the same: nothing is sent for this record "
    "before a person has looked at both."
)
_VANISHED = (
    "The record itself says that it was billed: if it is still owed, bill it by hand; "
    "if not, let it no longer qualify. Nothing is sent for it."
)
_NONE = Sighting("", ())


@dataclass(slots=True)
class Suspects:
    """Decides about suspects, in parts."""

    beside: Beside
    decider: Decider = field(init=False)

    def __post_init__(self) -> None:
        sync = self.beside.frame.sync
        self.decider = Decider.of(sync)
        self.decider.looks_around = False  # it is done here, once, with more to say
        settles = sync.settles_first()
        for row in sync.ledger.open_intents(sync.id):
            unsure = settles and row.operation == "create" and row.state != "planned"
            if unsure:
                self.decider.unsettled.add(row.source_id)

    def judge_all(self) -> None:
        """Read the suspects again as they are now, and say what is wrong."""
        sync = self.beside.frame.sync
        for ids in self.beside.scratch.suspects(_BATCH):
            records = sync.source.source.fetch(self.beside.frame.query(), ids)
            turns = self.decider.page(records, 0)
            sightings = self._sightings(turns)
            for turn in turns:
                sighting = sightings.get(turn.record.id, _NONE)
                self.beside.take(self._finding(turn, sighting))

    def _sightings(self, turns: Sequence[Turn]) -> Mapping[str, Sighting]:
        """Search for documents by their marks: a list may have shifted under us."""
        frame = self.beside.frame
        if not frame.has_marks():
            return {}
        writes = [
            write_of(turn, turn.record.id)
            for turn in turns
            if isinstance(turn.verdict, plan.Create)
        ]
        if not writes:
            return {}
        found = frame.sync.destination.destination.probe(frame.stream, writes)
        return {one.ref: one for one in found}

    def _finding(self, turn: Turn, sighting: Sighting) -> Finding | str:
        own = turn.record.id
        match turn.verdict:
            case plan.Create():
                return self._absent(turn, sighting)
            case plan.Update(target_id, _, attaching) if attaching:
                words = "found by a match step"
                return Finding(Kind.UNLINKED, own, (target_id,), words, "", Repair.RUN)
            case plan.Attach(_, target_id) | Relink(_, target_id):
                words = "found by a match step"
                return Finding(Kind.UNLINKED, own, (target_id,), words, "", Repair.RUN)
            case plan.Hold(reason, _):
                return Finding(Kind.MISSING, own, (), f"held: {reason}", _HELD)
            case plan.Skip(reason):
                return f"skipped: {reason}"
            case Waiting(other, _):
                return f"waiting for {other}"
            case Faulty(_, cause, _, remedy):
                return Finding(Kind.MISSING, own, (), f"dead: {cause}", remedy)
            case StillDead(cause, _):
                return Finding(Kind.MISSING, own, (), f"dead: {cause}", _DEAD)
            case StillInDoubt():
                words = "in doubt: looked up by the next run"
                return Finding(Kind.MISSING, own, (), words, "", Repair.RUN)
            case _:
                return AGREES  # linked meanwhile

    def _absent(self, turn: Turn, sighting: Sighting) -> Finding | str:
        own = turn.record.id
        if sighting.found:
            ids = tuple(one.id for one in sighting.found)
            words = "not in the ledger"
            return Finding(Kind.UNLINKED, own, ids[:1], words, "", Repair.LINK)
        if sighting.suspects:
            ids = tuple(one.id for one in sighting.suspects)
            words = "a document without our mark looks the same"
            return Finding(Kind.MISSING, own, ids, words, _SUSPECT, Repair.HOLD)
        vanished = self.beside.vanished(turn.record)
        if vanished:
            words = "billed before, the document is gone"
            ids = (vanished,)
            return Finding(Kind.MISSING, own, ids, words, _VANISHED, Repair.HOLD)
        if self.beside.is_recent(turn.record):
            return "changed since the last run"
        before = turn.previous
        words = f"last decided: {before.outcome}" if before else "never sent"
        return Finding(Kind.MISSING, own, (), words, "", Repair.RUN)
