"""Formulas of mapping files: a null-safe, exact subset of Python expressions."""

from tasuki.formula.errors import (
    FormulaError,
    FormulaProblem,
    FormulaSyntaxError,
    RefusedValueError,
)
from tasuki.formula.formula import Formula, parse
from tasuki.formula.functions import (
    Example,
    Function,
    FunctionTable,
    Kind,
    function,
)
from tasuki.formula.library.builtin import builtin_functions
from tasuki.formula.runtime import runtime_globals

__all__ = [
    "Example",
    "Formula",
    "FormulaError",
    "FormulaProblem",
    "FormulaSyntaxError",
    "Function",
    "FunctionTable",
    "Kind",
    "RefusedValueError",
    "builtin_functions",
    "function",
    "parse",
    "runtime_globals",
]
