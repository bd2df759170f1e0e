"""The ledger: what was read, decided, sent and answered, and how far we have come."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Self

from tasuki.keys import SHORTEST_KEY
from tasuki.ledger.alerts import AlertBook
from tasuki.ledger.archive import Archives
from tasuki.ledger.audit import Audits
from tasuki.ledger.backup import Backups
from tasuki.ledger.billing import BillingBook
from tasuki.ledger.budget import LedgerBudget
from tasuki.ledger.cancellations import CancellationBook
from tasuki.ledger.database import UNNAMED, Database
from tasuki.ledger.exclusion import acquire_alone, parts_held
from tasuki.ledger.findings import Findings
from tasuki.ledger.forget import Forgetting
from tasuki.ledger.handoffs import HandoffBook
from tasuki.ledger.history import History
from tasuki.ledger.holds import Holds
from tasuki.ledger.inbox import Inbox
from tasuki.ledger.leak_facts import LeakFacts
from tasuki.ledger.lease import Lease, release
from tasuki.ledger.migration import bring_up_to_date
from tasuki.ledger.reading import BatchReading
from tasuki.ledger.restore import Restores
from tasuki.ledger.revisit import Revisits
from tasuki.ledger.rotation import reseal, sealed_names
from tasuki.ledger.runs import Runs
from tasuki.ledger.sealing import Seal
from tasuki.ledger.stage_events import StageBook
from tasuki.ledger.standing import Standing
from tasuki.ledger.story import Relations
from tasuki.ledger.survey import Survey
from tasuki.ledger.tidy import Tidying
from tasuki.ledger.tokens import LedgerTokens, Logins
from tasuki.ledger.transaction import Tx
from tasuki.model.errors import LedgerError
from tasuki.model.policy import Limit
from tasuki.ports import Budget, Clock, TokenStore

_SET_KEY = (
    "Give the key they were sealed with: TASUKI_SECRET_KEY, or the file "
    ".tasuki/secret.key of the machine that has it."
)
Durability = Literal["FULL", "NORMAL", "OFF"]


class Ledger(
    BatchReading,
    Revisits,
    Relations,
    Survey,
    Standing,
    Runs,
    History,
    Holds,
    Inbox,
    Backups,
    Restores,
    Audits,
    Forgetting,
    Tidying,
    Archives,
    Findings,
    LeakFacts,
    Logins,
):
    """One opened ledger; safe to share between threads, not across a fork."""

    def __init__(self, database: Database, keys: Sequence[bytes]) -> None:
        BatchReading.__init__(self, database)
        self._seal = Seal(*keys) if keys else None

    @classmethod
    def open(
        cls,
        url: str,
        clock: Clock,
        *,
        secret_key: bytes | Sequence[bytes] | None = None,
        busy_seconds: float = 10.0,
        durability: Durability = "FULL",
    ) -> Self:
        """Open a ledger, creating or upgrading its tables when needed.

        Args:
            url: `sqlite:///path` or `postgresql://user@host/name`.
            clock: Time for everything the ledger writes.
            secret_key: Opens and seals stored tokens, 16 bytes at least. Of several
                the first seals, each opens.
            busy_seconds: How long to wait for another writer (SQLite), or until one
                that stands still inside a transaction is undone (PostgreSQL).
            durability: SQLite's `synchronous`. With anything less than FULL a power
                cut may forget that an invoice was sent: for rehearsals only.

        Raises:
            LedgerError: it cannot be opened, or is newer than this version.
        """
        keys = _checked_keys(secret_key)
        database = Database(url, clock, busy_seconds, durability)
        try:
            bring_up_to_date(database)
        except BaseException:
            database.engine.dispose()
            raise
        return cls(database, keys)

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
        after it has run out. A whole run and the parts of a backfill of one sync
        exclude each other.
        """
        return acquire_alone(self._database, name, seconds)

    def parts_held(self, sync_lease: str) -> set[str]:
        """Return the names of those leases of parts that somebody holds now."""
        return parts_held(self._database, sync_lease)

    def release_lease(self, lease: Lease) -> None:
        """Give a lease back; without effect when it was lost."""
        release(self._database, lease)

    def use_keys(self, keys: Sequence[bytes]) -> None:
        """Seal with the first of these keys from now on."""
        self._seal = Seal(*_checked_keys(keys))

    def sealed_tokens(self) -> list[str]:
        """Return the connections that have a stored token."""
        return sealed_names(self._database)

    def rotate_keys(self) -> int:
        """Seal every stored token with the first key; return how many were not.

        Raises:
            LedgerError: there is no key, or one of the tokens is opened by none;
                nothing was changed.
        """
        if self._seal is None:
            what = "there is no key to seal with"
            raise LedgerError(self.url_masked, what, _SET_KEY)
        return reseal(self._database, self._seal)

    def tokens(self, connection: str) -> TokenStore:
        """Return where this connection's tokens live."""
        if self._seal is None:
            what = f"there is no key for the tokens of '{connection}'"
            raise LedgerError(self.url_masked, what, _SET_KEY)
        return LedgerTokens(self._database, self._seal, connection)

    def billing(self) -> BillingBook:
        """Return the pages about billing plans."""
        return BillingBook(self._database)

    def cancellations(self) -> CancellationBook:
        """Return the pages about cancelled invoices."""
        return CancellationBook(self._database)

    def alerts(self) -> AlertBook:
        """Return the pages about alerts."""
        return AlertBook(self._database)

    def handoffs(self) -> HandoffBook:
        """Return the pages about handoffs between departments."""
        return HandoffBook(self._database)

    def stages(self) -> StageBook:
        """Return the pages about customers' journeys."""
        return StageBook(self._database)

    def budget(
        self,
        connection: str,
        limits: Sequence[Limit],
        patience: float | None = None,
        *,
        money: bool = False,
    ) -> Budget:
        """Return the calls this connection may make, shared by all processes.

        Args:
            connection: The connection's name.
            limits: All of them hold at once.
            patience: Raise ThrottledError rather than wait longer than this.
            money: The calls of a money flow, which stand behind few others.
        """
        return LedgerBudget(self._database, connection, limits, patience, money=money)


def _checked_keys(given: bytes | Sequence[bytes] | None) -> tuple[bytes, ...]:
    keys = (given,) if isinstance(given, bytes) else tuple(given or ())
    if any(len(key) < SHORTEST_KEY for key in keys):
        what = f"the secret key is shorter than {SHORTEST_KEY} bytes"
        remedy = "Give a longer one, for example from `tasuki keys new`."
        raise LedgerError(UNNAMED, what, remedy)
    return keys
