"""Records that need another look though their source says nothing new."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Dialect, bindparam, exists, func, or_, select, text
from sqlalchemy.sql.expression import ClauseElement, ColumnElement

from tasuki.ledger.database import Database, among
from tasuki.ledger.rows import time_text
from tasuki.ledger.tables import (
    DEAD_LETTER,
    DECISION,
    INTENT,
    LEFT_OVER_DECISIONS,
    LINK,
    MATCH_KEY,
)


class Revisits:
    """What earlier runs left for later ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ready_after_wait(self, sync: str) -> list[str]:
        """Return records whose last decision is to wait for a parent now linked.

        Such a decision has the outcome `waiting`, the parent's sync as its reason and
        the parent's source id as its detail.
        """
        return self._ids(self._database.rows(_ready, sync=sync))

    def wanted(self, sync: str) -> list[str]:
        """Return ids of this sync's source that records of other syncs wait for."""
        found = self._database.rows(_wanted, sync=sync)
        return list(dict.fromkeys(self._ids(found)))

    def held_before(self, sync: str, before: datetime) -> list[str]:
        """Return records that are held since before a time."""
        found = self._database.rows(_held, sync=sync, before=time_text(before))
        return self._ids(found)

    def replayed(self, sync: str) -> list[str]:
        """Return records whose dead letter a person wants tried again."""
        return self._ids(self._database.rows(_replayed, sync=sync))

    def count_links(self, sync: str) -> int:
        """Return how many live links a sync has."""
        count: int = self._database.rows(_count_links, sync=sync)[0][0]
        return count

    def match_keys(self, sync: str, keys: Sequence[str]) -> dict[str, str]:
        """Return the source ids that were created with these match values.

        A record without a live link or intent has given its values up.
        """
        if not keys:
            return {}
        found = self._database.rows(match_key_owners, sync=sync, ids=list(keys))
        return {row[0]: row[1] for row in found}

    @staticmethod
    def _ids(found: Sequence[tuple[str, ...]]) -> list[str]:
        return [row[0] for row in found]


def _ready(_: Dialect) -> ClauseElement:
    parent = exists().where(
        LINK.c.source_id == DECISION.c.detail,
        LINK.c.sync == DECISION.c.reason,
        LINK.c.state == "live",
    )
    return _last(DECISION.c.outcome == "waiting", parent)


def _wanted(_: Dialect) -> ClauseElement:
    later = DECISION.alias("later")
    superseded = exists().where(
        later.c.source_id == DECISION.c.source_id,
        later.c.sync == DECISION.c.sync,
        later.c.id > DECISION.c.id,
    )
    linked = exists().where(
        LINK.c.source_id == DECISION.c.detail, LINK.c.sync == bindparam("sync")
    )
    return (
        select(DECISION.c.detail)
        .where(
            DECISION.c.outcome == "waiting",
            DECISION.c.reason == bindparam("sync"),
            text(LEFT_OVER_DECISIONS),
            ~superseded,
            ~linked,
        )
        .order_by(DECISION.c.id)
    )


def _held(_: Dialect) -> ClauseElement:
    return _last(
        DECISION.c.outcome == "held", DECISION.c.decided_at < bindparam("before")
    )


def _last(*conditions: ColumnElement[bool]) -> ClauseElement:
    later = DECISION.alias("later")
    superseded = exists().where(
        later.c.source_id == DECISION.c.source_id,
        later.c.sync == DECISION.c.sync,
        later.c.id > DECISION.c.id,
    )
    # The partial index's condition stands as text, or the index would not be used.
    return (
        select(DECISION.c.source_id)
        .where(
            DECISION.c.sync == bindparam("sync"),
            text(LEFT_OVER_DECISIONS),
            *conditions,
            ~superseded,
        )
        .order_by(DECISION.c.id)
    )


def _replayed(_: Dialect) -> ClauseElement:
    letter = DEAD_LETTER.c
    return (
        select(letter.source_id)
        .where(letter.sync == bindparam("sync"), letter.state == "replayed")
        .order_by(letter.id)
    )


def _count_links(_: Dialect) -> ClauseElement:
    return select(func.count()).where(
        LINK.c.sync == bindparam("sync"), LINK.c.state == "live"
    )


def match_key_owners(dialect: Dialect) -> ClauseElement:
    """Build the query for match values whose record was sent, or is under way."""
    linked = exists().where(
        LINK.c.source_id == MATCH_KEY.c.source_id,
        LINK.c.sync == MATCH_KEY.c.sync,
        LINK.c.state == "live",
    )
    under_way = exists().where(
        INTENT.c.source_id == MATCH_KEY.c.source_id,
        INTENT.c.sync == MATCH_KEY.c.sync,
        INTENT.c.state != "rejected",
        INTENT.c.state != "abandoned",
    )
    return select(MATCH_KEY.c.key, MATCH_KEY.c.source_id).where(
        among(MATCH_KEY.c.key, "ids", dialect),
        MATCH_KEY.c.sync == bindparam("sync"),
        or_(linked, under_way),
    )
