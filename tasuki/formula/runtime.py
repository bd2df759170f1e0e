"""The global names that generated formulas stand on."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from tasuki.formula import operators
from tasuki.formula.functions import FunctionTable
from tasuki.formula.steps import Steps
from tasuki.formula.values import EXACT, exact

if TYPE_CHECKING:
    from tasuki.formula.formula import Formula

_PRIMITIVES: dict[str, object] = {
    "_type": type,
    "_str": str,
    "_float": float,
    "_int": int,
    "_len": len,
    "_dict": dict,
    "_Steps": Steps,
    "_EXACT": EXACT,
    "_exact": exact,
    "_add": operators.add,
    "_sub": operators.sub,
    "_mul": operators.mul,
    "_div": operators.div,
    "_floordiv": operators.floordiv,
    "_mod": operators.mod,
    "_power": operators.power,
    "_neg": operators.neg,
    "_eq": operators.eq,
    "_eq_truth": operators.eq_truth,
    "_ne": operators.ne,
    "_lt": operators.lt,
    "_le": operators.le,
    "_gt": operators.gt,
    "_ge": operators.ge,
    "_in": operators.contained,
    "_not_in": operators.not_contained,
    "_true": operators.true,
    "_blank": operators.blank,
    "_path": operators.path,
    "_call_one": operators.call_one,
}


def runtime_globals(table: FunctionTable, *formulas: "Formula") -> dict[str, object]:
    """Return the globals that the `source` of these formulas needs.

    A source is one Python expression. Besides these globals it reads the local name
    `get`, the scope's `get` method, and assigns locals named `_1`, `_2` and so on.
    Sources may be placed side by side in one function: their locals are written
    before they are read, and equal names of constants are equal numbers.

    Args:
        table: The table that the formulas were parsed with.
        formulas: Formulas whose constants are wanted too.
    """
    found = {
        **_PRIMITIVES,
        **{f"_f_{function.name}": function.call for function in table},
    }
    for formula in formulas:
        found.update(formula.constants)
    return found


_GLOBAL = re.compile(r"\b_[A-Za-z]\w*")


def needed_globals(
    table: FunctionTable, source: str, constants: dict[str, Decimal]
) -> dict[str, object]:
    """Return only what one source needs, and no builtins at all."""
    found: dict[str, object] = {"__builtins__": {}}
    for name in _GLOBAL.findall(source):
        if name in _PRIMITIVES:
            found[name] = _PRIMITIVES[name]
        elif name.startswith("_f_") and name[3:] in table:
            found[name] = table[name[3:]].call
    return found | constants
