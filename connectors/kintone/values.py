"""Values as kintone has them, `{type, value}`, and plain ones as mappings have them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tasuki.model.write import UnrenderedError

ID: Final = "$id"
REVISION: Final = "$revision"
PEOPLE: Final = frozenset(
    {"USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT", "STATUS_ASSIGNEE"}
)
_PERSON: Final = frozenset({"CREATOR", "MODIFIER"})
_NUMBERS: Final = frozenset({"NUMBER", "CALC"})

Row = Mapping[str, Mapping[str, Any]]
"""One record as an answer has it: field code -> {type, value}."""


def plain_record(row: Row) -> dict[str, object]:
    """Return a record's fields with plain values.

    >>> plain_record({"金額": {"type": "NUMBER", "value": "1200"}})
    {'金額': 1200}
    """
    return {code: plain(cell) for code, cell in row.items()}


def plain(cell: Mapping[str, Any]) -> object:
    """Return a plain value; nothing for what is empty.

    Users, organizations and groups become their codes; rows of a table become objects
    with the fields of the table.
    """
    kind, value = cell.get("type"), cell.get("value")
    if value is None or value == "":
        return None
    if kind in _NUMBERS:
        return _number(str(value))
    if kind in PEOPLE:
        return [str(one.get("code")) for one in value]
    if kind in _PERSON:
        return str(value.get("code"))
    if kind == "SUBTABLE":
        return [plain_record(row["value"]) for row in value]
    found: object = value
    return found


def moment(cell: Mapping[str, Any] | None) -> datetime | None:
    """Return a time (`2026-11-22T01:02:00Z`) as an aware one."""
    text = cell.get("value") if cell else None
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def cells(
    fields: Mapping[str, object], people: Collection[str], left_out: str = ""
) -> dict[str, object]:
    """Return fields as a request has them.

    Args:
        fields: Plain values by field code.
        people: The fields that hold users, organizations or groups.
        left_out: The key's field: kintone fills it from the key itself.

    Raises:
        UnrenderedError: a value that kintone has no form for.
    """
    return {
        code: {"value": _cell(code, value, code in people)}
        for code, value in fields.items()
        if code != left_out
    }


def as_text(value: object) -> str:
    """Return a single value as kintone keeps it.

    >>> as_text(Decimal("1E+3")), as_text(None)
    ('1000', '')
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def shown(value: object) -> object:
    """Return what a reading would show of a value that was written."""
    if isinstance(value, list | tuple):
        return [shown(one) for one in value]
    if isinstance(value, Mapping):
        return {name: shown(one) for name, one in value.items()}
    if isinstance(value, bool | int | Decimal):
        return value
    return as_text(value) or None


def _cell(code: str, value: object, is_people: bool) -> object:  # noqa: FBT001 - private
    if isinstance(value, bool):
        msg = f"'{code}': kintone has no yes and no; give the name of the choice"
        raise UnrenderedError(msg)
    if isinstance(value, float):
        msg = f"'{code}': a float is not exact; use number()"
        raise UnrenderedError(msg)
    if is_people:
        codes = [] if value is None else value if _is_list(value) else [value]
        return [{"code": as_text(one)} for one in codes]  # type: ignore[attr-defined]
    if isinstance(value, Mapping):
        msg = f"'{code}': kintone has no object here; a table is a list of them"
        raise UnrenderedError(msg)
    if _is_list(value):
        return [_entry(one) for one in value]  # type: ignore[attr-defined]
    return as_text(value)


def _entry(one: object) -> object:
    if isinstance(one, Mapping):  # a row of a table
        return {"value": cells(one, ())}
    return as_text(one)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _number(text: str) -> object:
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return text  # a computed date or time
    if not exact.is_finite():
        return text
    return int(exact) if "." not in text and "E" not in text.upper() else exact
