"""Where a read stands: our own cursor, never Salesforce's query locator."""

import json
import re
from dataclasses import dataclass, replace

from tasuki.model.errors import CursorExpiredError

_VERSION = 1
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a stream's order of change (time stamp, then id).

    Attributes:
        since: Lower bound of this read; None reads the whole stream.
        at: The last record that has been handed over: its stamp and id.
        following: Lower bound of the next read: this one's start less the look-back.
            It stays the same when a read is taken up again days later, so that
            nothing changed meanwhile is missed.
    """

    since: str | None = None
    at: tuple[str, str] | None = None
    following: str = ""

    def text(self) -> str:
        """Return the cursor."""
        return json.dumps(
            {
                "v": _VERSION,
                "since": self.since,
                "at": self.at,
                "following": self.following,
            }
        )

    def past(self, stamp: str, record_id: str) -> "Position":
        """Return the place right after a record."""
        return replace(self, at=(stamp, record_id))

    def done(self) -> "Position":
        """Return where the next read starts."""
        return Position(since=self.following)

    @classmethod
    def parse(cls, cursor: str | None, where: str) -> "Position":
        """Read a cursor; raises CursorExpiredError on any that is not ours."""
        if cursor is None:
            return cls()
        try:
            kept = json.loads(cursor)
            at = kept["at"]
            position = cls(
                kept["since"], (at[0], at[1]) if at else None, kept["following"]
            )
            known = kept["v"] == _VERSION and _is_safe(position)
        except (ValueError, KeyError, TypeError, IndexError):
            known = False
        if not known:
            raise CursorExpiredError(where, "the stored cursor cannot be read")
        return position


def _is_safe(position: Position) -> bool:
    """Say whether every part is what we write: they become part of a query."""
    moments = [position.since, position.following or None]
    if position.at:
        moments.append(position.at[0])
        if not _ID.fullmatch(position.at[1]):
            return False
    if position.since is None and position.at is None:
        return False
    return all(one is None or _MOMENT.fullmatch(one) for one in moments)
