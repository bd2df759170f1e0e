"""Rows on their way out, and what Salesforce's answer to each of them means."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import orjson

from tasuki.model.write import (
    Confirmed,
    Deferred,
    Gone,
    Operation,
    Outcome,
    Rejected,
    Write,
)

from . import errors

COLLECTION = 200
_NULL = "#N/A"
_SHORTEST_ECHO = 4
_JSON = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS
_GONE = frozenset(
    {
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
    }
)


def rounds(writes: Sequence[Write]) -> list[list[Write]]:
    """Split rows so that no record is in one call twice: Salesforce refuses both.

    The later row goes into a later call and wins, as it was asked. External ids are
    compared without case, as Salesforce does.
    """
    identities = [identity_of(write) for write in writes]
    if writes and len(set(identities)) == len(writes):
        return [list(writes)]
    seen: dict[str, int] = {}
    found: list[list[Write]] = []
    for write, identity in zip(writes, identities, strict=True):
        turn = seen.get(identity, 0)
        seen[identity] = turn + 1
        if turn == len(found):
            found.append([])
        found[turn].append(write)
    return found


def identity_of(write: Write) -> str:
    """Return what tells a row's record apart: its external id, or its id."""
    if write.key and write.operation is Operation.CREATE:
        return write.key[1].casefold()
    return (write.target_id or "")[:15]


def collection_body(stream: str, writes: Sequence[Write]) -> bytes:
    """Return the body of a collections call; numbers of Decimal stay exact."""
    kind = {"type": stream}
    records: list[Mapping[str, object]]
    if writes[0].operation is Operation.CREATE and writes[0].key:
        field = writes[0].key[0]
        records = [
            {"attributes": kind, **w.fields, field: w.key[1] if w.key else None}
            for w in writes
        ]
    else:
        records = [{"attributes": kind, **w.fields, "id": w.target_id} for w in writes]
    return orjson.dumps({"allOrNone": False, "records": records}, _json_value, _JSON)


def _json_value(value: object) -> object:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def cell(value: object) -> str:
    """Return a value as a cell of Bulk 2.0's CSV; an empty cell means "leave it"."""
    if value is None or value == "":
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def cells(fields: Mapping[str, object]) -> dict[str, str]:
    """Return column -> cell; a parent named by its external id is `Parent.Field`."""
    row: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, str):
            row[name] = value or _NULL
        elif isinstance(value, Mapping):
            for inner, one in value.items():
                row[f"{name}.{inner}"] = cell(one)
        else:
            row[name] = cell(value)
    return row


def done(write: Write, record_id: str, created: bool | None) -> Confirmed:  # noqa: FBT001
    """Return the receipt of one row."""
    return Confirmed(write.ref, record_id, created)


def refused(write: Write, code: str, words: str, fields: Sequence[str]) -> Outcome:
    """Return what one row's error means; Gone is still to be traced (see `trace`)."""
    shown = _without_values(errors.clean(words), write)
    if code in errors.PASSING or _is_race(write, code, words):
        return Deferred(write.ref, code, shown)
    if code in _GONE and not (code == "INVALID_CROSS_REFERENCE_KEY" and fields):
        return Gone(write.ref, code, shown)
    return Rejected(write.ref, code, shown, errors.remedy(code))


def _is_race(write: Write, code: str, words: str) -> bool:
    """Say whether another call created this very key meanwhile: again, it updates."""
    if write.operation is not Operation.CREATE or not write.key:
        return False
    return code == "DUPLICATE_VALUE" and write.key[0] in words


def _without_values(words: str, write: Write) -> str:
    """Return a message without the record's own values, which vendors like to echo."""
    values = [*write.fields.values(), write.key[1] if write.key else None]
    for value in values:
        if isinstance(value, str) and len(value) >= _SHORTEST_ECHO:
            words = words.replace(value, "…")
        elif isinstance(value, str) and value and words.endswith(f": {value}"):
            words = f"{words[: -len(value)]}…"
    return words
