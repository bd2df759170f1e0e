"""Payloads and vendors' words made fit for people's eyes: personal data as `***`.

Personal is what a mapping says (`pii:`), and by its kind what nobody has to say:
addresses of mail and telephone numbers, wherever they stand.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from tasuki.mapping import CompiledMapping
from tasuki.mapping.personal import is_personal

HIDDEN = "***"
_MAIL = re.compile(r"[^\s@,;:<>()\"'「」=]+@[^\s@,;:<>()\"'「」=]+\.[A-Za-z]{2,}")
_PHONE = re.compile(
    r"(?<![\w-])(?:\+81[-\s]?|0)\d{1,4}[-\s]\d{1,4}[-\s]\d{3,4}(?![\w-])"
)
_SHORTEST = 3  # a shorter value stands in too many words by chance


def masked(mapping: CompiledMapping, fields: Mapping[str, object]) -> dict[str, object]:
    """Return a payload fit for people's eyes."""
    return {name: _masked(name, value, mapping.pii) for name, value in fields.items()}


def masked_source(
    mapping: CompiledMapping, fields: Mapping[str, object]
) -> dict[str, object]:
    """Return fields of the source fit for people's eyes."""
    names = {name for name in fields if mapping.is_personal(name)}
    return {name: _masked(name, value, names) for name, value in fields.items()}


def _masked(name: str, value: object, personal: Collection[str]) -> object:
    if value is None:
        return None
    if name in personal:
        return HIDDEN
    if isinstance(value, str):
        return without_kinds(value)
    if isinstance(value, Mapping):
        hidden = {*personal, *filter(is_personal, map(str, value))}
        return {key: _masked(str(key), one, hidden) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked("", one, personal) for one in value]
    return value


def without_kinds(words: str) -> str:
    """Return a text without what is personal by its kind.

    Example:
        >>> without_kinds("duplicate: taro@example.co.jp, 03-1234-5678")
        'duplicate: ***, ***'
    """
    return _PHONE.sub(HIDDEN, _MAIL.sub(HIDDEN, words))


def masked_words(
    mapping: CompiledMapping, fields: Mapping[str, object], words: str
) -> str:
    """Return a system's words without the personal values that were sent to it."""
    for value in sorted(set(_personal(fields, mapping.pii)), key=len, reverse=True):
        words = words.replace(value, HIDDEN)
    return without_kinds(words)


def _personal(fields: Mapping[str, object], names: Collection[str]) -> Iterator[str]:
    for name, value in fields.items():
        if isinstance(value, str) and name in names and len(value) >= _SHORTEST:
            yield value
        elif isinstance(value, Mapping):
            yield from _personal(value, names)
        elif isinstance(value, (list, tuple)):
            for one in value:
                if isinstance(one, Mapping):
                    yield from _personal(one, names)
