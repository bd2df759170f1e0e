"""What a query selects: own fields, parents, children, and our own bookkeeping."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tasuki.model.errors import ConfigError, RejectedError
from tasuki.model.record import Query, Record

from . import soql
from .position import Position
from .splitting import within

_MERGEABLE = frozenset({"Account", "Contact", "Lead"})
_NO_COLUMN = re.compile(r"No such column '(\w+)'")


@dataclass(frozen=True, slots=True)
class Shape:
    """Which bookkeeping fields an object has.

    Nearly all have every one; for the others (User, some set-up objects) Salesforce's
    first answer teaches us, which is cheaper than asking for a description each time.
    """

    stamp: str = "SystemModstamp"
    deletable: bool = True
    mergeable: bool = False

    @classmethod
    def of(cls, stream: str) -> "Shape":
        """Return what to assume of an object before it has answered."""
        if stream.endswith("History"):
            # Their rows are written once, and know only that moment.
            return cls(stamp="CreatedDate", deletable=False)
        return cls(deletable=stream != "User", mergeable=stream in _MERGEABLE)

    def without(self, error: RejectedError) -> "Shape | None":
        """Return the shape that this refusal teaches; None when it is not about us."""
        missing = _NO_COLUMN.search(error.answer)
        if error.code != "INVALID_FIELD" or not missing:
            return None
        match missing[1]:
            case "SystemModstamp" if self.stamp == "SystemModstamp":
                return replace(self, stamp="LastModifiedDate")
            case "IsDeleted" if self.deletable:
                return replace(self, deletable=False, mergeable=False)
            case "MasterRecordId" if self.mergeable:
                return replace(self, mergeable=False)
        return None

    def columns(self) -> tuple[str, ...]:
        """Return the bookkeeping fields that every query selects."""
        merged = ("MasterRecordId",) if self.mergeable else ()
        return (self.stamp, *(("IsDeleted",) if self.deletable else ()), *merged)


class Selection:
    """A query's SELECT list, and how its rows become records."""

    def __init__(self, query: Query, where: str, shape: Shape) -> None:
        self.shape = shape
        self._stream = soql.name(query.stream, where)
        self._filter = _filter(query.where, where)
        self._within = within(query.within)
        own = [soql.path(one, where) for one in query.fields]
        self._parents: dict[str, str] = {}
        self._children: dict[str, str] = {}
        selected: list[str] = []
        for called, (relation, fields) in query.include.items():
            inner = [soql.path(one, where) for one in fields]
            parent = _parent(soql.name(relation, where))
            if parent:
                self._parents[called] = parent
                selected += (f"{parent}.{one}" for one in ("Id", *inner))
            else:
                self._children[called] = relation
                selected.append(_children(relation, inner))
        asked = {one.casefold() for one in own}
        self._unasked = [one for one in shape.columns() if one.casefold() not in asked]
        self._dotted = {one.split(".")[0] for one in own if "." in one}
        self._list = soql.columns(("Id", *own), shape.columns(), selected)
        self._nested = bool(self._parents or self._children or self._dotted)

    def head(self) -> str:
        """Return the query without its conditions."""
        return soql.select(self._list, self._stream)

    @property
    def condition(self) -> str:
        """Return the mapping's own condition, "" without one."""
        return self._filter

    def changed(self, position: Position) -> str:
        """Return the query for the records from a position on, in order."""
        stamp = self.shape.stamp
        conditions = list(self._within)
        if position.at:
            moment, last = position.at
            conditions.append(
                f"({stamp} > {moment} OR ({stamp} = {moment} AND Id > '{last}'))"
            )
        elif position.since:
            conditions.append(f"{stamp} >= {position.since}")
        if self._filter:
            conditions.append(f"({self._filter})")
        wanted = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"{self.head()}{wanted} ORDER BY {stamp}, Id"

    def children(self) -> Mapping[str, str]:
        """Return the child relationships: name in the record -> relationship."""
        return self._children

    def record(self, raw: dict[str, object]) -> Record:
        """Return a row as a record; children must have been read to their end."""
        stamp = str(raw[self.shape.stamp] or "")
        deleted = raw.get("IsDeleted") is True
        master = raw.get("MasterRecordId")
        del raw["attributes"]
        for one in self._unasked:
            del raw[one]
        if self._nested:
            self._nest(raw)
        return Record(
            str(raw["Id"]),
            stamp,
            raw,
            soql.stamp(stamp) if stamp else None,
            deleted,
            str(master) if deleted and master else None,
        )

    def _nest(self, raw: dict[str, object]) -> None:
        found: dict[str, object] = {
            called: plain(raw.get(parent)) for called, parent in self._parents.items()
        }
        for called, relation in self._children.items():
            block = raw.pop(relation, None)
            rows = block.get("records", []) if isinstance(block, dict) else []
            found[called] = plain(rows)
        for parent in set(self._parents.values()) - self._dotted:
            raw.pop(parent, None)
        for parent in self._dotted:
            raw[parent] = plain(raw.get(parent))
        raw.update(found)


def plain(value: object) -> object:
    """Return nested rows without Salesforce's `attributes`."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != "attributes"}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def _parent(relation: str) -> str | None:
    """Return the relationship of a look-up field; None for a child relationship."""
    if relation.endswith("__c"):
        return f"{relation[:-3]}__r"
    parent = relation.removesuffix("Id")
    return parent if parent and parent != relation else None


def _children(relation: str, fields: list[str]) -> str:
    # queryAll would bring deleted children, too; and a document's lines must come in
    # the same order each time.
    order = "SortOrder, Id" if "SortOrder" in fields else "Id"
    query = soql.select(soql.columns(("Id",), fields), relation)
    return f"({query} WHERE IsDeleted = false ORDER BY {order})"


def _filter(condition: object, where: str) -> str:
    if condition is None or condition == "":
        return ""
    if not isinstance(condition, str):
        raise ConfigError(
            where,
            "`where` is not text",
            "Write the condition as SOQL, e.g. `where: IsWon = true`.",
        )
    return condition
