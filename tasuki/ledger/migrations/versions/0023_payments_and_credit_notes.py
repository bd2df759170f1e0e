"""What was paid of planned invoices, and the invoices that credit notes take back."""

from sqlalchemy import Boolean, Column, String

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("billing_instalment", Column("returns", String(), nullable=True))
    op.add_column("billing_invoice", Column("kind", String(), nullable=True))
    op.create_table(
        "billing_payment",
        Column("invoice_id", String(), primary_key=True, nullable=False),
        Column("fields", String(), nullable=False),
        Column("is_open", Boolean(), nullable=False),
        Column("updated_at", String(), nullable=False),
    )
    op.create_index("billing_payment_updated", "billing_payment", ["updated_at"])
