"""Turn a checked formula into the text of one Python expression.

The expression reads fields by `get(name)` and uses the global names of
`runtime.runtime_globals`, and nothing else. Shapes whose kinds are known are written
out instead of called: `lower(email)` costs one look-up and one method call.

A mark is put around each call that may give up, so that the failing place can be
named later: START position MIDDLE code END, of characters that no code contains.
"""

import ast
import re
from dataclasses import dataclass
from decimal import Decimal

from tasuki.formula.functions import Function, FunctionTable, Kind
from tasuki.formula.nodes import Source, constant

START, MIDDLE, END = "\ue000", "\ue001", "\ue002"
_OUTER_STEPS = "\ue003"  # known when all aggregates are
_MARKS = re.compile(f"{START}([0-9]+){MIDDLE}|{END}")

_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "_add",
    ast.Sub: "_sub",
    ast.Mult: "_mul",
    ast.Div: "_div",
    ast.FloorDiv: "_floordiv",
    ast.Mod: "_mod",
    ast.Pow: "_power",
}
_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("_eq", "=="),
    ast.NotEq: ("_ne", "!="),
    ast.Lt: ("_lt", "<"),
    ast.LtE: ("_le", "<="),
    ast.Gt: ("_gt", ">"),
    ast.GtE: ("_ge", ">="),
    ast.In: ("_in", "in"),
    ast.NotIn: ("_not_in", "not in"),
}


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of generated code.

    Attributes:
        text: The Python expression, safe to place anywhere without brackets.
        kind: What it gives, or nothing; ANY if unknown.
        may_float: It is a plain field, so it may be a float of a JSON answer.
        constant: The constant it is, in a tuple of one.
    """

    text: str
    kind: Kind = Kind.ANY
    may_float: bool = False
    constant: tuple[object] | None = None

    @property
    def is_text(self) -> bool:
        """Whether it is a text constant that can equal only the same text."""
        return (
            self.constant is not None
            and isinstance(self.constant[0], str)
            and self.constant[0].strip().lower() not in {"true", "false"}
        )

    @property
    def is_number(self) -> bool:
        """Whether it is a number constant."""
        return self.constant is not None and self.kind is Kind.NUMBER


class Emitter:
    """Writes the code of one formula.

    Attributes:
        constants: Global names of the numbers that Python cannot write exactly.
    """

    def __init__(self, source: Source, table: FunctionTable) -> None:
        self.constants: dict[str, Decimal] = {}
        self._source = source
        self._table = table
        self._temporaries = 0
        self._within = 0
        self._aggregates = 0

    def whole(self, node: ast.expr) -> str:
        """Write the code of the formula; its aggregates share one count of items."""
        text = self.exact(node)
        if self._aggregates <= 1:
            return text.replace(_OUTER_STEPS, "None")
        # `get` is passed on: read from outside it would slow every other field down.
        shared = text.replace(_OUTER_STEPS, "_steps")
        return f"(lambda get, _steps: {shared})(get, _Steps())"

    def emit(self, node: ast.expr) -> Code:
        """Write the code of a value."""
        known = constant(node, self._source)
        if known is not None:
            return self._literal(known[0])
        code: Code = getattr(self, f"_{type(node).__name__.lower()}")(node)
        return code

    def exact(self, node: ast.expr) -> str:
        """Write the code of a value that leaves the formula: never a float."""
        return self._exact(node, self.emit(node))

    def _exact(self, node: ast.expr, code: Code) -> str:
        if not code.may_float:
            return code.text
        name = self._temporary()
        test = f"_type({name} := {code.text}) is not _float"
        return f"({name} if {test} else {self._mark(node, f'_exact({name})')})"

    def truth(self, node: ast.expr) -> str:
        """Write the code of a value in a place where only true or not matters."""
        if isinstance(node, ast.BoolOp):
            word = " and " if isinstance(node.op, ast.And) else " or "
            return f"({word.join(self.truth(value) for value in node.values)})"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"(not {self.truth(node.operand)})"
        code = self.emit(node)
        return code.text if code.kind is Kind.TRUTH else f"_true({code.text})"

    def _literal(self, value: object) -> Code:
        if isinstance(value, bool):
            return Code(str(value), Kind.TRUTH, constant=(value,))
        if isinstance(value, Decimal):
            name = "_d" + str(value).translate(_NAMED)
            self.constants[name] = value
            return Code(name, Kind.NUMBER, constant=(value,))
        if isinstance(value, int):
            text = f"({value})" if value < 0 else str(value)
            return Code(text, Kind.NUMBER, constant=(value,))
        kind = Kind.TEXT if isinstance(value, str) else Kind.ANY
        return Code(ascii(value), kind, constant=(value,))

    def _name(self, node: ast.Name) -> Code:
        return Code(f"get({self._source.written(node)!a})", may_float=True)

    def _attribute(self, node: ast.Attribute) -> Code:
        first, *rest = self._source.path(node) or [""]
        text = f"get({first!a})"
        for part in map(ascii, rest):
            name = self._temporary()
            read = f"_type({name} := {text})"
            text = f"({name}.get({part}) if {read} is _dict else _path({name}, {part}))"
        return Code(text, may_float=True)

    def _list(self, node: ast.List) -> Code:
        return Code(f"[{', '.join(self.exact(each) for each in node.elts)}]")

    def _ifexp(self, node: ast.IfExp) -> Code:
        test = self.truth(node.test)
        body, other = self.emit(node.body), self.emit(node.orelse)
        kind = body.kind if body.kind is other.kind else Kind.ANY
        texts = self._exact(node.body, body), self._exact(node.orelse, other)
        return Code(f"({texts[0]} if {test} else {texts[1]})", kind)

    def _boolop(self, node: ast.BoolOp) -> Code:
        """Give, as Python does, the value that decided."""
        is_and = isinstance(node.op, ast.And)
        values = [(value, self.emit(value)) for value in node.values]
        text = self._exact(*values[-1])
        for value, code in reversed(values[:-1]):
            if code.kind is Kind.TRUTH:
                text = f"({code.text} {'and' if is_and else 'or'} {text})"
                continue
            name = self._temporary()
            decides, other = (text, name) if is_and else (name, text)
            test = f"_true({name} := {self._exact(value, code)})"
            text = f"({decides} if {test} else {other})"
        all_truth = all(code.kind is Kind.TRUTH for _, code in values)
        return Code(text, Kind.TRUTH if all_truth else Kind.ANY)

    def _unaryop(self, node: ast.UnaryOp) -> Code:
        if isinstance(node.op, ast.Not):
            return Code(self.truth(node), Kind.TRUTH)
        operand = self.emit(node.operand).text
        return Code(self._mark(node, f"_neg({operand})"), Kind.NUMBER)

    def _binop(self, node: ast.BinOp) -> Code:
        left, right = self.emit(node.left), self.emit(node.right)
        name = _ARITHMETIC[type(node.op)]
        at = self._source.operator(node.left, node.right)
        is_number = left.kind is right.kind is Kind.NUMBER or name != "_add"
        text = _marked(at, f"{name}({left.text}, {right.text})")
        return Code(text, Kind.NUMBER if is_number else Kind.ANY)

    def _compare(self, node: ast.Compare) -> Code:
        values = [node.left, *node.comparators]
        if len(node.ops) == 1:
            left, right = self.emit(node.left), self.emit(node.comparators[0])
            return self._pair(node, 0, left, right)
        pairs, left = [], self.emit(node.left)
        for index, value in enumerate(values[1:]):
            name, right = self._temporary(), self.emit(value)
            held = Code(f"({name} := {right.text})", right.kind, right.may_float)
            pairs.append(self._pair(node, index, left, held).text)
            left = Code(name, right.kind, right.may_float)
        return Code(f"({' and '.join(pairs)})", Kind.TRUTH)

    def _pair(self, node: ast.Compare, index: int, left: Code, right: Code) -> Code:
        """Write one comparison, without a call where the kinds are known."""
        before = [node.left, *node.comparators][index]
        at = self._source.operator(before, node.comparators[index])
        name, sign = _COMPARISONS[type(node.ops[index])]
        if right.constant == (None,) and sign in {"==", "!="}:
            text = _missing(sign, left)
        elif sign in {"==", "!="}:
            text = self._equality(at, name, sign, left, right)
        elif sign in {"in", "not in"}:
            text = self._membership(
                at, name, sign, (left, right), node.comparators[index]
            )
        else:
            text = self._order(at, name, sign, left, right)
        return Code(text, Kind.TRUTH)

    def _equality(self, at: int, name: str, sign: str, left: Code, right: Code) -> str:
        if left.kind is right.kind is Kind.NUMBER:
            return f"({left.text} {sign} {right.text})"
        if right.constant is not None and right.kind is Kind.TRUTH:
            test = f"_eq_truth({left.text}, {right.text})"
            return test if sign == "==" else f"(not {test})"
        if right.is_text and left.kind is Kind.TEXT:
            return f"({left.text} {sign} {right.text})"
        if right.is_text and left.kind is Kind.ANY:
            held = self._temporary()
            slow = _marked(at, f"{name}({held}, {right.text})")
            fast = f"{held} {sign} {right.text}"
            return f"({fast} if _type({held} := {left.text}) is _str else {slow})"
        return _marked(at, f"{name}({left.text}, {right.text})")

    def _membership(
        self, at: int, name: str, sign: str, sides: tuple[Code, Code], node: ast.expr
    ) -> str:
        left, right = sides
        if isinstance(node, ast.List) and node.elts:
            items = [self.emit(each) for each in node.elts]
            if all(item.is_text for item in items) and left.kind in _TEXT_OR_ANY:
                held = self._temporary()
                texts = f"{{{', '.join(item.text for item in items)}}}"
                slow = _marked(at, f"{name}({held}, {right.text})")
                test = f"_type({held} := {left.text}) is _str"
                return f"({held} {sign} {texts} if {test} else {slow})"
        return _marked(at, f"{name}({left.text}, {right.text})")

    def _order(self, at: int, name: str, sign: str, left: Code, right: Code) -> str:
        call = f"{name}({left.text}, {right.text})"
        if not right.is_number or left.constant is not None:
            return _marked(at, call)
        held = self._temporary()
        fast = f"{held} {sign} {right.text}"
        if left.kind is Kind.NUMBER:
            return f"(None if ({held} := {left.text}) is None else {fast})"
        if left.kind is Kind.ANY:
            slow = _marked(at, f"{name}({held}, {right.text})")
            return f"({fast} if _type({held} := {left.text}) in _EXACT else {slow})"
        return _marked(at, call)

    def _call(self, node: ast.Call) -> Code:
        called = self._table[self._source.written(node.func)]
        if called.name == "field":
            known = constant(node.args[0], self._source) or ("",)
            return Code(f"get({known[0]!a})", may_float=True)
        if called.name in {"first", "coalesce"} and not node.keywords:
            return self._first(node, called.name)
        if called.lazy_args:
            return self._aggregate(node, called)
        return self._function(node, called)

    def _first(self, node: ast.Call, name: str) -> Code:
        """Write a choice: later values are not even looked at."""
        text = "None"
        values = [(value, self.emit(value)) for value in node.args]
        for value, code in reversed(values):
            held = self._temporary()
            read = f"{held} := {self._exact(value, code)}"
            missing = f"_blank({read})" if name == "first" else f"({read}) is None"
            text = f"({text} if {missing} else {held})"
        kinds = {code.kind for _, code in values}
        return Code(text, kinds.pop() if len(kinds) == 1 else Kind.ANY)

    def _aggregate(self, node: ast.Call, called: Function) -> Code:
        """Write a call whose second value is a function of each item."""
        items = self.exact(node.args[0])
        steps = "_steps" if self._within else _OUTER_STEPS
        self._aggregates += not self._within
        each = "None"
        if len(node.args) > 1:
            self._within += 1
            each = f"(lambda get, _steps: {self.exact(node.args[1])})"
            self._within -= 1
        text = f"_f_{called.name}({items}, {each}, {steps})"
        return Code(self._mark(node, text), called.returns)

    def _function(self, node: ast.Call, called: Function) -> Code:
        function = f"_f_{called.name}"
        if len(node.args) == 1 and not node.keywords and called.nulls == "flow":
            return self._of_one(node, called)
        tests, arguments = [], []
        for word, value in self._arguments(node):
            text = self.exact(value)
            if called.nulls == "flow" and constant(value, self._source) is None:
                held = self._temporary()
                tests.append(f"({held} := {text}) is None")
                text = held
            arguments.append(f"{word}={text}" if word else text)
        call = self._finished(node, called, f"{function}({', '.join(arguments)})")
        text = f"(None if {' or '.join(tests)} else {call})" if tests else call
        return Code(text, called.returns)

    def _of_one(self, node: ast.Call, called: Function) -> Code:
        """Write a call with one value, the usual shape: as little as possible."""
        held, value = self._temporary(), self.emit(node.args[0])
        call = self._finished(node, called, f"_f_{called.name}({held})")
        template = called.template and self._mark(
            node, called.template.replace("{0}", held)
        )
        if value.constant == (None,):
            return Code("None", called.returns)
        if value.may_float or (template and value.kind is not Kind.TEXT):
            slow = self._finished(node, called, f"_call_one(_f_{called.name}, {held})")
            test = f"_type({held} := {value.text}) is _str"
            return Code(f"({template or call} if {test} else {slow})", called.returns)
        text = f"(None if ({held} := {value.text}) is None else {template or call})"
        return Code(text, called.returns)

    def _finished(self, node: ast.Call, called: Function, call: str) -> str:
        """Mark the call; make a float of a project's function exact."""
        if called.group == "project":
            call = f"_exact({call})"
        return self._mark(node, call)

    @staticmethod
    def _arguments(node: ast.Call) -> list[tuple[str | None, ast.expr]]:
        return [
            *((None, value) for value in node.args),
            *((word.arg, word.value) for word in node.keywords),
        ]

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"_{self._temporaries}"

    def _mark(self, node: ast.expr, text: str) -> str:
        return _marked(self._source.start(node), text)


_TEXT_OR_ANY = frozenset({Kind.TEXT, Kind.ANY})
_NAMED = str.maketrans({".": "_", "+": "p", "-": "m"})


def _missing(sign: str, left: Code) -> str:
    """Write a comparison with nothing; that of a constant is decided here."""
    if left.constant is not None:
        return str((left.constant == (None,)) is (sign == "=="))
    return f"({left.text} {'is' if sign == '==' else 'is not'} None)"


def _marked(at: int, text: str) -> str:
    return f"{START}{at}{MIDDLE}{text}{END}"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of generated code and the place in the formula it stands for."""

    start: int
    end: int
    position: int


def unmarked(text: str) -> tuple[str, tuple[Span, ...]]:
    """Take the marks out of generated code, inner spans before outer ones."""
    pieces: list[str] = []
    spans: list[Span] = []
    opened: list[tuple[int, int]] = []
    length = last = 0
    for mark in _MARKS.finditer(text):
        pieces.append(text[last : mark.start()])
        length += mark.start() - last
        last = mark.end()
        if mark[1] is not None:
            opened.append((length, int(mark[1])))
        else:
            start, position = opened.pop()
            spans.append(Span(start, length, position))
    pieces.append(text[last:])
    return "".join(pieces), tuple(spans)
