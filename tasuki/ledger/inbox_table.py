"""The table of the inbox; apart from the others, which are about what is written."""

from sqlalchemy import Index
from sqlmodel import Field

from tasuki.ledger.tables import Stored, partial_index

WAITING_HINTS = "state = 'waiting'"


class InboxEntry(Stored, table=True):
    """A hint that a system has delivered: a record of it may have changed.

    `state` is `waiting`, `done`, `ignored` (nobody reads that stream) or `dead` (given
    up, with words and remedy). `event` is a digest of what tells it from others,
    `syncs` those that still have to look, all when empty. Nothing else is kept.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        Index("inbox_event", "event", unique=True),
        Index("inbox_record", "record_id", "stream", "connection"),
        partial_index("inbox_waiting", "due_at", where=WAITING_HINTS),
    )

    id: int | None = Field(default=None, primary_key=True)
    event: str
    connection: str
    stream: str
    record_id: str
    kind: str
    state: str
    attempts: int
    syncs: str
    words: str
    remedy: str
    received_at: str
    due_at: str
    done_at: str | None


INBOX = Stored.metadata.tables["inbox"]
