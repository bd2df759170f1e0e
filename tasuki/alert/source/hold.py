"""Records and runs that wait for a person's decision."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.source.concern import Concerns
from tasuki.ledger.hold_rows import GUARD, HoldRow

SOURCE = "hold"
_LONG = timedelta(days=3)


def notices(
    holds: Iterable[HoldRow], concerns: Concerns, now: datetime
) -> list[Notice]:
    """Return a finding for each mapping and reason.

    What has waited for three days, or stops a whole run, is worse.
    """
    groups: dict[tuple[str, str], list[HoldRow]] = {}
    for one in holds:
        groups.setdefault((one.sync, one.reason), []).append(one)
    return [
        _guard(sync, rows, concerns)
        if reason == GUARD
        else _waiting(sync, reason, rows, concerns, now)
        for (sync, reason), rows in groups.items()
    ]


def _since(rows: list[HoldRow]) -> datetime:
    return min(datetime.fromisoformat(row.since) for row in rows)


def _waiting(
    sync: str, reason: str, rows: list[HoldRow], concerns: Concerns, now: datetime
) -> Notice:
    concern, since = concerns(sync), _since(rows)
    is_late = now - since >= _LONG
    return Notice(
        key=f"hold/{sync}/{reason}",
        severity=Severity.HIGH if concern.is_money or is_late else Severity.MEDIUM,
        department=concern.department,
        title_ja=f"{sync}：{len(rows):,} 件が判断待ちです（{reason}）",
        title_en=f"{sync}: {len(rows):,} records wait for a decision ({reason})",
        body_ja="人が決めるまで、この先へは進みません。",
        body_en="They go no further until a person decides.",
        opened_at=since,
        remedy_ja=f"`tasuki held -m {sync}` で一覧を見て、承認または却下する",
        remedy_en=f"`tasuki held -m {sync}` lists them; approve or reject them",
    )


def _guard(sync: str, rows: list[HoldRow], concerns: Concerns) -> Notice:
    return Notice(
        key=f"hold/{sync}/{GUARD}",
        severity=Severity.HIGH,
        department=concerns(sync).department,
        title_ja=f"{sync}：変更が多すぎるため、実行を止めました",
        title_en=f"{sync}: a run was stopped, it would change too much",
        body_ja="ガードの上限を超えています。何も送信していません。",
        body_en="It is beyond the guards of its mapping. Nothing was sent.",
        opened_at=_since(rows),
        remedy_ja=f"`tasuki plan {sync}` で内容を確認し、正しければ `tasuki approve`",
        remedy_en=f"Look at `tasuki plan {sync}`; if it is meant, `tasuki approve`",
    )
