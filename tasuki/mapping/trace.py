"""A mapping's function written once more, so that it notes what a record reaches."""

from collections.abc import Mapping

from tasuki.formula.branches import Branch, Branches
from tasuki.formula.formula import Formula
from tasuki.formula.functions import FunctionTable
from tasuki.formula.runtime import runtime_globals
from tasuki.mapping.generate import LinkOf, Run, Writer
from tasuki.mapping.names import find_names
from tasuki.mapping.record_lookup import FoundOf, nothing_found
from tasuki.mapping.result import Evaluation, Skip
from tasuki.mapping.rules import Rules
from tasuki.mapping.runtime import MISSING, RUNTIME
from tasuki.model.record import Record

Reached = set[tuple[str, ...]]
"""What was reached: ("reason", name), ("value", field, key), ("branch", …), …"""


class Trace:
    """Evaluates records of one mapping, and collects what they reach."""

    def __init__(self, rules: Rules, table: FunctionTable) -> None:
        self.reached: Reached = set()
        self.branches: dict[str, dict[str, tuple[Branch, ...]]] = {}
        writer = _Tracer(rules, table, self)
        self._run: Run = writer.compiled()

    def evaluate(
        self, record: Record, links: LinkOf, found: FoundOf = nothing_found
    ) -> Evaluation | None:
        """Evaluate a record; None where it cannot be made."""
        try:
            made = self._run(record.fields, links, found, [])
        except Exception:  # noqa: BLE001 - the test itself tells what went wrong
            return None
        if isinstance(made, Skip):
            self.reached.add(("reason", made.reason))
        return made


class _Tracer(Writer):
    """Writes the slow function, with notes at tables, defaults and formulas."""

    def __init__(self, rules: Rules, table: FunctionTable, trace: Trace) -> None:
        names = find_names(rules)
        found = {**runtime_globals(table, *rules.formulas), **RUNTIME}
        super().__init__(rules, names, found, slow=True)
        self._table = table
        self._trace = trace
        self._step = ""

    def _note(self, step: str) -> None:
        self._step = step
        super()._note(step)

    def _named(self, name: str, value: object) -> str:
        if name.startswith("_table") and isinstance(value, dict):
            value = _NotedTable(value, self._step, self._trace.reached)
        elif isinstance(value, Formula):
            value = self._noted(value)
        return super()._named(name, value)

    def _noted(self, formula: Formula) -> "_NotedFormula":
        branches = Branches(formula, self._table)
        of_step = self._trace.branches.setdefault(self._step, {})
        of_step[formula.text] = branches.all()
        return _NotedFormula(formula, branches, self._step, self._trace.reached)

    def _use_default(self, test: str, value: str) -> None:
        mark = ("default", self._step)
        note = self._named(f"_note{len(self._globals)}", self._trace.reached.add)
        what = self._named(f"_mark{len(self._globals)}", mark)
        self._line(1, f"if {test}:")
        self._line(2, f"{note}({what})")
        self._line(2, f"v = {value}")


class _NotedTable:
    """A table of values that notes the keys that were found."""

    def __init__(
        self, values: Mapping[str, object], step: str, reached: Reached
    ) -> None:
        self._values = values
        self._step = step
        self._reached = reached

    def get(self, key: str, default: object = MISSING) -> object:
        """Return a value, as a dict does."""
        if key in self._values:
            self._reached.add(("value", self._step, key))
        return self._values.get(key, default)


class _NotedFormula:
    """A formula that notes the branches it takes."""

    def __init__(
        self, formula: Formula, branches: Branches, step: str, reached: Reached
    ) -> None:
        self._formula = formula
        self._branches = branches
        self._step = step
        self._reached = reached

    def __call__(self, scope: Mapping[str, object]) -> object:
        """Evaluate, as the formula does."""
        self._reached.add(("rule", self._step))
        for each in self._branches.taken(scope):
            mark = ("branch", self._step, self._formula.text, str(each.position))
            self._reached.add(mark)
        return self._formula(scope)
