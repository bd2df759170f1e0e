"""What is held and why, and what people decided about it."""

from sqlalchemy import Column, Integer, String, text

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What earlier versions held is only known as a decision: the next look fills in the rest.
_HELD_BEFORE = """
INSERT INTO hold (source_id, sync, source, reason, detail, question, digest,
                  fingerprint, version, revision, state, run_id, since, seen_at)
SELECT d.source_id, d.sync, '', d.reason, d.detail, '{}', '', '', d.version, d.revision,
       'open', d.run_id, d.decided_at, d.decided_at
FROM decision AS d
WHERE d.outcome = 'held' AND NOT EXISTS (
    SELECT 1 FROM decision AS later
    WHERE later.source_id = d.source_id AND later.sync = d.sync AND later.id > d.id)
"""


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, String(), primary_key=key, nullable=null)


def _texts(*names: str) -> list[Column[str]]:
    return [_text(name) for name in names]


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = text(where)
    op.create_index(
        name, table, columns, sqlite_where=condition, postgresql_where=condition
    )


def upgrade() -> None:
    op.create_table(
        "hold",
        _text("source_id", key=True),
        _text("sync", key=True),
        *_texts("source", "reason", "detail", "question", "digest", "fingerprint"),
        *_texts("version", "revision", "state", "run_id", "since", "seen_at"),
    )
    _partial("hold_open", "hold", ["sync"], "state <> 'closed'")
    op.create_table(
        "ruling",
        Column("id", Integer(), primary_key=True, nullable=False),
        *_texts("source_id", "sync", "reason", "choice", "target", "question"),
        *_texts("digest", "fingerprint", "who", "why", "ruled_at"),
        _text("expires_at", null=True),
    )
    op.create_index("ruling_source", "ruling", ["source_id", "sync"])
    op.create_index("ruling_sync", "ruling", ["sync"])
    op.create_table(
        "ruling_end",
        Column("ruling_id", Integer(), primary_key=True, autoincrement=False, nullable=False),
        *_texts("outcome", "words", "who", "run_id", "ended_at"),
    )
    op.execute(_HELD_BEFORE)
