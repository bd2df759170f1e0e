"""Reading vendors' answers: what is common to all of them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import orjson

_WORDS = 300  # of a vendor's answer in a message
_ADDRESS = re.compile(r"[^\s\"'<>:,;\[\]()]+@[^\s\"'<>,;\[\]()]+")


def shorten(words: str) -> str:
    """Return a vendor's words fit for a message: one line, bounded."""
    line = " ".join(words.split())
    return line if len(line) <= _WORDS else line[: _WORDS - 1] + "…"


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds a `Retry-After` header asks for (RFC 9110 §10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value)
        told = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - told.astimezone(UTC)).total_seconds())


def object_of(response: httpx.Response) -> Mapping[str, object]:
    """Return the JSON object of an answer, {} where it is none."""
    try:
        body = orjson.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def told_at(headers: Mapping[str, str], asked: datetime) -> datetime:
    """Return when a vendor answered, by the earlier of its clock and ours.

    A local clock that is ahead would otherwise put changes behind the cursor.
    """
    try:
        told = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return asked
    return min(told, asked) if told.tzinfo else asked


def without_addresses(words: str) -> str:
    """Return a vendor's words without the e-mail addresses it quotes."""
    return _ADDRESS.sub("(address)", words)
