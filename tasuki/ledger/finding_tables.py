"""The tables of leaks: what was found, and the sweeps that looked."""

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from tasuki.ledger.tables import Stored, partial_index

OPEN_FINDINGS = "closed_at IS NULL"


class FindingRow(Stored, table=True):
    """One leak from the sweep that met it first to the one that did not meet it.

    A leak that comes back is another row: what was true then stays. Ids, states and
    sums only, no value of any record.
    """

    __tablename__ = "finding"
    __table_args__ = (
        partial_index(
            "finding_open", "subject", "rule", where=OPEN_FINDINGS, unique=True
        ),
        Index("finding_subject", "subject", "rule"),
        Index("finding_ref", "ref"),
        Index("finding_opened", "opened_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    rule: str
    subject: str
    ref: str
    severity: str
    department: str
    yen: int | None = Field(default=None, sa_type=BigInteger, nullable=True)
    link: str
    opened_at: str
    seen_at: str
    closed_at: str | None
    snoozed_until: str | None
    snooze_reason: str
    snoozed_by: str


class LeakSweepRow(Stored, table=True):
    """One sweep for leaks: what it looked for, what it could not, and its calls."""

    __tablename__ = "leak_sweep"

    id: int | None = Field(default=None, primary_key=True)
    began_at: str
    finished_at: str
    rules: str
    calls: str


FINDING = Stored.metadata.tables["finding"]
LEAK_SWEEP = Stored.metadata.tables["leak_sweep"]
