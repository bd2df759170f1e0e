"""Cancels an invoice that Tasuki has made, by a person's word.

It is looked at, written down, cancelled once and, when no answer comes, looked at
again: never asked for twice in the dark. Its business key stays claimed, so that no
run bills the deal a second time.
"""

from collections.abc import Callable
from typing import NamedTuple

from tasuki.engine.papers import Invoice
from tasuki.engine.sync import Sync
from tasuki.ledger import lease_name
from tasuki.ledger.cancellations import (
    DONE,
    FAILED,
    IN_DOUBT,
    Asked,
    CancellationRow,
)
from tasuki.model.errors import (
    AccessError,
    ConfigError,
    InDoubtError,
    NotSentError,
    RejectedError,
    RemoteError,
    ThrottledError,
)
from tasuki.ports import Cancellable, Cancelling

_NOT_DONE = (AccessError, NotSentError, RejectedError, ThrottledError)
_CREDIT = (
    "Take it back with a credit note (返還インボイス), or take the payment back first."
)
_BY_HAND = "Cancel it in the system's own screens; its payments' sync brings that back."


class Word(NamedTuple):
    """Who wants an invoice cancelled, and why."""

    who: str
    why: str


def look(sync: Sync, invoice: Invoice) -> Cancellable:
    """Return the document as its system shows it now.

    Raises:
        ConfigError: the system cannot cancel it, or has it no more.
    """
    where, destination = _where(invoice), sync.destination.destination
    if not isinstance(destination, Cancelling):
        what = f"{invoice.mapping.destination.connection} has no call that cancels"
        raise ConfigError(where, what, _BY_HAND)
    found = destination.cancellable(
        invoice.mapping.destination.stream, invoice.target_id
    )
    if found is None:
        what = "the invoice is not there any more"
        raise ConfigError(where, what, "`tasuki explain` tells what is known of it.")
    return found


def must_be_allowed(invoice: Invoice, seen: Cancellable) -> None:
    """Raise ConfigError where the document may not be cancelled."""
    if seen.refusal and not seen.is_cancelled:
        raise ConfigError(_where(invoice), f"not cancelled: {seen.refusal}", _CREDIT)


def cancel(
    sync: Sync, invoice: Invoice, word: Word, lease_seconds: float
) -> CancellationRow:
    """Cancel an invoice, and record who wanted it and why.

    Returns:
        What the ledger says now: done, also where it was cancelled before; or in
        doubt, until somebody asks again.

    Raises:
        ConfigError: it may not be cancelled; nothing was sent.
        LeaseHeldError: a run of its sync is at work.
        RemoteError: the system did not do it.
    """
    lease = sync.ledger.acquire_lease(lease_name(sync.id), lease_seconds)
    try:
        seen = look(sync, invoice)
        if seen.is_cancelled:
            return _already(sync, invoice, seen, word)
        must_be_allowed(invoice, seen)
        number = sync.ledger.cancellations().ask(_asked(invoice, seen, word))
        return _carry_out(sync, invoice, number, lease.check)
    finally:
        sync.ledger.release_lease(lease)


def _already(
    sync: Sync, invoice: Invoice, seen: Cancellable, word: Word
) -> CancellationRow:
    """Note that it is done: by an earlier call whose answer was lost, or by hand."""
    book = sync.ledger.cancellations()
    earlier = book.of(str(invoice.mapping.destination), invoice.target_id)
    if earlier and earlier[-1].state == DONE:
        return earlier[-1]
    if earlier and earlier[-1].state != FAILED:
        return book.end(earlier[-1].id, DONE, "seen to be cancelled")
    number = book.ask(_asked(invoice, seen, word))
    return book.end(number, DONE, "it was cancelled already")


def _carry_out(
    sync: Sync, invoice: Invoice, number: int, fence: Callable[[], None]
) -> CancellationRow:
    destination = sync.destination.destination
    assert isinstance(destination, Cancelling)  # noqa: S101 - `look` has asked
    stream, book = invoice.mapping.destination.stream, sync.ledger.cancellations()
    try:
        destination.cancel(stream, invoice.target_id, fence)
    except (InDoubtError, RemoteError) as error:
        words = str(error)
        if _is_seen_cancelled(sync, invoice):
            return book.end(number, DONE, f"seen to be cancelled, after: {words}")
        if isinstance(error, _NOT_DONE):
            book.end(number, FAILED, words)
            raise
        return book.end(number, IN_DOUBT, words)
    return book.end(number, DONE)


def _is_seen_cancelled(sync: Sync, invoice: Invoice) -> bool:
    try:
        return look(sync, invoice).is_cancelled
    except (ConfigError, RemoteError):
        return False  # it cannot be looked at now: what is known stays in doubt


def _asked(invoice: Invoice, seen: Cancellable, word: Word) -> Asked:
    mapping = invoice.mapping
    return Asked(
        mapping.id,
        str(mapping.source),
        invoice.source_id,
        str(mapping.destination),
        invoice.target_id,
        seen.number,
        f"{seen.currency} {seen.total:f}",
        word.who,
        word.why,
    )


def _where(invoice: Invoice) -> str:
    return f"{invoice.mapping.destination}/{invoice.target_id}"
