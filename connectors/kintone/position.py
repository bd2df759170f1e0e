"""How far a stream has been read: the text between two runs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from tasuki.model.errors import CursorExpiredError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a stream.

    Attributes:
        mode: `walk` is a place inside a reading, `since` is its end.
        since: When the reading began: the next one starts there, less the overlap.
        after: `walk`: the last record number read.
        floor: `walk`: only records changed since then; None for all.
    """

    mode: str
    since: datetime
    after: int = 0
    floor: datetime | None = None

    def __str__(self) -> str:
        parts: dict[str, object] = {"v": _VERSION, "mode": self.mode}
        parts["since"] = self.since.isoformat()
        if self.mode == "walk":
            parts["after"] = self.after
        if self.floor is not None:
            parts["floor"] = self.floor.isoformat()
        return orjson.dumps(parts).decode()


def parse_position(where: str, text: str) -> Position:
    """Read a cursor.

    Raises:
        CursorExpiredError: it is not one of ours.
    """
    try:
        return _position(orjson.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        words = "the stored cursor is not one of this connector"
        raise CursorExpiredError(where, words) from error


def _position(parts: Any) -> Position:  # noqa: ANN401 - whatever JSON held
    mode, since = parts["mode"], _time(parts["since"])
    after = parts.get("after", 0)
    floor = _time(parts["floor"]) if "floor" in parts else None
    known = parts["v"] == _VERSION and mode in {"walk", "since"}
    if not (known and isinstance(after, int) and not isinstance(after, bool)):
        raise ValueError(mode)
    return Position(mode, since, after, floor)


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def floor_of(since: datetime, overlap_seconds: int) -> datetime:
    """Return where reading changes begins: kintone cuts 更新日時 to the minute.

    >>> from datetime import UTC
    >>> floor_of(datetime(2026, 11, 22, 9, 5, 30, tzinfo=UTC), 120).isoformat()
    '2026-11-22T09:03:00+00:00'
    """
    early = since - timedelta(seconds=overlap_seconds)
    return early.replace(second=0, microsecond=0)
