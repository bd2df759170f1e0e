"""Upserts and updates of the stand-in, row by row, with every refusal per row."""

from .checks import RequestError, RowError, complete, permitted, single, values
from .schema import Entity
from .store import Row, Store

Result = dict[str, object]


def carry(
    store: Store, entity: Entity, operation: str, external: str, rows: list[Row]
) -> list[Result]:
    """Carry out rows in their order: one result each."""
    if operation == "upsert":
        return upsert(store, entity, external, rows)
    return update(store, entity, rows)


def upsert(
    store: Store, entity: Entity, external: str, rows: list[Row]
) -> list[Result]:
    """Create or update rows by a unique external-id field."""
    checked = _checked(store, entity, rows)
    seen: set[str] = set()
    results: list[Result] = []
    for found in checked:
        try:
            if isinstance(found, RowError):
                raise found
            results.append(_upsert_one(store, entity, external, found, seen))
        except RowError as error:
            results.append(error.answer())
    return results


def _checked(store: Store, entity: Entity, rows: list[Row]) -> list[Row | RowError]:
    """Check every row before any is stored: an unreadable one refuses the request."""
    checked: list[Row | RowError] = []
    for sent in rows:
        try:
            checked.append(values(store, entity, sent))
        except RowError as error:
            checked.append(error)
    return checked


def _upsert_one(
    store: Store, entity: Entity, external: str, found: Row, seen: set[str]
) -> Result:
    key = found.get(external)
    if not key:
        raise RowError((), "MISSING_ARGUMENT", f"{external} not specified")
    folded = str(key).casefold()
    if folded in seen:
        raise RowError((), "DUPLICATE_VALUE", f"Duplicate external id specified: {key}")
    seen.add(folded)
    own = store.tables[entity.name].holder(external, folded)
    _write(store, entity, found, own)
    row = store.save(entity.name, found, own)
    return {"id": row["Id"], "success": True, "errors": [], "created": own is None}


def update(store: Store, entity: Entity, rows: list[Row]) -> list[Result]:
    """Update rows by id."""
    checked = _checked(store, entity, rows)
    seen: set[str] = set()
    results: list[Result] = []
    for sent, found in zip(rows, checked, strict=True):
        try:
            own = str(sent.get("id") or sent.get("Id") or "")
            if isinstance(found, RowError):
                raise found
            results.append(_update_one(store, entity, own, found, seen))
        except RowError as error:
            results.append(error.answer())
    return results


def _update_one(
    store: Store, entity: Entity, own: str, found: Row, seen: set[str]
) -> Result:
    if not own:
        raise RowError((), "MISSING_ARGUMENT", "Id not specified in an update call")
    if own[:15] in seen:
        raise RowError((), "DUPLICATE_VALUE", f"Duplicate id in list: {own}")
    seen.add(own[:15])
    row = store.tables[entity.name].get(own)
    if row is None:
        raise RowError((), "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if row.get("IsDeleted"):
        raise RowError((), "ENTITY_IS_DELETED", "entity is deleted")
    _write(store, entity, found, str(row["Id"]))
    saved = store.save(entity.name, found, str(row["Id"]))
    return {"id": saved["Id"], "success": True, "errors": []}


def _write(store: Store, entity: Entity, found: Row, own: str | None) -> None:
    """Check what depends on whether the row is new."""
    table = store.tables[entity.name]
    before = table.rows.get(own) if own else None
    if before is not None and before.get("IsConverted"):
        words = "cannot reference converted lead"
        raise RowError((), "CANNOT_UPDATE_CONVERTED_LEAD", words)
    permitted(entity, found, creating=before is None)
    if before is None:
        complete(entity, found)
    single(store, entity, found, own)


def rows_of(body: object, limit: int) -> tuple[list[Row], set[str]]:
    """Return a collections body's records and their types; raises RequestError."""
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not records:
        words = "The HTTP entity body has no records"
        raise RequestError(400, "JSON_PARSER_ERROR", words)
    if len(records) > limit:
        words = f"record limit reached. cannot send more than {limit} records"
        raise RequestError(400, "EXCEEDED_ID_LIMIT", words)
    kinds = {one.get("attributes", {}).get("type") for one in records}
    if None in kinds:
        words = "The value provided for attributes.type is not valid"
        raise RequestError(400, "INVALID_TYPE", words)
    return records, kinds
