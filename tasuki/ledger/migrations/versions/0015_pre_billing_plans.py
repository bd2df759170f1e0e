"""Plans of won deals, their billed instalments, and the invoices that are due."""

from sqlalchemy import Column, Integer, String

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _text(name: str, *, key: bool = False, blank: bool = False) -> Column[str]:
    return Column(name, String(), primary_key=key, nullable=blank)


def upgrade() -> None:
    op.create_table(
        "billing_plan",
        _text("id", key=True),
        _text("fields"),
        _text("state"),
        _text("next_on", blank=True),
        _text("created_at"),
        _text("updated_at"),
    )
    op.create_index("billing_plan_next", "billing_plan", ["next_on"])
    op.create_table(
        "billing_instalment",
        _text("id", key=True),
        _text("plan_id"),
        _text("kind"),
        _text("bill_on"),
        _text("label"),
        _text("lines"),
        _text("invoice_id", blank=True),
        _text("created_at"),
    )
    op.create_index("billing_instalment_plan", "billing_instalment", ["plan_id"])
    op.create_index("billing_instalment_invoice", "billing_instalment", ["invoice_id"])
    op.create_table(
        "billing_invoice",
        Column("seq", Integer(), primary_key=True, nullable=False),
        _text("id"),
        _text("fields"),
        _text("created_at"),
    )
    op.create_index("billing_invoice_id", "billing_invoice", ["id"], unique=True)
