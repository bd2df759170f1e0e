"""The tables of the customers' journey: what happened, and what is known of whom."""

from sqlalchemy import Index
from sqlmodel import Field

from tasuki.ledger.tables import Stored


class StageEventRow(Stored, table=True):
    """The entry of a stage, as one source told of it; only ever added.

    `subject` is `kind/id`. The same event told again (`source_event`, `source`) is the
    one that is there. `into_subject`: of a merge, the subject that goes on.
    """

    __tablename__ = "stage_event"
    __table_args__ = (
        Index("stage_event_source", "source_event", "source", unique=True),
        Index("stage_event_subject", "subject"),
        Index("stage_event_into", "into_subject"),
    )

    seq: int | None = Field(default=None, primary_key=True)
    subject: str
    stage: str
    entered_at: str
    observed_at: str
    source: str
    source_event: str
    actor: str
    reason: str
    into_subject: str


class SubjectFactRow(Stored, table=True):
    """What was learned of a subject: an amount, an owner, whose deal it is; only added.

    A row for each change of a value: the last one that was observed counts.
    """

    __tablename__ = "subject_fact"
    __table_args__ = (
        Index("subject_fact_subject", "subject", "name"),
        Index("subject_fact_value", "value", "name"),
    )

    seq: int | None = Field(default=None, primary_key=True)
    subject: str
    name: str
    value: str
    source: str
    observed_at: str


STAGE_EVENT = Stored.metadata.tables["stage_event"]
SUBJECT_FACT = Stored.metadata.tables["subject_fact"]
