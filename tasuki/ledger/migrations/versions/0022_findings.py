"""Leaks that were found, and the sweeps that looked for them."""

import sqlalchemy as sa
from sqlalchemy import Column, Integer, String

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def _text(name: str, *, blank: bool = False) -> Column[str]:
    return Column(name, String(), nullable=blank)


def upgrade() -> None:
    op.create_table(
        "finding",
        Column("id", Integer(), primary_key=True, nullable=False),
        *(_text(name) for name in ("rule", "subject", "ref", "severity", "department")),
        Column("yen", sa.BigInteger(), nullable=True),
        *(_text(name) for name in ("link", "opened_at", "seen_at")),
        _text("closed_at", blank=True),
        _text("snoozed_until", blank=True),
        _text("snooze_reason"),
        _text("snoozed_by"),
    )
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "finding_open",
        "finding",
        ["subject", "rule"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("finding_subject", "finding", ["subject", "rule"])
    op.create_index("finding_ref", "finding", ["ref"])
    op.create_index("finding_opened", "finding", ["opened_at"])
    op.create_table(
        "leak_sweep",
        Column("id", Integer(), primary_key=True, nullable=False),
        *(_text(name) for name in ("began_at", "finished_at", "rules", "calls")),
    )
