"""Handoffs between departments: opened, due, accepted or given back."""

from sqlalchemy import Column, String, text

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_OPEN = "state = 'open'"


def _text(name: str, *, key: bool = False, blank: bool = False) -> Column[str]:
    return Column(name, String(), primary_key=key, nullable=blank)


def upgrade() -> None:
    op.create_table(
        "handoff",
        _text("id", key=True),
        _text("handoff"),
        _text("subject"),
        _text("opened_by"),
        _text("source"),
        _text("giver"),
        _text("taker"),
        _text("owner"),
        _text("channel"),
        _text("opened_at"),
        _text("warn_at"),
        _text("due_at"),
        _text("within"),
        _text("rule_hash"),
        _text("state"),
        _text("closed_at", blank=True),
        _text("closed_by"),
        _text("reason"),
        _text("failed"),
        _text("created_at"),
        _text("updated_at"),
    )
    op.create_index("handoff_subject", "handoff", ["subject", "handoff"])
    op.create_index("handoff_opened", "handoff", ["opened_at"])
    op.create_index(
        "handoff_open",
        "handoff",
        ["due_at"],
        sqlite_where=text(_OPEN),
        postgresql_where=text(_OPEN),
    )
