"""One opened Money Forward connection, and what `tasuki doctor` asks of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from tasuki.connector import Wire
from tasuki.model.errors import ConfigError, TasukiError
from tasuki.model.record import Schema
from tasuki.ports import Check, Destination, Source

from .client import MoneyForward, row_of, rows_of
from .destination import MoneyForwardDestination
from .listing import BILLINGS, PARTNERS, window
from .schema import describe
from .settings import ROOT, TOKYO, MoneyForwardSettings
from .source import MoneyForwardSource

_INVOICE_PAGE: Final = "https://invoice.moneyforward.com/billings/"


class MoneyForwardSystem:
    """クラウド請求書 of one office."""

    def __init__(self, settings: MoneyForwardSettings, wire: Wire) -> None:
        self._office = MoneyForward(settings, wire)
        self._writing = MoneyForwardDestination(self._office)
        self.source: Source = MoneyForwardSource(self._office)
        self.destination: Destination = self._writing

    def describe(self, stream: str) -> Schema:
        """Return the stream's fields, from what Money Forward documents (no call)."""
        schema = describe(stream)
        if schema is None:
            words = "Money Forward has the streams billing, item and partner"
            raise ConfigError(self._office.where(stream), words)
        return schema

    def record_url(self, stream: str, record_id: str) -> str | None:
        """Return an invoice's page; the others have no documented one."""
        return f"{_INVOICE_PAGE}{record_id}" if stream == "billing" else None

    def account(self) -> str:
        """Return the office that the settings name."""
        return self._office.settings.office

    def close(self) -> None:
        """Give sockets back."""
        self._office.close()

    def doctor(self) -> Iterator[Check]:
        """Look at the login, the office, its rounding and the month's documents."""
        for name, look in (
            ("login", self._login),
            ("取引先", self._partners),
            ("端数処理", self._rounding),
            ("documents", self._documents),
        ):
            try:
                yield from look()
            except TasukiError as error:
                yield Check(name, ok=False, words=str(error), remedy=error.remedy)
                if name == "login":
                    return

    def _login(self) -> Iterator[Check]:
        office = row_of(self._office.get(f"{ROOT}/office", "", None, "set-up"))
        yield Check("login", ok=True, words="the token is accepted")
        wanted = self._office.settings.office
        own = [str(office.get(name) or "") for name in ("office_code", "id")]
        if not wanted:
            words = f"this login is for office {own[0] or own[1]}"
            yield Check("office", ok=True, words=f"{words}; `office:` would pin it")
        else:
            fits = wanted in own
            words = f"office {wanted}" if fits else f"the login is for {own[0]}"
            remedy = (
                "Correct `office`, or run "
                f"`tasuki login {self._office.connection}` and choose that office."
            )
            yield Check("office", fits, words, "" if fits else remedy)
        registered = bool(office.get("registration_code"))
        yield Check(
            "登録番号",
            registered,
            "the registration number is set" if registered else "there is none",
            "" if registered else "Set it in クラウド請求書 > 各種設定 > 事業者.",
        )

    def _partners(self) -> Iterator[Check]:
        answer = self._office.get(PARTNERS, "", {"page": 1, "per_page": 1}, "set-up")
        _, total, _ = rows_of(answer, self._office.connection)
        yield Check("取引先", ok=True, words=f"{total} partners")

    def _rounding(self) -> Iterator[Check]:
        config = self._writing.billings.rounding.known()
        if config is None:
            words = "not known before the first invoice: no other call tells it"
            yield Check("端数処理", ok=True, words=words)
            return
        words = (
            f"lines {config.rounding}, tax {config.rounding_consumption_tax}, "
            f"prices {config.consumption_tax_display_type}"
        )
        differs = config.differs({}, self._office.settings.price_mode)
        remedy = "Set `price_mode` as the office has it." if differs else ""
        yield Check("端数処理", not differs, words, remedy)

    def _documents(self) -> Iterator[Check]:
        today = self._office.clock.now().astimezone(TOKYO).date()
        asked = window("created_at", today.replace(day=1), today + timedelta(days=1))
        params = {**asked, "page": 1, "per_page": 1}
        answer = self._office.get(BILLINGS, "", params, "set-up")
        _, total, _ = rows_of(answer, self._office.connection)
        words = f"{total} invoices made this month (small plans end at 100 documents)"
        yield Check("documents", ok=True, words=words)
