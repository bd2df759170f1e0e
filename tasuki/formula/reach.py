"""What a formula can give and whether it can hold, read off without any record.

Picklists have few values, so a condition on one can be judged beforehand: a value that
the list does not have is a slip of the pen, or one that somebody removed over there.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tasuki.formula.nodes import Source, constant
from tasuki.formula.scan import Scan

Options = Mapping[str, frozenset[str]]
"""For each field that is a picklist, its values."""


class Compared(NamedTuple):
    """A field compared with a text, and where the text stands in the formula."""

    field: str
    value: str
    position: int


class Literal(NamedTuple):
    """A text that the formula may give as it stands there."""

    value: object
    position: int


def literals(text: str) -> Iterator[Literal]:
    """Yield the constants that a formula may give: branches of `if`, of `first(…)`."""
    source = Source(Scan(text))
    yield from _results(source.parse(), source)


def compared(text: str) -> Iterator[Compared]:
    """Yield every comparison of a plain field with a text: `==`, `!=`, `in [...]`."""
    source = Source(Scan(text))
    for node in ast.walk(source.parse()):
        if isinstance(node, ast.Compare):
            yield from _compared(node, source)


def can_hold(text: str, options: Options) -> bool:
    """Say whether some record may meet this condition; True wherever it is not known.

    Args:
        text: The condition.
        options: The values of those fields that are picklists.
    """
    source = Source(Scan(text))
    return _may(source.parse(), source, options)


class Demand(NamedTuple):
    """One part of a condition, of those that must all hold.

    Attributes:
        form: The same for parts that ask the same, however they are spaced.
        field: The field that must have one of `values`; "" for any other question.
        values: These texts.
        is_true: It holds whatever the record says.
    """

    form: str
    field: str = ""
    values: frozenset[str] = frozenset()
    is_true: bool = False


def demands(text: str) -> list[Demand]:
    """Return the parts of a condition that must all hold, in their order."""
    source = Source(Scan(text))
    return [_demand(each, source) for each in _parts(source.parse())]


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for each in node.values:
            yield from _parts(each)
    else:
        yield node


def _demand(node: ast.expr, source: Source) -> Demand:
    form = ast.dump(node)
    known = constant(node, source)
    if known is not None:
        return Demand(form, is_true=bool(known[0]))
    if not (isinstance(node, ast.Compare) and len(node.ops) == 1):
        return Demand(form)
    path, other = source.path(node.left), node.comparators[0]
    values: list[ast.expr] = [other]
    operator: type[ast.cmpop] = ast.Eq
    if isinstance(other, ast.List | ast.Tuple):
        values, operator = other.elts, ast.In
    if path is None or not isinstance(node.ops[0], operator):
        return Demand(form)
    found = [constant(each, source) for each in values]
    texts = [one[0] for one in found if one is not None and isinstance(one[0], str)]
    if len(texts) < len(found) or not all(texts):
        return Demand(form)  # what it is compared with is not known, or may be blank
    return Demand(form, ".".join(path), frozenset(texts))


def _results(node: ast.expr, source: Source) -> Iterator[Literal]:
    known = constant(node, source)
    if known is not None:
        yield Literal(known[0], source.start(node))
    elif isinstance(node, ast.IfExp):
        yield from _results(node.body, source)
        yield from _results(node.orelse, source)
    elif isinstance(node, ast.Call) and source.path(node.func) == ["first"]:
        for argument in node.args:
            yield from _results(argument, source)


def _compared(node: ast.Compare, source: Source) -> Iterator[Compared]:
    path = source.path(node.left)
    if path is None or len(node.ops) != 1:
        return
    other = node.comparators[0]
    values = other.elts if isinstance(other, ast.List | ast.Tuple) else [other]
    if isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
        for each in values:
            known = constant(each, source)
            if known is not None and isinstance(known[0], str) and known[0]:
                yield Compared(".".join(path), known[0], source.start(each))


def _may(node: ast.expr, source: Source, options: Options) -> bool:
    if isinstance(node, ast.BoolOp):
        of_all = all if isinstance(node.op, ast.And) else any
        return of_all(_may(each, source, options) for each in node.values)
    known = constant(node, source)
    if known is not None:
        return bool(known[0])
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _may_equal(node, source, options)
    return True


def _may_equal(node: ast.Compare, source: Source, options: Options) -> bool:
    """Judge `field == "text"` and `field in ["a", "b"]`."""
    path = source.path(node.left)
    of_field = options.get(".".join(path)) if path else None
    if not of_field or not isinstance(node.ops[0], ast.Eq | ast.In):
        return True
    other = node.comparators[0]
    if isinstance(other, ast.List | ast.Tuple):
        known = [constant(each, source) for each in other.elts]
    elif isinstance(node.ops[0], ast.Eq):
        known = [constant(other, source)]
    else:
        return True  # a list that is made elsewhere
    return any(
        one is None or not isinstance(one[0], str) or one[0] in of_field
        for one in known
    )
