"""Finding HubSpot records by their values, or by id."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasuki.model.write import Candidate

from .client import BATCH, Client, chunks, rows
from .filters import above, one_of
from .properties import Properties
from .source import MERGED, is_last, last_id, not_found

_OTHER_ADDRESSES = "hs_additional_emails"
_LONGEST_BODY = 2_400
"""Characters of values in one search: HubSpot refuses bodies above 3,000."""


class Lookup:
    """Look-ups of one connection."""

    def __init__(self, client: Client, properties: Properties) -> None:
        self._client = client
        self._properties = properties

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return the records whose property equals each value, without case."""
        asked: dict[str, list[str]] = {}
        for value in dict.fromkeys(values):
            if value:
                asked.setdefault(value.casefold(), []).append(value)
        unique = [spellings[0] for spellings in asked.values()]
        if field == "hs_object_id":
            numbers = [value for value in unique if value.isdecimal()]
            rows_found = self._read(stream, numbers, [field], "")
        elif self._is_unique(stream, field):
            extra = [_OTHER_ADDRESSES] if field == "email" else []
            rows_found = self._read(stream, unique, [field, *extra], field)
        else:
            rows_found = self._search(stream, field, unique)
        found: dict[str, list[Candidate]] = {}
        for row in rows_found:
            for value in _values(row, field):
                for spelling in asked.get(value.casefold(), ()):
                    candidate = Candidate(row["id"], stream, row["properties"])
                    found.setdefault(spelling, []).append(candidate)
        return found

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values of records by the ids they were asked by."""
        wanted = [*dict.fromkeys((*fields, MERGED))]
        present: dict[str, Mapping[str, object]] = {}
        for chunk in chunks(list(dict.fromkeys(ids)), BATCH):
            found = self._client.batch_read(stream, chunk, wanted, kind="look-up")
            near = {row["id"]: _only(row["properties"], fields) for row in found}
            present.update((one, near[one]) for one in chunk if one in near)
            for asked, survivor in not_found(chunk, found).items():
                if survivor in near:
                    present[asked] = near[survivor]
        return present

    def _is_unique(self, stream: str, field: str) -> bool:
        contacts_email = stream == "contacts" and field == "email"
        return contacts_email or self._properties.is_unique(stream, field)

    def _read(
        self, stream: str, values: Sequence[str], fields: Sequence[str], key: str
    ) -> Iterator[dict[str, Any]]:
        for chunk in chunks(values, BATCH):
            yield from self._client.batch_read(
                stream, chunk, fields, id_property=key, kind="look-up"
            )

    def _search(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        where = self._client.where(stream)
        for part in _bounded(values):
            last = "0"
            while True:
                filters = [one_of(field, part), above(last)]
                body, _ = self._client.search(stream, filters, [field], kind="look-up")
                yield from rows(body)
                if is_last(body):
                    break
                last = last_id(rows(body), last, where)


def _bounded(values: Sequence[str]) -> Iterator[list[str]]:
    """Cut values into lists of at most 100 that fit into one search."""
    part: list[str] = []
    size = 0
    for value in values:
        # Two quotes and a comma; characters outside ASCII may count as escapes.
        cost = len(value.encode()) + 3
        if part and (len(part) == BATCH or size + cost > _LONGEST_BODY):
            yield part
            part, size = [], 0
        part.append(value)
        size += cost
    if part:
        yield part


def _values(row: Mapping[str, Any], field: str) -> set[str]:
    """Return what a record answers to; a contact also to its further addresses."""
    properties = row["properties"]
    values = {properties.get(field) or ""}
    if field == "email":
        values.update((properties.get(_OTHER_ADDRESSES) or "").split(";"))
    return {value.lower() for value in values if value}


def _only(properties: Mapping[str, object], fields: Sequence[str]) -> dict[str, object]:
    return {name: properties.get(name) for name in fields}
