"""A channel that takes nothing is itself a finding, told to all the others."""

from collections.abc import Iterable
from datetime import datetime

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.route import DEAD_CHANNEL
from tasuki.alert.terms import Terms
from tasuki.clock import TOKYO
from tasuki.ledger.alerts import MessageRow

SOURCE = "alerts"
"""Under this name the findings of this module are noted."""


def is_dead(message: MessageRow, terms: Terms) -> bool:
    """Say whether a channel has refused its message too often."""
    return message.failing_since is not None and message.attempts >= terms.dead_after


def notices(unsent: Iterable[MessageRow], terms: Terms) -> list[Notice]:
    """Return a finding for each channel that is dead."""
    return [
        _notice(one)
        for one in unsent
        if one.channel in terms.channels and is_dead(one, terms)
    ]


def _notice(message: MessageRow) -> Notice:
    name = message.channel
    since = datetime.fromisoformat(message.failing_since or message.made_at)
    here = since.astimezone(TOKYO)
    begun = f"{here.month}/{here.day} {here:%H:%M}"
    return Notice(
        key=f"{DEAD_CHANNEL}{name}",
        severity=Severity.HIGH,
        department="operations",
        title_ja=f"通知先「{name}」に届きません",
        title_en=f"the alert channel '{name}' takes nothing",
        body_ja=(
            f"{begun} から送信に失敗しています。未送信の通知は失われず、"
            "復旧後にまとめて届きます。"
        ),
        body_en=(
            f"Sending has failed since {begun} (Tokyo). Nothing is lost: what waits is "
            "sent once it works again."
        ),
        opened_at=since,
        remedy_ja=f"`tasuki alerts` で理由を見て、直したら `tasuki alerts test {name}`",
        remedy_en=f"`tasuki alerts` says why; then `tasuki alerts test {name}`",
    )
