"""Erasing a person from the ledger, and keeping what the law wants kept.

What is erased is replaced or deleted in one transaction and then overwritten on the
disk. What remains of the act is a keyed hash of each record's name: it tells no one who
it was, and lets a run pass over the record where the source still has it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from secrets import token_urlsafe
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Table,
    Update,
    and_,
    case,
    func,
    or_,
    select,
)

from tasuki.ledger.cancellations import CANCELLATION
from tasuki.ledger.database import Database
from tasuki.ledger.finding_tables import FINDING
from tasuki.ledger.handoff_table import HANDOFF
from tasuki.ledger.inbox_table import INBOX
from tasuki.ledger.rows import text_time, time_text
from tasuki.ledger.tables import (
    DEAD_LETTER,
    DECISION,
    FORGOTTEN,
    HOLD,
    INTENT,
    LINK,
    MATCH_KEY,
    RELATION,
    RULING,
    RULING_END,
)
from tasuki.ports import Token, TokenStore

PLACE = ":forgotten"
"""Where the key of the hashes is kept, sealed, beside the connections' tokens."""
YEARS = 10
"""How long money evidence is kept: 会社法 432条2項; tax law asks for seven at least."""
_PERSON = "person"  # the kind of subject, as stages.yaml calls it
_ROUNDS = 6  # systems that one person's record may be handed on through


class Trace(NamedTuple):
    """One record of the person, as one sync knows it."""

    sync: str
    source: str
    source_id: str

    @property
    def ref(self) -> str:
        """`connection/stream/id`."""
        return f"{self.source}/{self.source_id}"


class Kept(NamedTuple):
    """Evidence of money that is kept, and until when."""

    sync: str
    ref: str
    until: str


class Erasure(NamedTuple):
    """What would be erased, or was: the records, rows by table, and what is kept."""

    traces: list[Trace]
    rows: dict[str, int]
    kept: list[Kept]


class Forgetting:
    """The ledger's side of `tasuki forget`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tokens(self, connection: str) -> TokenStore:
        """Return where sealed secrets live."""
        raise NotImplementedError

    def erasure(self, asked: str) -> Erasure:
        """Return what `forget` would erase of a person; change nothing.

        Args:
            asked: `connection/stream/id`, an id, or an e-mail address.
        """
        with self._database.reading() as connection:
            traces = _traces(connection, asked)
            kept = _kept(connection, traces)
            rows = {
                table.name: _count(connection, table, traces)
                for table in (LINK, INTENT, DECISION, DEAD_LETTER)
            }
        return Erasure(traces, rows, kept)

    def forget(self, asked: str, *, suppress: bool = False) -> Erasure:
        """Erase a person; money evidence stays.

        Args:
            asked: As for `erasure`.
            suppress: Let runs pass over the person's records from now on.

        Raises:
            LedgerError: the database refused, nothing was erased; or the erased rows
                could not be overwritten on the disk now (it says so).
        """
        pepper = self._pepper(make=True)
        database = self._database
        with database.writing() as connection:
            if database.is_sqlite:
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            traces = _traces(connection, asked)
            kept = _kept(connection, traces)
            now = time_text(database.clock.now())
            _withdraw_handoffs(connection, traces, now)
            rows = _erase(connection, traces)
            for ref in {trace.ref for trace in traces}:
                hashed = _hash(pepper, ref)
                mine = FORGOTTEN.c.hashed == hashed
                before = connection.execute(select(FORGOTTEN).where(mine)).first()
                was = bool(before and before.suppressed)
                connection.execute(FORGOTTEN.delete().where(mine))
                connection.execute(
                    FORGOTTEN.insert().values(
                        hashed=hashed, suppressed=int(suppress or was), at=now
                    )
                )
        self._overwrite()
        return Erasure(traces, rows, kept)

    def suppresses(self) -> bool:
        """Say whether any record is to be passed over."""
        with self._database.reading() as connection:
            asked = select(FORGOTTEN.c.hashed).where(FORGOTTEN.c.suppressed == 1)
            return connection.execute(asked.limit(1)).first() is not None

    def suppressed(self, source: str, ids: Sequence[str]) -> frozenset[str]:
        """Return which of these source records are to be passed over."""
        pepper = self._pepper()
        hashes = {_hash(pepper, f"{source}/{one}"): one for one in ids}
        with self._database.reading() as connection:
            rows = connection.execute(
                select(FORGOTTEN.c.hashed).where(
                    FORGOTTEN.c.hashed.in_(list(hashes)), FORGOTTEN.c.suppressed == 1
                )
            ).all()
        return frozenset(hashes[row.hashed] for row in rows)

    def _pepper(self, *, make: bool = False) -> bytes:
        store = self.tokens(PLACE)
        found = store.load()
        if found is None and make:
            found = store.renew(None, lambda _: Token(token_urlsafe(32)))
        return found.access.encode() if found else b""

    def _overwrite(self) -> None:
        """Take the erased bytes out of the files, as far as the database allows."""
        engine = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with self._database.translated(), engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            if self._database.is_sqlite:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _hash(pepper: bytes, ref: str) -> str:
    return blake2b(ref.encode(), key=pepper[:64], digest_size=20).hexdigest()


def _traces(connection: Connection, asked: str) -> list[Trace]:
    """Return the person's records, followed along links in both directions."""
    found = set(_begin(connection, asked))
    for _ in range(_ROUNDS):
        wider = found | set(_neighbours(connection, found))
        if wider == found:
            break
        found = wider
    return sorted(found)


def _begin(connection: Connection, asked: str) -> Iterable[Trace]:
    if "@" in asked:
        quoted, bare = f'"{asked.casefold()}"', asked.casefold()
        for table, columns in (
            (LINK, (LINK.c.sent,)),
            (INTENT, (INTENT.c.payload, INTENT.c.receipt)),
        ):
            holds: list[ColumnElement[bool]] = [
                _contains(column, quoted, connection) for column in columns
            ]
            if table is INTENT:
                holds.append(func.lower(INTENT.c.key_value) == bare)
            yield from _known(connection, table, or_(*holds))
        return
    *stream, record_id = asked.rsplit("/", 1)
    for table in (LINK, INTENT):
        mine = table.c.source_id == record_id
        theirs = table.c.destination_id == record_id
        if stream:
            mine = and_(mine, table.c.source == stream[0])
            theirs = and_(theirs, table.c.destination == stream[0])
        yield from _known(connection, table, or_(mine, theirs))
    for table in (DECISION, DEAD_LETTER):
        rows = connection.execute(
            select(table.c.sync).where(table.c.source_id == record_id).distinct()
        )
        for row in rows.all():
            source = _source_of(connection, row.sync)
            if source and (not stream or stream[0] == source):
                yield Trace(row.sync, source, record_id)


def _contains(
    column: ColumnElement[str], text: str, connection: Connection
) -> ColumnElement[bool]:
    if connection.dialect.name == "sqlite":
        return func.instr(func.lower(column), text) > 0
    return func.strpos(func.lower(column), text) > 0


def _known(
    connection: Connection, table: Table, condition: ColumnElement[bool]
) -> list[Trace]:
    names = (table.c.sync, table.c.source, table.c.source_id)
    asked = select(*names).where(condition).distinct()
    return [Trace._make(row) for row in connection.execute(asked).all()]


def _source_of(connection: Connection, sync: str) -> str:
    """Return the stream a sync reads, as its links and intents say."""
    for table in (LINK, INTENT):
        asked = select(table.c.source).where(table.c.sync == sync).limit(1)
        row = connection.execute(asked).first()
        if row is not None:
            return str(row.source)
    return ""


def _neighbours(connection: Connection, traces: set[Trace]) -> Iterable[Trace]:
    """Yield the records that these are linked with, and other syncs' view of them."""
    for trace in traces:
        same = and_(LINK.c.source == trace.source, LINK.c.source_id == trace.source_id)
        back = and_(
            LINK.c.destination == trace.source,
            LINK.c.destination_id == trace.source_id,
        )
        yield from _known(connection, LINK, or_(same, back))
        for row in connection.execute(LINK.select().where(same)).all():
            onward = and_(
                LINK.c.source == row.destination, LINK.c.source_id == row.destination_id
            )
            yield from _known(connection, LINK, onward)


def _kept(connection: Connection, traces: Sequence[Trace]) -> list[Kept]:
    kept = []
    for trace in traces:
        asked = select(INTENT.c.done_at, INTENT.c.created_at).where(
            _mine(INTENT, trace), INTENT.c.claim.is_not(None)
        )
        moments = [row.done_at or row.created_at for row in connection.execute(asked)]
        if moments:
            until = text_time(max(moments))
            assert until is not None  # noqa: S101 - every intent has a time
            kept.append(Kept(trace.sync, trace.ref, _years_on(until)))
    return kept


def _years_on(moment: datetime) -> str:
    """Return the last day of the tenth year after a fiscal year that ends later."""
    return f"{moment.year + YEARS + 1}-12-31"


def _mine(table: Table, trace: Trace) -> ColumnElement[bool]:
    return and_(table.c.source_id == trace.source_id, table.c.sync == trace.sync)


def _count(connection: Connection, table: Table, traces: Sequence[Trace]) -> int:
    return sum(
        connection.execute(select(func.count()).where(_mine(table, trace))).scalar_one()
        for trace in traces
    )


def _erase(connection: Connection, traces: Sequence[Trace]) -> dict[str, int]:
    money = {(one.sync, one.ref) for one in _kept(connection, traces)}
    rows = {"link": 0, "intent": 0, "decision": 0, "dead_letter": 0, "relation": 0}
    for trace in traces:
        if (trace.sync, trace.ref) in money:
            continue
        _forget_findings(connection, trace)
        rows["link"] += _run(connection, LINK.delete().where(_mine(LINK, trace)))
        rows["intent"] += _run(connection, _blank_intents(trace))
        rows["decision"] += _run(
            connection, DECISION.delete().where(_mine(DECISION, trace))
        )
        rows["dead_letter"] += _run(
            connection, DEAD_LETTER.delete().where(_mine(DEAD_LETTER, trace))
        )
        _run(connection, MATCH_KEY.delete().where(_mine(MATCH_KEY, trace)))
        _run(connection, HOLD.delete().where(_mine(HOLD, trace)))
        mine = select(RULING.c.id).where(_mine(RULING, trace))
        _run(connection, RULING_END.delete().where(RULING_END.c.ruling_id.in_(mine)))
        _run(connection, RULING.delete().where(_mine(RULING, trace)))
        _run(connection, CANCELLATION.delete().where(_mine(CANCELLATION, trace)))
        _run(connection, INBOX.delete().where(_hints(trace)))
        either = or_(RELATION.c.from_ref == trace.ref, RELATION.c.to_ref == trace.ref)
        rows["relation"] += _run(connection, RELATION.delete().where(either))
    return rows


def _forget_findings(connection: Connection, trace: Trace) -> None:
    """Take out leaks about a record and about its counterpart."""
    theirs = LINK.c.destination + "/" + LINK.c.destination_id
    about = select(theirs).where(_mine(LINK, trace))
    mine = or_(FINDING.c.ref == trace.ref, FINDING.c.ref.in_(about))
    _run(connection, FINDING.delete().where(mine))


def _withdraw_handoffs(
    connection: Connection, traces: Sequence[Trace], now: str
) -> None:
    """Close what waits for the person: nobody can answer it any more."""
    for trace in traces:
        asked = select(LINK.c.destination).where(_mine(LINK, trace))
        told = {trace.source, *connection.execute(asked).scalars()}
        systems = {one.partition("/")[0] for one in told}
        mine = and_(
            HANDOFF.c.subject == f"{_PERSON}/{trace.source_id}",
            HANDOFF.c.source.in_(systems),
            HANDOFF.c.state == "open",
        )
        values = {"state": "withdrawn", "closed_at": now, "updated_at": now}
        _run(connection, HANDOFF.update().where(mine).values(values))


def _hints(trace: Trace) -> ColumnElement[bool]:
    connection, _, stream = trace.source.partition("/")
    return and_(
        INBOX.c.record_id == trace.source_id,
        INBOX.c.stream == stream,
        INBOX.c.connection == connection,
    )


def _blank_intents(trace: Trace) -> Update:
    """Empty what was sent; an unfinished write of an erased person is given up."""
    finished = INTENT.c.state.in_(("confirmed", "rejected", "abandoned"))
    return (
        INTENT.update()
        .where(_mine(INTENT, trace))
        .values(
            payload="{}",
            receipt=None,
            key_value="",
            error_words="",
            fingerprint="",
            state=case((finished, INTENT.c.state), else_="abandoned"),
        )
    )


def _run(connection: Connection, statement: Update | Delete) -> int:
    return connection.execute(statement).rowcount
