"""Reading a sync's links as a whole, to lay them beside what the systems hold."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Dialect, bindparam, func, select
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, among
from tasuki.ledger.reading import LINK_COLUMNS
from tasuki.ledger.rows import LinkRow
from tasuki.ledger.tables import LINK, RUN


class Survey:
    """What a reconciliation asks of the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def live_links(self, sync: str, size: int = 500) -> Iterator[list[LinkRow]]:
        """Yield all live links, in parts; new ones may or may not be among them."""
        after = ""
        while True:
            rows = self._database.rows(_live_links, sync=sync, after=after, most=size)
            found = [LinkRow._make(row) for row in rows]
            if found:
                yield found
            if len(found) < size:
                return
            after = found[-1].source_id

    def sample_links(self, sync: str, most: int) -> list[str]:
        """Return the source ids of some live links, drawn at random."""
        found = self._database.rows(_sample_links, sync=sync, most=most)
        return [row[0] for row in found]

    def shared_targets(self, sync: str, destination_ids: Sequence[str]) -> set[str]:
        """Return those counterparts that several live links lead to."""
        if not destination_ids:
            return set()
        ids = list(destination_ids)
        return {row[0] for row in self._database.rows(_shared, sync=sync, ids=ids)}

    def last_run_began(self, sync: str) -> str | None:
        """Return when the last run that read the stream to its end began."""
        found = self._database.rows(_last_run, sync=sync)
        return found[0][0] if found else None


def _live_links(_: Dialect) -> ClauseElement:
    return (
        select(*LINK_COLUMNS)
        .where(
            LINK.c.sync == bindparam("sync"),
            LINK.c.state == "live",
            LINK.c.source_id > bindparam("after"),
        )
        .order_by(LINK.c.source_id)
        .limit(bindparam("most"))
    )


def _sample_links(_: Dialect) -> ClauseElement:
    return (
        select(LINK.c.source_id)
        .where(LINK.c.sync == bindparam("sync"), LINK.c.state == "live")
        .order_by(func.random())
        .limit(bindparam("most"))
    )


def _shared(dialect: Dialect) -> ClauseElement:
    return (
        select(LINK.c.destination_id)
        .where(
            among(LINK.c.destination_id, "ids", dialect),
            LINK.c.sync == bindparam("sync"),
            LINK.c.state == "live",
        )
        .group_by(LINK.c.destination_id, LINK.c.destination)
        .having(func.count() > 1)
    )


def _last_run(_: Dialect) -> ClauseElement:
    return (
        select(RUN.c.started_at)
        .where(
            RUN.c.sync == bindparam("sync"),
            RUN.c.kind == "run",
            RUN.c.state == "done",
        )
        .order_by(RUN.c.started_at.desc())
        .limit(1)
    )
