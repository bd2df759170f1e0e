"""The tables of billing plans."""

from sqlalchemy import Index
from sqlmodel import Field

from tasuki.ledger.tables import Stored


class BillingPlanRow(Stored, table=True):
    """How a deal is billed, as its mapping last said; `next_on` when next."""

    __tablename__ = "billing_plan"
    __table_args__ = (Index("billing_plan_next", "next_on"),)

    id: str = Field(primary_key=True)
    fields: str
    state: str
    next_on: str | None
    created_at: str
    updated_at: str


class BillingInstalmentRow(Stored, table=True):
    """A part of a deal that is billed, or that a person has approved to be; once.

    Parts that are still to come are not stored: they follow from the plan.
    """

    __tablename__ = "billing_instalment"
    __table_args__ = (
        Index("billing_instalment_plan", "plan_id"),
        Index("billing_instalment_invoice", "invoice_id"),
    )

    id: str = Field(primary_key=True)
    plan_id: str
    kind: str
    bill_on: str
    label: str
    lines: str
    invoice_id: str | None
    created_at: str
    returns: str | None = None


class BillingInvoiceRow(Stored, table=True):
    """An invoice that is due, closed to anything more; never altered.

    `kind` is `credit` for a credit note, and empty for an invoice.
    """

    __tablename__ = "billing_invoice"
    __table_args__ = (Index("billing_invoice_id", "id", unique=True),)

    seq: int | None = Field(default=None, primary_key=True)
    id: str
    fields: str
    created_at: str
    kind: str | None = None


class BillingPaymentRow(Stored, table=True):
    """What a system last said of a document: what it comes to, and what came in."""

    __tablename__ = "billing_payment"
    __table_args__ = (Index("billing_payment_updated", "updated_at"),)

    invoice_id: str = Field(primary_key=True)
    fields: str
    is_open: bool
    updated_at: str


BILLING_PLAN = Stored.metadata.tables["billing_plan"]
BILLING_INSTALMENT = Stored.metadata.tables["billing_instalment"]
BILLING_INVOICE = Stored.metadata.tables["billing_invoice"]
BILLING_PAYMENT = Stored.metadata.tables["billing_payment"]
