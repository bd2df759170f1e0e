"""From a system's records to the board's rows, by the formulas of leaks.yaml. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tasuki.formula import FormulaError
from tasuki.formula.operators import true
from tasuki.insight.leak.board import Value
from tasuki.insight.leak.column import converter
from tasuki.insight.leak.setting import SKIPPED, BoardSource

_KEYS = {"xref": ("kind", "local_id", "system", "remote_id")}


@dataclass(slots=True)
class RowMaker:
    """Makes the rows of one source.

    Attributes:
        source: Where the rows come from.
        key: Keys the hashes of what could name somebody.
        unread: Values that the formulas could not make, by column.
    """

    source: BoardSource
    key: bytes
    unread: Counter[str] = field(default_factory=Counter)
    _make: dict[str, Callable[[object], Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = self.source.fields
        self._make = {name: converter(name, self.key) for name in names}

    def row(
        self, record: Mapping[str, object], skipped: str = ""
    ) -> dict[str, Value] | None:
        """Return the row of a record; None where it is none of this table's."""
        scope = record
        if self.source.sync:
            scope = {**record, SKIPPED: {"skipped": skipped or None}}
        if not self._holds(scope):
            return None
        row = {name: self._value(name, scope) for name in self.source.fields}
        wanted = _KEYS.get(self.source.table, ("id",))
        return None if any(row.get(name) is None for name in wanted) else row

    def _holds(self, scope: Mapping[str, object]) -> bool:
        if self.source.where is None:
            return True
        try:
            return bool(true(self.source.where(scope)))
        except FormulaError:
            self.unread["where"] += 1
            return False

    def _value(self, name: str, scope: Mapping[str, object]) -> Value:
        try:
            return self._make[name](self.source.fields[name](scope))
        except (FormulaError, ValueError):
            self.unread[name] += 1
            return None
