"""How far a stream has been read: the text between two runs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from tasuki.model.errors import CursorExpiredError

_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a stream.

    Attributes:
        mode: `list` and `search` are places inside a reading, `since` is its end.
        since: When the reading began (epoch ms): the next one starts there, less
            the time that HubSpot's index may be late.
        after: `list`: HubSpot's own paging mark. `search`: the last id read.
        floor: `search`: only records changed since then (epoch ms); None for all.
    """

    mode: str
    since: int
    after: str = ""
    floor: int | None = None

    def __str__(self) -> str:
        parts: dict[str, object] = {"v": _VERSION, "mode": self.mode}
        parts["since"] = self.since
        if self.after:
            parts["after"] = self.after
        if self.floor is not None:
            parts["floor"] = self.floor
        return orjson.dumps(parts).decode()


def parse_position(where: str, text: str) -> Position:
    """Read a cursor.

    Raises:
        CursorExpiredError: it is not one of ours.
    """
    try:
        parts = orjson.loads(text)
        position = _position(parts)
    except (ValueError, TypeError, KeyError) as error:
        words = "the stored cursor is not one of this connector"
        raise CursorExpiredError(where, words) from error
    return position


def _position(parts: Any) -> Position:  # noqa: ANN401 - whatever JSON held
    mode, since = parts["mode"], parts["since"]
    after, floor = parts.get("after", ""), parts.get("floor")
    sound = (
        parts["v"] == _VERSION
        and mode in {"list", "search", "since"}
        and isinstance(since, int)
        and isinstance(after, str)
        and (floor is None or isinstance(floor, int))
        and (mode != "search" or after.isdecimal())
    )
    if not sound:
        raise ValueError(mode)
    return Position(mode, since, after, floor)


def milliseconds(moment: datetime) -> int:
    """Return a moment as HubSpot's filters want it.

    >>> milliseconds(datetime(1970, 1, 1, 0, 0, 1, 250_000, tzinfo=UTC))
    1250
    """
    return (moment - _EPOCH) // _MILLISECOND


def moment(text: str | None) -> datetime | None:
    """Return HubSpot's `2026-11-22T01:02:03.456Z` as an aware time.

    >>> moment("2026-11-22T01:02:03.456Z").isoformat()
    '2026-11-22T01:02:03.456000+00:00'
    """
    return datetime.fromisoformat(text) if text else None
