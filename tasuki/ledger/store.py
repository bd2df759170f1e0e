"""The ledger: what was read, decided, sent and answered, and how far we have come."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Self

from tasuki.ledger.budget import LedgerBudget
from tasuki.ledger.database import UNNAMED, Database
from tasuki.ledger.history import History
from tasuki.ledger.holds import Holds
from tasuki.ledger.lease import Lease, acquire, release
from tasuki.ledger.migration import bring_up_to_date
from tasuki.ledger.reading import BatchReading
from tasuki.ledger.revisit import Revisits
from tasuki.ledger.sealing import SHORTEST_KEY, Seal
from tasuki.ledger.story import Relations
from tasuki.ledger.survey import Survey
from tasuki.ledger.tokens import LedgerTokens
from tasuki.ledger.transaction import Tx
from tasuki.model.errors import LedgerError
from tasuki.model.policy import Limit
from tasuki.ports import Budget, Clock, TokenStore

Durability = Literal["FULL", "NORMAL", "OFF"]


class Ledger(BatchReading, Revisits, Relations, Survey, History, Holds):
    """One opened ledger; safe to share between threads, not across a fork."""

    def __init__(self, database: Database, secret_key: bytes | None) -> None:
        BatchReading.__init__(self, database)
        self._seal = Seal(secret_key) if secret_key is not None else None

    @classmethod
    def open(
        cls,
        url: str,
        clock: Clock,
        *,
        secret_key: bytes | None = None,
        busy_seconds: float = 10.0,
        durability: Durability = "FULL",
    ) -> Self:
        """Open a ledger, creating or upgrading its tables when needed.

        Args:
            url: `sqlite:///path` or `postgresql://user@host/name`.
            clock: Time for everything the ledger writes.
            secret_key: Opens and seals stored tokens, 16 bytes at least.
            busy_seconds: How long to wait for another writer (SQLite).
            durability: SQLite's `synchronous`. With anything less than FULL a power
                cut may forget that an invoice was sent: for rehearsals only.

        Raises:
            LedgerError: it cannot be opened, or is newer than this version.
        """
        if secret_key is not None and len(secret_key) < SHORTEST_KEY:
            what = f"the secret key is shorter than {SHORTEST_KEY} bytes"
            remedy = "Give a longer one, for example from `openssl rand -base64 32`."
            raise LedgerError(UNNAMED, what, remedy)
        database = Database(url, clock, busy_seconds, durability)
        try:
            bring_up_to_date(database)
        except BaseException:
            database.engine.dispose()
            raise
        return cls(database, secret_key)

    @property
    def url_masked(self) -> str:
        """Where the ledger is, without any password."""
        return self._database.where

    def close(self) -> None:
        """Give files and sockets back."""
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self, lease: Lease | None, run_id: str = "") -> Iterator[Tx]:
        """Write several things that become durable together, or not at all.

        Raises:
            LeaseLostError: another run holds the lease; nothing was written.
            LedgerError: the database refused; nothing was written.
        """
        reading = lease.reading() if lease else None
        with self._database.writing() as connection:
            if lease:
                lease.extend(connection)
            yield Tx(self._database, connection, run_id, lease.fence if lease else 0)
        if lease and reading:
            lease.extended(reading)

    def acquire_lease(self, name: str, seconds: float = 60.0) -> Lease:
        """Take the right to work under `name`, or raise LeaseHeldError.

        A lease whose owner has died on this machine is taken over at once, any other
        after it has run out.
        """
        return acquire(self._database, name, seconds)

    def release_lease(self, lease: Lease) -> None:
        """Give a lease back; without effect when it was lost."""
        release(self._database, lease)

    def tokens(self, connection: str) -> TokenStore:
        """Return where this connection's tokens live."""
        if self._seal is None:
            what = f"there is no key for the tokens of '{connection}'"
            remedy = "Set the project's secret key; `tasuki doctor` says where."
            raise LedgerError(self.url_masked, what, remedy)
        return LedgerTokens(self._database, self._seal, connection)

    def budget(
        self,
        connection: str,
        limits: Sequence[Limit],
        patience: float | None = None,
    ) -> Budget:
        """Return the calls this connection may make, shared by all processes.

        Args:
            connection: The connection's name.
            limits: All of them hold at once.
            patience: Raise ThrottledError rather than wait longer than this.
        """
        return LedgerBudget(self._database, connection, limits, patience)
