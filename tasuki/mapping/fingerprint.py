"""One short text for a payload: equal payloads, equal text."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import blake2b

import orjson

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
_DIGEST_BYTES = 16
_MOST_INTEGER = 2**63
_NUMBER = "\x00"  # no text of a system begins so: the number 1.5 is not the text "1.5"


def canonical(value: object) -> bytes:
    """Return JSON with sorted keys in which equal numbers are written equally."""
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS)
    except TypeError:  # an integer beyond 64 bits, which orjson cannot write
        return orjson.dumps(_shortened(value), default=_plain, option=_OPTIONS)


def fingerprint(fields: Mapping[str, object]) -> str:
    """Return the fingerprint of a payload's fields.

    Example:
        >>> fingerprint({"a": Decimal("1.0")}) == fingerprint({"a": 1})
        True
    """
    return blake2b(canonical(fields), digest_size=_DIGEST_BYTES).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | set | frozenset):
        return sorted(value, key=str) if not isinstance(value, tuple) else list(value)
    raise TypeError(type(value).__name__)


def _number(value: Decimal) -> object:
    if value == value.to_integral_value() and abs(value) < _MOST_INTEGER:
        return int(value)
    return f"{_NUMBER}{value.normalize():f}"


def _shortened(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(item) for item in value]
    if isinstance(value, int) and abs(value) >= _MOST_INTEGER:
        return f"{_NUMBER}{value}"
    return value
