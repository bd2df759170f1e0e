"""Invoices that a person had cancelled: noted before the call, ended after it."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Index, and_, or_, select
from sqlmodel import Field

from tasuki.ledger.database import Database
from tasuki.ledger.rows import time_text
from tasuki.ledger.tables import Stored

DONE: Final = "done"
FAILED: Final = "failed"
IN_DOUBT: Final = "in_doubt"
_OPEN: Final = ("asked", IN_DOUBT)


class CancellationRecord(Stored, table=True):
    """An invoice that a person wanted cancelled: who, why, and what became of it.

    `state` is asked (the call may have left), done, failed (it was not done) or
    in_doubt (no answer came, and a look did not show it cancelled).
    """

    __tablename__ = "cancellation"
    __table_args__ = (
        Index("cancellation_source", "source_id", "sync"),
        Index("cancellation_destination", "destination_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    sync: str
    source: str
    source_id: str
    destination: str
    destination_id: str
    number: str
    total: str
    who: str
    why: str
    state: str
    words: str
    asked_at: str
    ended_at: str | None


CANCELLATION = Stored.metadata.tables["cancellation"]


class Asked(NamedTuple):
    """A cancellation as a person wants it: of which record's document, who and why."""

    sync: str
    source: str
    source_id: str
    destination: str
    destination_id: str
    number: str
    total: str
    who: str
    why: str


class CancellationRow(NamedTuple):
    """A cancellation as it stands."""

    id: int
    sync: str
    source: str
    source_id: str
    destination: str
    destination_id: str
    number: str
    total: str
    who: str
    why: str
    state: str
    words: str
    asked_at: str
    ended_at: str | None


@dataclass(frozen=True, slots=True)
class CancellationBook:
    """The ledger's pages about cancelled invoices."""

    database: Database

    def ask(self, asked: Asked) -> int:
        """Note a cancellation before its call; return its number.

        An earlier one of the document that was left open was not done: whoever asks
        has looked first.
        """
        now = time_text(self.database.clock.now())
        with self.database.writing() as connection:
            earlier = (
                CANCELLATION.update()
                .where(_open_of(asked.destination, asked.destination_id))
                .values(state=FAILED, words="it was not; asked again", ended_at=now)
            )
            connection.execute(earlier)
            values = asked._asdict() | {"state": "asked", "words": "", "asked_at": now}
            added = connection.execute(CANCELLATION.insert().values(values))
            (number,) = added.inserted_primary_key or (0,)
        return int(number)

    def end(self, number: int, state: str, words: str = "") -> CancellationRow:
        """Note what became of a cancellation."""
        now = time_text(self.database.clock.now())
        mine = CANCELLATION.c.id == number
        with self.database.writing() as connection:
            values = {"state": state, "words": words, "ended_at": now}
            connection.execute(CANCELLATION.update().where(mine).values(values))
            row = connection.execute(select(*CANCELLATION.c).where(mine)).one()
        return CancellationRow._make(row)

    def of(self, destination: str, destination_id: str) -> list[CancellationRow]:
        """Return the cancellations of a document, oldest first."""
        table = CANCELLATION.c
        return self._rows(
            and_(
                table.destination == destination, table.destination_id == destination_id
            )
        )

    def about(self, record_id: str) -> list[CancellationRow]:
        """Return the cancellations that have this id on either side, oldest first."""
        table = CANCELLATION.c
        return self._rows(
            or_(table.source_id == record_id, table.destination_id == record_id)
        )

    def _rows(self, condition: ColumnElement[bool]) -> list[CancellationRow]:
        query = select(*CANCELLATION.c).where(condition).order_by(CANCELLATION.c.id)
        with self.database.reading() as connection:
            return [CancellationRow._make(row) for row in connection.execute(query)]


def _open_of(destination: str, destination_id: str) -> ColumnElement[bool]:
    table = CANCELLATION.c
    return and_(
        table.destination == destination,
        table.destination_id == destination_id,
        table.state.in_(_OPEN),
    )
