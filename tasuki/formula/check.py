"""What a formula may contain: everything that is not allowed here is refused."""

import ast
import difflib

from tasuki.formula.errors import FormulaProblem, RefusedValueError
from tasuki.formula.functions import Function, FunctionTable
from tasuki.formula.limits import MAX_DEPTH, MAX_NESTED_LISTS, MAX_VALUES
from tasuki.formula.nodes import CONSTANT_NAMES, Source, constant
from tasuki.formula.values import bounded

OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_REFUSED: dict[type[ast.expr], tuple[str, str | None]] = {
    ast.Subscript: ("[ ] behind a value", "Use first_of(list) or account.Name."),
    ast.Tuple: ("values with commas", "Write a list in [ ]."),
    ast.Starred: ("'*' before a value", None),
}
_ITEM_PATHS = frozenset({"where"})


class Checker:
    """Walks a syntax tree once; collects problems, names and functions."""

    def __init__(self, source: Source, table: FunctionTable) -> None:
        self.problems: list[FormulaProblem] = []
        self.names: set[str] = set()
        self.inner_names: set[tuple[str, str]] = set()
        self.functions: set[str] = set()
        self._source = source
        self._table = table
        self._values = 0
        self._lists: list[str] = []  # the lists whose items are being looked at

    def check(self, node: ast.expr, depth: int = 1) -> None:
        """Check a value and everything in it."""
        self._values += 1
        if depth > MAX_DEPTH:
            self._refuse(self._source.start(node), "values nested too deeply")
            return
        if self._values == MAX_VALUES + 1:
            at = self._source.start(node)
            self._refuse(at, f"more than {MAX_VALUES} values in one formula")
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            message, remedy = _REFUSED.get(
                type(node), ("this cannot be used in a formula", None)
            )
            self._refuse(self._source.start(node), message, remedy)
        else:
            method(node, depth + 1)

    def _all(self, nodes: list[ast.expr], depth: int) -> None:
        for node in nodes:
            self.check(node, depth)

    def _constant(self, node: ast.Constant, _depth: int) -> None:
        if isinstance(node.value, bool | str) or node.value is None:
            return
        at = self._source.start(node)
        if not isinstance(node.value, int | float):
            self._refuse(at, "this cannot be used in a formula")
            return
        try:
            bounded(self._source.number(node))
        except RefusedValueError as refused:
            self._refuse(at, refused.reason)

    def _name(self, node: ast.Name, _depth: int) -> None:
        self._read(node)

    def _attribute(self, node: ast.Attribute, depth: int) -> None:
        if self._source.path(node) is None:
            at = self._source.end(node.value)
            self._refuse(at, "'.' behind a value", "Only fields have fields: a.b.")
            self.check(node.value, depth)
        else:
            self._read(node)

    def _read(self, node: ast.expr) -> None:
        """Note that a field is read."""
        parts = self._source.path(node) or []
        if len(parts) == 1 and parts[0] in CONSTANT_NAMES:
            return
        hidden = next((part for part in parts if part.startswith("_")), None)
        if hidden is not None:
            self._refuse(
                self._source.start(node),
                f"'{hidden}' starts with _",
                f'Read a field of this name by field("{hidden}").',
            )
        elif len(parts) > MAX_DEPTH:
            self._refuse(self._source.start(node), "values nested too deeply")
        else:
            self._note(".".join(parts))

    def _note(self, name: str) -> None:
        if self._lists:
            self.inner_names.add((self._lists[-1], name))
        else:
            self.names.add(name)

    def _list(self, node: ast.List, depth: int) -> None:
        self._all(node.elts, depth)

    def _ifexp(self, node: ast.IfExp, depth: int) -> None:
        self._all([node.test, node.body, node.orelse], depth)

    def _boolop(self, node: ast.BoolOp, depth: int) -> None:
        self._all(node.values, depth)

    def _binop(self, node: ast.BinOp, depth: int) -> None:
        if not isinstance(node.op, OPERATORS):
            at = self._source.operator(node.left, node.right)
            self._refuse(at, "this operator cannot be used in a formula")
        self._all([node.left, node.right], depth)

    def _unaryop(self, node: ast.UnaryOp, depth: int) -> None:
        if not isinstance(node.op, ast.USub | ast.Not):
            at = self._source.start(node)
            self._refuse(at, "this sign cannot stand before a value")
        self.check(node.operand, depth)

    def _compare(self, node: ast.Compare, depth: int) -> None:
        self._all([node.left, *node.comparators], depth)
        values = [node.left, *node.comparators]
        for left, operator, right in zip(values, node.ops, values[1:], strict=False):
            if isinstance(operator, ast.Is | ast.IsNot):
                at = self._source.operator(left, right)
                self._refuse(at, "'is' cannot be used in a formula", "Write ==.")
            elif not isinstance(operator, ast.In | ast.NotIn):
                self._check_kinds(left, right)

    def _check_kinds(self, left: ast.expr, right: ast.expr) -> None:
        """Refuse number(x) == "60": the two sides are never of one kind."""
        for called, other in ((left, right), (right, left)):
            known = constant(other, self._source)
            returns = self._returned(called)
            if not known or returns is None or isinstance(known[0], bool):
                continue
            meets = {str: "text", type(None): returns}.get(type(known[0]), "number")
            if returns in {"text", "number"} and meets != returns:
                at = self._source.operator(left, right)
                self._refuse(at, f"a {returns} compared with a {meets}")

    def _returned(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = self._table.get(self._source.written(node.func))
            return called.returns.value if called else None
        return None

    def _call(self, node: ast.Call, depth: int) -> None:
        called = self._called(node, depth)
        if called is None:
            self._all([*node.args, *(word.value for word in node.keywords)], depth)
            return
        self.functions.add(called.name)
        self._check_arguments(node, called)
        if called.name == "field":
            self._read_by_text(node)
            return
        for index, argument in enumerate(node.args):
            if index in called.lazy_args:
                self._check_items(self._list_path(node.args[0]), argument, depth)
            else:
                self.check(argument, depth)
        self._all([word.value for word in node.keywords], depth)

    def _called(self, node: ast.Call, depth: int) -> Function | None:
        """Return the function that is called, or say what is wrong with the call."""
        name = self._source.written(node.func)
        at = self._source.start(node.func)
        if isinstance(node.func, ast.Name):
            called = self._table.get(name)
            if called is None:
                near = self._table.nearest(name)
                listed = "`tasuki functions` lists them all."
                guess = f"Did you mean '{near}'? {listed}" if near else listed
                self._refuse(at, f"unknown function '{name}'", guess)
            return called
        if isinstance(node.func, ast.Attribute):
            at = self._source.end(node.func.value)
            method = node.func.attr
            remedy = f"Write {method}(x)." if method in self._table else None
            self._refuse(at, f"'.{method}(…)': values have no functions", remedy)
            self.check(node.func.value, depth)
        else:
            self._refuse(at, "only functions can be called, by their name")
        return None

    def _check_arguments(self, node: ast.Call, called: Function) -> None:
        at = self._source.start(node)
        usage = f"Write {called.signature}."
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            return  # refused where the arguments are checked
        if any(word.arg is None for word in node.keywords):
            self._refuse(at, "'**' before a value")
            return
        words = {word.arg or "": word.value for word in node.keywords}
        try:
            self._table.signature(called.name).bind(*node.args, **words)
        except TypeError as mismatch:
            told = str(mismatch).replace("_'", "'").replace(" positional", "")
            self._refuse(at, f"{called.name}: {told}", usage)
            return
        if called.lazy_args and (words or len(node.args) > max(called.lazy_args) + 1):
            self._refuse(at, f"{called.name}: too many arguments, or named ones", usage)
        if called.choices is not None and node.args:
            self._check_choice(node.args[0], called)

    def _check_choice(self, node: ast.expr, called: Function) -> None:
        """Check the name of a setting or list, if it is written out."""
        known = constant(node, self._source)
        choices = called.choices or frozenset()
        if known and isinstance(known[0], str) and known[0] not in choices:
            near = difflib.get_close_matches(known[0], choices, n=1)
            remedy = f"Did you mean '{near[0]}'?" if near else None
            at = self._source.start(node)
            self._refuse(at, f"unknown {called.name} '{known[0]}'", remedy)

    def _read_by_text(self, node: ast.Call) -> None:
        known = constant(node.args[0], self._source) if len(node.args) == 1 else None
        if known and isinstance(known[0], str):
            self._note(known[0])
        elif node.args:
            at = self._source.start(node.args[0])
            self._refuse(at, "field(…) takes the name of a field as text")

    def _check_items(self, path: str, node: ast.expr, depth: int) -> None:
        """Check what is evaluated in the scope of each item of a list."""
        if len(self._lists) == MAX_NESTED_LISTS:
            self._refuse(self._source.start(node), "lists within lists, too deeply")
            return
        outer = self._lists[-1] if self._lists else ""
        self._lists.append(f"{outer}.{path}" if outer and path else path)
        self.check(node, depth)
        self._lists.pop()

    def _list_path(self, node: ast.expr) -> str:
        """Return which list is looked through, "" if it is not simply a field."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = self._source.written(node.func)
            if name in _ITEM_PATHS and node.args:
                return self._list_path(node.args[0])
            known = constant(node.args[0], self._source) if node.args else None
            return str(known[0]) if name == "field" and known else ""
        return ".".join(self._source.path(node) or [])

    def _refuse(self, at: int, message: str, remedy: str | None = None) -> None:
        self.problems.append(FormulaProblem(at, message, remedy))
