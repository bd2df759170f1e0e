"""Rules that can never be the reason, and rules that no record can meet together."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from tasuki.formula.reach import Demand, demands


class Shadowed(NamedTuple):
    """What a rule can never do, beside those before it.

    Attributes:
        kind: `always`: it holds whatever comes; `implied`: those before it make sure
            of it; `impossible`: with them, nothing is left that could meet it.
        reason: The rule.
        by: The earlier rule; "" for none.
        field: The field that cannot have two values at once.
    """

    kind: Literal["always", "implied", "impossible"]
    reason: str
    by: str = ""
    field: str = ""


def shadowed(rules: Sequence[tuple[str, str]]) -> list[Shadowed]:
    """Judge the rules of `qualify` one after the other.

    Args:
        rules: Reason and condition, in their order.

    Example:
        >>> shadowed([("a", 'x == "1" and y > 2'), ("b", "y > 2"), ("c", 'x == "2"')])
        ... # doctest: +NORMALIZE_WHITESPACE
        [Shadowed(kind='implied', reason='b', by='a', field=''),
         Shadowed(kind='impossible', reason='c', by='a', field='x')]
    """
    found: list[Shadowed] = []
    asked: dict[str, str] = {}
    left: dict[str, tuple[frozenset[str], str]] = {}
    for reason, text in rules:
        parts = demands(text)
        told = _of_rule(reason, parts, asked, left)
        if told is not None:
            found.append(told)
        for part in parts:
            asked.setdefault(part.form, reason)
            if part.field:
                values, _ = left.get(part.field, (part.values, reason))
                left[part.field] = (values & part.values or part.values, reason)
    return found


def _of_rule(
    reason: str,
    parts: Sequence[Demand],
    asked: dict[str, str],
    left: dict[str, tuple[frozenset[str], str]],
) -> Shadowed | None:
    for part in parts:
        values, by = left.get(part.field, (frozenset(), ""))
        if part.field and by and not values & part.values:
            return Shadowed("impossible", reason, by, part.field)
    if all(part.is_true for part in parts):
        return Shadowed("always", reason)
    earlier = [_implied_by(part, asked, left) for part in parts]
    return Shadowed("implied", reason, earlier[-1]) if all(earlier) else None


def _implied_by(
    part: Demand,
    asked: dict[str, str],
    left: dict[str, tuple[frozenset[str], str]],
) -> str:
    """Return the earlier rule that makes sure of a part; "" for none."""
    if part.form in asked:
        return asked[part.form]
    values, by = left.get(part.field, (frozenset(), ""))
    return by if part.field and values and values <= part.values else ""
