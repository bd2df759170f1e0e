"""Finding the rows that a system's "no" to a whole batch is meant for, in few calls.

One bad row among n costs ⌈log2 n⌉ + 3 calls at most, the refused one among them: half
of what is suspected is sent at a time, and all that turned out to be none of it goes in
one last call. A row is only blamed for a refusal that it had alone. Where many are bad,
halving every part costs less: after a few were found singly that is done, and no batch
costs more than 2 n calls and a few.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Row = TypeVar("Row")

_FOUND_SINGLY = 3  # bad rows, before there are too many to look for one by one


@dataclass(slots=True)
class Bisection(Generic[Row]):
    """The search in one refused batch: what to send next, given what was answered.

    Attributes:
        suspects: Rows of which at least one is bad.
        rest: Rows of which nothing is known yet; sent when the suspects are settled.
        parts: Where many are bad: parts of which nothing is known, the next one last.
        trial: Rows that are under way.
        found: Bad rows so far.
    """

    suspects: list[Row]
    rest: list[Row] = field(default_factory=list)
    parts: list[list[Row]] = field(default_factory=list)
    trial: list[Row] = field(default_factory=list)
    found: int = 0

    def next(self) -> list[Row]:
        """Return the rows to send now; nothing when all of them are settled."""
        if self.suspects:
            self.trial = self.suspects[: (len(self.suspects) + 1) // 2]
            self.suspects = self.suspects[len(self.trial) :]
        elif self.rest:
            self.trial, self.rest = self.rest, []
        else:
            self.trial = self.parts.pop() if self.parts else []
        return self.trial

    def accepted(self) -> None:
        """Note that the rows under way are done: the bad one is among the suspects."""
        self.trial = []

    def refused(self) -> Row | None:
        """Note that the rows under way were refused; returns the one to blame."""
        trial, self.trial = self.trial, []
        self.rest = [*self.suspects, *self.rest]
        self.suspects = []
        if len(trial) == 1:
            self.found += 1
            if self.found >= _FOUND_SINGLY and self.rest:
                self.parts, self.rest = [self.rest, *self.parts], []
            return trial[0]
        if self.found < _FOUND_SINGLY:
            self.suspects = trial
        else:
            half = (len(trial) + 1) // 2
            self.parts += [trial[half:], trial[:half]]
        return None

    def open_rows(self) -> Sequence[Row]:
        """Return the rows without an outcome that are not under way."""
        waiting = [row for part in self.parts for row in part]
        return [*self.suspects, *self.rest, *waiting]
