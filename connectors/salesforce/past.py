"""What the org remembers: LeadHistory and its like, and OpportunityHistory.

An opportunity's history needs no set-up: each row is a state, with the stage. Whether
that stage is `won`, `lost` or `open` is told as the field `Outcome`, by the org's own
list of stages: their names are every company's own. Other objects remember the fields
for which somebody has switched field history on.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tasuki.model.errors import CursorExpiredError
from tasuki.model.record import Change, Past, Query, Record

from . import soql
from .client import Client, page
from .source import SalesforceSource

_STATES: Final = {"Opportunity": "OpportunityHistory"}
_OUTCOME: Final = "Outcome"
_OF_STATE: Final = ("StageName", "Amount", "CloseDate", "Probability")
_CREATED: Final = ("CreatedDate", "CreatedById")


@dataclass(frozen=True, slots=True)
class _Place:
    """How far records and their history have been read."""

    records: str | None = None
    history: str | None = None

    def text(self) -> str:
        return json.dumps({"v": 1, "records": self.records, "history": self.history})

    @classmethod
    def parse(cls, cursor: str | None, where: str) -> "_Place":
        try:
            kept: Any = json.loads(cursor) if cursor else {"v": 1}
            known = kept["v"] == 1
        except (ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise CursorExpiredError(where, "the stored cursor cannot be read")
        return cls(kept.get("records"), kept.get("history"))


class RememberingSource(SalesforceSource):
    """A source that reads histories beside the records: two walks by time and id."""

    def past(
        self, query: Query, tracked: Sequence[str], cursor: str | None
    ) -> Iterator[Past]:
        """Yield changed records, then the changes; 2,000 of either a call."""
        place = _Place.parse(cursor, self._client.where(query.stream))
        for read in self.read(query, place.records):
            place = _Place(read.cursor, place.history)
            yield Past(read.records, [], place.text())
        if not tracked:
            return
        asked, told = self._history(query.stream, tracked)
        for read in self.read(asked, place.history):
            place = _Place(place.records, read.cursor)
            changes = (one for row in read.records for one in told(row))
            yield Past([], list(_new_values(changes)), place.text())

    def _history(self, stream: str, tracked: Sequence[str]) -> "tuple[Query, _Told]":
        if stream in _STATES:
            wanted = [one for one in _OF_STATE if one in tracked]
            by = f"{stream}Id"
            fields = (by, *dict.fromkeys(("StageName", *wanted)), *_CREATED)
            stages = _stages(self._client) if _OUTCOME in tracked else {}
            return Query(_STATES[stream], fields), _Told(by, tuple(tracked), stages)
        by, name = _of_field(stream)
        listed = ",".join(soql.text(one) for one in tracked)
        query = Query(
            name, (by, "Field", "NewValue", *_CREATED), where=f"Field IN ({listed})"
        )
        return query, _Told(by)


@dataclass(frozen=True, slots=True)
class _Told:
    """Makes changes of a history row."""

    by: str
    tracked: tuple[str, ...] = ()
    outcomes: Mapping[str, str] | None = None

    def __call__(self, row: Record) -> Iterator[Change]:
        fields = row.fields
        record_id, actor = str(fields[self.by]), str(fields.get("CreatedById") or "")
        at = soql.stamp(str(fields["CreatedDate"]))
        if self.outcomes is None:
            name, value = str(fields["Field"]), _text(fields.get("NewValue"))
            yield Change(row.id, record_id, name, value, at, actor)
            return
        outcome = self.outcomes.get(str(fields.get("StageName") or ""), "")
        for name in self.tracked:
            value = outcome if name == _OUTCOME else _text(fields.get(name))
            yield Change(f"{row.id}:{name}", record_id, name, value, at, actor)


def _new_values(changes: Iterable[Change]) -> Iterator[Change]:
    """Leave out states that say of a field what the one before them said.

    Within a page: it is a saving, and no promise.
    """
    last: dict[tuple[str, str], str] = {}
    for one in changes:
        key = (one.record_id, one.field)
        if last.get(key) != one.value:
            last[key] = one.value
            yield one


def _of_field(stream: str) -> tuple[str, str]:
    """Return the look-up field and the name of an object's field history."""
    if stream.endswith("__c"):
        return "ParentId", f"{stream.removesuffix('__c')}__History"
    return f"{stream}Id", f"{stream}History"


def _stages(client: Client) -> dict[str, str]:
    """Return what each of the org's stages says of a deal (one call)."""
    text = "SELECT ApiName, IsClosed, IsWon FROM OpportunityStage"
    answer = client.query(text, "OpportunityStage", kind="read")
    rows: list[dict[str, Any]] = page(answer.body).records
    return {
        str(row["ApiName"]): "won"
        if row["IsWon"]
        else "lost"
        if row["IsClosed"]
        else "open"
        for row in rows
    }


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
