"""Rows of one call: what is asked of the destination, and what is recorded of it."""

from dataclasses import dataclass

from tasuki import plan
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.ledger.rows import NewIntent, encode
from tasuki.model.bisect import Bisection
from tasuki.model.write import Operation, Write


@dataclass(slots=True)
class Search:
    """A refused batch in which the bad rows are looked for, with all of its turns."""

    operation: Operation
    rows: Bisection[Write]
    turns: dict[str, Turn]


@dataclass(slots=True)
class Batch:
    """Rows under way together; `search` when they are a part of a refused batch."""

    operation: Operation
    turns: dict[str, Turn]
    writes: list[Write]
    search: Search | None = None


def write_of(turn: Turn, ref: str) -> Write:
    """Return the row that a turn's Create or Update asks for."""
    verdict, identity = turn.verdict, turn.identity
    if isinstance(verdict, plan.Create):
        key = (identity.key_field, identity.key_value) if identity.key_field else None
        return Write(ref, Operation.CREATE, verdict.fields, key=key, mark=identity.mark)
    assert isinstance(verdict, plan.Update)  # noqa: S101 - nothing else is sent
    return Write(ref, Operation.UPDATE, verdict.fields, target_id=verdict.target_id)


def intent_of(sync: Sync, turn: Turn, write: Write, *, marker: bool) -> NewIntent:
    """Return what is recorded before a row is sent.

    The link keeps what a create has sent. Only where it may have to be looked up and
    told apart (`marker`) must the intent itself say so, before anything is answered.
    """
    mapping = sync.mapping
    creating = write.operation is Operation.CREATE
    turn.sent_text = encode(write.fields)
    return NewIntent(
        id=write.ref,
        sync=mapping.id,
        source_id=turn.record.id,
        source=str(mapping.source),
        destination=str(mapping.destination),
        destination_id=write.target_id,
        operation=write.operation.value,
        claim=turn.identity.claim if creating else None,
        mark=write.mark,
        key_field=write.key[0] if write.key else "",
        key_value=write.key[1] if write.key else "",
        payload_text=turn.sent_text if marker or not creating else "{}",
        fingerprint=turn.fingerprint,
        version=turn.record.version,
        revision=mapping.revision,
    )
