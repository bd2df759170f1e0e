"""Sums over all finished runs, which stay when old runs are tidied away."""

from sqlalchemy import Column, Float, String

from alembic import op

revision = "0012"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_total",
        Column("sync", String(), primary_key=True, nullable=False),
        Column("what", String(), primary_key=True, nullable=False),
        Column("amount", Float(), nullable=False),
    )
