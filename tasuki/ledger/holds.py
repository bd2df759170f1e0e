"""What waits for a person, and what people have decided."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, among, insert_into
from tasuki.ledger.hold_rows import (
    HoldRow,
    NewRuling,
    RulingRow,
)
from tasuki.ledger.rows import time_text
from tasuki.ledger.tables import HOLD, INTENT, OPEN_HOLDS, RULING, RULING_END


class Holds:
    """Open questions and the rulings about them; runs write them by `Tx`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def holds(self, sync: str | None = None) -> list[HoldRow]:
        """Return what is held now, oldest first."""
        query = _holds if sync is None else _holds_of
        return [HoldRow._make(row) for row in self._database.rows(query, sync=sync)]

    def holds_about(self, source_id: str) -> list[HoldRow]:
        """Return the holds of one record in all syncs, closed ones too."""
        found = self._database.rows(_holds_about, which=source_id)
        return [HoldRow._make(row) for row in found]

    def open_rulings(self, sync: str) -> list[RulingRow]:
        """Return the rulings of a sync that stand, oldest first."""
        return _rulings(self._database.rows(_open_rulings, sync=sync))

    def rulings_about(self, source_ids: Sequence[str]) -> list[RulingRow]:
        """Return every ruling about these records, oldest first."""
        if not source_ids:
            return []
        return _rulings(self._database.rows(_rulings_about, ids=list(source_ids)))

    def ruled(self, sync: str) -> list[str]:
        """Return held records that a person has ruled about, or taken a ruling back."""
        return [row[0] for row in self._database.rows(_ruled, sync=sync)]

    def rule(
        self,
        rows: Sequence[NewRuling],
        expires_at: datetime | None = None,
        *,
        closes: bool = False,
    ) -> None:
        """Record what a person has decided; an older ruling that stands is replaced.

        Args:
            rows: The decisions.
            expires_at: When they lapse unused.
            closes: There is nothing for a run to carry out: the holds end now.
        """
        now = time_text(self._database.clock.now())
        until = time_text(expires_at) if expires_at else None
        with self._database.writing() as connection:
            for row in rows:
                standing = self._database.run(
                    connection, _standing, which=row.source_id, sync=row.sync
                ).fetchall()
                self._database.run_many(
                    connection,
                    end_ruling,
                    [
                        (found[0], "withdrawn", "replaced", row.who, "", now)
                        for found in standing
                    ],
                )
                if closes:
                    self._set(connection, row.source_id, row.sync, "closed")
            self._database.run_many(
                connection, _add_ruling, [(*row, now, until) for row in rows]
            )

    def withdraw(self, rulings: Sequence[RulingRow], who: str, why: str) -> None:
        """End rulings by a person's word; the next run puts the questions again."""
        now = time_text(self._database.clock.now())
        with self._database.writing() as connection:
            self._database.run_many(
                connection,
                end_ruling,
                [(row.id, "withdrawn", why, who, "", now) for row in rulings],
            )
            for row in rulings:
                if row.source_id:
                    self._set(connection, row.source_id, row.sync, "reopened")

    def _set(
        self, connection: Connection, source_id: str, sync: str, state: str
    ) -> None:
        self._database.run(
            connection, _move_hold, which=source_id, sync=sync, new_state=state
        )

    def written_since(
        self, sync: str, since: str, states: Sequence[str]
    ) -> dict[str, int]:
        """Return how many writes begun since a time are in these states, by kind."""
        found = self._database.rows(
            _written_since, sync=sync, since=since, ids=list(states)
        )
        return {row[0]: row[1] for row in found}


def _rulings(found: Sequence[tuple[object, ...]]) -> list[RulingRow]:
    return [RulingRow._make(row) for row in found]


# -- statements of a transaction -----------------------------------------------------


def put_holds(dialect: Dialect) -> ClauseElement:
    """Build the upsert of holds; `since` stays while the reason does."""
    statement = insert_into(dialect, HOLD)
    is_another = or_(
        HOLD.c.state != text("'open'"), HOLD.c.reason != statement.excluded.reason
    )
    kept = {"source_id", "sync", "since"}
    return statement.on_conflict_do_update(
        index_elements=["source_id", "sync"],
        set_={
            column.name: statement.excluded[column.name]
            for column in HOLD.c
            if column.name not in kept
        }
        | {"since": case((is_another, statement.excluded.since), else_=HOLD.c.since)},
    )


def close_holds(dialect: Dialect) -> ClauseElement:
    """Build the closing of holds."""
    return (
        update(HOLD)
        .where(
            among(HOLD.c.source_id, "ids", dialect),
            HOLD.c.sync == bindparam("which"),
            text(OPEN_HOLDS),
        )
        .values(
            state=text("'closed'"),
            run_id=bindparam("new_run_id"),
            seen_at=bindparam("new_seen_at"),
        )
    )


def end_ruling(dialect: Dialect) -> ClauseElement:
    """Build the end of a ruling; the first one counts."""
    return insert_into(dialect, RULING_END).on_conflict_do_nothing(
        index_elements=["ruling_id"]
    )


# -- statements of people --------------------------------------------------------------


def _add_ruling(_: Dialect) -> ClauseElement:
    return insert(RULING).values(
        {column.name: bindparam(column.name) for column in RULING.c[1:]}
    )


def _move_hold(_: Dialect) -> ClauseElement:
    return (
        update(HOLD)
        .where(HOLD.c.source_id == bindparam("which"), HOLD.c.sync == bindparam("sync"))
        .values(state=bindparam("new_state"))
    )


def _holds(_: Dialect) -> ClauseElement:
    return select(*HOLD.c).where(text(OPEN_HOLDS)).order_by(*_OLDEST)


def _holds_of(_: Dialect) -> ClauseElement:
    return (
        select(*HOLD.c)
        .where(HOLD.c.sync == bindparam("sync"), text(OPEN_HOLDS))
        .order_by(*_OLDEST)
    )


_OLDEST = (HOLD.c.since, HOLD.c.sync, HOLD.c.source_id)


def _holds_about(_: Dialect) -> ClauseElement:
    return select(*HOLD.c).where(HOLD.c.source_id == bindparam("which"))


def _ended() -> ColumnElement[bool]:
    ended = RULING_END.alias("ended")
    return exists().where(ended.c.ruling_id == RULING.c.id)


def _with_end() -> tuple[ColumnElement[object], ...]:
    end = RULING_END.c
    names = ("outcome", "words", "who", "run_id", "ended_at")
    return (*RULING.c, *(func.coalesce(end[name], text("''")) for name in names))


def _open_rulings(_: Dialect) -> ClauseElement:
    return (
        select(*_with_end())
        .outerjoin_from(RULING, RULING_END, RULING_END.c.ruling_id == RULING.c.id)
        .where(RULING.c.sync == bindparam("sync"), ~_ended())
        .order_by(RULING.c.id)
    )


def _rulings_about(dialect: Dialect) -> ClauseElement:
    return (
        select(*_with_end())
        .outerjoin_from(RULING, RULING_END, RULING_END.c.ruling_id == RULING.c.id)
        .where(among(RULING.c.source_id, "ids", dialect))
        .order_by(RULING.c.id)
    )


def _standing(_: Dialect) -> ClauseElement:
    return select(RULING.c.id).where(
        RULING.c.source_id == bindparam("which"),
        RULING.c.sync == bindparam("sync"),
        ~_ended(),
    )


def _ruled(_: Dialect) -> ClauseElement:
    stands = exists().where(
        RULING.c.source_id == HOLD.c.source_id,
        RULING.c.sync == HOLD.c.sync,
        ~_ended(),
    )
    return (
        select(HOLD.c.source_id)
        .where(
            HOLD.c.sync == bindparam("sync"),
            text(OPEN_HOLDS),
            HOLD.c.source_id != text("''"),
            or_(stands, HOLD.c.state == text("'reopened'")),
        )
        .order_by(HOLD.c.source_id)
    )


def _written_since(dialect: Dialect) -> ClauseElement:
    return (
        select(INTENT.c.operation, func.count())
        .where(
            INTENT.c.sync == bindparam("sync"),
            INTENT.c.created_at >= bindparam("since"),
            among(INTENT.c.state, "ids", dialect),
        )
        .group_by(INTENT.c.operation)
    )
