"""Persons who were erased, by a keyed hash of their records' names."""

from sqlalchemy import Column, Integer, String

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forgotten",
        Column("hashed", String(), primary_key=True, nullable=False),
        Column("suppressed", Integer(), nullable=False),
        Column("at", String(), nullable=False),
    )
