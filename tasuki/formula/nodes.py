"""Positions and names of a parsed formula, in characters of its own text."""

import ast
from decimal import Decimal

from tasuki.formula.scan import Scan

CONSTANT_NAMES = {"true": True, "false": False, "null": None}


class Source:
    """A formula beside its syntax tree; Python counts bytes, people characters."""

    def __init__(self, scan: Scan) -> None:
        self.text = scan.text
        self._line = scan.line.strip(" ")
        self._shift = len(scan.line) - len(scan.line.lstrip(" "))
        self._bytes = None if self._line.isascii() else self._line.encode()

    def parse(self) -> ast.expr:
        """Parse the formula as one Python expression."""
        return ast.parse(self._line, mode="eval").body

    def start(self, node: ast.expr) -> int:
        """Return where a value begins."""
        return self.at(node.col_offset)

    def end(self, node: ast.expr) -> int:
        """Return where a value ends."""
        return self.at(node.end_col_offset or 0)

    def at(self, offset: int) -> int:
        """Return the character of the formula at one of Python's byte offsets."""
        if self._bytes is None:
            return self._shift + offset
        return self._shift + len(self._bytes[:offset].decode())

    def written(self, node: ast.expr) -> str:
        """Return a value as it was written."""
        return self.text[self.start(node) : self.end(node)]

    def operator(self, left: ast.expr, right: ast.expr) -> int:
        """Return where the operator between two values is written."""
        between = self.text[self.end(left) : self.start(right)]
        return self.end(left) + len(between) - len(between.lstrip(") \t\r\n"))

    def path(self, node: ast.expr) -> list[str] | None:
        """Return the names of a dotted path, outermost first; None for other values.

        Names are taken from the text: Python would turn half-width katakana and
        full-width letters of a kintone field code into other characters.
        """
        parts: list[str] = []
        while isinstance(node, ast.Attribute):  # a loop: there may be a thousand
            name = self.text[self.end(node.value) : self.end(node)].strip(") .\t\r\n")
            parts.append(name)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        return [self.written(node), *reversed(parts)]

    def number(self, node: ast.Constant) -> int | Decimal:
        """Return a number as written: exact, where Python's own would be a float."""
        if isinstance(node.value, int):
            return node.value
        return Decimal(self.written(node))


def constant(node: ast.expr, source: Source) -> tuple[object] | None:
    """Return the constant a value is, in a tuple of one; None if it is no constant."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return (source.number(node),)
        return (node.value,)
    if isinstance(node, ast.Name) and source.written(node) in CONSTANT_NAMES:
        return (CONSTANT_NAMES[source.written(node)],)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = constant(node.operand, source)
        if inner and type(inner[0]) in (int, Decimal):
            return (-inner[0],)  # type: ignore[operator]
    return None
