"""Writes one Python function that makes a record's match values.

It stands beside the function of `generate`: the same formulas, the same runtime. What
fails in it is gone through again formula by formula, to say where.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from tasuki.formula.functions import FunctionTable
from tasuki.formula.runtime import runtime_globals
from tasuki.mapping.names import SOURCE, Names
from tasuki.mapping.result import MatchStep, MatchValue
from tasuki.mapping.rules import Rules
from tasuki.mapping.runtime import RUNTIME

Matching = Callable[[Mapping[str, object], str], tuple[MatchValue, ...]]


def generate_match(
    rules: Rules, names: Names, table: FunctionTable, steps: Sequence[MatchStep]
) -> Matching:
    """Return a function of a record's fields and id: the steps it has a value for."""
    formulas = [formula for _, formula in rules.match]
    found: dict[str, object] = {
        **runtime_globals(table, *(each for each in formulas if each is not None)),
        **RUNTIME,
        "_MatchValue": MatchValue,
        "_tuple": tuple,
        "__builtins__": {},
    }
    lines = ["def _match(fields, own):"]
    if SOURCE in names.prefixes:
        lines += ["    scope = _dictionary(fields)", f"    scope[{SOURCE!r}] = fields"]
        lines += ["    get = scope.get"]
    else:
        lines += ["    get = fields.get"]
    lines += ["    made = []"]
    for index, (step, formula) in enumerate(zip(steps, formulas, strict=True)):
        found[f"_step{index}"] = step
        if formula is None:
            lines += [f"    made.append(_MatchValue(_step{index}, own))"]
            continue
        lines += [
            f"    v = {formula.source}",
            "    v = v.strip() if _type(v) is _str else _word(v)",
            f"    if v: made.append(_MatchValue(_step{index}, v))",
        ]
    lines += ["    return _tuple(made)"]
    code = compile("\n".join(lines), f"<match {rules.model.id}>", "exec")
    # Code that this module and the formula package wrote, with no builtins.
    exec(code, found)  # noqa: S102
    return cast("Matching", found["_match"])
