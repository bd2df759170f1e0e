"""Alerts: what is found, what was told where, and the messages that tell it."""

from sqlalchemy import Column, Integer, String

from alembic import op

revision = "0019"
down_revision = "0015"
branch_labels = None
depends_on = None


def _text(name: str, *, key: bool = False, blank: bool = False) -> Column[str]:
    return Column(name, String(), primary_key=key, nullable=blank)


def upgrade() -> None:
    op.create_table(
        "alert_notice",
        _text("key", key=True),
        *(_text(n) for n in ("source", "severity", "department", "words")),
        *(_text(n) for n in ("opened_at", "noted_at")),
        _text("recovered_at", blank=True),
    )
    op.create_index("alert_notice_source", "alert_notice", ["source"])
    op.create_table(
        "alert_told",
        _text("key", key=True),
        _text("channel", key=True),
        *(_text(n) for n in ("about", "severity", "told_at", "message_id")),
    )
    op.create_index("alert_told_message", "alert_told", ["message_id"])
    op.create_table(
        "alert_message",
        _text("id", key=True),
        *(_text(n) for n in ("channel", "state", "content")),
        Column("attempts", Integer(), nullable=False),
        *(_text(n) for n in ("owner", "until")),
        _text("failing_since", blank=True),
        *(_text(n) for n in ("error", "made_at")),
        _text("sent_at", blank=True),
    )
    op.create_index("alert_message_channel", "alert_message", ["channel", "state"])
