"""Guards: an unusual run stops before anything is sent, and says the numbers.

It is held for a person. An approval lets a run of this size pass once: of the same
revision of the mapping, before it expires, and no larger in all than was approved.
"""

from dataclasses import dataclass, field
from hashlib import blake2b

from tasuki import plan
from tasuki.engine.ruled import LEAVE
from tasuki.engine.sync import Options, Sync
from tasuki.ledger import Lease
from tasuki.ledger.hold_rows import GUARD, HoldRow, NewHold, RulingEndRow, RulingRow
from tasuki.ledger.rows import encode
from tasuki.model.errors import GuardError

_FEW = 10  # changes that are never unusual, however few records are known
_WHOLE_RUN = ""


@dataclass(slots=True)
class Approval:
    """What a person has said about the size of this sync's runs.

    Attributes:
        hold: The question that is open.
        ruling: The answer that stands.
        creates, changes: How many of each are still approved.
        end: Why the ruling does not count any more.
    """

    hold: HoldRow | None = None
    ruling: RulingRow | None = None
    creates: int = 0
    changes: int = 0
    end: RulingEndRow | None = None

    @classmethod
    def of(cls, sync: Sync) -> "Approval":
        """Return what stands when a run begins."""
        asked = [r for r in sync.ledger.holds_about(_WHOLE_RUN) if r.sync == sync.id]
        found = cls(next((row for row in asked if row.state == "open"), None))
        for ruling in sync.ledger.open_rulings(sync.id):
            if ruling.source_id == _WHOLE_RUN:
                found._take(sync, ruling)
        return found

    def _take(self, sync: Sync, ruling: RulingRow) -> None:
        if ruling.choice == LEAVE:
            self.ruling = ruling
            return
        until = ruling.expires_at
        if until is not None and until <= sync.clock.now():
            self.end = RulingEndRow(ruling.id, "expired", "nobody ran it in time")
            return
        asked = ruling.question
        if asked.get("revision") != sync.mapping.revision:
            self.end = RulingEndRow(ruling.id, "stale", "the mapping has changed since")
            return
        written = sync.ledger.written_since(sync.id, ruling.ruled_at)
        self.ruling = ruling
        self.creates = int(asked["creates"]) - written.get("create", 0)
        self.changes = int(asked["changes"]) - written.get("update", 0)


@dataclass(slots=True)
class Gate:
    """Holds sending back until it is known that the run is not unusual.

    With a guard and without a person's word, nothing is sent before everything is
    decided; what waits meanwhile is no more than the guard allows. A person's word
    (`--yes-really N`) opens the gate for N creates and N changes.
    """

    sync: Sync
    most_creates: int | None
    most_changes: int | None
    known: int = 0
    trusted: bool = False
    approval: Approval = field(default_factory=Approval)
    creates: int = 0
    changes: int = 0

    @classmethod
    def of(cls, sync: Sync, options: Options) -> "Gate":
        """Return the gate of a run."""
        guards, approval = sync.mapping.model.guards, Approval.of(sync)
        if options.allow is not None:
            allow = options.allow
            return cls(sync, allow, allow, trusted=True, approval=approval)
        share = guards.change_share
        known = sync.ledger.count_links(sync.id) if share is not None else 0
        changes = None if share is None else max(_FEW, int(known * share))
        return cls(sync, guards.creates, changes, known, approval=approval)

    def count(self, verdict: plan.Create | plan.Update) -> bool:
        """Note one write; False when the run is beyond its guard already.

        Such a run only goes on to count: nothing of it will be sent.
        """
        if isinstance(verdict, plan.Create):
            self.creates += 1
        elif not verdict.attaching:
            self.changes += 1
        return not self._exceeded()

    def forget(self, verdict: object) -> None:
        """Take a write back out of the count: the record is decided again."""
        if isinstance(verdict, plan.Create):
            self.creates -= 1
        elif isinstance(verdict, plan.Update) and not verdict.attaching:
            self.changes -= 1

    def is_open(self) -> bool:
        """Say whether sending may begin before everything is decided."""
        if self.most_creates is None and self.most_changes is None:
            return True
        return self.trusted and not self._exceeded()

    def close(self) -> None:
        """Raise GuardError if the run as a whole would be unusual."""
        if self._exceeded():
            raise GuardError(self.sync.id, self._words(), self._unusual())

    def _words(self) -> str:
        if self._over(self.creates, self._creates_allowed()):
            guard = self._said(self.most_creates, self.approval.creates)
            return f"would create {self.creates} records ({guard})"
        guard = self._said(self.most_changes, self.approval.changes)
        return f"would change {self.changes} of {self.known} known records ({guard})"

    @staticmethod
    def _said(guard: int | None, approved: int) -> str:
        more = f", approved: {approved}" if approved > 0 else ""
        return f"guard: {guard}{more}"

    def _unusual(self) -> int:
        over = self._over(self.creates, self._creates_allowed())
        return self.creates if over else self.changes

    # -- what a person is asked, and has answered --------------------------------------

    def ask(self, lease: Lease, run_id: str) -> None:
        """Put the refused run to a person, unless its size was rejected already."""
        sync, ruling = self.sync, self.approval.ruling
        asked = {
            "run": run_id,
            "creates": self.creates,
            "changes": self.changes,
            "known": self.known,
            "most_creates": self.most_creates,
            "most_changes": self.most_changes,
            "revision": sync.mapping.revision,
            "destination": str(sync.mapping.destination),
            "choices": ["allow"],
        }
        text = f"{self.creates} {self.changes} {sync.mapping.revision}"
        digest = blake2b(text.encode(), digest_size=10).hexdigest()
        is_rejected = (
            ruling is not None and ruling.choice == LEAVE and ruling.digest == digest
        )
        row = NewHold(
            _WHOLE_RUN,
            sync.id,
            str(sync.mapping.source),
            GUARD,
            self._words(),
            encode(asked),
            digest,
            "",
            "",
            sync.mapping.revision,
        )
        with sync.ledger.transaction(lease, run_id) as tx:
            tx.put_holds([] if is_rejected else [row])
            tx.end_rulings([self.approval.end] if self.approval.end else [])

    def settle(self, lease: Lease, run_id: str) -> None:
        """Note that the run has passed: by itself, or by an approval that is used."""
        approval, ends = self.approval, []
        if approval.end is not None:
            ends.append(approval.end)
        if approval.ruling is not None and self._was_unusual():
            words = f"{self.creates} creates, {self.changes} changes"
            ends.append(RulingEndRow(approval.ruling.id, "carried_out", words))
        if approval.hold is None and not ends:
            return
        with self.sync.ledger.transaction(lease, run_id) as tx:
            tx.close_holds(self.sync.id, [_WHOLE_RUN])
            tx.end_rulings(ends)

    def _was_unusual(self) -> bool:
        return self._over(self.creates, self.most_creates) or self._over(
            self.changes, self.most_changes
        )

    # -- limits ------------------------------------------------------------------------

    def _exceeded(self) -> bool:
        return self._over(self.creates, self._creates_allowed()) or self._over(
            self.changes, self._changes_allowed()
        )

    def _creates_allowed(self) -> int | None:
        guard = self.most_creates
        return None if guard is None else max(guard, self.approval.creates)

    def _changes_allowed(self) -> int | None:
        guard = self.most_changes
        return None if guard is None else max(guard, self.approval.changes)

    @staticmethod
    def _over(count: int, most: int | None) -> bool:
        return most is not None and count > most
