"""Cutting a stream into ranges of ids that hold about as many records each.

Ids are numbers that grow, but not evenly: imports leave gaps. So each border is looked
for by counting, which one search answers whatever the number.
"""

from collections.abc import Callable
from itertools import pairwise

from tasuki.model.record import Span

from .client import Client, rows
from .filters import Filter, above, up_to

_CLOSE = 0.05  # of a part: a border need not be exact
_MOST_LOOKS = 12


def split(
    client: Client, stream: str, filters: list[Filter], parts: int
) -> list[tuple[Span, int]]:
    """Return ranges that cover every id, with the records that each holds now."""
    total, lowest = _look(client, stream, filters, descending=False)
    _, highest = _look(client, stream, filters, descending=True)

    def count(until: int) -> int:
        found = [*filters, up_to(str(until))]
        return _look(client, stream, found, descending=False)[0]

    borders: list[tuple[int, int]] = []
    low, below = lowest - 1, 0
    for number in range(1, min(parts, max(total, 1))):
        wanted = total * number // parts
        near = max(1.0, total / parts * _CLOSE)
        low, below = _border(count, (low, below), (highest, total), wanted, near)
        borders.append((low, below))
    return _spans(borders, total)


def holds(span: Span, record_id: str) -> bool:
    """Say whether a range holds an id."""
    own = int(record_id)
    after, until = int(span.after or 0), span.until
    return own > after and (not until or own <= int(until))


def _border(
    count: Callable[[int], int],
    low: tuple[int, int],
    high: tuple[int, int],
    wanted: int,
    near: float,
) -> tuple[int, int]:
    """Return an id below which about `wanted` records lie, and how many do.

    The first guesses take the ids for evenly spread, later ones halve.
    """
    best = low
    for look in range(_MOST_LOOKS):
        (left, few), (right, many) = low, high
        if right - left < 2:  # noqa: PLR2004 - nothing lies between
            break
        share = (wanted - few) / (many - few) if look % 3 < 2 and many > few else 0.5  # noqa: PLR2004
        middle = min(max(left + int((right - left) * share), left + 1), right - 1)
        here = (middle, count(middle))
        if abs(here[1] - wanted) < abs(best[1] - wanted):
            best = here
        if abs(here[1] - wanted) <= near:
            break
        low, high = (here, high) if here[1] < wanted else (low, here)
    return best


def _spans(borders: list[tuple[int, int]], total: int) -> list[tuple[Span, int]]:
    cuts: list[tuple[str, int]] = [("", 0)]
    for record_id, below in borders:
        if below > cuts[-1][1]:
            cuts.append((str(record_id), below))
    cuts.append(("", total))
    return [
        (Span(left, right), max(0, until - before))
        for (left, before), (right, until) in pairwise(cuts)
    ]


def within(filters: list[Filter], span: Span | None) -> list[Filter]:
    """Return the filters, narrowed to a range (its lower end is the walk's own)."""
    return [*filters, up_to(span.until)] if span and span.until else filters


def _look(
    client: Client, stream: str, filters: list[Filter], *, descending: bool
) -> tuple[int, int]:
    """Return how many records there are, and the first or last id of them."""
    wanted = [*filters, above("0")]
    body, _ = client.search(stream, wanted, (), limit=1, descending=descending)
    found = rows(body)
    return int(body.get("total") or 0), int(found[0]["id"]) if found else 0
