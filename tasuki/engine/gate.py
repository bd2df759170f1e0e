"""Guards: an unusual run stops before anything is sent, and says the numbers."""

from dataclasses import dataclass
from typing import NamedTuple

from tasuki import plan
from tasuki.engine.sync import Options, Sync
from tasuki.model.errors import GuardError

_FEW = 10  # changes that are never unusual, however few records are known


class Size(NamedTuple):
    """How many of each a person lets pass."""

    creates: int = 0
    changes: int = 0
    deletes: int = 0


NO_SIZE = Size()


@dataclass(slots=True)
class Gate:
    """Holds sending back until it is known that the run is not unusual.

    With a guard and without a person's word, nothing is sent before everything is
    decided; what waits meanwhile is no more than the guard allows. A person's word
    (`--yes-really N`) opens the gate for N creates and N changes; `approved` is what a
    person lets pass once, after all is decided.
    """

    most_creates: int | None
    most_changes: int | None
    known: int = 0
    trusted: bool = False
    approved: Size = NO_SIZE
    creates: int = 0
    changes: int = 0
    most_deletes: int | None = None
    deletes: int = 0

    @classmethod
    def of(cls, sync: Sync, options: Options) -> "Gate":
        """Return the gate of a run."""
        guards = sync.mapping.model.guards
        if options.allow is not None:
            most = options.allow
            return cls(most, most, trusted=True, most_deletes=most)
        share = guards.change_share
        known = sync.ledger.count_links(sync.id) if share is not None else 0
        changes = None if share is None else max(_FEW, int(known * share))
        deletes = None if sync.mapping.model.deletes == "ignore" else guards.deletes
        return cls(guards.creates, changes, known, most_deletes=deletes)

    def count(
        self, verdict: plan.Create | plan.Update, *, archiving: bool = False
    ) -> bool:
        """Note one write; False when the run is beyond its guard already.

        Such a run only goes on to count: nothing of it will be sent.
        """
        if archiving:
            self.deletes += 1
        elif isinstance(verdict, plan.Create):
            self.creates += 1
        elif not verdict.attaching:
            self.changes += 1
        return not self._exceeded()

    def let_go(self) -> bool:
        """Note one link to be closed; False when the run is beyond its guard."""
        self.deletes += 1
        return not self._exceeded()

    def forget(self, verdict: object, *, archiving: bool = False) -> None:
        """Take a write back out of the count: the record is decided again."""
        if archiving:
            self.deletes -= 1
        elif isinstance(verdict, plan.Create):
            self.creates -= 1
        elif isinstance(verdict, plan.Update) and not verdict.attaching:
            self.changes -= 1

    def is_open(self) -> bool:
        """Say whether sending may begin before everything is decided."""
        if self.most_creates is None and self.most_changes is None:
            # Deletions are counted to the end; only where they do something.
            return self.most_deletes is None
        return self.trusted and not self._exceeded()

    def close(self, sync_id: str) -> None:
        """Raise GuardError if the run as a whole would be unusual."""
        if self._exceeded():
            raise GuardError(sync_id, self.words(), self._unusual())

    def is_unusual(self) -> bool:
        """Say whether the run is beyond its guards, whatever a person has said."""
        return (
            self._over(self.creates, self.most_creates)
            or self._over(self.changes, self.most_changes)
            or self._over(self.deletes, self.most_deletes)
        )

    def words(self) -> str:
        """Return what is unusual about the run, with its numbers."""
        if self._over(self.creates, self._creates_allowed()):
            guard = self._said(self.most_creates, self.approved.creates)
            return f"would create {self.creates} records ({guard})"
        if self._over(self.deletes, self._deletes_allowed()):
            guard = self._said(self.most_deletes, self.approved.deletes)
            return f"would let go of {self.deletes} deleted records ({guard})"
        guard = self._said(self.most_changes, self.approved.changes)
        return f"would change {self.changes} of {self.known} known records ({guard})"

    @staticmethod
    def _said(guard: int | None, approved: int) -> str:
        more = f", approved: {approved}" if approved > 0 else ""
        return f"guard: {guard}{more}"

    def _unusual(self) -> int:
        over = self._over(self.creates, self._creates_allowed())
        if not over and self._over(self.deletes, self._deletes_allowed()):
            return self.deletes
        return self.creates if over else self.changes

    def _exceeded(self) -> bool:
        return (
            self._over(self.creates, self._creates_allowed())
            or self._over(self.changes, self._changes_allowed())
            or self._over(self.deletes, self._deletes_allowed())
        )

    def _deletes_allowed(self) -> int | None:
        guard = self.most_deletes
        return None if guard is None else max(guard, self.approved.deletes)

    def _creates_allowed(self) -> int | None:
        guard = self.most_creates
        return None if guard is None else max(guard, self.approved.creates)

    def _changes_allowed(self) -> int | None:
        guard = self.most_changes
        return None if guard is None else max(guard, self.approved.changes)

    @staticmethod
    def _over(count: int, most: int | None) -> bool:
        return most is not None and count > most
