"""Settling creates in doubt where the vendor knows idempotency keys (class A).

The row that was sent is sent again, word for word, under its own key: the vendor
answers as it did the first time, or does it now. Only an answer to that settles it;
"too fast" or "busy" says nothing about the first time. Once the vendor may have
forgotten the key, repeating could do it twice, and the row is in doubt as in any other
class: looked up where the connector can, else a person's question.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasuki.engine.sync import Sync
from tasuki.ledger import Lease
from tasuki.ledger.rows import IntentRow, text_time
from tasuki.mapping import Skip
from tasuki.model.bisect import Bisection
from tasuki.model.errors import RejectedError
from tasuki.model.record import Record
from tasuki.model.write import Operation, Outcome, Rejected, Write, WriteFacts
from tasuki.ports import Destination

_SURE_SHARE = 0.9  # of a key's life; the request may still wait for its turn


@dataclass(frozen=True, slots=True)
class Repeated:
    """A row that was sent again; `outcome` is None where the answer left it out."""

    row: IntentRow
    record: Record
    outcome: Outcome | None


def is_remembered(row: IntentRow, facts: WriteFacts, now: datetime) -> bool:
    """Say whether the vendor surely still knows the row's key."""
    first = text_time(row.created_at)
    life = timedelta(seconds=facts.key_seconds * _SURE_SHARE)
    return first is not None and now - first < life


def repeat(
    sync: Sync,
    lease: Lease,
    run_id: str,
    rows: Sequence[IntentRow],
    records: dict[str, Record],
) -> list[Repeated]:
    """Send these rows again, each under its own key.

    Raises:
        RemoteError: the destination does not take it now; they stay in doubt.
    """
    stream = sync.mapping.destination.stream
    destination = sync.destination.destination
    size = destination.facts(stream).batch_size
    found: list[Repeated] = []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        with sync.ledger.transaction(lease, run_id) as tx:
            tx.mark_sending([row.id for row in part])
        writes = [as_write(row) for row in part]
        outcomes = send_apart(destination, stream, writes, lease.check)
        answered = {one.ref: one for one in outcomes}
        found += [
            Repeated(row, records[row.source_id], answered.get(row.id)) for row in part
        ]
    return found


def is_wanted(sync: Sync, record: Record | None) -> bool:
    """Say whether a record would still be handed over.

    What was called off meanwhile must not be done now only because its first answer
    was lost; and it may have been done. That is a person's question.
    """
    if record is None or record.deleted or record.outside:
        return False

    def target(other: str, source_id: str) -> str | None:
        return sync.ledger.link_targets(other, [source_id]).get(source_id)

    return not isinstance(sync.mapping.evaluate(record, target), Skip)


def as_write(row: IntentRow) -> Write:
    """Return the row that an intent has recorded."""
    key = (row.key_field, row.key_value) if row.key_field else None
    return Write(row.id, Operation.CREATE, row.payload, key=key, mark=row.mark)


def send_apart(
    destination: Destination,
    stream: str,
    writes: Sequence[Write],
    fence: Callable[[], None],
) -> list[Outcome]:
    """Send rows; where all of them are refused at once, find those to blame."""
    try:
        return destination.write(stream, writes, fence)
    except RejectedError as error:
        if len(writes) == 1:
            return [_refused(writes[0], error)]
    search = Bisection(list(writes))
    outcomes: list[Outcome] = []
    while part := search.next():
        try:
            outcomes += destination.write(stream, part, fence)
        except RejectedError as error:
            blamed = search.refused()
            outcomes += [_refused(blamed, error)] if blamed is not None else []
        else:
            search.accepted()
    return outcomes


def _refused(write: Write, error: RejectedError) -> Rejected:
    return Rejected(write.ref, error.code, error.answer, error.remedy)
