"""Connections whose login has ended: nothing goes in or out until somebody logs in."""

from collections.abc import Collection, Iterable
from datetime import datetime

from tasuki.alert.notice import Notice, Severity
from tasuki.alert.source.concern import OPERATIONS
from tasuki.ledger.tokens import LoginRow

SOURCE = "login"


def notices(logins: Iterable[LoginRow], connections: Collection[str]) -> list[Notice]:
    """Return a finding for each connection of the project that has stopped."""
    return [
        _notice(one.connection, datetime.fromisoformat(one.refused_at))
        for one in logins
        if one.refused_at and one.connection in connections
    ]


def _notice(name: str, since: datetime) -> Notice:
    return Notice(
        key=f"login/{name}",
        severity=Severity.CRITICAL,
        department=OPERATIONS,
        title_ja=f"{name} への接続が止まっています",
        title_en=f"the connection {name} has stopped",
        body_ja="ログインが失効しました。再ログインまで、この接続の連携はすべて止まります。",
        body_en="Its login has lapsed. Nothing goes in or out until somebody logs in.",
        opened_at=since,
        remedy_ja=f"`tasuki login {name}` でもう一度アクセスを許可する",
        remedy_en=f"`tasuki login {name}`, and allow the access once more",
    )
