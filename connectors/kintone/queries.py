"""kintone's query language: conditions of ours, and those of a mapping's `where`."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from tasuki.model.errors import ConfigError

from .values import ID

_NOT_OURS = re.compile(r"(?i)\b(order\s+by|limit|offset)\b")
_TEXTS = re.compile(r'"(?:[^"\\]|\\.)*"')
_WHERE = (
    'Write kintone\'s conditions alone, such as `where: ステータス in ("受注")`; the '
    "order of reading is Tasuki's."
)


def parse_where(where: str, condition: object) -> str:
    """Return a mapping's `where` as a condition, "" where it has none.

    Raises:
        ConfigError: it is no text, or orders and limits what is read.
    """
    if condition is None:
        return ""
    if not isinstance(condition, str):
        raise ConfigError(where, "`where` is no query of kintone", _WHERE)
    bare = _TEXTS.sub('""', condition)
    if _NOT_OURS.search(bare):
        raise ConfigError(where, "`where` orders or limits what is read", _WHERE)
    if bare.count("(") != bare.count(")") or bare.count('"') % 2:
        raise ConfigError(where, "`where` has an open bracket or quote", _WHERE)
    return f"({condition.strip()})" if condition.strip() else ""


def quoted(text: str) -> str:
    r"""Return a text as a query has it.

    >>> quoted('a"b')
    '"a\\"b"'
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def above(record_id: int) -> str:
    """Return the condition for records after a number."""
    return f"{ID} > {record_id}"


def one_of(code: str, values: Iterable[str]) -> str:
    """Return the condition for records with one of these values."""
    return f"{code} in ({', '.join(map(quoted, values))})"


def changed_since(code: str, moment: datetime) -> str:
    """Return the condition for records changed at a minute or later."""
    stamp = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00Z")
    return f'{code} >= "{stamp}"'


def in_order(conditions: Sequence[str], limit: int) -> str:
    """Return a query: the first records by number for which all of them hold."""
    held = " and ".join(one for one in conditions if one)
    return f"{held} order by {ID} asc limit {limit}".strip()
