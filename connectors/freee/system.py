"""One opened freee connection, and what `tasuki doctor` asks of it."""

from collections.abc import Callable, Iterator
from typing import Final

from tasuki.connector import Wire
from tasuki.model.errors import ConfigError, TasukiError
from tasuki.model.record import Schema
from tasuki.ports import Check, Destination, Source
from tasuki.transport.http import Answer

from .client import Freee, row_of, rows_of
from .destination import FreeeDestination
from .schema import describe
from .settings import FreeeSettings
from .source import FreeeSource

_WRITERS: Final = frozenset({"admin", "simple_accounting"})
_INVOICE_PAGE: Final = "https://invoice.secure.freee.co.jp/reports/invoices/"


class FreeeSystem:
    """freee会計 and freee請求書 of one company."""

    def __init__(self, settings: FreeeSettings, wire: Wire) -> None:
        self._freee = Freee(settings, wire)
        self.source: Source = FreeeSource(self._freee)
        self.destination: Destination = FreeeDestination(self._freee)

    def describe(self, stream: str) -> Schema:
        """Return the stream's fields, from what freee documents (no call)."""
        schema = describe(stream)
        if schema is None:
            where = f"{self._freee.connection}/{stream}"
            raise ConfigError(where, "freee has the streams invoice and partner")
        return schema

    def record_url(self, stream: str, record_id: str) -> str | None:
        """Return the record's page in freee; partners have no documented one."""
        return f"{_INVOICE_PAGE}{record_id}" if stream == "invoice" else None

    def account(self) -> str:
        """Return the company's number."""
        return str(self._freee.settings.company_id)

    def close(self) -> None:
        """Give sockets back."""
        self._freee.close()

    def doctor(self) -> Iterator[Check]:
        """Look at the login, the company, its settings and the invoice API."""
        for name, look in (
            ("login", self._login),
            ("取引先コード", self._partner_code),
            ("freee請求書", self._templates),
        ):
            try:
                yield from look()
            except TasukiError as error:
                yield Check(name, ok=False, words=str(error), remedy=error.remedy)
                if name == "login":
                    return
        yield self._numbering()

    def _login(self) -> Iterator[Check]:
        params: dict[str, str | int] = {"companies": "true"}
        answer = self._set_up("/api/1/users/me", params, company=False)
        companies = row_of(answer, "user").get("companies")
        wanted = self._freee.settings.company_id
        yield Check("login", ok=True, words="the token is accepted")
        mine = [
            company
            for company in (companies if isinstance(companies, list) else ())
            if company.get("id") == wanted
        ]
        if not mine:
            words = f"company {wanted} is not among those of this login"
            remedy = (
                "Correct `company_id`, or run "
                f"`tasuki login {self._freee.connection}` and choose that company."
            )
            yield Check("company", ok=False, words=words, remedy=remedy)
            return
        role = str(mine[0].get("role"))
        can_write = role in _WRITERS or bool(mine[0].get("use_custom_role"))
        remedy = "" if can_write else "Log in as 管理者 or 一般（経理）."
        yield Check("company", can_write, f"company {wanted}, role {role}", remedy)

    def _partner_code(self) -> Iterator[Check]:
        path = f"/api/1/companies/{self._freee.settings.company_id}"
        company = row_of(self._set_up(path, company=False), "company")
        if company.get("use_partner_code"):
            yield Check("取引先コード", ok=True, words="取引先コードの利用 is on")
            return
        remedy = "Switch it on in freee会計: 設定 > 事業所の設定 > 詳細設定."
        words = "取引先コードの利用 is off; partners cannot be written"
        yield Check("取引先コード", ok=False, words=words, remedy=remedy)

    def _templates(self) -> Iterator[Check]:
        answer = self._set_up("/iv/invoices/templates")
        rows = rows_of(answer, "templates", self._freee.connection)
        yield Check("freee請求書", ok=True, words=f"{len(rows)} invoice templates")
        wanted = self._freee.settings.template_id
        if wanted is not None:
            known = any(row.get("id") == wanted for row in rows)
            listed = ", ".join(str(row.get("id")) for row in rows)
            remedy = "" if known else f"Set `template_id` to one of {listed}."
            yield Check("template", known, f"template {wanted}", remedy)
        yield _limits(answer)

    def _numbering(self) -> Check:
        """Say what is assumed: no call of freee's tells the numbering setting."""
        ours = self._freee.settings.numbering == "ours"
        words = (
            "`numbering: ours`: the mapping fills `invoice_number`"
            if ours
            else "`numbering: auto`: freee numbers (自動採番)"
        )
        hint = "; freee does not tell its own setting: compare 請求書の採番 there"
        return Check("numbering", ok=True, words=words + hint)

    def _set_up(
        self,
        path: str,
        params: dict[str, str | int] | None = None,
        *,
        company: bool = True,
    ) -> Answer:
        return self._freee.get(path, "", params, "set-up", company=company)


def _limits(answer: Answer) -> Check:
    left: Callable[[str], str] = lambda suffix: answer.headers.get(  # noqa: E731
        f"x-ratelimit-remaining{suffix}", "?"
    )
    words = f"calls left: {left('-minute')} this minute, {left('')} this hour, "
    return Check("limits", left("-day") != "0", words + f"{left('-day')} today")
