"""Alerts in the ledger: what is found, what was told, and who sends which message.

What is told to whom is decided in a transaction that no other one of its kind runs
beside, and written down as a message before anything is sent: two processes never make
two messages of one finding. A message is taken by compare-and-swap for a time; the
process that took it and died leaves it to the next one.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, Select, Update, and_, func, select, text, update

from tasuki.ledger.alert_tables import ALERT_MESSAGE, ALERT_NOTICE, ALERT_TOLD
from tasuki.ledger.database import Database
from tasuki.ledger.rows import time_text

_LOCK: Final = 7_215_019
_KEPT_DAYS: Final = 90


class NoticeRow(NamedTuple):
    """A stored finding; see `alert_tables.AlertNoticeRow`."""

    key: str
    source: str
    severity: str
    department: str
    words: str
    opened_at: str
    noted_at: str = ""
    recovered_at: str | None = None


class ToldRow(NamedTuple):
    """What a channel was told last about a finding."""

    key: str
    channel: str
    about: str
    severity: str
    told_at: str
    message_id: str = ""


class MessageRow(NamedTuple):
    """A message to a channel; see `alert_tables.AlertMessageRow`."""

    id: str
    channel: str
    state: str
    content: str
    attempts: int
    owner: str
    until: str
    failing_since: str | None
    error: str
    made_at: str
    sent_at: str | None


class AlertBook:
    """The ledger's pages about alerts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def deciding(self) -> Iterator["AlertTx"]:
        """Give a transaction that no other one of this kind runs beside."""
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield AlertTx(connection, time_text(self._database.clock.now()))

    def report(
        self, source: str, found: Sequence[NoticeRow], hushed: Collection[str] = ()
    ) -> None:
        """Take all that a source finds now: what is missing has recovered.

        Args:
            source: Who looks.
            found: Everything it finds.
            hushed: Keys of what is there and is to be silent: it counts as never told.
        """
        with self.deciding() as tx:
            tx.hush(hushed)
            tx.report(source, found)

    def notices(self) -> list[NoticeRow]:
        """Return what is found now, oldest first."""
        query = _notices().where(ALERT_NOTICE.c.recovered_at.is_(None))
        with self._database.reading() as connection:
            return [NoticeRow._make(row) for row in connection.execute(query)]

    def unsent(self) -> list[MessageRow]:
        """Return the messages that have not arrived yet, by channel."""
        query = (
            select(*ALERT_MESSAGE.c)
            .where(ALERT_MESSAGE.c.state != "sent")
            .order_by(ALERT_MESSAGE.c.channel, ALERT_MESSAGE.c.made_at)
        )
        with self._database.reading() as connection:
            return [MessageRow._make(row) for row in connection.execute(query)]

    def last_sent(self) -> dict[str, str]:
        """Return when each channel was told something last."""
        query = (
            select(ALERT_MESSAGE.c.channel, func.max(ALERT_MESSAGE.c.sent_at))
            .where(ALERT_MESSAGE.c.state == "sent")
            .group_by(ALERT_MESSAGE.c.channel)
        )
        with self._database.reading() as connection:
            return {str(row[0]): str(row[1]) for row in connection.execute(query)}

    def take(self, channel: str, seconds: float) -> MessageRow | None:
        """Take a channel's message that is to be sent now; nobody else will.

        Returns:
            None where there is none, where it is not its time yet, or where another
            process has it.
        """
        now = self._database.clock.now()
        owner, until = uuid4().hex, time_text(now + timedelta(seconds=seconds))
        state = "sending"
        free = and_(
            ALERT_MESSAGE.c.state != "sent", ALERT_MESSAGE.c.until <= time_text(now)
        )
        with self._database.writing() as connection:
            query = (
                select(*ALERT_MESSAGE.c)
                .where(ALERT_MESSAGE.c.channel == channel, free)
                .order_by(ALERT_MESSAGE.c.made_at)
                .limit(1)
            )
            found = connection.execute(query).first()
            if found is None:
                return None
            swap = update(ALERT_MESSAGE).where(ALERT_MESSAGE.c.id == found.id, free)
            taken = swap.values(state=state, owner=owner, until=until)
            if connection.execute(taken).rowcount != 1:
                return None  # on PostgreSQL another one may have been faster
        return MessageRow._make(found)._replace(state=state, owner=owner, until=until)

    def arrived(self, message: MessageRow) -> None:
        """Note that a message was taken by its channel."""
        now = time_text(self._database.clock.now())
        values = {"state": "sent", "sent_at": now, "error": "", "failing_since": None}
        with self._database.writing() as connection:
            connection.execute(_mine(message).values(attempts=_ONE_MORE, **values))
            told = update(ALERT_TOLD).where(ALERT_TOLD.c.message_id == message.id)
            connection.execute(told.values(told_at=now))

    def failed(self, message: MessageRow, error: str, again_at: datetime) -> None:
        """Note that a message did not arrive, and when it is tried again."""
        now = time_text(self._database.clock.now())
        values = {
            "state": "waiting",
            "until": time_text(again_at),
            "error": error,
            "failing_since": message.failing_since or now,
        }
        with self._database.writing() as connection:
            connection.execute(_mine(message).values(attempts=_ONE_MORE, **values))

    def try_now(self, channel: str) -> None:
        """Let what waits for a channel be tried at once: it works again."""
        waits = and_(
            ALERT_MESSAGE.c.channel == channel, ALERT_MESSAGE.c.state == "waiting"
        )
        with self._database.writing() as connection:
            connection.execute(update(ALERT_MESSAGE).where(waits).values(until=""))


class AlertTx:
    """Queries and writes of one transaction."""

    def __init__(self, connection: Connection, now: str) -> None:
        self._connection = connection
        self._now = now

    def report(self, source: str, found: Sequence[NoticeRow]) -> None:
        """Take all that a source finds now: what is missing has recovered."""
        notice = ALERT_NOTICE.c
        known = {row.key: row for row in self.notices()}
        for new in {row.key: row for row in found}.values():
            old = known.get(new.key)
            if old is None:
                values = new._asdict() | {"source": source, "noted_at": self._now}
                self._connection.execute(ALERT_NOTICE.insert().values(values))
                continue
            again = old.recovered_at is not None
            values = {
                **new._asdict(),
                "source": source,
                "opened_at": new.opened_at if again else old.opened_at,
                "noted_at": self._now if again else old.noted_at,
                "recovered_at": None,
            }
            if NoticeRow(**values) != old:
                change = update(ALERT_NOTICE).where(notice.key == new.key)
                self._connection.execute(change.values(values))
        keys = {row.key for row in found}
        for old in known.values():
            if old.source == source and not old.recovered_at and old.key not in keys:
                gone = update(ALERT_NOTICE).where(notice.key == old.key)
                self._connection.execute(gone.values(recovered_at=self._now))

    def hush(self, keys: Collection[str]) -> None:
        """Take findings out, with what was told of them; none is told as over."""
        for key in keys:
            for table in (ALERT_NOTICE, ALERT_TOLD):
                self._connection.execute(table.delete().where(table.c.key == key))

    def notices(self) -> list[NoticeRow]:
        """Return what is found, and what has recovered, oldest first."""
        found = self._connection.execute(_notices())
        return [NoticeRow._make(row) for row in found]

    def told(self) -> list[ToldRow]:
        """Return what each channel was told last about each finding."""
        found = self._connection.execute(select(*ALERT_TOLD.c))
        return [ToldRow._make(row) for row in found]

    def busy(self) -> set[str]:
        """Return the channels that a message waits for, or is on its way to."""
        query = select(ALERT_MESSAGE.c.channel).where(ALERT_MESSAGE.c.state != "sent")
        return {row[0] for row in self._connection.execute(query.distinct())}

    def put(self, channel: str, content: str, told: Sequence[ToldRow]) -> str:
        """Write a message down, and what it tells; return its id."""
        message_id = uuid4().hex
        row = MessageRow(
            message_id,
            channel,
            "waiting",
            content,
            0,
            "",
            "",
            None,
            "",
            self._now,
            None,
        )
        self._connection.execute(ALERT_MESSAGE.insert().values(row._asdict()))
        for one in told:
            values = one._replace(message_id=message_id)._asdict()
            place = (ALERT_TOLD.c.key == one.key) & (ALERT_TOLD.c.channel == channel)
            self._connection.execute(ALERT_TOLD.delete().where(place))
            self._connection.execute(ALERT_TOLD.insert().values(values))
        return message_id

    def forget_old(self, now: datetime) -> None:
        """Take out what recovered, and was sent, a quarter of a year ago."""
        before = time_text(now - timedelta(days=_KEPT_DAYS))
        gone = select(ALERT_NOTICE.c.key).where(ALERT_NOTICE.c.recovered_at < before)
        sent = ALERT_MESSAGE.c.sent_at < before
        told = ALERT_TOLD.c.key.in_(gone)
        self._connection.execute(ALERT_TOLD.delete().where(told))
        old = ALERT_NOTICE.c.recovered_at < before
        self._connection.execute(ALERT_NOTICE.delete().where(old))
        self._connection.execute(ALERT_MESSAGE.delete().where(sent))


_ONE_MORE: Any = ALERT_MESSAGE.c.attempts + 1


def _notices() -> Select[Any]:
    return select(*ALERT_NOTICE.c).order_by(
        ALERT_NOTICE.c.opened_at, ALERT_NOTICE.c.key
    )


def _mine(message: MessageRow) -> Update:
    owned = and_(
        ALERT_MESSAGE.c.id == message.id,
        ALERT_MESSAGE.c.owner == message.owner,
        ALERT_MESSAGE.c.state == "sending",
    )
    return update(ALERT_MESSAGE).where(owned)
