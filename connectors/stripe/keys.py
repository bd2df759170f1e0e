"""Idempotency keys: made of the row, equal whenever the same row is sent again."""

import json
from hashlib import blake2b

from tasuki.model.write import Write


def key_of(write: Write, step: str) -> str:
    """Return the key of one call of a create.

    A record that was refused and then corrected is another request, so the fields are
    part of it; a row in doubt is sent again with the fields it had.
    """
    return f"tasuki-{write.mark}-{_digest(write)}-{step}"


def body_key(write: Write) -> str:
    """Return the key of an update: that of this one change."""
    return f"tasuki-{write.ref}-{_digest(write)}-update"


def _digest(write: Write) -> str:
    text = json.dumps(write.fields, sort_keys=True, ensure_ascii=False, default=str)
    return blake2b(text.encode(), digest_size=8).hexdigest()
