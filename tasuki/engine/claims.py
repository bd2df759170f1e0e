"""What a record's create goes by: the claim nobody else may have, and our mark.

Neither names the mapping: another file for the same pair bills nothing twice.
"""

from hashlib import blake2b

from tasuki.mapping import CompiledMapping
from tasuki.model.record import Record
from tasuki.model.write import WriteClass


def route_of(mapping: CompiledMapping) -> str:
    """Return what claims of this pair of streams begin with."""
    return f"{mapping.destination}|{mapping.source}"


def claim_of(
    mapping: CompiledMapping, create_class: WriteClass, record: Record
) -> str | None:
    """Return the claim of a record's create; None where none is needed.

    "" means that the record has no business key though the mapping asks for one.
    """
    if mapping.write.value == "once":
        key = mapping.key(record)
        return f"{route_of(mapping)}|{key}" if key else ""
    if create_class is not WriteClass.UPSERT:
        # Whatever the mapping says: such a create is never made twice.
        return f"{route_of(mapping)}|{record.id}"
    return None


def mark_of(claim: str) -> str:
    """Return our mark: short, and equal for the same thing on every try."""
    return blake2b(claim.encode(), digest_size=10).hexdigest()


def mark_hash(mark: str) -> str:
    """Return what the ledger remembers a mark by, beside match values."""
    return blake2b(f"mark\0{mark}".encode(), digest_size=8).hexdigest()
