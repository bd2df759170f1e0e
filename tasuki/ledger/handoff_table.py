"""The table of handoffs."""

from sqlalchemy import Index
from sqlmodel import Field

from tasuki.ledger.tables import Stored, partial_index

OPEN_HANDOFFS = "state = 'open'"


class HandoffRow(Stored, table=True):
    """A customer on the way from one department to the next.

    `due_at` and `warn_at` are computed once, when the row is made: a later change of
    model.yaml moves neither (`rule_hash` says by which rule). `opened_by` names the
    event, `failed` the criteria that did not hold at the gate.
    """

    __tablename__ = "handoff"
    __table_args__ = (
        Index("handoff_subject", "subject", "handoff"),
        Index("handoff_opened", "opened_at"),
        partial_index("handoff_open", "due_at", where=OPEN_HANDOFFS),
    )

    id: str = Field(primary_key=True)
    handoff: str
    subject: str
    opened_by: str
    source: str
    giver: str
    taker: str
    owner: str
    channel: str
    opened_at: str
    warn_at: str
    due_at: str
    within: str
    rule_hash: str
    state: str
    closed_at: str | None
    closed_by: str
    reason: str
    failed: str
    created_at: str
    updated_at: str


HANDOFF = Stored.metadata.tables["handoff"]
