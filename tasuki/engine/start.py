"""Where a run begins to read: at the stored cursor, if that still says anything."""

import logging
from datetime import datetime

from tasuki.engine.sync import Sync
from tasuki.ledger import Lease
from tasuki.model.errors import ConfigError
from tasuki.ports import Accounted, Rewinding

log = logging.getLogger("tasuki.engine")

ACCOUNT = "account"
"""The part of a sync's cursor that says which account it was told by."""


def usable_position(sync: Sync, part: str = "") -> str | None:
    """Return the cursor to go on from; None: everything is read, and why is logged."""
    stored = sync.ledger.cursor(sync.id, part)
    if stored is None:
        return None
    if stored.revision != sync.mapping.revision:
        log.info("sync=%s the mapping has changed: everything is read", sync.id)
        return None
    if is_elsewhere(sync):
        words = "sync=%s %s leads to another account now: everything is read"
        log.warning(words, sync.id, sync.mapping.source.connection)
        return None
    return stored.position


def position_since(sync: Sync, moment: datetime) -> str:
    """Return a cursor that covers all changes at the source since a moment.

    Raises:
        ConfigError: the source cannot be read from a moment of our choice.
    """
    source = sync.source.source
    if isinstance(source, Rewinding):
        position = source.cursor_at(sync.mapping.source.stream, moment)
        if position is not None:
            return position
    what = "cannot be read from a moment of our choice"
    raise ConfigError(str(sync.mapping.source), what, "Leave --since out.")


def is_elsewhere(sync: Sync) -> bool:
    """Say whether the source leads to another account than that of the cursor."""
    told = sync.ledger.cursor(sync.id, ACCOUNT)
    return told is not None and told.position != _account(sync)


def note_account(sync: Sync, lease: Lease, run_id: str) -> None:
    """Remember the account, and forget a cursor that another one has given."""
    account, told = _account(sync), sync.ledger.cursor(sync.id, ACCOUNT)
    if not account or (told is not None and told.position == account):
        return
    with sync.ledger.transaction(lease, run_id) as tx:
        if told is not None:
            tx.forget_cursor(sync.id)
        tx.put_cursor(sync.id, ACCOUNT, account, sync.mapping.revision)


def _account(sync: Sync) -> str:
    return sync.source.account() if isinstance(sync.source, Accounted) else ""
