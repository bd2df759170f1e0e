"""Batches of the stand-in: taken or refused as a whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tasuki.sandbox.server import Reply

from .answers import HEADERS, Refused
from .rules import READ_ONLY, REQUIRED, cell, is_blank
from .store import Store

_MOST: Final = 100
_LONGEST_KEY: Final = 64
_INVALID: Final = "入力内容が正しくありません。"


def put(store: Store, asked: Mapping[str, Any], now: datetime) -> Reply:
    """Answer `PUT records.json`: everything is looked at before anything is done."""
    rows = asked.get("records")
    if not isinstance(rows, list) or not 1 <= len(rows) <= _MOST:
        details = {"records": ["100件以内で指定してください。"]}
        raise Refused("CB_VA01", _INVALID, 400, details)
    upsert = asked.get("upsert") is True
    targets = [_target(store, place, row, upsert) for place, row in enumerate(rows)]
    known = [one for one, _ in targets if one is not None]
    keys = [str(row["updateKey"]["value"]) for row in rows if "updateKey" in row]
    if len(set(known)) < len(known) or len(set(keys)) < len(keys):
        raise Refused("CB_VA01", "同じレコードが複数指定されています。", 400)
    changes = []
    problems: dict[str, list[str]] = {}
    for place, (row, (number, given)) in enumerate(zip(rows, targets, strict=True)):
        values, wrong = row_values(store, {**row.get("record", {}), **given})
        wrong |= _missing(store, number, values)
        wrong |= _doubles(store, number, values)
        problems |= {f"records[{place}].{code}.value": w for code, w in wrong.items()}
        changes.append((number, values))
    if problems:
        raise Refused("CB_VA01", _INVALID, 400, problems)
    answers = []
    for number, values in changes:
        if number is None:
            made, operation = store.create(values, now), "INSERT"
        else:
            made, operation = store.update(number, values, now), "UPDATE"
        one = {"id": str(made.number), "revision": str(made.revision)}
        answers.append({**one, "operation": operation} if upsert else one)
    return Reply(200, {"records": answers}, HEADERS)


def row_values(
    store: Store, record: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return a row's values as they are kept, and complaints by field.

    Fields that the app does not have are dropped without a word, as kintone does.
    """
    values: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for code, given in record.items():
        field = store.app.fields.get(code)
        if field is None:
            continue
        if field["type"] in READ_ONLY:
            raise Refused("GAIA_NO02", f"フィールド「{code}」は更新できません。", 403)
        values[code], wrong = cell(field, given)
        if wrong:
            problems[code] = wrong
    return values, problems


def _target(
    store: Store,
    place: int,
    row: Mapping[str, Any],
    upsert: bool,  # noqa: FBT001
) -> tuple[int | None, dict[str, Any]]:
    """Return the record a row is about, and what a new one gets from its key."""
    if ("id" in row) == ("updateKey" in row):
        details = {f"records[{place}]": ["idまたはupdateKeyを指定してください。"]}
        raise Refused("CB_VA01", _INVALID, 400, details)
    if "id" in row:
        number = int(row["id"])
        if number not in store.rows:
            words = f"指定したレコード（id: {number}）が見つかりません。"
            raise Refused("GAIA_RE01", words, 404)
        given: dict[str, Any] = {}
    else:
        found, given = _by_key(store, place, row, upsert)
        if found is None:
            return None, given
        number = found
    revision = int(row.get("revision", -1))
    if revision not in {-1, store.rows[number].revision}:
        words = (
            "指定したrevisionは最新ではありません。"
            "ほかのユーザーがレコードを更新した可能性があります。"
        )
        raise Refused("GAIA_CO02", words, 409)
    return number, given


def _by_key(
    store: Store,
    place: int,
    row: Mapping[str, Any],
    upsert: bool,  # noqa: FBT001
) -> tuple[int | None, dict[str, Any]]:
    code, value = str(row["updateKey"].get("field")), str(row["updateKey"].get("value"))
    if code not in store.app.unique():
        details = {"updateKey": [f"「{code}」は重複禁止のフィールドではありません。"]}
        raise Refused("CB_VA01", _INVALID, 400, details)
    if not value or len(value) > _LONGEST_KEY:
        where = f"records[{place}].updateKey.value"
        raise Refused("CB_VA01", _INVALID, 400, {where: ["64文字以内で必須です。"]})
    if code in row.get("record", {}):
        where = f"records[{place}].{code}.value"
        raise Refused("CB_VA01", _INVALID, 400, {where: ["キーは更新できません。"]})
    found = store.holder(code, value)
    if found is None and not upsert:
        raise Refused("GAIA_RE01", "指定したレコードが見つかりません。", 404)
    return found, {code: {"value": value}} if found is None else {}


def _missing(
    store: Store, number: int | None, values: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return complaints about required fields that would be blank."""
    found: dict[str, list[str]] = {}
    for code, field in store.app.fields.items():
        if field.get("required") is not True:
            continue
        is_new = number is None and code not in values and not field["defaultValue"]
        if is_new or (code in values and is_blank(values[code])):
            found[code] = [REQUIRED]
    return found


def _doubles(
    store: Store, number: int | None, values: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return complaints about values that another record has."""
    found: dict[str, list[str]] = {}
    for code in store.app.unique():
        holder = store.holder(code, str(values.get(code) or ""))
        if code in values and holder not in {None, number}:
            found[code] = ["値がほかのレコードと重複しています。"]
    return found
