"""Rotating tokens: encrypted at rest, renewed by one process at a time.

The lock is a lease row, so it survives kills (a dead owner's lease is taken over) and
holds no database lock while the vendor is asked for the new token.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, Dialect, bindparam, select, update
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, insert_into
from tasuki.ledger.lease import LeaseHeldError, acquire, release
from tasuki.ledger.rows import decode, encode, text_time, time_text
from tasuki.ledger.sealing import Seal, WrongKeyError
from tasuki.ledger.tables import TOKEN
from tasuki.model.errors import LedgerError
from tasuki.ports import Token

LOCK_SECONDS = 120.0  # longer than any token call with its retries
LOOK_AGAIN_SECONDS = 0.1


class _Sealed(NamedTuple):
    text: str
    expires_at: str | None


class LedgerTokens:
    """The stored token of one connection (a `TokenStore`)."""

    def __init__(self, database: Database, seal: Seal, connection: str) -> None:
        self._database = database
        self._seal = seal
        self._connection = connection

    def load(self) -> Token | None:
        """Return the stored token; LedgerError when the key does not open it."""
        return self._open(self._sealed())

    def save(self, token: Token) -> None:
        """Store a token from a first login, whatever was there before."""
        with self._database.writing() as connection:
            self._database.run(connection, _put, **self._row(token))

    def renew(
        self, stale: Token | None, mint: Callable[[Token | None], Token]
    ) -> Token:
        """Return a token newer than `stale`; only one process asks for it."""
        stored = self.load()
        while not self._is_newer(stored, stale):
            try:
                with self._lock():
                    return self._renew_alone(stale, mint)
            except LeaseHeldError:
                self._database.clock.sleep(LOOK_AGAIN_SECONDS)
            stored = self.load()
        assert stored is not None  # noqa: S101 - what `_is_newer` says
        return stored

    def _renew_alone(
        self, stale: Token | None, mint: Callable[[Token | None], Token]
    ) -> Token:
        sealed = self._sealed()
        stored = self._open(sealed)
        if stored is not None and self._is_newer(stored, stale):
            return stored
        minted = mint(stored)
        with self._database.writing() as connection:
            replaced = self._replace(connection, sealed, minted)
        # Another process was faster only if this one stood still beyond the lock's
        # time; the vendor then knows the token that was stored first.
        return minted if replaced else self.load() or minted

    def _is_newer(self, stored: Token | None, stale: Token | None) -> bool:
        if stored is None:
            return False
        if stale is not None:
            return stored.access != stale.access
        expires = stored.expires_at
        return expires is None or expires > self._database.clock.now()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        lease = acquire(self._database, f"token:{self._connection}", LOCK_SECONDS)
        try:
            yield
        finally:
            release(self._database, lease)

    def _replace(
        self, connection: Connection, sealed: _Sealed | None, token: Token
    ) -> bool:
        row = self._row(token)
        if sealed is None:
            return self._database.run(connection, _first, **row).rowcount == 1
        renamed = {f"new_{key}": value for key, value in row.items()}
        done = self._database.run(connection, _swap, **renamed, seen=sealed.text)
        return done.rowcount == 1

    def _row(self, token: Token) -> dict[str, object]:
        expires = time_text(token.expires_at) if token.expires_at else None
        secret = {"access": token.access, "refresh": token.refresh}
        return {
            "connection": self._connection,
            "sealed": self._seal.close(encode(secret), self._connection),
            "expires_at": expires,
            "updated_at": time_text(self._database.clock.now()),
        }

    def _sealed(self) -> _Sealed | None:
        found = self._database.rows(_load, which=self._connection)
        return _Sealed._make(found[0]) if found else None

    def _open(self, sealed: _Sealed | None) -> Token | None:
        if sealed is None:
            return None
        try:
            secret = decode(self._seal.open(sealed.text, self._connection))
        except WrongKeyError:
            keys = "key does" if self._seal.keys == 1 else "keys do"
            what = f"the {keys} not open the stored token of '{self._connection}'"
            remedy = (
                "Give the key the token was stored with, or log in again: "
                f"`tasuki login {self._connection}`."
            )
            raise LedgerError(self._database.where, what, remedy) from None
        return Token(secret["access"], secret["refresh"], text_time(sealed.expires_at))


def _load(_: Dialect) -> ClauseElement:
    return select(TOKEN.c.sealed, TOKEN.c.expires_at).where(
        TOKEN.c.connection == bindparam("which")
    )


def _put(dialect: Dialect) -> ClauseElement:
    statement = insert_into(dialect, TOKEN)
    return statement.on_conflict_do_update(
        index_elements=["connection"],
        set_={
            name: statement.excluded[name]
            for name in ("sealed", "expires_at", "updated_at")
        },
    )


def _first(dialect: Dialect) -> ClauseElement:
    return insert_into(dialect, TOKEN).on_conflict_do_nothing(
        index_elements=["connection"]
    )


def _swap(_: Dialect) -> ClauseElement:
    return (
        update(TOKEN)
        .where(
            TOKEN.c.connection == bindparam("new_connection"),
            TOKEN.c.sealed == bindparam("seen"),
        )
        .values(
            {
                name: bindparam(f"new_{name}")
                for name in ("sealed", "expires_at", "updated_at")
            }
        )
    )
