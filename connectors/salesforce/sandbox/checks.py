"""What the org refuses: fields, types, lengths, lists, look-ups and doubles."""

import re
from collections.abc import Mapping
from datetime import date, datetime

from .schema import Entity, Field
from .store import Row, Store

_EMAIL = re.compile(r"[^@\s,;\"'()<>]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_TEXT = frozenset({"string", "textarea", "email", "phone", "url", "picklist"})
_NUMBERS = frozenset({"currency", "double", "percent"})


class RowError(Exception):
    """One row is refused: its fields to blame, code, message."""

    def __init__(self, fields: tuple[str, ...], code: str, words: str) -> None:
        super().__init__(fields, code, words)
        self.code = code
        self.words = words
        self.fields = fields

    def answer(self) -> dict[str, object]:
        """Return the row as a collections answer spells it."""
        error = {
            "statusCode": self.code,
            "message": self.words,
            "fields": list(self.fields),
        }
        return {"success": False, "errors": [error]}


class RequestError(Exception):
    """The whole request is refused: HTTP status, code, message."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(status, code, words)
        self.code = code
        self.words = words
        self.status = status


def values(store: Store, entity: Entity, sent: Mapping[str, object]) -> Row:
    """Return the values to store; raises when the org would refuse one of them.

    A name or type that cannot be read refuses the whole request (`RequestError`), as
    the vendor's JSON reader does; everything else refuses the row.
    """
    found: Row = {}
    fields, plain = entity.fields, entity.plain
    for name, value in sent.items():
        if isinstance(value, str) and 0 < len(value) <= plain.get(name, 0):
            found[name] = value if value[0] > " " < value[-1] else value.strip() or None
            if found[name] or name not in entity.required:
                continue
        field = fields.get(name)
        if field is not None and value.__class__ is str and field.type in _TEXT:
            found[name] = _short_text(field, value)
        elif field is not None and field.type != "id":
            found[name] = _value(store, field, value)
        elif name not in {"attributes", "Id", "id"}:
            found.update(_relation(store, entity, name, value))
    return found


def _short_text(field: Field, value: str) -> str | None:
    value = value.strip()
    if not value:
        if field.required:
            raise _missing(field.name)
        return None
    if field.length and len(value) > field.length:
        words = f"{field.shown}: data value too large: {value} "
        words += f"(max length={field.length})"
        raise RowError((field.name,), "STRING_TOO_LONG", words)
    if field.restricted and value not in field.options:
        words = f"{field.shown}: bad value for restricted picklist field: {value}"
        raise RowError((field.name,), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", words)
    if field.type == "email" and not _EMAIL.fullmatch(value):
        words = f"{field.shown}: invalid email address: {value}"
        raise RowError((field.name,), "INVALID_EMAIL_ADDRESS", words)
    return value


def _missing(*names: str) -> RowError:
    words = f"Required fields are missing: [{', '.join(names)}]"
    return RowError(names, "REQUIRED_FIELD_MISSING", words)


def _value(store: Store, field: Field, value: object) -> object:
    if value is None:
        if field.required:
            raise _missing(field.name)
        if field.type == "boolean":
            words = f"{field.shown}: value not of required type: "
            raise RowError((field.name,), "INVALID_TYPE_ON_FIELD_IN_RECORD", words)
        return None
    match field.type:
        case "boolean" if isinstance(value, bool):
            return value
        case "int" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case kind if kind in _NUMBERS and isinstance(value, int | float):
            if not isinstance(value, bool):
                return float(value)
        case "reference" if isinstance(value, str):
            return _look_up(store, field, value)
        case "date" | "datetime" if isinstance(value, str):
            return _time(field, value)
    raise _unreadable(field, value)


def _unreadable(field: Field, value: object) -> RequestError:
    token = "VALUE_STRING" if isinstance(value, str) else "VALUE_NUMBER"
    kind = "string" if field.type in _TEXT else field.type
    words = (
        f"Cannot deserialize instance of {kind} from {token} value {value} or request "
        "may be missing a required field at [line:1, column:1]"
    )
    return RequestError(400, "JSON_PARSER_ERROR", words)


def _time(field: Field, value: str) -> str:
    try:
        if field.type == "date":
            return date.fromisoformat(value[:10]).isoformat()
        at = datetime.fromisoformat(value)
    except ValueError:
        raise _unreadable(field, value) from None
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _look_up(store: Store, field: Field, value: str) -> str:
    if not _ID.fullmatch(value):
        words = f"{field.shown}: id value of incorrect type: {value}"
        raise RowError((field.name,), "MALFORMED_ID", words)
    parent = store.tables[field.target].get(value)
    if parent is None:
        words = f"insufficient access rights on cross-reference id: {value}"
        raise RowError((), "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", words)
    if parent.get("IsDeleted"):
        raise RowError((), "ENTITY_IS_DELETED", "entity is deleted")
    return str(parent["Id"])


def _relation(
    store: Store, entity: Entity, name: str, value: object
) -> dict[str, object]:
    """Resolve `Account: {Ext__c: value}` to the parent's id."""
    parent = entity.parents().get(name)
    if parent is None or not isinstance(value, dict):
        words = f"No such column '{name}' on sobject of type {entity.name}"
        raise RequestError(400, "INVALID_FIELD", words)
    field, target = parent
    named = {k: v for k, v in value.items() if k != "attributes"}
    (by, wanted), *_ = named.items() or [("", None)]
    table = store.tables[target]
    if by not in table.unique:
        words = f"Field name provided, {by}, is not an External ID or indexed field"
        raise RowError((), "INVALID_FIELD", f"{words} for {target}")
    found = table.holder(by, str(wanted))
    if found is None:
        words = f"Foreign key external ID: {wanted} not found for field {by}"
        raise RowError((), "INVALID_FIELD", f"{words} in entity {target}")
    return {field: found}


def permitted(entity: Entity, found: Row, *, creating: bool) -> None:
    """Refuse fields that only the org may set."""
    refused = entity.locked if creating else entity.locked | entity.fixed
    if not refused.isdisjoint(found):
        locked = tuple(name for name in found if name in refused)
        words = (
            f"Unable to create/update fields: {', '.join(locked)}. Please check the "
            "security settings of this field and verify that it is read/write for "
            "your profile or permission set."
        )
        raise RowError(locked, "INVALID_FIELD_FOR_INSERT_UPDATE", words)


def complete(entity: Entity, found: Row) -> None:
    """Refuse a new row without its required fields."""
    missing = tuple(one for one in entity.required if found.get(one) is None)
    if missing:
        raise _missing(*missing)


def single(store: Store, entity: Entity, found: Row, own: str | None) -> None:
    """Refuse values that another row already holds in a unique field."""
    table = store.tables[entity.name]
    for name in table.unique:
        value = found.get(name)
        if value is None:
            continue
        holder = table.holder(name, str(value))
        if holder is not None and holder != own:
            words = f"duplicate value found: {name} duplicates value on record with id"
            raise RowError((), "DUPLICATE_VALUE", f"{words}: {holder}")
