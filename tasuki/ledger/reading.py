"""What the engine looks up for a batch: one query per question, whatever its size."""

from collections.abc import Sequence

from sqlalchemy import Dialect, bindparam, func, select, text
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, among
from tasuki.ledger.rows import BackRow, CursorRow, DecisionRow, IntentRow, LinkRow
from tasuki.ledger.tables import (
    CURSOR,
    DECISION,
    INTENT,
    LINK,
    LIVE_CLAIMS,
    OPEN_STATES,
)

LINK_COLUMNS = tuple(LINK.c[:10])
DECISION_COLUMNS = tuple(DECISION.c[1:])


class BatchReading:
    """The look-ups of a batch. Ids that are unknown are absent from the answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def links(self, sync: str, source_ids: Sequence[str]) -> dict[str, LinkRow]:
        """Return the links of these records, detached ones too, by source id."""
        if not source_ids:
            return {}
        found = self._database.rows(_links, sync=sync, ids=list(source_ids))
        return {row[0]: LinkRow._make(row) for row in found}

    def link_targets(self, sync: str, source_ids: Sequence[str]) -> dict[str, str]:
        """Return the counterparts' ids of live links, by source id."""
        if not source_ids:
            return {}
        found = self._database.rows(_link_targets, sync=sync, ids=list(source_ids))
        return {row[0]: row[1] for row in found}

    def reverse_links(
        self, sync: str, destination_ids: Sequence[str]
    ) -> dict[str, str]:
        """Return the source ids of live links, by the counterpart's id.

        Where several records share a counterpart, the one linked first is given.
        """
        if not destination_ids:
            return {}
        found = self._database.rows(
            _reverse_links, sync=sync, ids=list(destination_ids)
        )
        return {row[0]: row[1] for row in found}

    def owners(
        self, sync: str, destination: str, destination_ids: Sequence[str]
    ) -> dict[str, str]:
        """Return the source id of the live link to each of these counterparts.

        `destination` is `connection/stream`; counterparts of other streams may have
        the same ids.
        """
        if not destination_ids:
            return {}
        found = self._database.rows(
            _owners, sync=sync, destination=destination, ids=list(destination_ids)
        )
        return {row[0]: row[1] for row in found}

    def back_links(
        self, sync: str, destination: str, destination_ids: Sequence[str]
    ) -> dict[str, BackRow]:
        """Return the live links to these counterparts, the first one of each.

        Args:
            sync: The mapping that goes the other way.
            destination: Its destination, `connection/stream`.
            destination_ids: The counterparts.
        """
        if not destination_ids:
            return {}
        found = self._database.rows(
            _back_links, sync=sync, destination=destination, ids=list(destination_ids)
        )
        return {row[0]: BackRow._make(row[1:]) for row in found}

    def link_times(self, sync: str, source_ids: Sequence[str]) -> dict[str, str]:
        """Return when the links of these records were last renewed, as text."""
        if not source_ids:
            return {}
        found = self._database.rows(_link_times, sync=sync, ids=list(source_ids))
        return {row[0]: row[1] for row in found}

    def open_intents(
        self, sync: str, source_ids: Sequence[str] | None = None
    ) -> list[IntentRow]:
        """Return intents that are planned, sending or in doubt, oldest first."""
        if source_ids is None:
            found = self._database.rows(_open_intents, sync=sync)
        elif source_ids:
            found = self._database.rows(
                _open_intents_of, sync=sync, ids=list(source_ids)
            )
        else:
            return []
        return [IntentRow._make(row) for row in found]

    def intents_of(
        self, sync: str, source_ids: Sequence[str]
    ) -> dict[str, list[IntentRow]]:
        """Return all intents of these records, oldest first, by source id."""
        if not source_ids:
            return {}
        found = self._database.rows(_intents_of, sync=sync, ids=list(source_ids))
        grouped: dict[str, list[IntentRow]] = {}
        for row in map(IntentRow._make, found):
            grouped.setdefault(row.source_id, []).append(row)
        return grouped

    def intents(self, ids: Sequence[str]) -> dict[str, IntentRow]:
        """Return these intents by id."""
        if not ids:
            return {}
        found = self._database.rows(_intents, ids=list(ids))
        return {row[0]: IntentRow._make(row) for row in found}

    def claims(self, claims: Sequence[str]) -> dict[str, IntentRow]:
        """Return the live intent that holds each claim."""
        if not claims:
            return {}
        found = self._database.rows(claim_holders, ids=list(claims))
        return {str(row.claim): row for row in map(IntentRow._make, found)}

    def billed_elsewhere(
        self, source: str, source_ids: Sequence[str], destinations: Sequence[str]
    ) -> dict[str, str]:
        """Return a live document, or plan, of each record at other destinations.

        Args:
            source: The records' stream, `connection/stream`.
            source_ids: The records.
            destinations: The streams to look at.
        """
        if not source_ids or not destinations:
            return {}
        found: dict[str, str] = {}
        for query in (_linked_at, _claimed_at):
            rows = self._database.rows(
                query, source=source, ids=list(source_ids), at=list(destinations)
            )
            found |= {row[0]: f"{row[1]}/{row[2] or '?'}" for row in rows}
        return found

    def last_decisions(
        self, sync: str, source_ids: Sequence[str]
    ) -> dict[str, DecisionRow]:
        """Return the newest decision about each record, by source id."""
        if not source_ids:
            return {}
        found = self._database.rows(_last_decisions, sync=sync, ids=list(source_ids))
        return {row[0]: DecisionRow._make(row) for row in found}

    def cursor(self, sync: str, part: str = "") -> CursorRow | None:
        """Return how far a sync (or a part of its range) has read."""
        found = self._database.rows(_cursor, sync=sync, part=part)
        return CursorRow._make(found[0]) if found else None


def claim_holders(dialect: Dialect) -> ClauseElement:
    """Build the query for live intents by claim."""
    return select(*INTENT.c).where(
        among(INTENT.c.claim, "ids", dialect), text(LIVE_CLAIMS)
    )


def _claimed_at(dialect: Dialect) -> ClauseElement:
    return select(
        INTENT.c.source_id, INTENT.c.destination, INTENT.c.destination_id
    ).where(
        among(INTENT.c.source_id, "ids", dialect),
        INTENT.c.source == bindparam("source"),
        among(INTENT.c.destination, "at", dialect),
        INTENT.c.operation == "create",
        text(LIVE_CLAIMS),
    )


def _linked_at(dialect: Dialect) -> ClauseElement:
    return select(LINK.c.source_id, LINK.c.destination, LINK.c.destination_id).where(
        among(LINK.c.source_id, "ids", dialect),
        LINK.c.source == bindparam("source"),
        among(LINK.c.destination, "at", dialect),
        LINK.c.state == "live",
    )


def _links(dialect: Dialect) -> ClauseElement:
    return select(*LINK_COLUMNS).where(
        among(LINK.c.source_id, "ids", dialect), LINK.c.sync == bindparam("sync")
    )


def _link_targets(dialect: Dialect) -> ClauseElement:
    return select(LINK.c.source_id, LINK.c.destination_id).where(
        among(LINK.c.source_id, "ids", dialect),
        LINK.c.sync == bindparam("sync"),
        LINK.c.state == "live",
    )


def _reverse_links(dialect: Dialect) -> ClauseElement:
    return (
        select(LINK.c.destination_id, LINK.c.source_id)
        .where(
            among(LINK.c.destination_id, "ids", dialect),
            LINK.c.sync == bindparam("sync"),
            LINK.c.state == "live",
        )
        .order_by(LINK.c.linked_at.desc(), LINK.c.source_id.desc())
    )


def _owners(dialect: Dialect) -> ClauseElement:
    return select(LINK.c.destination_id, LINK.c.source_id).where(
        among(LINK.c.destination_id, "ids", dialect),
        LINK.c.sync == bindparam("sync"),
        LINK.c.destination == bindparam("destination"),
        LINK.c.state == "live",
    )


def _back_links(dialect: Dialect) -> ClauseElement:
    return (
        select(LINK.c.destination_id, LINK.c.source_id, LINK.c.sent, LINK.c.updated_at)
        .where(
            among(LINK.c.destination_id, "ids", dialect),
            LINK.c.sync == bindparam("sync"),
            LINK.c.destination == bindparam("destination"),
            LINK.c.state == "live",
        )
        .order_by(LINK.c.linked_at.desc(), LINK.c.source_id.desc())
    )


def _link_times(dialect: Dialect) -> ClauseElement:
    return select(LINK.c.source_id, LINK.c.updated_at).where(
        among(LINK.c.source_id, "ids", dialect), LINK.c.sync == bindparam("sync")
    )


def _open_intents(_: Dialect) -> ClauseElement:
    # The states stand as text: a partial index serves only a condition it can read.
    return (
        select(*INTENT.c)
        .where(INTENT.c.sync == bindparam("sync"), text(OPEN_STATES))
        .order_by(INTENT.c.id)
    )


def _open_intents_of(dialect: Dialect) -> ClauseElement:
    return (
        select(*INTENT.c)
        .where(
            among(INTENT.c.source_id, "ids", dialect),
            INTENT.c.sync == bindparam("sync"),
            text(OPEN_STATES),
        )
        .order_by(INTENT.c.id)
    )


def _intents_of(dialect: Dialect) -> ClauseElement:
    return (
        select(*INTENT.c)
        .where(
            among(INTENT.c.source_id, "ids", dialect),
            INTENT.c.sync == bindparam("sync"),
        )
        .order_by(INTENT.c.id)
    )


def _intents(dialect: Dialect) -> ClauseElement:
    return select(*INTENT.c).where(among(INTENT.c.id, "ids", dialect))


def _last_decisions(dialect: Dialect) -> ClauseElement:
    newest = (
        select(func.max(DECISION.c.id))
        .where(
            among(DECISION.c.source_id, "ids", dialect),
            DECISION.c.sync == bindparam("sync"),
        )
        .group_by(DECISION.c.source_id)
    )
    return select(*DECISION_COLUMNS).where(DECISION.c.id.in_(newest))


def _cursor(_: Dialect) -> ClauseElement:
    return select(*CURSOR.c).where(
        CURSOR.c.sync == bindparam("sync"), CURSOR.c.part == bindparam("part")
    )
