"""A whole run and the parts of a backfill of one sync exclude each other.

Both would read the same records, and the slower one could send what it read before the
faster one sent something newer. Parts do not exclude each other: theirs are different.
"""

from sqlalchemy import Dialect, String, bindparam, func, select
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database
from tasuki.ledger.lease import Lease, LeaseRow, acquire, held_by, release
from tasuki.ledger.rows import time_text
from tasuki.ledger.tables import LEASE

_OF_A_SYNC = "sync:"
_PART = "#"


def acquire_alone(database: Database, name: str, seconds: float) -> Lease:
    """Take a lease, and see that no rival of it is held.

    Whoever comes second sees the first: a lease is taken before rivals are looked for.
    One that has run out is taken over, so that its owner, should it wake up, finds that
    it may not write any more.

    Raises:
        LeaseHeldError: somebody works under this name, or under a rival's.
    """
    lease = acquire(database, name, seconds)
    if not name.startswith(_OF_A_SYNC):
        return lease
    try:
        for row in _rivals(database, name):
            _step_over(database, row, seconds)
    except BaseException:
        release(database, lease)
        raise
    return lease


def _step_over(database: Database, row: LeaseRow, seconds: float) -> None:
    """See that a rival's lease is not held, also not by an owner who wakes up later."""
    if not row.owner:
        return
    if not row.is_free(time_text(database.clock.now())):
        raise held_by(database, row)
    release(database, acquire(database, row.name, seconds))


def parts_held(database: Database, sync_lease: str) -> set[str]:
    """Return the names of those leases of parts that somebody holds now."""
    now = time_text(database.clock.now())
    return {r.name for r in _rivals(database, sync_lease) if not r.is_free(now)}


def _rivals(database: Database, name: str) -> list[LeaseRow]:
    whole, is_part, _ = name.partition(_PART)
    wanted = whole if is_part else whole + _PART
    query = _exactly if is_part else _beginning
    found = database.rows(query, wanted=wanted, length=len(wanted))
    return [LeaseRow._make(row) for row in found]


def _exactly(_: Dialect) -> ClauseElement:
    return select(*LEASE.c).where(LEASE.c.name == bindparam("wanted"))


def _beginning(_: Dialect) -> ClauseElement:
    start = func.substr(LEASE.c.name, 1, bindparam("length"), type_=String())
    return select(*LEASE.c).where(start == bindparam("wanted"))
