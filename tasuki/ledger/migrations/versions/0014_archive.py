"""The archive of documents: append-only, by triggers too."""

from sqlalchemy import Column, Integer, String

from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

_SQLITE = (
    "CREATE TRIGGER archive_keeps_rows BEFORE UPDATE ON archive "
    "BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END",
    "CREATE TRIGGER archive_loses_nothing BEFORE DELETE ON archive "
    "BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END",
    "CREATE TRIGGER archive_grows_at_its_end BEFORE INSERT ON archive "
    "WHEN EXISTS (SELECT 1 FROM archive WHERE seq >= NEW.seq) "
    "BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END",
)
_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION archive_is_append_only() RETURNS trigger "
    "LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION 'the archive is append-only'; END $$",
    "CREATE TRIGGER archive_keeps_rows BEFORE UPDATE OR DELETE ON archive "
    "FOR EACH ROW EXECUTE FUNCTION archive_is_append_only()",
    "CREATE TRIGGER archive_loses_nothing BEFORE TRUNCATE ON archive "
    "FOR EACH STATEMENT EXECUTE FUNCTION archive_is_append_only()",
)


def upgrade() -> None:
    op.create_table(
        "archive",
        Column("seq", Integer(), primary_key=True, autoincrement=False, nullable=False),
        *(Column(name, String(), nullable=False) for name in ("op", "doc_type", "doc_no")),
        Column("version", Integer(), nullable=False),
        Column("supersedes", Integer(), nullable=True),
        *(
            Column(name, String(), nullable=True)
            for name in (
                *("reason", "transaction_date", "amount", "currency", "counterparty"),
                *("counterparty_key", "registration_number", "direction", "channel"),
                *("content_sha256", "content_path", "mime"),
            )
        ),
        *(
            Column(name, String(), nullable=False)
            for name in ("recorded_at", "actor", "prev_hash", "hash")
        ),
        Column("retain_until", String(), nullable=True),
    )
    op.create_index("archive_date", "archive", ["transaction_date"])
    op.create_index("archive_channel", "archive", ["channel"])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for text in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(text)
