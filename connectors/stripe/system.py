"""One opened Stripe connection, and what `tasuki doctor` asks of it."""

from collections.abc import Iterator
from typing import Final

from tasuki.connector import Wire
from tasuki.model.errors import ConfigError, TasukiError
from tasuki.model.record import Schema
from tasuki.ports import Check, Destination, Source

from .client import Stripe, rows_of
from .destination import StripeDestination
from .schema import describe
from .settings import VERSION, StripeSettings
from .source import StripeSource

_DASHBOARD: Final = "https://dashboard.stripe.com/"


class StripeSystem:
    """One account at Stripe."""

    def __init__(self, settings: StripeSettings, wire: Wire) -> None:
        self._stripe = Stripe(settings, wire)
        self._writing = StripeDestination(self._stripe)
        self.source: Source = StripeSource(self._stripe)
        self.destination: Destination = self._writing

    def describe(self, stream: str) -> Schema:
        """Return the stream's fields, from what Stripe documents (no call)."""
        schema = describe(stream, self._stripe.settings.metadata_keys)
        if schema is None:
            words = "Stripe is connected with the streams customer and invoice"
            raise ConfigError(self._stripe.where(stream), words)
        return schema

    def record_url(self, stream: str, record_id: str) -> str | None:
        """Return the record's page in the dashboard."""
        settings = self._stripe.settings
        account = f"{settings.account}/" if settings.account else ""
        mode = "" if settings.is_live else "test/"
        return f"{_DASHBOARD}{account}{mode}{stream}s/{record_id}"

    def account(self) -> str:
        """Return the account that the settings name, and its mode."""
        settings = self._stripe.settings
        return f"{settings.account} {'live' if settings.is_live else 'test'}".strip()

    def close(self) -> None:
        """Give sockets back."""
        self._stripe.close()

    def doctor(self) -> Iterator[Check]:
        """Look at the key, what it may read, and the tax rates of the settings."""
        for name, look in (
            ("key", self._key),
            ("invoices", self._invoices),
            ("events", self._events),
            ("tax rates", self._rates),
        ):
            try:
                yield from look()
            except TasukiError as error:
                yield Check(name, ok=False, words=str(error), remedy=error.remedy)
                if name == "key":
                    return

    def _key(self) -> Iterator[Check]:
        self._one("/v1/customers")
        mode = "live" if self._stripe.settings.is_live else "test mode"
        yield Check("key", ok=True, words=f"the key is accepted ({mode}); {VERSION}")

    def _invoices(self) -> Iterator[Check]:
        self._one("/v1/invoices")
        yield Check("invoices", ok=True, words="invoices can be read")

    def _events(self) -> Iterator[Check]:
        self._one("/v1/events")
        yield Check("events", ok=True, words="events can be read")

    def _rates(self) -> Iterator[Check]:
        for name, rate_id in self._stripe.settings.tax_rates.items():
            row = self._stripe.get(f"/v1/tax_rates/{rate_id}", "", None, "set-up")
            active = bool(row.get("active"))
            words = (
                f"{name}: {row.get('display_name')} {row.get('percentage')} % "
                f"{'inclusive' if row.get('inclusive') else 'exclusive'}"
            )
            remedy = "" if active else "Set an active tax rate in `tax_rates`."
            yield Check("tax rates", active, words, remedy)
        if not self._stripe.settings.tax_rates:
            words = "`tax_rates` is empty: lines go without tax"
            yield Check("tax rates", ok=True, words=words)

    def _one(self, path: str) -> None:
        answer = self._stripe.get(path, "", {"limit": 1}, "set-up")
        rows_of(answer, self._stripe.connection)
