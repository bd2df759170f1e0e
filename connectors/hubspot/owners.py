"""HubSpot's list of owners: no object type of its own, and read only.

It is there for look-ups: who has this address, as `hubspot_owner_id` wants it.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tasuki.model.errors import ConfigError, TransientError
from tasuki.model.field_table import fact, table
from tasuki.model.record import Schema
from tasuki.model.write import Candidate

from .client import Client, after, rows
from .paths import OWNERS

STREAM: Final = "owners"
_FRESH: Final = 600.0
"""Seconds the list is taken for what it was; it changes when people come and go."""
_PAGE: Final = 100

_SCHEMA: Final = Schema(
    STREAM,
    table(
        fact("id", "Owner id", use="r", unique=True),
        fact("email", "E-mail", use="r", unique=True),
        fact("firstName", "First name", use="r"),
        fact("lastName", "Last name", use="r"),
        fact("userId", "User id", "number", use="r"),
        fact("archived", "Archived", "boolean", use="r"),
    ),
)
Owner = Mapping[str, object]


class Owners:
    """The people who may own records, read whole: a company has few."""

    schema = _SCHEMA

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: tuple[float, list[Owner]] | None = None
        self._lock = threading.Lock()

    def find(
        self, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return the owners whose field equals each value, without case."""
        found: dict[str, list[Candidate]] = {}
        for value in dict.fromkeys(values):
            for owner in self._all():
                if value and str(owner.get(field) or "").casefold() == value.casefold():
                    candidate = Candidate(str(owner["id"]), STREAM, owner)
                    found.setdefault(value, []).append(candidate)
        return found

    def fetch(
        self, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values of these owners."""
        by_id = {str(owner["id"]): owner for owner in self._all()}
        return {
            one: {name: by_id[one].get(name) for name in fields}
            for one in ids
            if one in by_id
        }

    def count(self) -> int:
        """Return how many there are."""
        return len(self._all())

    def keys(self, fields: Sequence[str]) -> Iterator[Candidate]:
        """Yield every owner with these fields."""
        for owner in self._all():
            shown = {name: owner.get(name) for name in fields}
            yield Candidate(str(owner["id"]), STREAM, shown)

    def refuse(self) -> ConfigError:
        """Return the error of a mapping that reads or writes owners as records."""
        where = self._client.where(STREAM)
        remedy = "Use them in a look-up: `from: hubspot/owners` in mappings/lookups/."
        return ConfigError(where, "owners can be looked up, no more", remedy)

    def _all(self) -> list[Owner]:
        with self._lock:
            now = self._client.wire.clock.monotonic()
            if self._known is None or now - self._known[0] > _FRESH:
                self._known = (now, list(self._read()))
            return self._known[1]

    def _read(self) -> Iterator[Owner]:
        where, mark = self._client.where(STREAM), ""
        while True:
            params: dict[str, str | int] = {"limit": _PAGE}
            if mark:
                params["after"] = mark
            body, _ = self._client.get(
                OWNERS, kind="look-up", where=where, params=params
            )
            yield from rows(body)
            following = after(body)
            if not following:
                return
            if following == mark:
                words = "the list of owners goes round in circles"
                raise TransientError(where, words, "ENDLESS")
            mark = following
