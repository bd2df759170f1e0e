"""Values as the board takes them: one form for instants, days, amounts and flags."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Final

from tasuki.clock import TOKYO
from tasuki.insight.leak.board import Value

_DIGEST: Final = 12
_CENTS: Final = Decimal("0.01")

HASHED: Final = frozenset({"email_key", "core_key", "domain", "billing_contact"})
"""What could name a person or a company: it is only ever compared."""

_DAYS: Final = frozenset(
    {
        *("bill_on", "close_date", "due_date", "due_on", "end_on", "issue_date"),
        *("next_step_on", "notice_on", "paid_on", "start_on", "billed_through"),
    }
)
_FLAGS: Final = frozenset(
    {
        *("auto_renew", "cancelled", "consent", "deleted", "is_closed"),
        *("is_converted", "is_won", "needs_onboarding", "owner_active"),
        *("qualified", "remote_deleted"),
    }
)
_AMOUNTS: Final = frozenset(
    {
        *("amount", "amount_excl", "amount_incl", "max_lag_minutes", "mrr", "seq"),
        *("remote_amount_incl", "tax"),
    }
)


def moment_text(moment: datetime) -> str:
    """Return an aware time as the board compares it: UTC, whole seconds.

    Example:
        >>> moment_text(datetime(2026, 4, 1, 9, 30, tzinfo=TOKYO))
        '2026-04-01T00:30:00Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def converter(column: str, key: bytes) -> Callable[[object], Value]:
    """Return what makes a board's value of a formula's.

    Args:
        column: The board's column.
        key: Keys the hashes, so that nobody can try names against them.

    Raises:
        ValueError: by what is returned: a value that the column cannot hold.
    """
    if column in HASHED:
        return lambda value: hashed(value, key)
    if column.endswith("_at"):
        return _instant
    if column in _DAYS:
        return _day
    if column in _FLAGS:
        return _flag
    if column in _AMOUNTS:
        return _amount
    return _text


def hashed(value: object, key: bytes) -> str | None:
    """Return a keyed hash of a text; nothing stays nothing, and empty stays empty."""
    if value is None or value == "":
        return None if value is None else ""
    return blake2b(str(value).encode(), key=key, digest_size=_DIGEST).hexdigest()


def _instant(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time(), TOKYO)
    else:
        text = str(value).strip()
        found = datetime.fromisoformat(text)
    if found.tzinfo is None:  # a day, or a time without a zone, is meant in Japan
        found = found.replace(tzinfo=TOKYO)
    return moment_text(found)


def _day(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(TOKYO).date().isoformat()
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    text = str(value).strip()
    if len(text) > len("2026-04-01"):
        return _day(datetime.fromisoformat(text))
    return date.fromisoformat(text).isoformat()


def _flag(value: object) -> int:
    if isinstance(value, str):
        return int(value.strip().lower() in {"true", "1", "yes"})
    return int(bool(value))


def _amount(value: object) -> int | float | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        what = "no number"
        raise ValueError(what) from None
    whole = int(number)
    return whole if whole == number else float(number.quantize(_CENTS))


def _text(value: object) -> str | None:
    if value is None or isinstance(value, Mapping | list):
        return None
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
