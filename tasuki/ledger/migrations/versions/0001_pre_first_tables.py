"""The first tables."""

from sqlalchemy import Column, Float, Integer, String, text

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPEN = "(state = 'planned' OR state = 'sending' OR state = 'in_doubt')"
LEFT_OVER = "(outcome = 'waiting' OR outcome = 'held')"
LIVE = "(claim IS NOT NULL AND state <> 'rejected' AND state <> 'abandoned')"


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, String(), primary_key=key, nullable=null)


def _whole(name: str) -> Column[int]:
    return Column(name, Integer(), nullable=False)


def _number() -> Column[int]:
    return Column("id", Integer(), primary_key=True, nullable=False)


def _texts(*names: str) -> list[Column[str]]:
    return [_text(name) for name in names]


def _partial(
    name: str, table: str, columns: list[str], where: str, *, unique: bool = False
) -> None:
    condition = text(where)
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def upgrade() -> None:
    _work()
    _evidence()
    _coordination()


def _work() -> None:
    op.create_table(
        "link",
        _text("source_id", key=True),
        _text("sync", key=True),
        *_texts("source", "destination", "destination_id", "sent", "fingerprint"),
        *_texts("version", "revision", "state", "run_id", "linked_at", "updated_at"),
    )
    op.create_index("link_reverse", "link", ["destination_id", "sync"])
    op.create_table(
        "relation",
        _text("from_ref", key=True),
        _text("to_ref", key=True),
        *_texts("sync", "run_id", "seen_at"),
    )
    op.create_index("relation_to", "relation", ["to_ref"])
    op.create_table(
        "intent",
        _text("id", key=True),
        *_texts("sync", "source_id", "source", "destination"),
        _text("destination_id", null=True),
        _text("operation"),
        _text("claim", null=True),
        *_texts("mark", "key_field", "key_value", "payload"),
        *_texts("fingerprint", "version", "revision", "state"),
        _whole("attempts"),
        _text("quiet_until", null=True),
        _text("receipt", null=True),
        *_texts("error_code", "error_words", "run_id"),
        _whole("fence"),
        _text("created_at"),
        _text("sent_at", null=True),
        _text("done_at", null=True),
    )
    op.create_index("intent_source", "intent", ["source_id", "sync"])
    _partial("intent_open", "intent", ["sync"], OPEN)
    _partial("intent_claim", "intent", ["claim"], LIVE, unique=True)
    op.create_table(
        "match_key",
        _text("key", key=True),
        _text("sync", key=True),
        _text("source_id"),
    )
    op.create_table(
        "cursor",
        _text("sync", key=True),
        _text("part", key=True),
        *_texts("position", "revision", "updated_at", "run_id"),
    )


def _evidence() -> None:
    op.create_table(
        "decision",
        _number(),
        *_texts("source_id", "sync", "outcome", "reason", "detail"),
        *_texts("revision", "version", "run_id", "decided_at"),
    )
    op.create_index("decision_source", "decision", ["source_id", "sync", "id"])
    _partial("decision_left_over", "decision", ["sync"], LEFT_OVER)
    op.create_table(
        "dead_letter",
        _number(),
        *_texts("source_id", "sync", "cause", "words", "remedy", "payload"),
        *_texts("version", "revision", "state"),
        _whole("count"),
        *_texts("first_at", "last_at", "run_id"),
    )
    _partial(
        "dead_letter_unsolved",
        "dead_letter",
        ["source_id", "sync"],
        "(state = 'open' OR state = 'replayed')",
        unique=True,
    )
    op.create_index("dead_letter_source", "dead_letter", ["source_id", "sync"])
    op.create_table(
        "run",
        _text("id", key=True),
        *_texts("sync", "kind", "state", "started_at"),
        _text("finished_at", null=True),
        _text("host"),
        _whole("pid"),
        *_texts("counts", "calls", "error"),
    )
    op.create_index("run_sync", "run", ["sync", "started_at"])


def _coordination() -> None:
    op.create_table(
        "lease",
        _text("name", key=True),
        *_texts("owner", "host", "machine"),
        _whole("pid"),
        _text("born"),
        _whole("fence"),
        *_texts("since", "expires_at"),
    )
    op.create_table(
        "token",
        _text("connection", key=True),
        _text("sealed"),
        _text("expires_at", null=True),
        _text("updated_at"),
    )
    op.create_table(
        "budget",
        _text("name", key=True),
        _text("connection"),
        Column("tat", Float(), nullable=False),
        Column("paused_until", Float(), nullable=False),
    )
    op.create_table(
        "connection",
        _text("name", key=True),
        *_texts("connector", "account", "updated_at"),
    )
