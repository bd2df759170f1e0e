"""What HubSpot remembers of properties: each value they had, and since when."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasuki.model.record import Change

from .client import Client, chunks
from .position import moment

HISTORY_BATCH = 50  # records in a call that asks for history
_AUTHORS = ("updatedByUserId", "sourceId")


def changes_of(
    client: Client, stream: str, ids: Sequence[str], tracked: Sequence[str]
) -> Iterator[Change]:
    """Yield every value that these records had; a call for 50 of them."""
    for chunk in chunks(list(dict.fromkeys(ids)), HISTORY_BATCH):
        for row in client.batch_read(stream, chunk, (), history=tracked):
            for name, told in (row.get("propertiesWithHistory") or {}).items():
                yield from _values(str(row["id"]), name, told)


def _values(
    record_id: str, name: str, told: Sequence[Mapping[str, Any]]
) -> Iterator[Change]:
    for one in told:
        since = str(one["timestamp"])
        at = moment(since)
        if at is not None:
            value = str(one.get("value") or "")
            own = f"{record_id}:{name}:{since}:{value}"
            yield Change(own, record_id, name, value, at, _author(one))


def _author(one: Mapping[str, Any]) -> str:
    """Return the user who set a value; a name in `sourceId` is an address, no id."""
    for name in _AUTHORS:
        text = str(one.get(name) or "").removeprefix("userId:")
        if text.isdecimal():
            return text
    return ""
