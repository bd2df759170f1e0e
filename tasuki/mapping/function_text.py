"""Looks at the text of a functions.py: what formulas may call, and what is wrong."""

import ast
import doctest
from collections.abc import Iterator

from tasuki.formula import FunctionTable
from tasuki.mapping.problem import Problem, nearest

# What a function may stand on: nothing that reads a clock, a file, the network, chance.
_MODULES = frozenset(
    {
        "__future__",
        "base64",
        "bisect",
        "calendar",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "statistics",
        "string",
        "tasuki.billing",
        "tasuki.formula",
        "tasuki.japan",
        "textwrap",
        "typing",
        "unicodedata",
        "urllib.parse",
        "zoneinfo",
    }
)
_BUILTINS = frozenset(
    [
        "breakpoint",
        "compile",
        "eval",
        "exec",
        "exit",
        "globals",
        "input",
        "locals",
        "open",
        "print",
        "quit",
        "vars",
        "__import__",
    ]
)
_CLOCK = frozenset({"now", "today", "utcnow", "fromtimestamp"})
_SHARED = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_SHARED_CALLS = frozenset({"list", "dict", "set", "bytearray", "defaultdict"})
_NOT_A_VALUE = frozenset({"None", "NoReturn", "Never"})


class FunctionText:
    """The functions that a file offers to formulas: public ones of its top level."""

    def __init__(self, file: str, tree: ast.Module) -> None:
        self._file = file
        self._tree = tree

    @property
    def functions(self) -> list[ast.FunctionDef]:
        """The public functions, in the order of the file."""
        return [
            node
            for node in self._tree.body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        ]

    def problems(self, shipped: FunctionTable) -> Iterator[Problem]:
        """Yield everything that is wrong, by line."""
        for node in ast.walk(self._tree):
            yield from self._impure(node)
        for node in self._tree.body:
            if isinstance(node, ast.AsyncFunctionDef):
                what = f"'{node.name}' is async: formulas wait for nothing"
                yield self._at(node, what, "Write def, and give it all it needs.")
        yield from self._names(shipped)
        for function in self.functions:
            yield from self._function(function)

    def _names(self, shipped: FunctionTable) -> Iterator[Problem]:
        seen: dict[str, int] = {}
        for node in self.functions:
            if node.name in shipped:
                what = f"'{node.name}' is a shipped function, and stays what it is"
                remedy = "Give it another name: mappings elsewhere rely on that one."
                yield self._at(node, what, remedy)
            if node.name in seen:
                what = (
                    f"'{node.name}' is written twice (first in line {seen[node.name]})"
                )
                yield self._at(node, what, "Keep one of them.")
            seen.setdefault(node.name, node.lineno)

    def _function(self, node: ast.FunctionDef) -> Iterator[Problem]:
        name = node.name
        if not name.isascii() or name != name.lower():
            what = f"'{name}': functions are named in small letters of a to z"
            yield self._at(node, what, f"For example {name.lower()!a}.")
        if node.decorator_list:
            what = f"'{name}' has a decorator, which hides what it takes"
            yield self._at(node.decorator_list[0], what, "Remove it.")
        if not ast.get_docstring(node):
            remedy = 'Say in a line what it gives: """Return the rank of …."""'
            yield self._at(node, f"'{name}' has no docstring", remedy)
        elif not _has_examples(node):
            remedy = f"In its docstring: >>> {name}(…) and the result below it."
            yield self._at(node, f"'{name}' has no example that tests it", remedy)
        if any(
            isinstance(each, ast.Yield | ast.YieldFrom) for each in _own_nodes(node)
        ):
            what = f"'{name}' is a generator, and gives no value"
            yield self._at(node, what, "Return a list.")
        yield from self._types(node)
        yield from self._defaults(node)

    def _types(self, node: ast.FunctionDef) -> Iterator[Problem]:
        if node.returns is None:
            remedy = f"For example def {node.name}(…) -> str | None:"
            yield self._at(node, f"'{node.name}' does not say what it gives", remedy)
        elif ast.unparse(node.returns) in _NOT_A_VALUE:
            what = f"'{node.name}' gives nothing"
            yield self._at(node.returns, what, "Return a value.")
        arguments = node.args
        if arguments.kwarg is not None:
            what = f"'{node.name}' takes **{arguments.kwarg.arg}: name every argument"
            yield self._at(arguments.kwarg, what)
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for each in [*named, *([arguments.vararg] if arguments.vararg else [])]:
            if each.annotation is None:
                what = f"'{each.arg}' of '{node.name}' has no type"
                yield self._at(each, what, f"For example {each.arg}: str | None.")
            elif "float" in ast.unparse(each.annotation).split():
                what = f"'{each.arg}' of '{node.name}' is a float"
                remedy = "Formulas give int or Decimal, which lose nothing."
                yield self._at(each, what, remedy)

    def _defaults(self, node: ast.FunctionDef) -> Iterator[Problem]:
        for each in [*node.args.defaults, *node.args.kw_defaults]:
            is_call = isinstance(each, ast.Call) and _called(each) in _SHARED_CALLS
            if each is not None and (isinstance(each, _SHARED) or is_call):
                what = f"a default of '{node.name}' is shared by all calls"
                yield self._at(each, what, "Take None, or a tuple.")

    def _impure(self, node: ast.AST) -> Iterator[Problem]:
        """Yield what would make the same values give another result tomorrow."""
        if isinstance(node, ast.Import):
            for each in node.names:
                yield from self._import(node, each.name)
        elif isinstance(node, ast.ImportFrom):
            yield from self._import(node, "." if node.level else node.module or "")
        elif isinstance(node, ast.Global | ast.Nonlocal):
            what = f"'{node.names[0]}' is changed from within a function"
            yield self._at(node, what, "Return what is new instead.")
        elif isinstance(node, ast.Call):
            name = _called(node)
            if isinstance(node.func, ast.Name) and name in _BUILTINS:
                what = f"'{name}' is not for formulas: they read their values only"
                yield self._at(node, what)
            elif isinstance(node.func, ast.Attribute) and name in _CLOCK:
                what = f"'.{name}()' reads the clock: a formula run again would differ"
                remedy = "Take the day as an argument: f(date, today())."
                yield self._at(node, what, remedy)

    def _import(self, node: ast.stmt, name: str) -> Iterator[Problem]:
        known = any(f"{name}.".startswith(f"{each}.") for each in _MODULES)
        if name == ".":
            what = "a file beside this one is imported"
            yield self._at(node, what, "Keep the functions in one file.")
        elif not known:
            what = f"'{name}' is imported: functions of formulas only calculate"
            listed = f"They may use: {', '.join(sorted(_MODULES - {'__future__'}))}."
            yield self._at(node, what, nearest(name, _MODULES, listed))

    def _at(
        self, node: ast.stmt | ast.expr | ast.arg, what: str, remedy: str = ""
    ) -> Problem:
        return Problem(self._file, node.lineno, node.col_offset + 1, what, remedy)


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _has_examples(node: ast.FunctionDef) -> bool:
    doc = ast.get_docstring(node) or ""
    try:
        return bool(doctest.DocTestParser().get_examples(doc))
    except ValueError:
        return False


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a function, without what is in functions within it."""
    for each in ast.iter_child_nodes(node):
        if not isinstance(each, ast.FunctionDef | ast.Lambda | ast.AsyncFunctionDef):
            yield each
            yield from _own_nodes(each)
