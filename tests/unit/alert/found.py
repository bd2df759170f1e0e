"""Notices with the one interesting value visible, and channels in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tasuki.alert.message import Message
from tasuki.alert.notice import Notice, Severity
from tasuki.alert.terms import Terms, Timing
from tasuki.model.errors import TransientError

# A Wednesday, 10:00 in Tokyo.
NOW = datetime(2026, 4, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def notice(
    key: str = "leak/L01/deal-1",
    severity: str = "high",
    department: str = "back_office",
    yen: int | None = 550_000,
    title: str = "請求書がありません",
    body: str = "受注から 7 営業日が過ぎました。",
    link: str = "https://example.com/deal/1",
) -> Notice:
    return Notice(
        key, Severity(severity), department, title, "no invoice", body,
        "Seven business days have passed.", NOW, yen, link, "請求書を作成する",
        "Make the invoice",
    )  # fmt: skip


def terms(*channels: str, **changed: object) -> Terms:
    timings = {name: Timing() for name in channels or ("sales",)}
    return Terms(**{"channels": timings, **changed})  # type: ignore[arg-type]


@dataclass
class Wall:
    """A channel that keeps what it is told, or takes nothing."""

    works: bool = True
    told: list[Message] = field(default_factory=list)
    tries: int = 0

    def send(self, message: Message, _attempt: int) -> str:
        self.tries += 1
        if not self.works:
            raise TransientError("alerts/wall", "it answers 503")
        self.told.append(message)
        return ""

    def said(self) -> list[tuple[str, str]]:
        return [
            (one.about.value, one.notice.key) for m in self.told for one in m.tellings
        ]
