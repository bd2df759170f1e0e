"""Which records of one system belong to one story, as mappings said."""

from collections.abc import Sequence

from sqlalchemy import Dialect, or_, select
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, among
from tasuki.ledger.rows import RelationRow
from tasuki.ledger.tables import RELATION


class Relations:
    """Reads relations; `Tx.put_relations` writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def relations(self, refs: Sequence[str]) -> list[RelationRow]:
        """Return the relations that have one of these records on either side.

        Args:
            refs: `connection/stream/id`.
        """
        found = self._database.rows(_relations, ids=list(refs)) if refs else []
        return [RelationRow._make(row) for row in found]


def _relations(dialect: Dialect) -> ClauseElement:
    return select(RELATION.c.from_ref, RELATION.c.to_ref, RELATION.c.sync).where(
        or_(
            among(RELATION.c.from_ref, "ids", dialect),
            among(RELATION.c.to_ref, "ids", dialect),
        )
    )
