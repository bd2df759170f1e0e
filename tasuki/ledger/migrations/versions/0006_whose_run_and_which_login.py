"""Which process works on a run, and what a login's renewal has come to."""

from sqlalchemy import Column, String

from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def _filled(name: str) -> Column[str]:
    return Column(name, String(), nullable=False, server_default="")


def upgrade() -> None:
    op.add_column("run", _filled("machine"))
    op.add_column("run", _filled("born"))
    op.add_column("token", Column("renewing_since", String(), nullable=True))
    op.add_column("token", _filled("renewing_by"))
    op.add_column("token", Column("refused_at", String(), nullable=True))
    op.add_column("token", _filled("refused_words"))
