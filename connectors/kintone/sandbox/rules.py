"""What kintone refuses of a record's values, in its words."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from .forms import Field

READ_ONLY: Final = frozenset(
    {"RECORD_NUMBER", "CREATOR", "CREATED_TIME", "MODIFIER", "UPDATED_TIME", "CALC"}
)
_LISTS: Final = frozenset({"CHECK_BOX", "MULTI_SELECT"})
_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:\d{2})"
)
USERS: Final = frozenset({"suzuki@sample.co.jp", "sato@sample.co.jp", "cs-team"})
"""Who has a login (ログイン名) in the domain."""

REQUIRED: Final = "必須です。"


def cell(field: Field, given: Any) -> tuple[object, list[str]]:  # noqa: ANN401 - JSON
    """Return a field's value as it is kept, and what is wrong with it."""
    kind = field["type"]
    if not isinstance(given, dict) or "value" not in given:
        return None, ["値の形式が正しくありません。"]
    value = given["value"]
    if kind == "SUBTABLE":
        return _table(field, value)
    if kind == "USER_SELECT":
        return _people(value)
    if kind in _LISTS:
        return _several(field, value)
    if value is None:
        value = ""
    if isinstance(value, bool | list | dict):
        return None, ["値の形式が正しくありません。"]
    text = str(value)
    return (_stored(kind, text), list(_problems(field, text))) if text else ("", [])


def is_blank(value: object) -> bool:
    """Say whether a required field would be missing."""
    return value is None or value in ("", [])


def default_of(field: Field) -> object:
    """Return what a field holds when nothing was given."""
    kind = field["type"]
    if kind in _LISTS | {"USER_SELECT", "SUBTABLE"}:
        return list(field.get("defaultValue") or [])
    return field.get("defaultValue") or ""


def _stored(kind: str, text: str) -> str:
    if kind == "DATETIME":
        return text[:16] + ":00Z" if text.endswith("Z") else text
    return text


def _problems(field: Field, text: str) -> Iterator[str]:
    kind, most = field["type"], str(field.get("maxLength") or "")
    if most and len(text) > int(most):
        yield f"{most}文字以内で入力してください。"
    if kind == "SINGLE_LINE_TEXT" and "\n" in text:
        yield "改行を含めることはできません。"
    if kind == "NUMBER" and not _is_number(text):
        yield "数字でなければなりません。"
    if kind == "DATE" and not _is_day(text):
        yield "日付（YYYY-MM-DD）で指定してください。"
    if kind == "DATETIME" and not _TIME.fullmatch(text):
        yield "日時の形式が正しくありません。"
    if kind in {"DROP_DOWN", "RADIO_BUTTON"} and text not in field["options"]:
        yield f'"{text}"は選択肢にありません。'


def _several(field: Field, value: Any) -> tuple[object, list[str]]:  # noqa: ANN401
    if not isinstance(value, list):
        return None, ["配列で指定してください。"]
    unknown = [one for one in value if one not in field["options"]]
    return value, [f'"{one}"は選択肢にありません。' for one in unknown]


def _people(value: Any) -> tuple[object, list[str]]:  # noqa: ANN401
    if not isinstance(value, list) or not all(
        isinstance(one, dict) and one.get("code") for one in value
    ):
        return None, ["ユーザー選択の形式が正しくありません。"]
    unknown = [one["code"] for one in value if one["code"] not in USERS]
    kept = [{"code": one["code"], "name": one["code"]} for one in value]
    words = "指定したユーザー（code: {}）が見つかりません。"
    return kept, [words.format(one) for one in unknown]


def _table(field: Field, value: Any) -> tuple[object, list[str]]:  # noqa: ANN401
    if not isinstance(value, list):
        return None, ["テーブルの形式が正しくありません。"]
    rows: list[dict[str, object]] = []
    problems: list[str] = []
    no_problem: list[str] = []
    for place, row in enumerate(value, 1):
        given = row.get("value") if isinstance(row, dict) else None
        inner: Mapping[str, Any] = given if isinstance(given, dict) else {}
        cells: dict[str, object] = {}
        for code, one in field["fields"].items():
            kept, wrong = default_of(one), no_problem
            if code in inner:
                kept, wrong = cell(one, inner[code])
            cells[code] = {"type": one["type"], "value": kept}
            problems += wrong
        rows.append({"id": str(place), "value": cells})
    return rows, problems


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
