"""A part of a backfill: one range of a source, with a lease and a cursor of its own.

Parts of one sync run beside each other because no record lies in two of them. What
belongs to the sync as a whole (held records, write-backs of others, guards that a
person has approved) is left to the next whole run.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tasuki.ledger.rows import CursorRow
from tasuki.ledger.transaction import Tx
from tasuki.model.record import Span

PLAN = "backfill"
"""The part of a sync's cursor that holds the plan of its backfill."""


@dataclass(frozen=True, slots=True)
class Part:
    """One range of a backfill.

    Attributes:
        number: From 1.
        of: How many there are.
        span: The range.
        holds: Says whether a record of this id lies in it.
        passed_before: Records that earlier runs of this part have passed.
    """

    number: int
    of: int
    span: Span
    holds: Callable[[str], bool]
    passed_before: int = 0

    @property
    def kind(self) -> str:
        """Return what the ledger calls a run of it."""
        return f"part {self.number}/{self.of}"

    @property
    def cursor(self) -> str:
        """Return the part of the sync's cursor that says how far it has come."""
        return cursor_of(self.number)

    def advanced(self, tx: Tx, sync_id: str, revision: str, passed: int) -> None:
        """Store how many records it has passed, beside its cursor."""
        total = str(self.passed_before + passed)
        tx.put_cursor(sync_id, passed_of(self.number), total, revision)


def cursor_of(number: int) -> str:
    """Return where a part's position stands."""
    return f"{PLAN}/{number}"


def passed_of(number: int) -> str:
    """Return where the records that a part has passed are counted."""
    return f"{PLAN}/{number}/passed"


def end_of(number: int) -> str:
    """Return where it stands that a part has been read to its end."""
    return f"{PLAN}/{number}/end"


def count_in(row: CursorRow | None) -> int:
    """Return the count that `Part.advanced` has stored."""
    return int(row.position) if row is not None else 0
