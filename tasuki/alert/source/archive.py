"""An archive of documents that is not as it was recorded."""

from datetime import datetime

from tasuki.alert.notice import Notice, Severity

SOURCE = "archive"


def notices(faults: int, now: datetime) -> list[Notice]:
    """Return a finding where the archive has faults.

    Args:
        faults: How many entries or files are not as they were recorded.
        now: The present; the ledger keeps the first.
    """
    if not faults:
        return []
    return [
        Notice(
            key="archive/altered",
            severity=Severity.CRITICAL,
            department="back_office",
            title_ja=f"電子取引データの保存に異常が {faults:,} 件あります",
            title_en=f"the archive: {faults:,} entries are not as they were recorded",
            body_ja="記録と異なるものがあります。確認が済むまで、そのまま残してください。",
            body_en="Files differ from their records. Keep everything as it is.",
            opened_at=now,
            remedy_ja="`tasuki archive verify` で該当する書類を確認する",
            remedy_en="`tasuki archive verify` names the documents",
        )
    ]
