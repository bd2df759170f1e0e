"""A hint: a system says that a record has changed; the record itself is read again."""

from typing import NamedTuple

CHANGED = "changed"
DELETED = "deleted"
MERGED = "merged"
ERASED = "erased"
"""A person asked the system to be forgotten."""


class Hint(NamedTuple):
    """One record of one stream that may have changed.

    Nothing of the record's content is kept: no order is promised, values may be late,
    and they may be personal.

    Attributes:
        stream: The stream's name, `contacts`; "" where the delivery does not tell.
        record_id: The source's own id.
        kind: `changed`, `deleted`, `merged` or `erased`; for people who look, the
            record is read in any case.
        event: What tells this event from all others of its connection, the same each
            time it is delivered; "" where the system gives nothing of the kind.
    """

    stream: str
    record_id: str
    kind: str = CHANGED
    event: str = ""
