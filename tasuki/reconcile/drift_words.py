"""A drift report in words: Japanese for the back office, English beside it."""

from collections.abc import Mapping
from typing import Any

from tasuki.model.language import Language

_CHANGES: Mapping[str, tuple[str, str]] = {
    "gone": ("項目 {field} がなくなりました", "field {field} was removed"),
    "value_gone": (
        "{field} の選択肢「{before}」がなくなりました",
        "picklist value '{before}' of {field} was removed",
    ),
    "value_new": (
        "{field} に選択肢「{after}」が増えました",
        "picklist value '{after}' of {field} is new",
    ),
    "shorter": (
        "{field} に入る文字数が {after} に減りました",
        "{field} takes only {after} characters now",
    ),
    "longer": (
        "{field} に入る文字数が増えました",
        "{field} takes more characters now",
    ),
    "required": ("{field} が必須になりました", "{field} is required now"),
    "read_only": ("{field} に書き込めなくなりました", "{field} is read only now"),
    "unreadable": ("{field} を読めなくなりました", "{field} cannot be read any more"),
    "type": (
        "{field} の型が {before} から {after} に変わりました",
        "{field} was {before} and is {after} now",
    ),
}
_CAUSES: Mapping[str, tuple[str, str]] = {
    "too_long": ("{field} が長すぎます", "{field} is too long"),
    "no_such_value": (
        "{field} に選択肢「{value}」がありません",
        "{field} has no value '{value}'",
    ),
    "required_empty": ("必須の {field} が空です", "{field} is required, and blank"),
    "read_only": ("{field} には書き込めません", "{field} is read only"),
    "gone": ("項目 {field} がありません", "there is no field {field}"),
}
_FAILING = (
    "待っているレコード {count:,} 件が失敗します",
    "{count:,} pending {records} will fail",
)
_QUIET = (
    "{sync}: スキーマに変わりはありません（待っているレコード {pending:,} 件）",
    "{sync}: the schemas are as they were ({pending:,} pending)",
)
_FIRST = (
    "{sync}: はじめてスキーマを記録しました（待っているレコード {pending:,} 件）",
    "{sync}: the schemas are remembered for the first time ({pending:,} pending)",
)
_ACCEPT = (
    (
        "意図した変更なら `tasuki drift {sync} --accept` で受け入れます。"
        "そうでなければマッピングか相手システムを直します。"
    ),
    (
        "If it is meant, `tasuki drift {sync} --accept`; otherwise correct the "
        "mapping, or the system."
    ),
)


def drift_lines(report: Mapping[str, Any], language: Language = "ja") -> list[str]:
    """Return a report (`DriftReport.as_json()`) as lines for people."""
    column = 0 if language == "ja" else 1
    stop = "。" if language == "ja" else ""
    if report["error"]:
        return [f"{report['sync']}: {report['error']}", f"  {report['remedy']}"]
    if not (report["changes"] or report["refusals"]):
        words = _QUIET if report["since"] else _FIRST
        return [words[column].format_map(report)]
    lines = [
        _joined(_change(one, column), one["pending"], column) + stop
        for one in report["changes"]
    ]
    lines += [
        _joined(_CAUSES[one["cause"]][column].format_map(one), one["count"], column)
        + stop
        for one in report["refusals"]
        if not one["explained"]
    ]
    if any(not one["harmless"] for one in report["changes"]):
        lines.append(_ACCEPT[column].format_map(report))
    return lines


def _change(change: Mapping[str, Any], column: int) -> str:
    words = _CHANGES[change["kind"]][column].format_map(change)
    return f"{change['stream']}: {words}"


def _joined(words: str, count: int, column: int) -> str:
    if not count:
        return words
    records = "record" if count == 1 else "records"
    failing = _FAILING[column].format(count=count, records=records)
    return f"{words}{'。' if column == 0 else '; '}{failing}"
