"""The count of list items that one evaluation of a formula may visit."""

from tasuki.formula.errors import RefusedValueError
from tasuki.formula.limits import MAX_ITEMS


class Steps:
    """Counts the items that one formula visits, so that lists in lists end."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_ITEMS

    def take(self, count: int) -> None:
        """Visit so many items more."""
        self._left -= count
        if self._left < 0:
            raise RefusedValueError(reason=f"more than {MAX_ITEMS:,} items in lists")
