"""The tables of alerts: what is found, what was told where, and what is being sent."""

from sqlalchemy import Index
from sqlmodel import Field

from tasuki.ledger.tables import Stored


class AlertNoticeRow(Stored, table=True):
    """Something that people should know, until its source does not find it any more.

    `words` is JSON: the texts, the amount at risk, the link. No personal data.
    """

    __tablename__ = "alert_notice"
    __table_args__ = (Index("alert_notice_source", "source"),)

    key: str = Field(primary_key=True)
    source: str
    severity: str
    department: str
    words: str
    opened_at: str
    noted_at: str
    recovered_at: str | None


class AlertToldRow(Stored, table=True):
    """What a channel was told last about a finding, by which message."""

    __tablename__ = "alert_told"
    __table_args__ = (Index("alert_told_message", "message_id"),)

    key: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    about: str
    severity: str
    told_at: str
    message_id: str


class AlertMessageRow(Stored, table=True):
    """A message to a channel: written down before it is sent, and taken by one process.

    `state` is waiting, sending or sent; one that is sending after `until` was left by a
    process that died, and is taken up by another.
    """

    __tablename__ = "alert_message"
    __table_args__ = (Index("alert_message_channel", "channel", "state"),)

    id: str = Field(primary_key=True)
    channel: str
    state: str
    content: str
    attempts: int
    owner: str
    until: str
    failing_since: str | None
    error: str
    made_at: str
    sent_at: str | None


ALERT_NOTICE = Stored.metadata.tables["alert_notice"]
ALERT_TOLD = Stored.metadata.tables["alert_told"]
ALERT_MESSAGE = Stored.metadata.tables["alert_message"]
