"""What happens to the counterpart of a record that is deleted at its source.

Nothing, unless the mapping says so: the link is closed, or the counterpart is given
the values that say it is out of use. Either way it can be taken up again when the
record comes back, and a run that would do it to many stops before any.
"""

from dataclasses import dataclass, field

from tasuki import plan
from tasuki.engine.gate import Gate
from tasuki.engine.journal import Journal
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.ledger.rows import LinkRow

CLOSED_LINK = "closed"
"""State of a link whose source record was deleted; the counterpart was left alone."""
ARCHIVED_LINK = "archived"
"""State of a link whose counterpart was put out of use with its source record."""

CLOSING = "link_closed"
ARCHIVED = "counterpart_archived"
_DONE = {CLOSED_LINK: CLOSING, ARCHIVED_LINK: ARCHIVED}


def on_deleted(sync: Sync, turn: Turn) -> plan.Skip | plan.Update:
    """Decide about a record that is deleted at its source."""
    link, model = turn.link, sync.mapping.model
    if link is not None and link.state in _DONE:
        return plan.Skip(_DONE[link.state])
    ignored = model.deletes == "ignore" or turn.record.merged_into is not None
    if ignored or link is None or link.state != "live":
        return plan.Skip("source_deleted")
    if model.deletes == "detach" or link.destination != str(sync.mapping.destination):
        return plan.Skip(CLOSING)
    turn.archiving = True
    return plan.Update(link.destination_id, dict(model.archive))


def reopened(link: LinkRow) -> LinkRow:
    """Return the link of a record that has come back, to be looked at afresh."""
    if link.state not in _DONE:
        return link
    return link._replace(state="live", version="", fingerprint="")


def is_closing(turn: Turn) -> bool:
    """Say whether a turn closes its record's link."""
    closing = isinstance(turn.verdict, plan.Skip) and turn.verdict.reason == CLOSING
    return closing and turn.link is not None and turn.link.state == "live"


@dataclass(slots=True)
class Departures:
    """Closes the links of deleted records, once the run is known to be usual."""

    gate: Gate
    journal: Journal
    _waiting: dict[str, Turn] = field(default_factory=dict)

    def skip(self, turn: Turn, reason: str) -> None:
        """End a skipped turn, or let it wait where its link is to be closed."""
        if not is_closing(turn):
            self.journal.skip(turn, reason)
        elif self.gate.let_go():  # beyond its guard, the run only goes on to count
            self._waiting[turn.record.id] = turn
            if self.gate.is_open():
                self.settle()

    def withdraw(self, source_id: str) -> None:
        """Forget a closing that waits: a newer turn of the record decides."""
        turn = self._waiting.pop(source_id, None)
        if turn is not None:
            self.gate.deletes -= 1
            self.journal.replaced(turn)

    def settle(self) -> None:
        """Close what waited; the gate has let the run pass."""
        for turn in self._waiting.values():
            self._close(turn)
        self._waiting.clear()

    def _close(self, turn: Turn) -> None:
        assert turn.link is not None  # noqa: S101 - by the caller
        self.journal.repoint(turn.link._replace(state=CLOSED_LINK))
        self.journal.skip(turn, CLOSING)
