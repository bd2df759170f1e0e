"""One opened hub: the system that every project has, without a connection."""

from collections.abc import Iterator

from tasuki.hub.schema import INVOICE_STREAM, PLAN_STREAM, describe
from tasuki.hub.streams import HubDestination, HubSource
from tasuki.ledger.billing import BillingBook
from tasuki.model.errors import ConfigError
from tasuki.model.record import HUB, Schema
from tasuki.ports import Check, Clock, Destination, Source


class HubSystem:
    """Plans are written, due invoices are read; both stand in the ledger."""

    def __init__(self, book: BillingBook, clock: Clock) -> None:
        self.source: Source = HubSource(book, clock)
        self.destination: Destination = HubDestination(book, clock)

    def describe(self, stream: str) -> Schema:
        """Return a stream's fields."""
        schema = describe(stream)
        if schema is None:
            what = f"the hub has the streams {PLAN_STREAM} and {INVOICE_STREAM}"
            raise ConfigError(f"{HUB}/{stream}", what)
        return schema

    def doctor(self) -> Iterator[Check]:
        """Say that the hub needs no login: it is as well as the ledger is."""
        yield Check("ledger", ok=True, words="billing plans stand in the ledger")

    def record_url(
        self,
        stream: str,  # noqa: ARG002 - nothing of the hub's has a page
        record_id: str,  # noqa: ARG002
    ) -> str | None:
        """Return nothing: `tasuki billing plan` shows plans."""
        return None

    def close(self) -> None:
        """Keep the ledger open: it belongs to the project."""
