"""Syncs whose newest run did not come to its end."""

from collections.abc import Collection, Iterable
from datetime import datetime

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.source.concern import Concerns
from tasuki.ledger.rows import RunRow

SOURCE = "run"
_ENDS = {
    "stopped": ("途中で止まりました", "was stopped"),
    "crashed": ("異常終了しました", "crashed"),
    "lost": ("応答がなくなりました", "fell silent"),
}


def notices(
    runs: Iterable[RunRow], used: Collection[str], concerns: Concerns
) -> list[Notice]:
    """Return a finding for each mapping in use whose newest run ended badly.

    A run that a guard refused is a finding of `hold`.
    """
    return [
        _notice(one, concerns)
        for one in runs
        if one.sync in used and one.state in _ENDS
    ]


def _notice(run: RunRow, concerns: Concerns) -> Notice:
    concern, (ended_ja, ended_en) = concerns(run.sync), _ENDS[run.state]
    return Notice(
        key=f"run/{run.sync}",
        severity=Severity.HIGH if concern.is_money else Severity.MEDIUM,
        department=concern.department,
        title_ja=f"{run.sync}：最後の実行が{ended_ja}",
        title_en=f"{run.sync}: the newest run {ended_en}",
        body_ja="失われた記録はありません。次の実行が続きから始めます。",
        body_en="Nothing is lost: the next run goes on where this one stopped.",
        opened_at=datetime.fromisoformat(run.finished_at or run.started_at),
        remedy_ja="`tasuki status` で理由を確認する",
        remedy_en="`tasuki status` says why",
    )
