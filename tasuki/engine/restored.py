"""After a restore: what the ledger does not know may have been sent all the same.

A restored ledger has forgotten every write since its backup was made. Where repeating
a create is harmless (a natural key) that costs nothing. Where it is not, each create
begins in doubt, as if its answer had been lost: it is looked up by its mark, adopted
when it is there, and sent only when it is not. There is no record of which source
records may be concerned, so that holds for good; it costs a look-up for each page that
has creates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tasuki import plan
from tasuki.engine.batch import intent_of, write_of
from tasuki.engine.ids import new_id
from tasuki.engine.journal import Journal
from tasuki.engine.sync import Sync
from tasuki.engine.tally import Ending
from tasuki.engine.turn import Turn
from tasuki.ledger import Lease
from tasuki.ledger.backup import RESTORED
from tasuki.model.write import WriteClass

_FORGETFUL = frozenset({WriteClass.MARKER, WriteClass.NONE})
_CLAIMED = "duplicate_record"


@dataclass(slots=True)
class Distrust:
    """Which creates of a run are looked up before they are sent."""

    sync: Sync
    stamp: str
    """Up to when the restored ledger knows what was sent; "" for any other."""
    is_first: bool
    """No run of this sync has been completed since the restore."""
    looked_up: set[str] = field(default_factory=set)
    """Source ids that are certainly not there: they may be sent."""

    @classmethod
    def of(cls, sync: Sync) -> "Distrust":
        """Return the distrust that the ledger's past calls for."""
        mark = sync.ledger.cursor("", RESTORED)
        facts = sync.destination.destination.facts(sync.mapping.destination.stream)
        if mark is None or facts.create_class not in _FORGETFUL:
            return cls(sync, "", False)
        seen = sync.ledger.cursor(sync.id, RESTORED)
        first = seen is None or seen.position != mark.position
        if facts.create_class is WriteClass.NONE and not first:
            # Nothing can be looked up: what the first run did not meet is trusted, or
            # no record would ever be sent again.
            return cls(sync, "", False)
        return cls(sync, mark.position, first)

    def concerns(self, turn: Turn) -> bool:
        """Say whether this turn's create must be looked up first."""
        creating = isinstance(turn.verdict, plan.Create)
        return bool(self.stamp) and creating and turn.record.id not in self.looked_up

    def doubt(self, journal: Journal, turns: Sequence[Turn]) -> dict[str, Turn]:
        """Record these creates as writes in doubt; return them by intent id."""
        doubted = {new_id(self.sync.clock.now()): turn for turn in turns}
        intents = [
            intent_of(self.sync, turn, write_of(turn, ref), in_full=True)
            for ref, turn in doubted.items()
        ]
        taken = journal.commit(intents, turns, quiet_until=self._quiet_until())
        for ref in taken:
            journal.end(doubted.pop(ref), Ending.HELD, _CLAIMED, "claim in use")
        for turn in doubted.values():
            journal.end(turn, Ending.IN_DOUBT, RESTORED)
        return doubted

    def _quiet_until(self) -> datetime:
        """Return when what was sent right before the restore has landed."""
        now = self.sync.clock.now()
        if not self.is_first:
            return now
        facts = self.sync.destination.destination.facts(
            self.sync.mapping.destination.stream
        )
        return now + timedelta(seconds=facts.quiet_seconds)

    def completed(self, lease: Lease, run_id: str) -> None:
        """Note that a run has met everything that changed since the backup."""
        if not (self.stamp and self.is_first):
            return
        with self.sync.ledger.transaction(lease, run_id) as tx:
            revision = self.sync.mapping.revision
            tx.put_cursor(self.sync.id, RESTORED, self.stamp, revision)
