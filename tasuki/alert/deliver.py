"""Telling people: decide under a lock, write down, send, note what became of it.

A death before the message is written down changes nothing. One after it leaves a
message that the next process sends, after `TAKEN_SECONDS` where it was being sent: the
channel is told once, or once more where the death came between the channel's answer and
our note of it.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from tasuki.alert.dead_channel import SOURCE, notices
from tasuki.alert.message import Message, frozen, thawed
from tasuki.alert.notice import Notice, Severity, row_of, stored
from tasuki.alert.route import About, Standing, Told, due
from tasuki.alert.terms import Terms
from tasuki.ledger.alerts import AlertBook, AlertTx, MessageRow, NoticeRow, ToldRow
from tasuki.ledger.rows import text_time, time_text
from tasuki.model.errors import RemoteError, ThrottledError
from tasuki.model.unforeseen import trace, unforeseen
from tasuki.ports import Clock

log = logging.getLogger("tasuki.alert")

TAKEN_SECONDS: Final = 300.0
"""Longer than any sending can take, with all its time-outs."""
_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 3_600.0
_MOST_DOUBLINGS = 10


class Channel(Protocol):
    """A way to tell people something."""

    def send(self, message: Message, attempt: int, /) -> str:
        """Send once; return what is to be noted though it was sent.

        Args:
            message: What is told.
            attempt: How often this message was tried before.

        Raises:
            RemoteError: it did not arrive, or nobody knows whether it did.
        """


@dataclass(slots=True)
class Sent:
    """What one round has done: findings told by channel, and what failed.

    Attributes:
        told: How many findings each channel was told of.
        failed: Why a channel could not be told.
        noted: What is to be known of one that was.
    """

    told: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    noted: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return {"told": self.told, "failed": self.failed, "noted": self.noted}


def note_findings(
    book: AlertBook,
    source: str,
    found: Iterable[Notice],
    hushed: Collection[str] = (),
) -> None:
    """Take all that a source finds now; what it found before and misses now is over.

    Args:
        book: The ledger's pages about alerts.
        source: Who looks: a name of its own for each look that is whole in itself.
        found: Everything, also what was found before; nothing is told twice by it.
        hushed: Keys of what is still so, and is to be silent: no recovery is told, and
            once it is found again it is new.
    """
    book.report(source, [row_of(notice) for notice in found], hushed)


def tell_everybody(
    book: AlertBook, terms: Terms, channels: Mapping[str, Channel], clock: Clock
) -> Sent:
    """Tell each channel what it should know now, and retry what did not arrive."""
    sent = Sent()
    _round(book, terms, channels, clock, sent)
    dead = notices(book.unsent(), terms)
    note_findings(book, SOURCE, dead)
    _round(book, terms, channels, clock, sent)  # the others hear of a dead one at once
    return sent


def _round(
    book: AlertBook,
    terms: Terms,
    channels: Mapping[str, Channel],
    clock: Clock,
    sent: Sent,
) -> None:
    write_down(book, terms, clock.now())
    for name, channel in channels.items():
        if name not in sent.failed:
            _send(book, name, channel, clock, sent)


def write_down(book: AlertBook, terms: Terms, now: datetime) -> None:
    """Decide what each channel is told now, and write it down as one message each.

    A channel that has not taken its last message gets no further one: what is found
    meanwhile comes together in the next.
    """
    with book.deciding() as tx:
        tx.forget_old(now)
        found = [_standing(row) for row in tx.notices()]
        known = {(row.key, row.channel): _told(row) for row in tx.told()}
        busy = tx.busy()
        for channel, tellings in due(found, known, terms, now).items():
            if channel not in busy:
                put_message(tx, channel, Message("", now, terms.language, tellings))


def put_message(tx: AlertTx, channel: str, message: Message) -> None:
    """Write a message down, and what its channel is told by it."""
    at = time_text(message.at)
    told = [
        ToldRow(one.notice.key, channel, one.about.value, one.notice.severity.value, at)
        for one in message.tellings
    ]
    tx.put(channel, frozen(message), told)


def _send(
    book: AlertBook, name: str, channel: Channel, clock: Clock, sent: Sent
) -> None:
    while (row := book.take(name, TAKEN_SECONDS)) is not None:
        made_at = text_time(row.made_at) or clock.now()
        message = thawed(row.id, row.content, made_at)
        try:
            words = channel.send(message, row.attempts)
        except Exception as error:  # noqa: BLE001 - the other channels are still told
            told = _in_words(name, error)
            book.failed(row, told, clock.now() + pause(row, error))
            sent.failed[name] = told
            log.warning("alerts channel=%s attempt=%s %s", name, row.attempts + 1, told)
            return
        book.arrived(row)
        sent.told[name] = sent.told.get(name, 0) + len(message.tellings)
        if words:
            sent.noted[name] = words


def _in_words(name: str, error: Exception) -> str:
    if isinstance(error, RemoteError):
        return str(error)
    log.error("%s", trace(error))
    return str(unforeseen(name, error))


def pause(row: MessageRow, error: Exception) -> timedelta:
    """Return how long a message waits after a failure: doubled each time."""
    seconds = _FIRST_PAUSE * 2 ** min(row.attempts, _MOST_DOUBLINGS)
    asked = error.retry_after if isinstance(error, ThrottledError) else None
    return timedelta(seconds=max(min(seconds, _LONGEST_PAUSE), asked or 0.0))


def _standing(row: NoticeRow) -> Standing:
    notice = stored(row)
    noted = text_time(row.noted_at) or notice.opened_at
    return Standing(notice, noted, text_time(row.recovered_at))


def _told(row: ToldRow) -> Told:
    at = datetime.fromisoformat(row.told_at)
    return Told(About(row.about), Severity(row.severity), at)
