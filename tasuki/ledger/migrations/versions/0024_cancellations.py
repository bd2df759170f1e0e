"""Invoices that a person had cancelled, and why."""

from sqlalchemy import Column, Integer, String

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    names = (
        "sync", "source", "source_id", "destination", "destination_id", "number",
        "total", "who", "why", "state", "words", "asked_at",
    )  # fmt: skip
    op.create_table(
        "cancellation",
        Column("id", Integer(), primary_key=True, nullable=False),
        *(Column(name, String(), nullable=False) for name in names),
        Column("ended_at", String(), nullable=True),
    )
    op.create_index("cancellation_source", "cancellation", ["source_id", "sync"])
    op.create_index("cancellation_destination", "cancellation", ["destination_id"])
