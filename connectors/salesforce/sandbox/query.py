"""Answering SOQL: candidates from an index, a filter, an order, and pages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .checks import RequestError
from .conditions import condition, literal, reader
from .schema import ENTITIES, Entity
from .soql import Compare, Condition, Logic, Parsed, complaint, parse
from .store import Row, Store

Renders = Callable[[Row], dict[str, object]]
_URL = 16_000  # characters of a query in a URL
_CHILD_PAGE = 2_000
_BY_STAMP = [("SystemModstamp", False, False), ("Id", False, False)]
_BY_ID = [("Id", False, False)]


@dataclass(slots=True)
class _Open:
    """An open query locator: the ids of its rows, and how to show one."""

    name: str
    ids: list[str]
    render: Renders


class Queries:
    """SOQL over the store, with server-side locators as the vendor has them."""

    def __init__(self, store: Store, root: str, size: int, open_at_once: int) -> None:
        self._store = store
        self._root = root
        self._size = size
        self._open_at_once = open_at_once
        self._open: dict[str, _Open] = {}
        self._count = 0

    def forget(self) -> None:
        """Let every locator expire."""
        self._open.clear()

    def ask(self, query: str, *, deleted: bool) -> dict[str, object]:
        """Answer a query's first page; raises RequestError."""
        if len(quote(query)) > _URL:
            words = "URI Too Long"
            raise RequestError(414, "URI_TOO_LONG", words)
        parsed = parse(query)
        entity = self._entity(parsed, query)
        rows = self._rows(parsed, entity, query, deleted=deleted)
        if parsed.counts:
            return {"totalSize": len(rows), "done": True, "records": []}
        render = self._renderer(parsed, entity, query, deleted=deleted)
        ids = [str(row["Id"]) for row in rows]
        return self._page(_Open(entity.name, ids, render), 0, "")

    def more(self, locator: str) -> dict[str, object]:
        """Answer a further page; `locator` is `{id}-{offset}`."""
        own, _, offset = locator.rpartition("-")
        found = self._open.get(own)
        if found is None or not offset.isdigit():
            raise RequestError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(found, int(offset), own)

    def _page(self, one: _Open, start: int, own: str) -> dict[str, object]:
        rows = self._store.tables[one.name].rows
        part = one.ids[start : start + self._size]
        end = start + len(part)
        answer: dict[str, object] = {
            "totalSize": len(one.ids),
            "done": end >= len(one.ids),
            "records": [one.render(rows[i]) for i in part],
        }
        if end < len(one.ids):
            own = own or self._keep(one)
            answer["nextRecordsUrl"] = f"{self._root}/query/{own}-{end}"
        return answer

    def _keep(self, one: _Open) -> str:
        self._count += 1
        own = f"01g5hA{self._count:09d}AAA"
        self._open[own] = one
        while len(self._open) > self._open_at_once:
            del self._open[next(iter(self._open))]
        return own

    def _entity(self, parsed: Parsed, query: str) -> Entity:
        folded = parsed.name.casefold()
        for entity in ENTITIES.values():
            if entity.name.casefold() == folded:
                return entity
        words = (
            f"sObject type '{parsed.name}' is not supported. If you are attempting to "
            "use a custom object, be sure to append the '__c' after the entity name."
        )
        raise complaint(query, parsed.name_at, words, "INVALID_TYPE")

    def _rows(
        self, parsed: Parsed, entity: Entity, query: str, *, deleted: bool
    ) -> list[Row]:
        order = [(path, down, last) for path, down, last, _ in parsed.order]
        candidates, ordered = self._candidates(parsed, entity, query, order)
        rows = self._filtered(parsed, entity, query, candidates, deleted=deleted)
        if not ordered:
            for path, down, last, at in reversed(parsed.order):
                _, read = reader(self._store, entity, path, at, query)
                rows.sort(key=_sort_key(read, last is not down), reverse=down)
        return rows[: parsed.limit] if parsed.limit is not None else rows

    def _filtered(
        self,
        parsed: Parsed,
        entity: Entity,
        query: str,
        rows: Iterable[Row],
        *,
        deleted: bool,
    ) -> list[Row]:
        holds = None
        if parsed.where is not None:
            holds = condition(self._store, entity, parsed.where, query)
        if not deleted:
            rows = [row for row in rows if not row.get("IsDeleted")]
        return [row for row in rows if holds(row)] if holds else list(rows)

    def _candidates(
        self,
        parsed: Parsed,
        entity: Entity,
        query: str,
        order: list[tuple[str, bool, bool]],
    ) -> tuple[Iterable[Row], bool]:
        """Return the rows worth looking at, and whether they stand in the order."""
        table = self._store.tables[entity.name]
        parts = _conjuncts(parsed.where)
        for part in parts:
            if isinstance(part, Compare) and part.sign in {"=", "IN"}:
                found = self._indexed(entity, part, query)
                if found is not None:
                    return found, not order
        if order == _BY_STAMP:
            bounds = [_lower_bound(part, self._store, entity, query) for part in parts]
            return table.since(max([b for b in bounds if b], default="")), True
        return table.rows.values(), not order or (order == _BY_ID and table.ascending)

    def _indexed(self, entity: Entity, part: Compare, query: str) -> list[Row] | None:
        table = self._store.tables[entity.name]
        field = entity.fields.get(part.path)
        if field is None or any(kind != "text" for kind, _ in part.literals):
            return None
        values = [
            str(literal(self._store, field, one, part.at, query))
            for one in part.literals
        ]
        ids: Iterable[str | None]
        if field.type == "id":
            rows = [table.get(text) for _, text in part.literals]
            return [row for row in {id(r): r for r in rows}.values() if row]
        if field.name in table.several:
            lists = table.several[field.name]
            ids = [one for value in values for one in lists.get(value, [])]
        elif field.name in table.unique:
            # Only living rows: a deleted row's value is free again, so the bin would
            # have to be searched; nobody asks for that by external id.
            ids = [table.unique[field.name].get(value) for value in values]
        else:
            return None
        return [table.rows[one] for one in dict.fromkeys(ids) if one]

    def _renderer(
        self, parsed: Parsed, entity: Entity, query: str, *, deleted: bool
    ) -> Renders:
        own: list[str] = []
        nested: dict[str, Parsed] = {}
        seen: set[str] = set()
        for path, at in parsed.paths:
            if path.casefold() in seen:
                words = f"duplicate field selected: {path}"
                raise complaint(query, at, words, "MALFORMED_QUERY")
            seen.add(path.casefold())
            field, _ = reader(self._store, entity, path, at, query)
            head, dot, rest = path.partition(".")
            if dot:
                nested.setdefault(head, Parsed()).paths.append((rest, at))
            else:
                own.append(field.name)
        parents = [
            self._parent(entity, name, inner, query) for name, inner in nested.items()
        ]
        children = [
            self._child(entity, inner, query, deleted=deleted)
            for inner in parsed.children
        ]
        return self._assembled(entity, own, parents, children)

    def _assembled(
        self,
        entity: Entity,
        own: list[str],
        parents: list[tuple[str, Callable[[Row], object]]],
        children: list[tuple[str, Callable[[Row], object]]],
    ) -> Renders:
        kind = entity.name
        base = f"{self._root}/sobjects/{kind}/"
        flags = {f.name for f in entity.fields.values() if f.type == "boolean"}
        plain = [(name, False if name in flags else None) for name in own]
        more = parents + children

        def render(row: Row) -> dict[str, object]:
            get = row.get
            shown: dict[str, object] = {
                "attributes": {"type": kind, "url": f"{base}{row['Id']}"}
            }
            for name, default in plain:
                shown[name] = get(name, default)
            for name, inner in more:
                shown[name] = inner(row)
            return shown

        return render

    def _parent(
        self, entity: Entity, head: str, inner: Parsed, query: str
    ) -> tuple[str, Callable[[Row], object]]:
        name, (by, target) = next(
            (k, v)
            for k, v in entity.parents().items()
            if k.casefold() == head.casefold()
        )
        render = self._renderer(inner, ENTITIES[target], query, deleted=True)
        rows = self._store.tables[target].rows

        def show(row: Row) -> object:
            found = rows.get(str(row.get(by)))
            return render(found) if found is not None else None

        return name, show

    def _child(
        self, entity: Entity, inner: Parsed, query: str, *, deleted: bool
    ) -> tuple[str, Callable[[Row], object]]:
        folded = inner.name.casefold()
        found = [(k, v) for k, v in entity.children.items() if k.casefold() == folded]
        if not found:
            words = (
                f"Didn't understand relationship '{inner.name}' in FROM part of query "
                "call. If you are attempting to use a custom relationship, be sure to "
                "append the '__r' after the custom relationship name."
            )
            raise complaint(query, inner.name_at, words, "INVALID_TYPE")
        name, (child, by) = found[0]
        target = ENTITIES[child]
        render = self._renderer(inner, target, query, deleted=deleted)

        def show(row: Row) -> object:
            rows = self._store.children(child, by, str(row["Id"]))
            rows = self._filtered(inner, target, query, rows, deleted=deleted)
            for path, down, last, at in reversed(inner.order):
                _, read = reader(self._store, target, path, at, query)
                rows.sort(key=_sort_key(read, last is not down), reverse=down)
            if not rows:
                return None
            ids = [str(one["Id"]) for one in rows]
            return self._page(_Open(child, ids, render), 0, "")

        return name, show


def _sort_key(read: Callable[[Row], Any], last: bool) -> Callable[[Row], Any]:  # noqa: FBT001
    def key(row: Row) -> tuple[bool, Any]:
        value = read(row)
        return ((value is None) is last, value if value is not None else "")

    return key


def _conjuncts(where: Condition | None) -> tuple[Condition, ...]:
    if where is None:
        return ()
    if isinstance(where, Logic) and where.word == "AND":
        return tuple(one for part in where.parts for one in _conjuncts(part))
    return (where,)


def _lower_bound(
    part: Condition, store: Store, entity: Entity, query: str
) -> str | None:
    """Return the earliest stamp that rows meeting a condition can have."""
    if isinstance(part, Compare):
        if part.path != "SystemModstamp" or part.sign not in {">", ">=", "="}:
            return None
        field = entity.fields["SystemModstamp"]
        return str(literal(store, field, part.literals[0], part.at, query))
    bounds = [_lower_bound(one, store, entity, query) for one in part.parts]
    if part.word == "AND":
        return max([one for one in bounds if one], default=None)
    if part.word == "OR" and all(bounds):
        return min(str(one) for one in bounds)
    return None
