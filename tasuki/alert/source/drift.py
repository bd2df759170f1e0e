"""Fields of a system that have changed so that records fail."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.source.concern import Concerns

SOURCE = "drift"
_KINDS = {
    "gone": ("項目がなくなりました", "the field is gone"),
    "value_gone": ("選択肢がなくなりました", "a value of its list is gone"),
}
_CHANGED = ("項目の定義が変わりました", "its definition has changed")


def source_of(sync: str) -> str:
    """Return the name under which the findings of one mapping are noted."""
    return f"{SOURCE}/{sync}"


def notices(
    report: Mapping[str, Any], concerns: Concerns, now: datetime
) -> list[Notice]:
    """Return a finding for each field whose change makes records fail.

    Args:
        report: A drift report as JSON.
        concerns: Whom each mapping concerns.
        now: The present; the ledger keeps the first.
    """
    fields: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in report["changes"]:
        if not one["harmless"]:
            fields.setdefault((one["stream"], one["field"]), []).append(one)
    sync = report["sync"]
    return [
        _notice(sync, stream, field, changes, concerns, now)
        for (stream, field), changes in fields.items()
    ]


def _notice(
    sync: str,
    stream: str,
    field: str,
    changes: list[Mapping[str, Any]],
    concerns: Concerns,
    now: datetime,
) -> Notice:
    failing = sum(int(one["pending"]) for one in changes)
    said_ja, said_en = _KINDS.get(changes[0]["kind"], _CHANGED)
    fails_ja = f"{failing:,} 件の連携が失敗します。" if failing else ""
    fails_en = f" {failing:,} waiting records will fail." if failing else ""
    return Notice(
        key=f"drift/{sync}/{stream}/{field}",
        severity=Severity.HIGH if failing else Severity.MEDIUM,
        department=concerns(sync).department,
        title_ja=f"{stream} の {field}：{said_ja}",
        title_en=f"{stream} {field}: {said_en}",
        body_ja=f"マッピング {sync} が使っている項目です。{fails_ja}",
        body_en=f"The mapping {sync} relies on it.{fails_en}",
        opened_at=now,
        remedy_ja=f"`tasuki drift {sync}` で確認し、マッピングか項目を直す",
        remedy_en=f"`tasuki drift {sync}` tells more; correct the mapping or the field",
    )
