"""Moments as people write them: a day, a time, "3 days"; days are those of Tokyo."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tasuki.model.errors import ConfigError

_AGO = re.compile(
    r"(\d{1,5})\s*(minute|hour|day|week|分|時間|日|週間)s?(?:\s+ago|前)?", re.IGNORECASE
)
_UNITS = {
    "minute": "minutes", "分": "minutes", "hour": "hours", "時間": "hours",
    "day": "days", "日": "days", "week": "weeks", "週間": "weeks",
}  # fmt: skip
_WHOLE_DAYS = frozenset({"days", "weeks"})
_HOW = 'Write 2026-04-01, 2026-04-01T09:00, or "3 days".'


def moment_of(text: str, now: datetime, where: str = "--since") -> datetime:
    """Return the moment that a person means.

    Days and weeks are whole days of Tokyo: "3 days" begins at midnight three days ago.

    Raises:
        ConfigError: it is no moment, or lies ahead.

    Example:
        >>> from datetime import UTC
        >>> now = datetime(2026, 4, 10, 20, 30, tzinfo=UTC)  # the 11th in Tokyo
        >>> moment_of("3 days", now).isoformat()
        '2026-04-08T00:00:00+09:00'
        >>> moment_of("2026-04-01", now).isoformat()
        '2026-04-01T00:00:00+09:00'
    """
    from tasuki.clock import TOKYO

    written = text.strip()
    ago = _AGO.fullmatch(written)
    try:
        if ago is not None:
            moment = _before(int(ago[1]), _UNITS[ago[2].lower()], now.astimezone(TOKYO))
        else:
            moment = datetime.fromisoformat(written)
    except (ValueError, OverflowError):
        raise ConfigError(where, f"'{text}' is no day and no time", _HOW) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=TOKYO)
    if moment > now:
        raise ConfigError(where, f"'{text}' lies ahead", _HOW)
    return moment


def _before(count: int, unit: str, now: datetime) -> datetime:
    moment = now - timedelta(**{unit: count})
    if unit in _WHOLE_DAYS:
        return moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment
