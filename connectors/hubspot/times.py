"""When properties changed, as HubSpot's history of each of them tells."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .client import Client, chunks
from .past import HISTORY_BATCH
from .source import not_found


def changed_at(
    client: Client, stream: str, ids: Sequence[str], fields: Sequence[str]
) -> dict[str, dict[str, datetime]]:
    """Return when each property last changed, by the ids that were asked for.

    A property without history says when its record changed.
    """
    found: dict[str, dict[str, datetime]] = {}
    for chunk in chunks(list(dict.fromkeys(ids)), HISTORY_BATCH):
        rows = client.batch_read(stream, chunk, (), history=fields, kind="look-up")
        near = {row["id"]: _times(row, fields) for row in rows}
        found.update((one, near[one]) for one in chunk if one in near)
        for asked, survivor in not_found(chunk, rows).items():
            if survivor in near:
                found[asked] = near[survivor]
    return found


def _times(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, datetime]:
    history = row.get("propertiesWithHistory") or {}
    changed = datetime.fromisoformat(row["updatedAt"])
    times: dict[str, datetime] = {}
    for name in fields:
        past = history.get(name) or ()
        told = [datetime.fromisoformat(one["timestamp"]) for one in past]
        times[name] = max(told, default=changed)
    return times
