"""A formula, parsed and compiled once, then called for every record."""

import ast
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from types import CodeType, TracebackType

from tasuki.formula.check import Checker
from tasuki.formula.emit import Emitter, Span, unmarked
from tasuki.formula.errors import (
    FormulaError,
    FormulaProblem,
    FormulaSyntaxError,
    RefusedValueError,
)
from tasuki.formula.functions import FunctionTable
from tasuki.formula.nodes import Source
from tasuki.formula.runtime import needed_globals
from tasuki.formula.scan import Scan
from tasuki.formula.values import masked
from tasuki.model.errors import TasukiError

_FILE = "<formula>"
_PREFIX = "lambda get: "
_MAX_PROBLEMS = 20
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """An expression over the fields of a record; the same scope, the same result.

    Attributes:
        text: As written.
        names: Fields read: `email`, `account.Payment_Terms__c`, `lines`.
        inner_names: Fields read from the items of a list, with the list's own path
            ("" where the list is no plain field): `("lines", "TotalPrice")`.
        functions: Functions called.
        source: The generated Python expression; see `runtime_globals`.
        constants: Global names of the exact numbers in it.
    """

    text: str
    names: frozenset[str]
    inner_names: frozenset[tuple[str, str]]
    functions: frozenset[str]
    source: str
    constants: Mapping[str, Decimal]
    _run: Callable[[Callable[[str], object]], object] = field(repr=False)
    _spans: tuple[Span, ...] = field(repr=False)

    def __call__(self, scope: Mapping[str, object]) -> object:
        """Evaluate over the fields of one record; a field it lacks is nothing.

        Raises:
            FormulaError: A value has no answer; says where, and names no value.
        """
        try:
            return self._run(scope.get)
        except Exception as error:  # noqa: BLE001 - a project's own
            failure = self._explained(error, scope)
        # Raised outside the clause: what went wrong may quote the record, so it does
        # not travel along as the context of our own error.
        raise failure

    def _explained(self, error: Exception, scope: Mapping[str, object]) -> FormulaError:
        position, word = self._place(error.__traceback__)
        remedy = None
        if isinstance(error, RefusedValueError):
            reason, remedy = error.reason, error.remedy
        elif isinstance(error, DecimalException):
            reason = "a number too large to calculate with"
        elif isinstance(error, RecursionError | MemoryError):
            reason = "values nested too deeply"
        else:
            # Another error's text may quote the record, so only its kind is told.
            reason = f"{word} gave up ({type(error).__name__})"
            remedy = error.remedy if isinstance(error, TasukiError) else None
        return FormulaError(self.text, position, reason, remedy, self._met(scope))

    def _met(self, scope: Mapping[str, object]) -> dict[str, str]:
        """Return what the fields held, masked."""
        return {name: _held(scope, name) for name in sorted(self.names)[:_MOST_NAMED]}

    def _place(self, trace: TracebackType | None) -> tuple[int, str]:
        """Return the position in the formula that failed, and the word there."""
        columns: tuple[int, int] | None = None
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename == _FILE:
                columns = _columns(code, trace.tb_lasti)
            trace = trace.tb_next
        if columns is None:
            return 0, "the formula"
        for span in self._spans:  # inner spans come first
            if span.start <= columns[0] and columns[1] <= span.end:
                word = self.text[span.position :].partition("(")[0].strip()
                return span.position, word if word.isidentifier() else "the formula"
        return 0, "the formula"


def _held(scope: Mapping[str, object], name: str) -> str:
    """Return what a field holds, masked; a name with dots is itself or a path."""
    value: object = scope
    for part in [name] if name in scope else name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return masked(value)


def _columns(code: CodeType, instruction: int) -> tuple[int, int] | None:
    """Return the columns of generated code that an instruction came from."""
    positions = list(code.co_positions())
    _, _, start, end = positions[instruction // 2]
    if start is None or end is None:
        return None
    return start - len(_PREFIX), end - len(_PREFIX)


def parse(text: str, functions: FunctionTable) -> Formula:
    """Read a formula.

    Raises:
        FormulaSyntaxError: It cannot be used; carries every problem found.
    """
    scan = Scan(text)
    _stop_at(text, scan.problems)
    source = Source(scan)
    node = _parsed(text, source)
    checker = Checker(source, functions)
    checker.check(node)
    _stop_at(text, checker.problems)
    emitter = Emitter(source, functions)
    code, spans = unmarked(emitter.whole(node))
    return Formula(
        text=text,
        names=frozenset(checker.names),
        inner_names=frozenset(checker.inner_names),
        functions=frozenset(checker.functions),
        source=code,
        constants=emitter.constants,
        _run=_compiled(text, code, needed_globals(functions, code, emitter.constants)),
        _spans=spans,
    )


def _parsed(text: str, source: Source) -> ast.expr:
    try:
        return source.parse()
    except SyntaxError as error:
        problem = _syntax_problem(text, source, error)
    except (RecursionError, MemoryError, ValueError):
        problem = FormulaProblem(0, "values nested too deeply")
    raise FormulaSyntaxError(text, [problem])


def _syntax_problem(text: str, source: Source, error: SyntaxError) -> FormulaProblem:
    """Say in our words where Python's parser gave up; its own speak of Python."""
    at = source.at(0) + error.offset - 1 if error.offset else len(text)
    if "expected 'else'" in error.msg:
        return FormulaProblem(at, "`if` without `else`", "Write `x if y else null`.")
    rest = text[at:].strip()
    if not rest:
        return FormulaProblem(len(text.rstrip()), "the formula ends too early")
    word = rest.split(maxsplit=1)[0]
    near = difflib.get_close_matches(word.lower(), ("and", "or", "not", "in"), n=1)
    remedy = f"Did you mean '{near[0]}'?" if near and near[0] != word else None
    return FormulaProblem(at, f"'{word[:20]}' does not fit here", remedy)


def _compiled(
    text: str, code: str, names: dict[str, object]
) -> Callable[[Callable[[str], object]], object]:
    try:
        compiled = compile(_PREFIX + code, _FILE, "eval")
    except (SyntaxError, RecursionError, MemoryError):
        _stop_at(text, [FormulaProblem(0, "values nested too deeply")])
    # Only code that the emitter wrote from an allow-list, with no builtins in reach.
    run: Callable[[Callable[[str], object]], object] = eval(compiled, names)  # noqa: S307
    return run


def _stop_at(text: str, problems: list[FormulaProblem]) -> None:
    if problems:
        ordered = sorted(problems, key=lambda problem: problem.position)
        raise FormulaSyntaxError(text, ordered[:_MAX_PROBLEMS])
