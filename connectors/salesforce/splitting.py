"""Cutting an object into ranges of ids that hold about as many records each.

An id's first fifteen characters are a number in base 62 that grows with every record
of its pod; between pods, and after imports, lie gaps. So borders are looked for by
counting (`COUNT()` with a range on Id runs on the primary key).
"""

from collections.abc import Callable
from itertools import pairwise

from tasuki.model.record import Query, Span

from . import soql
from .client import Client, page

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 15
_CLOSE = 0.05  # of a part: a border need not be exact
_MOST_LOOKS = 16


def split(
    client: Client, query: Query, condition: str, parts: int
) -> list[tuple[Span, int]]:
    """Return ranges that cover every id, with the records that each holds now."""
    stream = query.stream

    def count(until: int) -> int:
        return _count(client, stream, [f"Id <= '{_text(until)}'", condition])

    total = _count(client, stream, [condition])
    if parts == 1 or total < parts:
        return [(Span(), total)]
    low = (_edge(client, stream, condition, "ASC") - 1, 0)
    high = (_edge(client, stream, condition, "DESC"), total)
    cuts: list[tuple[str, int]] = [("", 0)]
    for number in range(1, parts):
        low = _border(count, low, high, total * number // parts, total / parts)
        if low[1] > cuts[-1][1]:
            cuts.append((_text(low[0]), low[1]))
    cuts.append(("", total))
    return [
        (Span(left, right), max(0, until - before))
        for (left, before), (right, until) in pairwise(cuts)
    ]


def holds(span: Span, record_id: str) -> bool:
    """Say whether a range holds an id (ASCII has the order of base 62)."""
    own = record_id[:_LENGTH]
    return own > span.after and (not span.until or own <= span.until)


def within(span: Span | None) -> list[str]:
    """Return a range as conditions."""
    if span is None:
        return []
    low = [f"Id > {soql.text(span.after)}"] if span.after else []
    return [*low, *([f"Id <= {soql.text(span.until)}"] if span.until else [])]


def _border(
    count: Callable[[int], int],
    low: tuple[int, int],
    high: tuple[int, int],
    wanted: int,
    size: float,
) -> tuple[int, int]:
    """Return an id up to which about `wanted` records lie, and how many do."""
    best = low
    for look in range(_MOST_LOOKS):
        (left, few), (right, many) = low, high
        if right - left < 2:  # noqa: PLR2004 - nothing lies between
            break
        even = look % 3 < 2 and many > few  # noqa: PLR2004 - every third look halves
        step = (right - left) * (wanted - few) // (many - few) if even else 0
        step = step or (right - left) // 2
        middle = min(max(left + step, left + 1), right - 1)
        here = (middle, count(middle))
        if abs(here[1] - wanted) < abs(best[1] - wanted):
            best = here
        if abs(here[1] - wanted) <= max(1.0, size * _CLOSE):
            break
        low, high = (here, high) if here[1] < wanted else (low, here)
    return best


def _count(client: Client, stream: str, conditions: list[str]) -> int:
    query = f"{soql.select('COUNT()', stream)}{_where(conditions)}"
    answer = client.query(query, stream, kind="read")
    body = answer.body
    return int(body.get("totalSize") or 0) if isinstance(body, dict) else 0


def _edge(client: Client, stream: str, condition: str, order: str) -> int:
    head = soql.select("Id", stream)
    query = f"{head}{_where([condition])} ORDER BY Id {order} LIMIT 1"
    found = page(client.query(query, stream, kind="read").body).records
    return _number(str(found[0]["Id"])) if found else 0


def _where(conditions: list[str]) -> str:
    said = [one if one.startswith("Id ") else f"({one})" for one in conditions if one]
    return f" WHERE {' AND '.join(said)}" if said else ""


def _number(record_id: str) -> int:
    value = 0
    for letter in record_id[:_LENGTH]:
        value = value * len(_DIGITS) + _DIGITS.index(letter)
    return value


def _text(number: int) -> str:
    letters = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        letters.append(_DIGITS[digit])
    return "".join(reversed(letters))
