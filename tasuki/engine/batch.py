"""Rows of one call: what is asked of the destination, and what is recorded of it."""

from dataclasses import dataclass
from functools import lru_cache

from tasuki import plan
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.ledger.rows import NewIntent, decode, encode
from tasuki.model.bisect import Bisection
from tasuki.model.write import Operation, Write

_NO_KEY = ("", "")
_written = lru_cache(maxsize=64)(str)


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


def write_of(turn: Turn, ref: str, *, keyed: bool = False) -> Write:
    """Return the row that a turn's Create or Update asks for.

    Under an idempotency key (`keyed`) the row must be the same word for word when it
    is repeated from the ledger, so it is sent in the ledger's form from the first time
    on: amounts and days as text.
    """
    verdict, identity = turn.verdict, turn.identity
    if isinstance(verdict, plan.Create):
        key = (identity.key_field, identity.key_value) if identity.key_field else None
        fields = decode(encode(verdict.fields)) if keyed else verdict.fields
        return Write(ref, Operation.CREATE, fields, key=key, mark=identity.mark)
    assert isinstance(verdict, plan.Update)  # noqa: S101 - nothing else is sent
    return Write(ref, Operation.UPDATE, verdict.fields, target_id=verdict.target_id)


def intent_of(sync: Sync, turn: Turn, write: Write, *, in_full: bool) -> NewIntent:
    """Return what is recorded before a row is sent.

    The link keeps what a create has sent. Only where it may have to be repeated or
    looked up (`in_full`) must the intent itself say so, before anything is answered;
    and fields that people may own, to tell our value from theirs.
    """
    mapping, record = sync.mapping, turn.record
    creating = write.operation is Operation.CREATE
    turn.sent_text = encode(write.fields)
    key_field, key_value = write.key or _NO_KEY
    # By position, in the order of the fields: names cost three times as much.
    return NewIntent(
        write.ref,
        mapping.id,
        record.id,
        _written(mapping.source),
        _written(mapping.destination),
        write.target_id,
        write.operation.value,
        turn.identity.claim if creating else None,
        write.mark,
        key_field,
        key_value,
        turn.sent_text if in_full or not creating else _owned(turn, write),
        turn.fingerprint,
        record.version,
        mapping.revision,
    )


def _owned(turn: Turn, write: Write) -> str:
    """Return as JSON the fields of a create that people may own from then on."""
    owners = turn.payload.owners if turn.payload else None
    if not owners:
        return "{}"
    return encode({n: write.fields[n] for n in owners if n in write.fields})
