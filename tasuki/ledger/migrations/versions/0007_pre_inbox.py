"""Hints that systems deliver, until they have been looked at."""

from sqlalchemy import Column, Integer, String, text

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TEXTS = ("event", "connection", "stream", "record_id", "kind", "state")
_MORE = ("syncs", "words", "remedy", "received_at", "due_at")


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, String(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "inbox",
        Column("id", Integer(), primary_key=True, nullable=False),
        *_texts(*_TEXTS),
        Column("attempts", Integer(), nullable=False),
        *_texts(*_MORE),
        Column("done_at", String(), nullable=True),
    )
    op.create_index("inbox_event", "inbox", ["event"], unique=True)
    op.create_index("inbox_record", "inbox", ["record_id", "stream", "connection"])
    waiting = text("state = 'waiting'")
    op.create_index(
        "inbox_waiting",
        "inbox",
        ["due_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
