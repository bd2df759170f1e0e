"""Stage events of customers' journeys, and what is known of their subjects."""

from sqlalchemy import Column, Integer, String

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _text(name: str) -> Column[str]:
    return Column(name, String(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "stage_event",
        Column("seq", Integer(), primary_key=True, nullable=False),
        _text("subject"),
        _text("stage"),
        _text("entered_at"),
        _text("observed_at"),
        _text("source"),
        _text("source_event"),
        _text("actor"),
        _text("reason"),
        _text("into_subject"),
    )
    op.create_index(
        "stage_event_source", "stage_event", ["source_event", "source"], unique=True
    )
    op.create_index("stage_event_subject", "stage_event", ["subject"])
    op.create_index("stage_event_into", "stage_event", ["into_subject"])
    op.create_table(
        "subject_fact",
        Column("seq", Integer(), primary_key=True, nullable=False),
        _text("subject"),
        _text("name"),
        _text("value"),
        _text("source"),
        _text("observed_at"),
    )
    op.create_index("subject_fact_subject", "subject_fact", ["subject", "name"])
    op.create_index("subject_fact_value", "subject_fact", ["value", "name"])
