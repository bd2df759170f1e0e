"""What happened to a customer: the entry of a stage, seen in one system."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    """The stages from first touch to renewal, and what interrupts them."""

    LEAD = "lead"
    MQL = "mql"
    SAL = "sal"
    SQL = "sql"
    WON = "won"
    LOST = "lost"
    INVOICED = "invoiced"
    SENT = "sent"
    PAID = "paid"
    ONBOARDED = "onboarded"
    RENEWED = "renewed"
    CHURNED = "churned"
    UPSOLD = "upsold"
    RECYCLED = "recycled"
    DISQUALIFIED = "disqualified"
    REOPENED = "reopened"
    MERGED = "merged"


class StageEvent(NamedTuple):
    """One entry of a stage; never altered, a correction is another event.

    Attributes:
        subject: Whose journey it is, as `kind/id` (`person/101`, `deal/006xx`).
        stage: What was entered.
        entered_at: When, as the source says; aware, UTC.
        observed_at: When we learned of it; aware, UTC. KPIs as of an instant take no
            event that was observed later.
        source: The connection that told of it.
        source_event: The source's id of the event, unique for a source: the same event
            told twice is one.
        actor: The owner or person in charge as the source names them; an id, no name.
        reason: Why, where the source gives a reason (`not_icp`); else empty.
        into: For `merged`: the subject that goes on; else empty.
    """

    subject: str
    stage: Stage
    entered_at: datetime
    observed_at: datetime
    source: str
    source_event: str
    actor: str = ""
    reason: str = ""
    into: str = ""
