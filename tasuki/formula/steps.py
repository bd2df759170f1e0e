"""The budget of one evaluation of a formula: items visited, text made, CPU spent.

Everything outside lists is bounded by the length of the formula and of a text. What is
said of each item is run many times, so it is counted here.
"""

import time

from tasuki.formula.errors import RefusedValueError
from tasuki.formula.limits import MAX_ITEMS, MAX_LIST_SECONDS, MAX_LIST_TEXT

_LOOKED = 16  # items between two looks at the clock: most lists never cost one


class Steps:
    """Counts what one formula does with items, so that lists in lists end."""

    __slots__ = ("_left", "_seen", "_started", "_text")

    def __init__(self) -> None:
        self._left = MAX_ITEMS
        self._text = MAX_LIST_TEXT
        self._seen = 0
        self._started = 0.0

    def take(self, count: int) -> None:
        """Visit so many items more."""
        self._left -= count
        if self._left < 0:
            raise RefusedValueError(reason=f"more than {MAX_ITEMS:,} items in lists")

    def made(self, value: object) -> object:
        """Count what was made of one item, and return it."""
        if type(value) is str:
            self._text -= len(value)
            if self._text < 0:
                reason = f"more than {MAX_LIST_TEXT:,} characters in lists"
                raise RefusedValueError(reason=reason)
        elif type(value) is list:
            self.take(len(value))
        self._seen += 1
        if not self._seen % _LOOKED:
            self._look()
        return value

    def _look(self) -> None:
        # CPU of this thread: a machine that pauses or swaps makes no formula fail.
        now = time.thread_time()
        if not self._started:
            self._started = now
        elif now - self._started > MAX_LIST_SECONDS:
            reason = f"more than {MAX_LIST_SECONDS:.0f} seconds of work on items"
            raise RefusedValueError(reason=reason)
