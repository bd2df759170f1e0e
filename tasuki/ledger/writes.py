"""The statements that a transaction runs, as Core builds them.

Each takes its parameters in the order of the SQL text: an insert that of the table's
columns, an update its new values in the table's order and then the condition.
"""

from sqlalchemy import Dialect, bindparam, delete, insert, text, update
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import among, insert_into
from tasuki.ledger.tables import (
    CURSOR,
    DEAD_LETTER,
    DECISION,
    INTENT,
    LINK,
    LIVE_CLAIMS,
    MATCH_KEY,
    OPEN_STATES,
    RELATION,
    RUN,
    RUN_TOTAL,
    UNSOLVED_LETTERS,
)


def add_intents(dialect: Dialect) -> ClauseElement:
    """Build the insert of intents without a claim."""
    return insert_into(dialect, INTENT)


def add_claimed_intents(dialect: Dialect) -> ClauseElement:
    """Build the insert that leaves out a claim which a live intent holds."""
    return insert_into(dialect, INTENT).on_conflict_do_nothing(
        index_elements=["claim"], index_where=text(LIVE_CLAIMS)
    )


def mark_sending(dialect: Dialect) -> ClauseElement:
    """Build the step to sending, from any open state."""
    return (
        update(INTENT)
        .where(among(INTENT.c.id, "ids", dialect), text(OPEN_STATES))
        .values(
            state="sending",
            attempts=INTENT.c.attempts + 1,
            run_id=bindparam("new_run_id"),
            fence=bindparam("new_fence"),
            sent_at=bindparam("new_sent_at"),
        )
    )


def confirm(_: Dialect) -> ClauseElement:
    """Build the storing of a receipt."""
    return (
        update(INTENT)
        .where(INTENT.c.id == bindparam("which"))
        .values(
            destination_id=bindparam("new_destination_id"),
            state=text("'confirmed'"),
            quiet_until=text("NULL"),
            receipt=bindparam("new_receipt"),
            error_code=text("''"),
            error_words=text("''"),
            done_at=bindparam("new_done_at"),
        )
    )


def set_state(_: Dialect) -> ClauseElement:
    """Build any other step of an intent."""
    return (
        update(INTENT)
        .where(INTENT.c.id == bindparam("which"))
        .values(
            state=bindparam("new_state"),
            quiet_until=bindparam("new_quiet_until"),
            error_code=bindparam("new_error_code"),
            error_words=bindparam("new_error_words"),
            done_at=bindparam("new_done_at"),
        )
    )


def put_links(dialect: Dialect) -> ClauseElement:
    """Build the upsert of links; `linked_at` stays that of the first."""
    statement = insert_into(dialect, LINK)
    kept = {"source_id", "sync", "linked_at"}
    return statement.on_conflict_do_update(
        index_elements=["source_id", "sync"],
        set_={
            column.name: statement.excluded[column.name]
            for column in LINK.c
            if column.name not in kept
        },
    )


def put_match_keys(dialect: Dialect) -> ClauseElement:
    """Build the upsert of match values; the last record that was created has them."""
    statement = insert_into(dialect, MATCH_KEY)
    return statement.on_conflict_do_update(
        index_elements=["key", "sync"],
        set_={"source_id": statement.excluded["source_id"]},
    )


def claim_match_keys(dialect: Dialect) -> ClauseElement:
    """Build the insert of match values that leaves those of other records alone."""
    return insert_into(dialect, MATCH_KEY).on_conflict_do_nothing(
        index_elements=["key", "sync"]
    )


def detach_links(dialect: Dialect) -> ClauseElement:
    """Build the detaching of links."""
    return (
        update(LINK)
        .where(
            among(LINK.c.source_id, "ids", dialect), LINK.c.sync == bindparam("which")
        )
        .values(
            state="detached",
            run_id=bindparam("new_run_id"),
            updated_at=bindparam("new_updated_at"),
        )
    )


def put_relations(dialect: Dialect) -> ClauseElement:
    """Build the insert of relations."""
    return insert_into(dialect, RELATION).on_conflict_do_nothing()


def add_decisions(_: Dialect) -> ClauseElement:
    """Build the appending of decisions."""
    return insert(DECISION).values(
        {column.name: bindparam(column.name) for column in DECISION.c[1:]}
    )


def put_dead_letters(dialect: Dialect) -> ClauseElement:
    """Build the upsert of open dead letters."""
    statement = insert_into(dialect, DEAD_LETTER).values(
        {column.name: bindparam(column.name) for column in DEAD_LETTER.c[1:]}
    )
    renewed = ("cause", "words", "remedy", "payload", "version", "revision", "state")
    return statement.on_conflict_do_update(
        index_elements=["source_id", "sync"],
        index_where=text(UNSOLVED_LETTERS),
        set_={
            name: statement.excluded[name] for name in (*renewed, "last_at", "run_id")
        }
        | {"count": DEAD_LETTER.c.count + text("1")},
    )


def resolve_dead_letters(dialect: Dialect) -> ClauseElement:
    """Build the closing of open dead letters."""
    return (
        update(DEAD_LETTER)
        .where(
            among(DEAD_LETTER.c.source_id, "ids", dialect),
            DEAD_LETTER.c.sync == bindparam("which"),
            text(UNSOLVED_LETTERS),
        )
        .values(
            state=bindparam("new_state"),
            last_at=bindparam("new_last_at"),
            run_id=bindparam("new_run_id"),
        )
    )


def move_dead_letters(_: Dialect) -> ClauseElement:
    """Build a person's step with a dead letter."""
    return (
        update(DEAD_LETTER)
        .where(DEAD_LETTER.c.id == bindparam("which"), text(UNSOLVED_LETTERS))
        .values(state=bindparam("new_state"), last_at=bindparam("new_last_at"))
    )


def put_cursor(dialect: Dialect) -> ClauseElement:
    """Build the upsert of a cursor."""
    statement = insert_into(dialect, CURSOR)
    return statement.on_conflict_do_update(
        index_elements=["sync", "part"],
        set_={
            name: statement.excluded[name]
            for name in ("position", "revision", "updated_at", "run_id")
        },
    )


def forget_cursor(_: Dialect) -> ClauseElement:
    """Build the removal of a cursor."""
    return delete(CURSOR).where(
        CURSOR.c.sync == bindparam("which"), CURSOR.c.part == bindparam("which_part")
    )


def add_total(dialect: Dialect) -> ClauseElement:
    """Build the addition to a sum over runs."""
    statement = insert_into(dialect, RUN_TOTAL)
    return statement.on_conflict_do_update(
        index_elements=["sync", "what"],
        set_={"amount": RUN_TOTAL.c.amount + statement.excluded["amount"]},
    )


def start_run(_: Dialect) -> ClauseElement:
    """Build the insert of a run."""
    return insert(RUN)


def finish_run(_: Dialect) -> ClauseElement:
    """Build the closing of a run."""
    return (
        update(RUN)
        .where(RUN.c.id == bindparam("which"))
        .values(
            state=bindparam("new_state"),
            finished_at=bindparam("new_finished_at"),
            counts=bindparam("new_counts"),
            calls=bindparam("new_calls"),
            error=bindparam("new_error"),
        )
    )
