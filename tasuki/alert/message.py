"""A message to a channel, and the words in it, before a channel gives it its form."""

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from tasuki.alert.notice import Notice, Severity, notice_of
from tasuki.alert.route import About, Telling
from tasuki.clock import TOKYO
from tasuki.ledger.rows import encode
from tasuki.model.language import Language, one_of

_SEVERITIES = {
    Severity.CRITICAL: ("緊急", "critical"),
    Severity.HIGH: ("重要", "high"),
    Severity.MEDIUM: ("注意", "medium"),
    Severity.LOW: ("参考", "low"),
}
_ABOUT = {
    About.OPENED: ("", ""),
    About.WORSE: ("深刻化", "worse"),
    About.REMINDER: ("未解決", "still open"),
    About.RECOVERED: ("解消", "resolved"),
}
_DEPARTMENTS = {
    "marketing": ("マーケティング", "marketing"),
    "inside_sales": ("インサイドセールス", "inside sales"),
    "field_sales": ("フィールドセールス", "field sales"),
    "customer_success": ("カスタマーサクセス", "customer success"),
    "back_office": ("バックオフィス", "back office"),
    "operations": ("システム担当", "operations"),
}
_LONGEST_SUBJECT = 100


class Message(NamedTuple):
    """What one channel is told at one time; `id` stays the same on every attempt."""

    id: str
    at: datetime
    language: Language
    tellings: tuple[Telling, ...]
    is_test: bool = False

    def subject(self) -> str:
        """Return the message in one line."""
        if self.is_test:
            words = ("【Tasuki】通知テスト", "[Tasuki] test of this channel")
            return one_of(words, self.language)
        first = self.tellings[0]
        named = (
            f"{mark(first, self.language)}{one_line(first.notice.title(self.language))}"
        )
        rest = len(self.tellings) - 1
        more = ("（ほか{n}件）", " (and {n} more)")
        tail = one_of(more, self.language).format(n=rest) if rest else ""
        begin = one_of(("【Tasuki】", "[Tasuki] "), self.language)
        return begin + cut(named, _LONGEST_SUBJECT - len(tail)) + tail

    def summary(self) -> str:
        """Return how many findings of which kind there are."""
        if self.is_test:
            words = (
                "通知の設定は正しく動いています。対応は不要です。",
                "This channel works. Nothing is to be done.",
            )
            return one_of(words, self.language)
        counts = Counter(
            one.notice.severity for one in self.tellings
            if one.about is not About.RECOVERED
        )  # fmt: skip
        over = len(self.tellings) - counts.total()
        parts = [
            f"{one_of(words, self.language)} {counts[severity]}"
            for severity, words in _SEVERITIES.items()
            if counts[severity]
        ]
        if over:
            parts.append(f"{one_of(_ABOUT[About.RECOVERED], self.language)} {over}")
        unit = one_of(("件", ""), self.language)
        return one_of(("、", ", "), self.language).join(p + unit for p in parts)


def mark(telling: Telling, language: Language) -> str:
    """Return what stands before a title: `【緊急】`, `【解消】`, `【重要・未解決】`."""
    about = one_of(_ABOUT[telling.about], language)
    severity = one_of(_SEVERITIES[telling.notice.severity], language)
    is_over = telling.about is About.RECOVERED
    words = [about] if is_over else [word for word in (severity, about) if word]
    return f"【{'・'.join(words)}】" if language == "ja" else f"[{', '.join(words)}] "


def facts(notice: Notice, language: Language) -> str:
    """Return whom it concerns, since when, and the money at risk, in one line."""
    since = notice.opened_at.astimezone(TOKYO)
    day = f"{since.year}/{since.month}/{since.day} {since:%H:%M}"
    parts = [f"{day}から" if language == "ja" else f"since {day} (Tokyo)"]
    if notice.department:
        known = _DEPARTMENTS.get(notice.department)
        parts.insert(0, one_of(known, language) if known else notice.department)
    if notice.yen is not None:
        parts.append(f"{one_of(('金額', 'at risk'), language)} ¥{notice.yen:,}")
    return one_line(" ｜ ".join(parts))


def more_line(count: int, language: Language) -> str:
    """Return the line that says how many findings are not shown."""
    words = (
        "ほか {n} 件は `tasuki alerts` で確認できます。",
        "{n} more: `tasuki alerts` lists them.",
    )
    return one_of(words, language).format(n=f"{count:,}")


def remedy_word(language: Language) -> str:
    """Return what stands before a remedy."""
    return one_of(("対応", "What to do"), language)


def link_word(language: Language) -> str:
    """Return the text of a link."""
    return one_of(("画面を開く", "Open"), language)


def is_web(link: str) -> bool:
    """Say whether a link leads to a page, and not to a program."""
    return link.startswith(("https://", "http://"))


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters.

    Example:
        >>> one_line("a" + chr(13) + chr(10) + "Bcc: b")
        'a Bcc: b'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def cut(text: str, most: int) -> str:
    """Return at most so many characters, the last of them an ellipsis if cut."""
    return text if len(text) <= most else text[: max(most - 1, 0)].rstrip() + "…"


def frozen(message: Message) -> str:
    """Return what is told as JSON, as it is written down before it is sent."""
    said = [
        {"about": t.about.value, "notice": t.notice.to_json()} for t in message.tellings
    ]
    return encode({"language": message.language, "tellings": said})


def thawed(message_id: str, content: str, made_at: datetime) -> Message:
    """Return the message that `frozen` wrote."""
    value: dict[str, Any] = orjson.loads(content)
    tellings = tuple(
        Telling(About(one["about"]), notice_of(one["notice"]))
        for one in value["tellings"]
    )
    return Message(message_id, made_at, value["language"], tellings)
