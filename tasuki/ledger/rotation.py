"""Sealing stored tokens anew with the first key, all of them or none."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection

from tasuki.ledger.database import Database
from tasuki.ledger.lease import LeaseHeldError, acquire, release
from tasuki.ledger.sealing import Seal, WrongKeyError
from tasuki.ledger.tables import TOKEN
from tasuki.ledger.tokens import LOCK_SECONDS, LOOK_AGAIN_SECONDS
from tasuki.model.errors import LedgerError


def sealed_names(database: Database) -> list[str]:
    """Return the connections that have a stored token."""
    with database.reading() as connection:
        rows = connection.execute(TOKEN.select().order_by(TOKEN.c.connection))
        return [row.connection for row in rows]


def reseal(database: Database, seal: Seal) -> int:
    """Seal every token with the first key, all or none; return how many were not.

    Nobody renews a token meanwhile: a new pair is refused by the text it replaces,
    and the vendor gives it once.

    Raises:
        LedgerError: a token is opened by none of the keys; nothing was changed.
    """
    with ExitStack() as stack:
        for name in sealed_names(database):
            stack.enter_context(_renewal_kept_out(database, name))
        with database.writing() as connection:
            return sum(_reseal(database, connection, seal))


@contextmanager
def _renewal_kept_out(database: Database, name: str) -> Iterator[None]:
    clock = database.clock
    deadline = clock.monotonic() + LOCK_SECONDS
    while True:
        try:
            lease = acquire(database, f"token:{name}", LOCK_SECONDS)
            break
        except LeaseHeldError:
            if clock.monotonic() > deadline:
                raise
            clock.sleep(LOOK_AGAIN_SECONDS)
    try:
        yield
    finally:
        release(database, lease)


def _reseal(database: Database, connection: Connection, seal: Seal) -> Iterator[bool]:
    for row in connection.execute(TOKEN.select()).all():
        name = row.connection
        if seal.is_current(row.sealed, name):
            yield False
            continue
        try:
            sealed = seal.close(seal.open(row.sealed, name), name)
        except WrongKeyError:
            what = f"none of the keys opens the stored token of '{name}'"
            remedy = (
                "Add the key it was stored with, or log in again: "
                f"`tasuki login {name}`. Nothing was changed."
            )
            raise LedgerError(database.where, what, remedy) from None
        mine = (TOKEN.c.connection == name, TOKEN.c.sealed == row.sealed)
        done = connection.execute(TOKEN.update().where(*mine).values(sealed=sealed))
        yield done.rowcount == 1
