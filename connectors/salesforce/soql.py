"""Writing SOQL: names checked, values escaped, lists cut to what a URL carries."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from tasuki.model.errors import ConfigError

# Salesforce answers 414 or 431 from about 16 kB of URL and headers on.
URL_BUDGET = 14_000
VALUES = 200

_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_PATH = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)*", re.ASCII)
_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\b": "\\b",
        "\f": "\\f",
    }
)


def text(value: str) -> str:
    """Return a string literal; nothing in `value` can end it."""
    return f"'{value.translate(_ESCAPES)}'"


def name(value: str, where: str) -> str:
    """Return an object's, field's or relationship's name, checked."""
    if not _NAME.fullmatch(value):
        raise ConfigError(where, f"'{value}' is no name of an object or field")
    return value


def path(value: str, where: str) -> str:
    """Return a field name that may go through parents (`Account.Name`), checked."""
    if not _PATH.fullmatch(value):
        raise ConfigError(where, f"'{value}' is no name of a Salesforce field")
    return value


def select(listed: str, stream: str) -> str:
    """Return the beginning of a query; both parts must have been checked."""
    return f"SELECT {listed} FROM {stream}"  # noqa: S608 - see `name`, `path`, `text`


def columns(*groups: Iterable[str]) -> str:
    """Return a SELECT list; a name given twice would be MALFORMED_QUERY."""
    seen: dict[str, str] = {}
    for group in groups:
        for one in group:
            seen.setdefault(one.casefold(), one)
    return ", ".join(seen.values())


def moment(value: datetime) -> str:
    """Return a dateTime literal, in UTC with milliseconds."""
    at = value.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def stamp(value: str) -> datetime:
    """Read a dateTime as answers and cursors spell it."""
    return datetime.fromisoformat(value)


def chunks(literals: Sequence[str], fixed: str) -> Iterator[Sequence[str]]:
    """Cut literals so that `fixed` plus each part stays within a URL."""
    budget = URL_BUDGET - len(quote(fixed))
    start, spent = 0, 0
    for index, literal in enumerate(literals):
        cost = len(quote(literal)) + 6  # ", " encoded
        if index > start and (spent + cost > budget or index - start >= VALUES):
            yield literals[start:index]
            start, spent = index, 0
        spent += cost
    if start < len(literals):
        yield literals[start:]
