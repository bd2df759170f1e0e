"""Who is whom after merges: chains are followed, circles have one survivor."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple


class Merged(NamedTuple):
    """A subject that goes on as another since a moment."""

    subject: str
    into: str
    at: datetime


def survivors(merges: Iterable[Merged]) -> dict[str, str]:
    """Return, for each merged subject, the one that goes on.

    The last merge of a subject counts, wherever in the list it stands. Subjects that
    were merged in a circle go on as the first of them by name.

    Example:
        >>> day = datetime(2026, 4, 1)
        >>> survivors([Merged("a", "b", day), Merged("b", "c", day)])
        {'a': 'c', 'b': 'c'}
        >>> survivors([Merged("a", "b", day), Merged("b", "a", day)])
        {'b': 'a'}
    """
    last: dict[str, Merged] = {}
    for one in merges:
        if one.into and one.into != one.subject:
            before = last.get(one.subject)
            if before is None or (one.at, one.into) > (before.at, before.into):
                last[one.subject] = one
    step = {subject: one.into for subject, one in last.items()}
    ends: dict[str, str] = {}
    for subject in sorted(step):
        _follow(subject, step, ends)
    return {subject: end for subject, end in ends.items() if end != subject}


def _follow(subject: str, step: Mapping[str, str], ends: dict[str, str]) -> None:
    """Walk to the end of a chain, and note it for everyone on the way."""
    path: list[str] = []
    on_path: set[str] = set()
    here = subject
    while here in step and here not in ends and here not in on_path:
        path.append(here)
        on_path.add(here)
        here = step[here]
    circle = path[path.index(here) :] if here in on_path else []
    end = min(circle, default=ends.get(here, here))
    for one in path:
        ends[one] = end
