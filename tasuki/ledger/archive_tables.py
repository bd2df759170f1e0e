"""The archive's table; its triggers are made by the migration."""

from sqlalchemy import Index
from sqlmodel import Field

from tasuki.ledger.tables import Stored


class ArchiveEntry(Stored, table=True):
    """The archive of documents: a chain of hashes that is only ever added to.

    Triggers refuse every UPDATE and DELETE. `content_path` is relative to the content
    store; see `tasuki archive`.
    """

    __tablename__ = "archive"
    __table_args__ = (
        Index("archive_date", "transaction_date"),
        Index("archive_channel", "channel"),
    )

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    op: str
    doc_type: str
    doc_no: str
    version: int
    supersedes: int | None
    reason: str | None
    transaction_date: str | None
    amount: str | None
    currency: str | None
    counterparty: str | None
    counterparty_key: str | None
    registration_number: str | None
    direction: str | None
    channel: str | None
    content_sha256: str | None
    content_path: str | None
    mime: str | None
    recorded_at: str
    actor: str
    prev_hash: str
    hash: str
    retain_until: str | None


ARCHIVE = Stored.metadata.tables["archive"]
