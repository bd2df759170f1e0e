"""Stage events and facts in the ledger: what is told is added, never altered.

There is no statement here that updates or deletes: a correction is another event, a
changed value another fact. So every figure can be had again as of any moment.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Dialect, Text, and_, bindparam, exists, func, select, text
from sqlalchemy import cast as to_type
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, among, insert_into
from tasuki.ledger.journey_tables import STAGE_EVENT, SUBJECT_FACT
from tasuki.ledger.tables import INTENT

_MANY: Final = 5_000
_COUNTED: Final = 20_000


class StoredEvent(NamedTuple):
    """A stage event as its table holds it; times are UTC text of fixed width."""

    subject: str
    stage: str
    entered_at: str
    observed_at: str
    source: str
    source_event: str
    actor: str = ""
    reason: str = ""
    into: str = ""


class StoredFact(NamedTuple):
    """Something known of a subject, from the moment it was observed."""

    subject: str
    name: str
    value: str
    source: str
    observed_at: str


class ConfirmedWrite(NamedTuple):
    """A confirmed intent; `payload` is JSON text."""

    id: str
    source_id: str
    destination_id: str
    operation: str
    payload: str
    done_at: str


class StageBook:
    """The ledger's pages about customers' journeys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, events: Sequence[StoredEvent], facts: Sequence[StoredFact] = ()
    ) -> int:
        """Add what is new of these, in one transaction; return the new events.

        An event that its source has told before is passed over, and so is a fact whose
        value is the newest one known.
        """
        with self._database.writing() as connection:
            before = self._highest(connection)
            for start in range(0, len(events), _MANY):
                rows = events[start : start + _MANY]
                self._database.run_many(connection, _add_events, rows)
            for start in range(0, len(facts), _MANY):
                given = [
                    (*one, one.subject, one.name, one.value)
                    for one in facts[start : start + _MANY]
                ]
                self._database.run_many(connection, _add_facts, given)
            counted = self._database.run(connection, _count_after, after=before)
            return int(counted.scalar_one())

    def _highest(self, connection: Any) -> int:  # noqa: ANN401 - SQLAlchemy's
        return int(self._database.run(connection, _last).scalar_one() or 0)

    def first_observed(self) -> str | None:
        """Return when the first event was observed; None where there is none."""
        rows = self._database.rows(_first)
        return str(rows[0][0]) if rows else None

    def events(self, until: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Yield pages of (place, subject, stage, entered_at, into), as of a moment.

        What had happened by then, and was observed by then.
        """
        after = 0
        while rows := self._database.rows(
            _events, after=after, until=until, most=_COUNTED
        ):
            yield rows
            after = rows[-1][0]

    def facts(self, observed_by: str) -> Iterator[tuple[str, str, str]]:
        """Yield (subject, name, value) in the order in which they were added."""
        after = 0
        while True:
            rows = self._database.rows(
                _facts, after=after, until=observed_by, most=_COUNTED
            )
            for _, subject, name, value in rows:
                yield subject, name, value
            if len(rows) < _COUNTED:
                return
            after = rows[-1][0]

    def confirmed(self, sync: str, since: str) -> list[ConfirmedWrite]:
        """Return the writes of a sync that were confirmed since a moment, in order."""
        rows = self._database.rows(_confirmed, sync=sync, since=since)
        return [ConfirmedWrite._make(row) for row in rows]

    def events_of(self, subjects: Sequence[str]) -> list[StoredEvent]:
        """Return everything that was told of subjects, and of merges into them."""
        rows = self._database.rows(_events_of, ids=list(subjects)) if subjects else ()
        return [StoredEvent._make(row) for row in rows]

    def facts_of(self, subjects: Sequence[str]) -> list[StoredFact]:
        """Return the facts about subjects, and those whose value is one of them."""
        rows = self._database.rows(_facts_of, ids=list(subjects)) if subjects else ()
        return [StoredFact._make(row) for row in rows]


def _add_events(dialect: Dialect) -> ClauseElement:
    statement = insert_into(dialect, STAGE_EVENT).values(
        {column.name: bindparam(column.name) for column in STAGE_EVENT.c[1:]}
    )
    return statement.on_conflict_do_nothing(index_elements=["source_event", "source"])


def _add_facts(dialect: Dialect) -> ClauseElement:
    """Build the insert of a fact unless the newest of its name has this value."""
    fact, newest = SUBJECT_FACT, SUBJECT_FACT.alias("newest")
    about = and_(
        newest.c.subject == bindparam("same_subject"),
        newest.c.name == bindparam("same_name"),
    )
    last = SUBJECT_FACT.alias("last")
    highest = (
        select(func.max(last.c.seq))
        .where(last.c.subject == newest.c.subject, last.c.name == newest.c.name)
        .scalar_subquery()
    )
    known = exists().where(
        about, newest.c.seq == highest, newest.c.value == bindparam("same_value")
    )
    names = [column.name for column in fact.c[1:]]
    given = select(*(to_type(bindparam(name), Text) for name in names)).where(~known)
    return insert_into(dialect, fact).from_select(names, given)


def _last(_: Dialect) -> ClauseElement:
    return select(func.max(STAGE_EVENT.c.seq))


def _first(_: Dialect) -> ClauseElement:
    event = STAGE_EVENT.c
    return select(event.observed_at).order_by(event.seq).limit(1)


def _count_after(_: Dialect) -> ClauseElement:
    return select(func.count()).where(STAGE_EVENT.c.seq > bindparam("after"))


def _events(_: Dialect) -> ClauseElement:
    event = STAGE_EVENT.c
    return (
        select(
            event.seq, event.subject, event.stage, event.entered_at, event.into_subject
        )
        .where(event.seq > bindparam("after"))
        .where(event.observed_at <= bindparam("until"))
        .where(event.entered_at <= bindparam("until"))
        .order_by(event.seq)
        .limit(bindparam("most"))
    )  # fmt: skip


def _facts(_: Dialect) -> ClauseElement:
    fact = SUBJECT_FACT.c
    return (
        select(fact.seq, fact.subject, fact.name, fact.value)
        .where(fact.seq > bindparam("after"))
        .where(fact.observed_at <= bindparam("until"))
        .order_by(fact.seq)
        .limit(bindparam("most"))
    )


def _confirmed(_: Dialect) -> ClauseElement:
    intent = INTENT.c
    return (
        select(
            intent.id, intent.source_id, intent.destination_id, intent.operation,
            intent.payload, intent.done_at,
        )
        .where(intent.sync == bindparam("sync"), text("state = 'confirmed'"))
        .where(intent.done_at >= bindparam("since"))
        .order_by(intent.done_at, intent.id)
    )  # fmt: skip


def _events_of(dialect: Dialect) -> ClauseElement:
    event = STAGE_EVENT.c
    return (
        select(*STAGE_EVENT.c[1:])
        .where(
            among(event.subject, "ids", dialect)
            | among(event.into_subject, "ids", dialect)
        )
        .order_by(event.entered_at, event.seq)
    )


def _facts_of(dialect: Dialect) -> ClauseElement:
    fact = SUBJECT_FACT.c
    return (
        select(*SUBJECT_FACT.c[1:])
        .where(among(fact.subject, "ids", dialect) | among(fact.value, "ids", dialect))
        .order_by(fact.seq)
    )
