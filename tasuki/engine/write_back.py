"""Telling the source what became of its records, in full batches."""

import logging
from collections.abc import Mapping, Sequence

from tasuki.engine.masking import masked_source, without_kinds
from tasuki.engine.repeat import send_apart
from tasuki.engine.sync import Options, Sync
from tasuki.engine.tally import Tally
from tasuki.ledger import Lease
from tasuki.ledger.rows import (
    ConfirmRow,
    IntentRow,
    NewDeadLetter,
    NewDecision,
    NewIntent,
    StateRow,
    encode,
)
from tasuki.mapping import CompiledMapping, Faulty
from tasuki.model.record import Record
from tasuki.model.write import (
    Confirmed,
    Deferred,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Write,
)

log = logging.getLogger("tasuki.engine")

CAUSE = "write_back: "
"""How the cause of a dead letter begins that is about a write-back."""


def send_write_backs(
    sync: Sync,
    lease: Lease,
    run_id: str,
    tally: Tally,
    options: Options,
) -> None:
    """Send every recorded write-back of this sync that is not confirmed.

    Updates by id are harmless to repeat, so what a killed run left is sent again. A
    part of a backfill sends those of its own records, and leaves replayed ones.

    Raises:
        RemoteError: the source does not take writes now; they stay recorded.
    """
    if options.part is None:
        _open_replayed(sync, lease, run_id)
    rows = [
        row
        for row in sync.ledger.open_intents(sync.id)
        if row.operation == "write_back" and options.holds(row.source_id)
    ]
    stream = sync.mapping.source.stream
    size = sync.source.destination.facts(stream).batch_size
    for start in range(0, len(rows), size):
        _send(sync, lease, run_id, tally, rows[start : start + size])


def _send(
    sync: Sync, lease: Lease, run_id: str, tally: Tally, rows: Sequence[IntentRow]
) -> None:
    writes = [
        Write(row.id, Operation.UPDATE, row.payload, target_id=row.destination_id)
        for row in rows
    ]
    with sync.ledger.transaction(lease, run_id) as tx:
        tx.mark_sending([row.id for row in rows])
    source, stream = sync.source.destination, sync.mapping.source.stream
    outcomes = send_apart(source, stream, writes, lease.check)
    answered = {one.ref: one for one in outcomes}
    lettered = _with_a_letter(sync, rows)
    with sync.ledger.transaction(lease, run_id) as tx:
        for row in rows:
            outcome = answered.get(row.id)
            if isinstance(outcome, Confirmed):
                tx.confirm([ConfirmRow(row.id, outcome.id, encode(outcome.answer))])
                if row.source_id in lettered:
                    tx.resolve_dead_letters(sync.id, [row.source_id])
                tally.written_back += 1
            else:
                tx.set_states([_failure(row, outcome)])
                tally.write_back_failed += 1
                if isinstance(outcome, (Rejected, Gone)):
                    tx.add_decisions([_complaint(row, outcome)])
                if isinstance(outcome, Rejected):
                    tx.put_dead_letters([_letter(sync, row, outcome)])


def _open_replayed(sync: Sync, lease: Lease, run_id: str) -> None:
    """Take refused write-backs up again whose dead letter a person has replayed."""
    replayed = sync.ledger.replayed(sync.id)
    letters = sync.ledger.unsolved_letters(sync.id, replayed)
    wanted = [one for one, row in letters.items() if row.cause.startswith(CAUSE)]
    if not wanted:
        return
    last = {
        source_id: [row for row in rows if row.operation == "write_back"][-1:]
        for source_id, rows in sync.ledger.intents_of(sync.id, wanted).items()
    }
    again = [r.id for rows in last.values() for r in rows if r.state == "rejected"]
    if again:
        with sync.ledger.transaction(lease, run_id) as tx:
            tx.set_state(again, "planned", "replayed")


def _with_a_letter(sync: Sync, rows: Sequence[IntentRow]) -> set[str]:
    letters = sync.ledger.unsolved_letters(sync.id, [row.source_id for row in rows])
    return {one for one, row in letters.items() if row.cause.startswith(CAUSE)}


def _letter(sync: Sync, row: IntentRow, outcome: Rejected) -> NewDeadLetter:
    return NewDeadLetter(
        row.source_id,
        row.sync,
        f"{CAUSE}{outcome.code}",
        without_kinds(outcome.words),
        outcome.remedy,
        encode(masked_source(sync.mapping, row.payload)),
        row.version,
        row.revision,
    )


def _failure(row: IntentRow, outcome: Outcome | None) -> StateRow:
    """Return the state after a write-back that did not succeed.

    A refused one is final, until a person replays its dead letter.
    """
    if outcome is None or isinstance(outcome, (Deferred, InDoubt)):
        words = outcome.words if outcome else "the answer does not name this row"
        return StateRow(row.id, "planned", "deferred", words)
    assert isinstance(outcome, (Rejected, Gone))  # noqa: S101 - by the caller
    return StateRow(row.id, "rejected", outcome.code, outcome.words)


def _complaint(row: IntentRow, outcome: Rejected | Gone) -> NewDecision:
    return NewDecision(
        row.source_id,
        row.sync,
        "sent",
        "write_back_failed",
        outcome.words,
        row.revision,
        row.version,
    )


def written_back(
    mapping: CompiledMapping, record: Record, receipt: Mapping[str, object]
) -> dict[str, object]:
    """Return what the source is told; nothing where a formula cannot be worked out.

    The write it tells of has happened: a fault here must not undo that.
    """
    fields = mapping.write_back(record, receipt)
    if isinstance(fields, Faulty):
        log.error(
            "sync=%s record=%s write_back: %s", mapping.id, record.id, fields.words
        )
        return {}
    return fields


def write_back_intent(
    sync: Sync, intent_id: str, record: Record, fields: dict[str, object]
) -> NewIntent:
    """Return the intent that tells the source what became of its record."""
    mapping = sync.mapping
    return NewIntent(
        id=intent_id,
        sync=mapping.id,
        source_id=record.id,
        source=str(mapping.source),
        destination=str(mapping.source),
        destination_id=record.id,
        operation="write_back",
        claim=None,
        mark="",
        key_field="",
        key_value="",
        payload_text=encode(fields),
        fingerprint="",
        version=record.version,
        revision=mapping.revision,
    )
