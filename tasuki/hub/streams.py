"""The hub's streams, each to its own half: plans, and due invoices."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tasuki.hub.destination import PlanDestination
from tasuki.hub.payment_destination import PaymentDestination
from tasuki.hub.payment_source import DealPaymentSource
from tasuki.hub.schema import INVOICE_STREAM, PLAN_STREAM
from tasuki.hub.source import InvoiceSource
from tasuki.ledger.billing import BillingBook
from tasuki.model.errors import ConfigError
from tasuki.model.record import HUB, Page, Query, Record
from tasuki.model.write import Candidate, Outcome, Sighting, Write, WriteFacts
from tasuki.ports import Clock, Question


def check_stream(stream: str) -> None:
    """Refuse a stream that the hub does not have."""
    if stream not in {PLAN_STREAM, INVOICE_STREAM}:
        what = f"the hub has the streams {PLAN_STREAM} and {INVOICE_STREAM}"
        raise ConfigError(f"{HUB}/{stream}", what)


class HubSource:
    """Due invoices, and plans with what became of their deals' money."""

    def __init__(self, book: BillingBook, clock: Clock) -> None:
        self._invoices = InvoiceSource(book, clock)
        self._plans = DealPaymentSource(book, clock)

    def close_due(self, stream: str) -> None:
        """Close the invoices that are due, where they are what is read."""
        check_stream(stream)
        if stream == INVOICE_STREAM:
            self._invoices.close_due(stream)

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield what is new or may have changed."""
        return self._of(query.stream).read(query, cursor)

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return records by id."""
        return self._of(query.stream).fetch(query, ids)

    def _of(self, stream: str) -> InvoiceSource | DealPaymentSource:
        check_stream(stream)
        return self._invoices if stream == INVOICE_STREAM else self._plans


class HubDestination:
    """Plans, and what was paid of due invoices."""

    def __init__(self, book: BillingBook, clock: Clock) -> None:
        self._plans = PlanDestination(book, clock)
        self._payments = PaymentDestination(book)

    def facts(self, stream: str) -> WriteFacts:
        """Return how the stream wants to be written to."""
        return self._of(stream).facts(stream)

    def withdrawal(self, stream: str) -> Mapping[str, object]:
        """Return what a record is told whose source does not qualify any more."""
        return self._of(stream).withdrawal(stream)

    def review(
        self, stream: str, updates: Mapping[str, Mapping[str, object]]
    ) -> Mapping[str, Question]:
        """Return the updates that a person has to decide about."""
        return self._of(stream).review(stream, updates)

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Write a batch."""
        return self._of(stream).write(stream, writes, fence)

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return records by a field's value."""
        return self._of(stream).find(stream, field, values)

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return present values."""
        return self._of(stream).fetch(stream, ids, fields)

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        """Refuse: nothing of the hub's carries marks."""
        return self._of(stream).probe(stream, writes)

    def _of(self, stream: str) -> PlanDestination | PaymentDestination:
        check_stream(stream)
        return self._plans if stream == PLAN_STREAM else self._payments
