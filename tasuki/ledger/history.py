"""What people ask the ledger: dead letters, the story of one record."""

from collections.abc import Sequence

from sqlalchemy import BindParameter, Dialect, bindparam, or_, select, text
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger import writes
from tasuki.ledger.cause import grouped
from tasuki.ledger.database import Database, among, insert_into
from tasuki.ledger.reading import DECISION_COLUMNS, LINK_COLUMNS
from tasuki.ledger.rows import (
    CauseCount,
    ConnectionRow,
    DeadLetterRow,
    DecisionRow,
    IntentRow,
    LinkRow,
    Story,
    time_text,
)
from tasuki.ledger.tables import (
    CONNECTION,
    DEAD_LETTER,
    DECISION,
    INTENT,
    LINK,
    UNSOLVED_LETTERS,
)


class History:
    """Dead letters and everything about one record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def dead_letters(
        self, sync: str | None = None, state: str = "open", limit: int = 1000
    ) -> list[DeadLetterRow]:
        """Return dead letters in one state, newest first."""
        query = _letters if sync is None else _letters_of
        found = self._database.rows(query, sync=sync, wanted=state, most=limit)
        return [DeadLetterRow._make(row) for row in found]

    def dead_letter(self, letter_id: int) -> DeadLetterRow | None:
        """Return one dead letter."""
        found = self._database.rows(_letter, which=letter_id)
        return DeadLetterRow._make(found[0]) if found else None

    def unsolved_letters(
        self, sync: str, source_ids: Sequence[str]
    ) -> dict[str, DeadLetterRow]:
        """Return the unsolved dead letters of these records, by source id."""
        if not source_ids:
            return {}
        found = self._database.rows(_unsolved_letters, sync=sync, ids=list(source_ids))
        rows = map(DeadLetterRow._make, found)
        return {row.source_id: row for row in rows}

    def replay(self, letter_ids: Sequence[int]) -> int:
        """Let the next run take these records up; returns how many it will."""
        return self._move(letter_ids, "replayed")

    def drop(self, letter_ids: Sequence[int]) -> int:
        """Give these dead letters up for good; returns how many there were."""
        return self._move(letter_ids, "dropped")

    def _move(self, letter_ids: Sequence[int], state: str) -> int:
        now = time_text(self._database.clock.now())
        with self._database.writing() as connection:
            return sum(
                self._database.run(
                    connection,
                    writes.move_dead_letters,
                    which=one,
                    new_state=state,
                    new_last_at=now,
                ).rowcount
                for one in letter_ids
            )

    def causes(self) -> list[CauseCount]:
        """Return the causes of unsolved dead letters, the most frequent first."""
        rows = self._database.rows(_all_unsolved)
        return grouped(DeadLetterRow._make(row) for row in rows)

    def receipts(self, sync: str) -> list[IntentRow]:
        """Return the confirmed creates of a sync, oldest first."""
        found = self._database.rows(_receipts, sync=sync)
        return [IntentRow._make(row) for row in found]

    def everything_about(self, record_id: str) -> Story:
        """Return what is known of a record, by its id on either side."""
        database = self._database
        links = [LinkRow._make(r) for r in database.rows(_story_links, which=record_id)]
        ids = list({record_id, *(link.source_id for link in links)})
        intents = database.rows(_story_intents, ids=ids)
        decisions = database.rows(_story_decisions, ids=ids)
        letters = database.rows(_story_letters, ids=ids)
        return Story(
            links,
            [IntentRow._make(row) for row in intents],
            [DecisionRow._make(row) for row in decisions],
            [DeadLetterRow._make(row) for row in letters],
        )

    def remember_connection(self, name: str, connector: str, account: str) -> None:
        """Note which account a connection leads to, where that is news."""
        known = {(row.name, row.connector, row.account) for row in self.connections()}
        if (name, connector, account) in known:
            return
        now = time_text(self._database.clock.now())
        row = (name, connector, account, now)
        with self._database.writing() as connection:
            self._database.run_many(connection, _put_connection, [row])

    def connections(self) -> list[ConnectionRow]:
        """Return the connections that were opened, by name."""
        return [ConnectionRow._make(r) for r in self._database.rows(_connections)]


def _letters(_: Dialect) -> ClauseElement:
    return (
        select(*DEAD_LETTER.c)
        .where(DEAD_LETTER.c.state == bindparam("wanted"))
        .order_by(DEAD_LETTER.c.id.desc())
        .limit(bindparam("most"))
    )


def _letters_of(_: Dialect) -> ClauseElement:
    return (
        select(*DEAD_LETTER.c)
        .where(
            DEAD_LETTER.c.sync == bindparam("sync"),
            DEAD_LETTER.c.state == bindparam("wanted"),
        )
        .order_by(DEAD_LETTER.c.id.desc())
        .limit(bindparam("most"))
    )


def _letter(_: Dialect) -> ClauseElement:
    return select(*DEAD_LETTER.c).where(DEAD_LETTER.c.id == bindparam("which"))


def _unsolved_letters(dialect: Dialect) -> ClauseElement:
    return select(*DEAD_LETTER.c).where(
        among(DEAD_LETTER.c.source_id, "ids", dialect),
        DEAD_LETTER.c.sync == bindparam("sync"),
        text(UNSOLVED_LETTERS),
    )


def _all_unsolved(_: Dialect) -> ClauseElement:
    return (
        select(*DEAD_LETTER.c).where(text(UNSOLVED_LETTERS)).order_by(DEAD_LETTER.c.id)
    )


def _receipts(_: Dialect) -> ClauseElement:
    return (
        select(*INTENT.c)
        .where(
            INTENT.c.sync == bindparam("sync"),
            INTENT.c.state == "confirmed",
            INTENT.c.operation == "create",
        )
        .order_by(INTENT.c.id)
    )


def _story_links(_: Dialect) -> ClauseElement:
    which: BindParameter[str] = bindparam("which")
    return (
        select(*LINK_COLUMNS)
        .where(or_(LINK.c.source_id == which, LINK.c.destination_id == which))
        .order_by(LINK.c.linked_at)
    )


def _story_intents(dialect: Dialect) -> ClauseElement:
    return (
        select(*INTENT.c)
        .where(among(INTENT.c.source_id, "ids", dialect))
        .order_by(INTENT.c.created_at, INTENT.c.id)
    )


def _story_decisions(dialect: Dialect) -> ClauseElement:
    return (
        select(*DECISION_COLUMNS)
        .where(among(DECISION.c.source_id, "ids", dialect))
        .order_by(DECISION.c.id)
    )


def _story_letters(dialect: Dialect) -> ClauseElement:
    return (
        select(*DEAD_LETTER.c)
        .where(among(DEAD_LETTER.c.source_id, "ids", dialect))
        .order_by(DEAD_LETTER.c.id)
    )


def _put_connection(dialect: Dialect) -> ClauseElement:
    statement = insert_into(dialect, CONNECTION)
    return statement.on_conflict_do_update(
        index_elements=["name"],
        set_={
            name: statement.excluded[name]
            for name in ("connector", "account", "updated_at")
        },
    )


def _connections(_: Dialect) -> ClauseElement:
    return select(*CONNECTION.c).order_by(CONNECTION.c.name)
