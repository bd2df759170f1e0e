"""What people should know: one finding, in words for whom it concerns."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from tasuki.ledger.alerts import NoticeRow
from tasuki.ledger.rows import decode, encode, time_text
from tasuki.model.language import Language


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Return a number that is larger for what is worse."""
        return len(Severity) - list(Severity).index(self)


class Notice(NamedTuple):
    """One finding. It holds references and links, and never personal data.

    Attributes:
        key: What is found, equal each time it is found again (`rule/subject`).
        severity: How bad it is.
        department: Whom it concerns (`inside_sales`); "" for everybody.
        title_ja: One line.
        title_en: The same in English.
        body_ja: What it means, a few lines at most.
        body_en: The same in English.
        opened_at: Since when; aware.
        yen: The money at risk, where that is known.
        link: Where to look; "" for nowhere.
        remedy_ja: What to do about it.
        remedy_en: The same in English.
    """

    key: str
    severity: Severity
    department: str
    title_ja: str
    title_en: str
    body_ja: str
    body_en: str
    opened_at: datetime
    yen: int | None = None
    link: str = ""
    remedy_ja: str = ""
    remedy_en: str = ""

    def title(self, language: Language) -> str:
        """Return the title in a language."""
        return self.title_ja if language == "ja" else self.title_en

    def body(self, language: Language) -> str:
        """Return the body in a language."""
        return self.body_ja if language == "ja" else self.body_en

    def remedy(self, language: Language) -> str:
        """Return what to do, in a language."""
        return self.remedy_ja if language == "ja" else self.remedy_en

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return self._asdict() | {
            "severity": self.severity.value,
            "opened_at": self.opened_at.astimezone(UTC).isoformat(),
        }


def notice_of(value: dict[str, Any]) -> Notice:
    """Return the notice that `Notice.to_json` wrote."""
    return Notice(**{
        **value,
        "severity": Severity(value["severity"]),
        "opened_at": datetime.fromisoformat(value["opened_at"]),
    })  # fmt: skip


_COLUMNS = frozenset({"key", "severity", "department", "opened_at"})


def row_of(notice: Notice) -> NoticeRow:
    """Return a notice as the ledger stores it."""
    words = {k: v for k, v in notice._asdict().items() if k not in _COLUMNS}
    return NoticeRow(
        notice.key,
        "",
        notice.severity.value,
        notice.department,
        encode(words),
        time_text(notice.opened_at),
    )


def stored(row: NoticeRow) -> Notice:
    """Return the notice of a stored row."""
    told = {"key": row.key, "severity": row.severity, "department": row.department}
    return notice_of(decode(row.words) | told | {"opened_at": row.opened_at})
