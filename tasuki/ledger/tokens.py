"""Rotating tokens: encrypted at rest, renewed by one process at a time.

The lock is a lease row, so it survives kills (a dead owner's lease is taken over) and
holds no database lock while the vendor is asked for the new token. A renewal is noted
before it is asked for, and its answer is committed before anything else is done with
it: a process that dies in between is known by name afterwards.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, Dialect, bindparam, select, text, update
from sqlalchemy.sql.expression import ClauseElement

from tasuki.ledger.database import Database, insert_into
from tasuki.ledger.lease import Lease, LeaseHeldError, acquire, release
from tasuki.ledger.rows import decode, encode, text_time, time_text
from tasuki.ledger.sealing import Seal, WrongKeyError
from tasuki.ledger.tables import TOKEN
from tasuki.ledger.whereabouts import here
from tasuki.model.errors import (
    AccessError,
    LedgerError,
    NotSentError,
    ThrottledError,
    TransientError,
)
from tasuki.ports import Token

log = logging.getLogger("tasuki.ledger")

LOCK_SECONDS = 120.0  # longer than any token call with its retries
LOOK_AGAIN_SECONDS = 0.1
_USED_UP = "invalid_grant"  # RFC 6749 §5.2, also for a refresh token used before
_NOTES = ("renewing_since", "renewing_by", "refused_at", "refused_words")
_STORED = ("sealed", "expires_at", "updated_at", *_NOTES)


class LoginRow(NamedTuple):
    """What is known of a connection's login, without its secrets.

    Attributes:
        connection: Its name.
        updated_at: When its token was stored.
        renewing_since: A renewal was asked for then, and has not come back (yet).
        renewing_by: The process that asked.
        refused_at: The system refused to renew it then: a person must log in.
        refused_words: Why, as far as it is known.
    """

    connection: str
    updated_at: str
    renewing_since: str | None
    renewing_by: str
    refused_at: str | None
    refused_words: str


class Logins:
    """What `tasuki status` and `tasuki doctor` say about logins."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def logins(self) -> list[LoginRow]:
        """Return the stored logins, by connection."""
        return [LoginRow._make(row) for row in self._database.rows(_logins)]


class _Sealed(NamedTuple):
    text: str
    expires_at: str | None
    renewing_since: str | None
    renewing_by: str
    refused_at: str | None
    refused_words: str


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
        """Return a token newer than `stale`; only one process asks for it.

        Raises:
            AccessError: the system has refused to renew it before: nobody is asked
                again until a person has logged in.
        """
        sealed = self._sealed()
        stored = self._open(sealed)
        while not self._is_newer(stored, stale):
            self._stop_if_refused(sealed)
            try:
                with self._lock() as lease:
                    return self._undisturbed(lease, stale, mint)
            except LeaseHeldError:
                self._database.clock.sleep(LOOK_AGAIN_SECONDS)
            sealed = self._sealed()
            stored = self._open(sealed)
        assert stored is not None  # noqa: S101 - what `_is_newer` says
        return stored

    def _undisturbed(
        self, lease: Lease, stale: Token | None, mint: Callable[[Token | None], Token]
    ) -> Token:
        """Renew in a thread of its own, which Ctrl-C cannot end between two lines."""
        with ThreadPoolExecutor(1, thread_name_prefix="renew") as alone:
            return alone.submit(self._renew_alone, lease, stale, mint).result()

    def _renew_alone(
        self, lease: Lease, stale: Token | None, mint: Callable[[Token | None], Token]
    ) -> Token:
        sealed = self._sealed()
        stored = self._open(sealed)
        if stored is not None and self._is_newer(stored, stale):
            return stored
        self._stop_if_refused(sealed)
        noted = self._note_begin(sealed)
        try:
            lease.check()  # the last thing before the call: we may have stood still
            minted = mint(stored)
        except (NotSentError, ThrottledError):
            self._forget_begin(noted)
            raise
        except TransientError:
            raise  # it may have been done: the note stays
        except AccessError as error:
            self._forget_begin(noted)
            if error.code == _USED_UP and sealed is not None and stored is not None:
                raise self._refused(sealed, stored, error) from None
            raise
        # From the vendor's answer to this commit there must be nothing else.
        with self._database.writing() as connection:
            replaced = self._replace(connection, sealed, minted)
        # Another process was faster only if this one stood still beyond the lock's
        # time; the vendor then knows the token that was stored first.
        return minted if replaced else self.load() or minted

    def _note_begin(self, sealed: _Sealed | None) -> str:
        """Note that a renewal is asked for; "" where an older note stands."""
        if sealed is None:
            return ""
        if sealed.renewing_since is not None:
            log.warning(
                "connection=%s %s asked for a new token at %s and never stored it",
                self._connection,
                sealed.renewing_by,
                sealed.renewing_since[:19],
            )
            return ""
        me = here()
        now = time_text(self._database.clock.now())
        self._note(renewing_since=now, renewing_by=f"process {me.pid} on {me.host}")
        return now

    def _forget_begin(self, noted: str) -> None:
        """Take our own note back: certainly nothing has been renewed."""
        if noted:
            self._note(renewing_since=None, renewing_by="")

    def _note(self, *, renewing_since: str | None, renewing_by: str) -> None:
        with self._database.writing() as connection:
            self._database.run(
                connection,
                _note_renewing,
                which=self._connection,
                new_since=renewing_since,
                new_by=renewing_by,
            )

    def _refused(
        self, sealed: _Sealed, stored: Token, error: AccessError
    ) -> AccessError:
        """Note that this login has ended, and return the error that says so."""
        words = error.answer
        if sealed.renewing_since is not None:
            asked = f"{sealed.renewing_since[:19].replace('T', ' ')} UTC"
            words = (
                f"{sealed.renewing_by} asked for a new token at {asked} and ended "
                f"before it was stored; the old one worked once ({words})"
            )
        if not stored.refresh:
            return error  # nothing a login would mend
        with self._database.writing() as connection:
            self._database.run(
                connection,
                _note_refused,
                which=self._connection,
                seen=sealed.text,
                new_at=time_text(self._database.clock.now()),
                new_words=words,
            )
        return self._stopped(words)

    def _stop_if_refused(self, sealed: _Sealed | None) -> None:
        if sealed is not None and sealed.refused_at is not None:
            raise self._stopped(sealed.refused_words)

    def _stopped(self, words: str) -> AccessError:
        remedy = (
            f"Run `tasuki login {self._connection}` and allow the access once more."
        )
        return AccessError(self._connection, words, _USED_UP, remedy)

    def _is_newer(self, stored: Token | None, stale: Token | None) -> bool:
        if stored is None:
            return False
        if stale is not None:
            return stored.access != stale.access
        expires = stored.expires_at
        return expires is None or expires > self._database.clock.now()

    @contextmanager
    def _lock(self) -> Iterator[Lease]:
        lease = acquire(self._database, f"token:{self._connection}", LOCK_SECONDS)
        try:
            yield lease
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
            "renewing_since": None,
            "renewing_by": "",
            "refused_at": None,
            "refused_words": "",
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
    notes = (TOKEN.c[name] for name in _NOTES)
    return select(TOKEN.c.sealed, TOKEN.c.expires_at, *notes).where(
        TOKEN.c.connection == bindparam("which")
    )


def _logins(_: Dialect) -> ClauseElement:
    notes = (TOKEN.c[name] for name in _NOTES)
    return select(TOKEN.c.connection, TOKEN.c.updated_at, *notes).order_by(
        TOKEN.c.connection
    )


def _note_renewing(_: Dialect) -> ClauseElement:
    return (
        update(TOKEN)
        .where(TOKEN.c.connection == bindparam("which"))
        .values(renewing_since=bindparam("new_since"), renewing_by=bindparam("new_by"))
    )


def _note_refused(_: Dialect) -> ClauseElement:
    # Only of the token that was refused: a login may have brought another.
    return (
        update(TOKEN)
        .where(
            TOKEN.c.connection == bindparam("which"),
            TOKEN.c.sealed == bindparam("seen"),
        )
        .values(
            renewing_since=text("NULL"),
            renewing_by=text("''"),
            refused_at=bindparam("new_at"),
            refused_words=bindparam("new_words"),
        )
    )


def _put(dialect: Dialect) -> ClauseElement:
    statement = insert_into(dialect, TOKEN)
    return statement.on_conflict_do_update(
        index_elements=["connection"],
        set_={name: statement.excluded[name] for name in _STORED},
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
        .values({name: bindparam(f"new_{name}") for name in _STORED})
    )
