"""Records that were given up, by cause."""

import re
from collections.abc import Iterable
from datetime import datetime

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.source.concern import Concerns
from tasuki.ledger.rows import CauseCount

SOURCE = "dead_letter"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}")


def notices(causes: Iterable[CauseCount], concerns: Concerns) -> list[Notice]:
    """Return a finding for each cause of unsolved dead letters."""
    return [_notice(one, concerns) for one in causes]


def _notice(one: CauseCount, concerns: Concerns) -> Notice:
    concern = concerns(one.sync)
    cause = one.cause if _CODE.fullmatch(one.cause) else "-"
    return Notice(
        key=f"dead_letter/{one.sync}/{one.group}",
        severity=Severity.HIGH if concern.is_money else Severity.MEDIUM,
        department=concern.department,
        title_ja=f"{one.sync}：{one.times:,} 件が連携できていません（{cause}）",
        title_en=f"{one.sync}: {one.times:,} records could not be delivered ({cause})",
        body_ja="相手先のシステムに受け付けられず、止まっています。",
        body_en="The destination refused them; they wait for a correction.",
        opened_at=datetime.fromisoformat(one.first_at),
        remedy_ja=f"`tasuki dead -m {one.sync}` で理由を見て、直したら `tasuki replay`",
        remedy_en=f"`tasuki dead -m {one.sync}` says why; then `tasuki replay`",
    )
