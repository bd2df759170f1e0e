"""The branches of a formula, and which of them one record takes.

A branch is one side of `x if condition else y`, or one of the values of `first(…)` and
`coalesce(…)`. What is said of the items of a list is not looked into: each item may
take another branch.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tasuki.formula.errors import FormulaError
from tasuki.formula.formula import Formula, parse
from tasuki.formula.functions import FunctionTable
from tasuki.formula.nodes import Source
from tasuki.formula.operators import blank, true
from tasuki.formula.scan import Scan

_CHOICES: Mapping[str, Callable[[object], bool]] = {
    "first": blank,
    "coalesce": lambda value: value is None,
}


@dataclass(frozen=True, slots=True)
class Branch:
    """One way through a formula: where its value is written, and the words of it."""

    position: int
    text: str


class Branches:
    """The branches of one formula."""

    def __init__(self, formula: Formula, table: FunctionTable) -> None:
        self._source = Source(Scan(formula.text))
        self._table = table
        self._root = self._source.parse()
        self._parsed: dict[int, Formula] = {}

    def all(self) -> tuple[Branch, ...]:
        """Return every branch, in the order of the text."""
        found = {self._branch(side) for node in self._walk() for side in _sides(node)}
        return tuple(sorted(found, key=lambda each: each.position))

    def taken(self, scope: Mapping[str, object]) -> Iterator[Branch]:
        """Yield the branches that a record takes."""
        yield from self._taken(self._root, scope)

    def _taken(self, node: ast.expr, scope: Mapping[str, object]) -> Iterator[Branch]:
        if isinstance(node, ast.IfExp):
            yield from self._taken(node.test, scope)
            side = node.body if true(self._value(node.test, scope)) else node.orelse
            yield self._branch(side)
            yield from self._taken(side, scope)
            return
        choice = _CHOICES.get(_called(node))
        if choice is not None and isinstance(node, ast.Call):
            for side in node.args:
                yield from self._taken(side, scope)
                if not choice(self._value(side, scope)):
                    yield self._branch(side)
                    return
            return
        for inner in self._inner(node):
            yield from self._taken(inner, scope)

    def _value(self, node: ast.expr, scope: Mapping[str, object]) -> object:
        at = id(node)
        if at not in self._parsed:
            self._parsed[at] = parse(self._source.written(node), self._table)
        try:
            return self._parsed[at](scope)
        except FormulaError:
            return None

    def _walk(self) -> Iterator[ast.expr]:
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            yield node
            nodes.extend(self._inner(node))

    def _inner(self, node: ast.expr) -> Iterator[ast.expr]:
        """Yield the values within a value, but for what is said of list items."""
        called = self._table.get(_called(node))
        for index, inner in enumerate(_arguments(node)):
            if called is None or index not in called.lazy_args:
                yield inner

    def _branch(self, node: ast.expr) -> Branch:
        return Branch(self._source.start(node), self._source.written(node))


def _called(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    return ""


def _arguments(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return [*node.args, *(word.value for word in node.keywords)]
    return [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]


def _sides(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if _called(node) in _CHOICES and isinstance(node, ast.Call):
        return list(node.args)
    return []
