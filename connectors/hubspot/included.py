"""Associated records, read along in batches and put under the mapping's names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tasuki.model.errors import ConfigError
from tasuki.model.record import Query, Record

from .client import ASSOCIATION_BATCH, BATCH, Client, chunks, rows

_PARENT = {
    ("contacts", "companies"),
    ("deals", "companies"),
    ("tickets", "companies"),
    ("line_items", "deals"),
}
"""Where a mapping means *the* company, although HubSpot allows several."""

_REMEMBERED = 10_000  # parents kept while one stream is read

Fields = dict[str, object]


class Included:
    """What a query's `include` asks for, for one reading of its stream.

    A relation is an object type, `companies`; `companies:first` gives one dict (the
    primary one, else the oldest) and `companies:all` a list, whatever is usual.
    """

    def __init__(self, client: Client, query: Query) -> None:
        self._client = client
        self._stream = query.stream
        where = client.where(query.stream)
        self._wanted = [
            (name, *_relation(where, query.stream, relation), fields)
            for name, (relation, fields) in query.include.items()
        ]
        self._known: dict[tuple[str, str], Fields] = {}

    def add_to(self, records: Sequence[Record]) -> None:
        """Put the associated records into these."""
        if not records:
            return
        for name, other, is_single, fields in self._wanted:
            ends = self._ends([record.id for record in records], other)
            if is_single:
                ends = {start: ids[:1] for start, ids in ends.items()}
            found = self._read(name, other, ends, fields)
            for record in records:
                near = [found[i] for i in ends.get(record.id, ()) if i in found]
                if is_single:
                    record.fields[name] = near[0] if near else None
                else:
                    record.fields[name] = near

    def _ends(self, ids: Sequence[str], other: str) -> dict[str, list[str]]:
        """Return the ids associated with each id: primary first, then oldest."""
        ends: dict[str, dict[str, bool]] = {}
        asked: list[dict[str, str]] = [{"id": one} for one in ids]
        path = self._client.paths.associations(self._stream, other)
        where = self._client.where(self._stream)
        while asked:
            batch, asked = asked[:ASSOCIATION_BATCH], asked[ASSOCIATION_BATCH:]
            body, _ = self._client.post(
                path, {"inputs": batch}, kind="read", where=where
            )
            for row in rows(body):
                start = str(row["from"]["id"])
                near = ends.setdefault(start, {})
                near.update(
                    (str(end["toObjectId"]), _is_primary(end)) for end in row["to"]
                )
                # At most 500 associations of a record come at once.
                mark = ((row.get("paging") or {}).get("next") or {}).get("after")
                if mark:
                    asked.append({"id": start, "after": str(mark)})
        return {start: _ordered(near) for start, near in ends.items()}

    def _read(
        self,
        name: str,
        other: str,
        ends: Mapping[str, Sequence[str]],
        fields: Sequence[str],
    ) -> dict[str, Fields]:
        wanted = dict.fromkeys(one for ids in ends.values() for one in ids)
        known = self._known
        found = {i: known[name, i] for i in wanted if (name, i) in known}
        missing = [one for one in wanted if one not in found]
        for chunk in chunks(missing, BATCH):
            for row in self._client.batch_read(other, chunk, fields):
                found[row["id"]] = row["properties"]
        if len(known) + len(missing) > _REMEMBERED:
            known.clear()
        known.update(((name, i), found[i]) for i in missing if i in found)
        return found


def _relation(where: str, stream: str, relation: str) -> tuple[str, bool]:
    """Return the object type, and whether one record is meant."""
    other, _, which = relation.partition(":")
    if which not in {"", "first", "all"}:
        words = f"include '{relation}' is neither '{other}:first' nor '{other}:all'"
        raise ConfigError(where, words)
    return other, which == "first" or (not which and (stream, other) in _PARENT)


def _is_primary(end: Mapping[str, Any]) -> bool:
    kinds: Iterable[Mapping[str, Any]] = end.get("associationTypes") or ()
    return any(kind.get("label") == "Primary" for kind in kinds)


def _ordered(near: Mapping[str, bool]) -> list[str]:
    return sorted(near, key=lambda one: (not near[one], int(one)))
