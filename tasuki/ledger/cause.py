"""Dead letters of one cause as one line: their words without ids and values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

from tasuki.ledger.rows import CauseCount, DeadLetterRow

_GAP = "…"
_MAIL = re.compile(r"[^\s@,;:<>()\"'「」=]+@[^\s@,;:<>()\"'「」=]+")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"|「([^」]*)」")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_.]*")
# An id: letters and digits mixed, or digits alone, however they are joined.
_PART = r"[A-Za-z0-9_-]*\d[A-Za-z0-9_-]*"
_ID = re.compile(rf"(?<![A-Za-z_]){_PART}(?:[.,:/]{_PART})*")
_SHORTEST = 2


def gist(words: str, payload: Mapping[str, object] | None = None) -> str:
    """Return what a system's words say, whoever they say it about.

    Field names stay: they are what the cause is about.

    Example:
        >>> gist("duplicate value found: Code__c on record 00Q5g00000AbCdE", {})
        'duplicate value found: Code__c on record …'
        >>> gist("'Tokyo' is no state", {"State": "Tokyo"})
        '… is no state'
    """
    values = set(_values(payload or {})) - set(payload or ())
    for value in sorted(values, key=len, reverse=True):
        words = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", _GAP, words)
    words = _QUOTED.sub(_unquoted, words.replace("***", _GAP))
    words = _ID.sub(_GAP, _MAIL.sub(_GAP, words))
    return re.sub(rf"{_GAP}(\s*{_GAP})*", _GAP, " ".join(words.split()))


def _unquoted(found: re.Match[str]) -> str:
    """Keep a quoted field name; leave anything else out."""
    inner = next(one for one in found.groups() if one is not None)
    return found[0] if _NAME.fullmatch(inner) else _GAP


def _values(value: object) -> Iterator[str]:
    """Yield the texts of a payload that may be quoted in an answer."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _values(one)
    elif isinstance(value, list):
        for one in value:
            yield from _values(one)
    elif isinstance(value, str) and len(value) >= _SHORTEST:
        yield value


def group_of(row: DeadLetterRow) -> str:
    """Return the short name of a letter's cause, equal for all letters of it."""
    return _named(row.sync, row.cause, gist(row.words, row.payload))


def _named(sync: str, cause: str, words: str) -> str:
    text = f"{sync}\0{cause}\0{words}"
    return blake2b(text.encode(), digest_size=4).hexdigest()


def grouped(rows: Iterable[DeadLetterRow]) -> list[CauseCount]:
    """Return the causes of these letters, the most frequent first."""
    found: dict[tuple[str, str, str], list[DeadLetterRow]] = {}
    for row in rows:
        key = row.sync, row.cause, gist(row.words, row.payload)
        found.setdefault(key, []).append(row)
    causes = [
        CauseCount(
            sync,
            cause,
            len(some),
            words if len(some) > 1 else some[0].words,
            some[-1].remedy,
            min(row.first_at for row in some),
            max(row.last_at for row in some),
            _named(sync, cause, words),
        )
        for (sync, cause, words), some in found.items()
    ]
    return sorted(causes, key=lambda one: (-one.times, one.sync, one.cause, one.words))
