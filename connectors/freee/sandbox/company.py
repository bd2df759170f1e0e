"""The stand-in as a whole: routes, tokens, limits, and a person's doings."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final, Literal

from tasuki.clock import SystemClock
from tasuki.ports import Clock
from tasuki.sandbox.accounts import Accounts
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import Reply, Request, Route
from tasuki.sandbox.world import World

from ..settings import TOKYO  # noqa: TID252 - it may live elsewhere
from .cancelling import Cancelling
from .deals import Deals
from .invoices import Invoices
from .partners import Partners
from .rules import refusal

_TOO_FAST: Final = "APIの使用制限を超えました。しばらくしてから再度お試しください。"
_NUMBER: Final = r"(?P<id>\d+)"


class FreeeSandbox:
    """One company at freee会計 and freee請求書.

    Args:
        company_id: The company every call must name.
        numbering: `auto`: freee numbers invoices; `manual`: the caller must.
        use_partner_code: 取引先コードの利用 in the company's settings.
        per_minute: Calls to freee請求書 a minute; None: no limit (freee has 30).
        client_id: The app's.
        client_secret: The app's.
        fixed_token: An access token that never ends.
        token_seconds: Life of access tokens.
        clock: For the life of tokens, limits and stamps.
    """

    name = "freee"

    def __init__(  # noqa: PLR0913 - the switches of a stand-in
        self,
        *,
        company_id: int = 123456,
        numbering: Literal["auto", "manual"] = "auto",
        use_partner_code: bool = True,
        per_minute: int | None = None,
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox-secret",  # noqa: S107 - of a stand-in
        fixed_token: str = "sandbox-token",  # noqa: S107 - of a stand-in
        token_seconds: int = 21600,
        index_lag: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._company_id = company_id
        self._per_minute = per_minute
        self._company_name = "株式会社たすき商会"
        self._calls: Counter[str] = Counter()
        self.accounts = Accounts(
            self._clock, client_id, client_secret, fixed_token, token_seconds
        )
        self.partners = Partners(self._clock, company_id, use_code=use_partner_code)
        self.deals = Deals(company_id)
        self.invoices = Invoices(
            self._clock,
            company_id,
            self.partners,
            auto=numbering == "auto",
            index_lag=index_lag,
        )

    def seed(self, world: World) -> None:
        """Begin with the company alone: partners and invoices come with the work."""

    def routes(self) -> Iterable[Route]:
        """Return the routes of accounts, freee会計, freee請求書 and the person."""
        accounts, partners, invoices = self.accounts, self.partners, self.invoices
        api: tuple[Route, ...] = (
            ("GET", "/api/1/users/me", self._me),
            ("GET", "/api/1/companies", self._companies),
            ("GET", f"/api/1/companies/{_NUMBER}", self._company),
            ("GET", "/api/1/partners", partners.index),
            ("POST", "/api/1/partners", partners.create),
            ("PUT", "/api/1/partners/upsert_by_code", partners.upsert),
            ("GET", f"/api/1/partners/{_NUMBER}", partners.show),
            ("PUT", f"/api/1/partners/{_NUMBER}", partners.update),
            ("GET", "/api/1/deals", self.deals.index),
            ("GET", f"/api/1/deals/{_NUMBER}", self.deals.show),
            ("GET", "/iv/invoices", invoices.index),
            ("POST", "/iv/invoices", invoices.create),
            ("GET", "/iv/invoices/templates", self._templates),
            ("GET", f"/iv/invoices/{_NUMBER}", invoices.show),
            ("PUT", f"/iv/invoices/{_NUMBER}", invoices.update),
            (
                "PUT",
                f"/iv/invoices/{_NUMBER}/(?P<what>cancel|uncancel)",
                Cancelling(invoices, self.deals).put,
            ),
        )
        yield "GET", "/public_api/authorize", accounts.authorize
        yield "POST", "/public_api/token", accounts.token
        for method, pattern, function in api:
            yield method, pattern, self._guarded(function)
        yield "POST", r"/__act/(?P<act>\w+)", self._act

    def limit_reply(self, fault: Fault) -> Reply:  # noqa: ARG002 - always the same
        """Answer over-use as freee does: 403. Its exact words are not documented."""
        return Reply(403, {"error": "forbidden", "message": _TOO_FAST, "code": ""})

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        """Carry the request out: freee has no batches that could fail in part."""
        return carry_out(request)

    def dump(self) -> object:
        """Return the whole state as JSON."""
        return {
            "accounts": self.accounts.dump(),
            "partners": self.partners.dump(),
            "invoices": self.invoices.dump(),
            "deals": self.deals.dump(),
        }

    def load(self, state: object) -> None:
        """Take over a dumped state."""
        if not isinstance(state, dict):
            msg = "the state of a freee stand-in is an object"
            raise TypeError(msg)
        self.accounts.load(state["accounts"])
        self.partners.load(state["partners"])
        self.invoices.load(state["invoices"])
        self.deals.load(state.get("deals"))

    # Guard

    def _guarded(
        self, function: Callable[[Request], Reply]
    ) -> Callable[[Request], Reply]:
        def guarded(request: Request) -> Reply:
            if not self.accounts.admits(request):
                message = "アクセスする権限がありません"
                return Reply(401, {"message": message, "code": "expired_access_token"})
            is_invoice = request.path.startswith("/iv/")
            headers = self._count() if is_invoice else {}
            if headers and headers["X-Ratelimit-Remaining-Minute"] == "-1":
                shown = headers | {"X-Ratelimit-Remaining-Minute": "0"}
                return Reply(429, refusal([_TOO_FAST], "too_many_requests").body, shown)
            try:
                reply = self._foreign(request) or function(request)
            except ValueError:
                reply = refusal(["リクエストの形式が不正です。"])
            reply.headers = {**reply.headers, **headers}
            return reply

        return guarded

    def _foreign(self, request: Request) -> Reply | None:
        """Refuse a call that does not name the token's company."""
        if request.path.startswith(("/api/1/users", "/api/1/companies")):
            return None
        asked: object = request.param("company_id")
        if request.method != "GET":
            body = request.json()
            asked = body.get("company_id") if isinstance(body, dict) else None
        if str(asked) == str(self._company_id):
            return None
        message = "存在しないかすでに削除された事業所です。"
        return Reply(401, {"message": message, "code": "company_not_found"})

    def _count(self) -> dict[str, str]:
        """Count a call of freee請求書; -1 left in the minute means one too many."""
        now = self._clock.now()
        spans = {"Minute": f"{now:%H:%M}", "": f"{now:%d %H}h", "Day": f"{now:%m-%d}"}
        caps = {"Minute": self._per_minute or 30, "": 1500, "Day": 3000}
        for span in spans.values():
            self._calls[span] += 1
        left = {name: caps[name] - self._calls[span] for name, span in spans.items()}
        least = -1 if self._per_minute else 0
        reset = (now + timedelta(seconds=60 - now.second)).isoformat()
        return {
            "X-RateLimit-Limit": str(caps[""]),
            "X-RateLimit-Remaining": str(max(left[""], 0)),
            "X-Ratelimit-Limit-Minute": str(caps["Minute"]),
            "X-Ratelimit-Remaining-Minute": str(max(left["Minute"], least)),
            "X-Ratelimit-Reset-Minute": reset,
            "X-RateLimit-Limit-Day": str(caps["Day"]),
            "X-RateLimit-Remaining-Day": str(max(left["Day"], 0)),
        }

    # Company

    def _me(self, request: Request) -> Reply:
        user: dict[str, object] = {
            "id": 1,
            "email": "keiri@tasuki-shokai.example",
            "display_name": "経理 花子",
            **dict.fromkeys(("first_name", "last_name")),
            **dict.fromkeys(("first_name_kana", "last_name_kana")),
        }
        if request.param("companies"):
            user["companies"] = [
                {
                    "id": self._company_id,
                    "display_name": self._company_name,
                    "role": "admin",
                    "use_custom_role": False,
                }
            ]
        return Reply(200, {"user": user})

    def _companies(self, _: Request) -> Reply:
        company = {
            "id": self._company_id,
            "name": self._company_name,
            "name_kana": None,
            "display_name": self._company_name,
            "company_number": "1234567890",
            "role": "admin",
        }
        return Reply(200, {"companies": [company]})

    def _company(self, request: Request) -> Reply:
        if int(request.args["id"]) != self._company_id:
            message = "存在しないかすでに削除された事業所です。"
            return Reply(401, {"message": message, "code": "company_not_found"})
        empty = (
            "name_kana", "contact_name", "head_count", "default_wallet_account_id",
            "phone1", "phone2", "fax", "zipcode", "prefecture_code", "street_name1",
            "street_name2", "industry_class", "industry_code",
        )  # fmt: skip
        company: dict[str, object] = {
            **dict.fromkeys(empty),
            "id": self._company_id,
            "name": self._company_name,
            "display_name": self._company_name,
            "tax_at_source_calc_type": 1,
            "corporate_number": "",
            "txn_number_format": "not_used",
            "private_settlement": False,
            "minus_format": 0,
            "org_code": 1,
            "company_number": "1234567890",
            "role": "admin",
            "invoice_layout": "default_classic",
            "amount_fraction": 0,
            "use_partner_code": self.partners.use_code,
            "workflow_setting": "disable",
            "fiscal_years": [],
        }
        return Reply(200, {"company": company})

    def _templates(self, _: Request) -> Reply:
        return Reply(200, {"templates": self.invoices.templates})

    # A person at the screen

    def _act(self, request: Request) -> Reply:
        """Do what a person does in freee's screens; `id` names the record."""
        asked = request.json()
        if not isinstance(asked, dict):
            return Reply(400, {"message": "an act is told as an object"})
        number = int(asked.get("id") or 0)
        acts: dict[str, Callable[[], object]] = {
            "pay": lambda: self.invoices.set_status(number, "settled"),
            "receive": lambda: self._receive(number, asked),
            "register": lambda: self.deals.register(self.invoices.rows[number]),
            "cancel": lambda: self.invoices.cancel(number),
            "unsettle": lambda: self.invoices.set_status(number, "unsettled"),
            "set_payment_status": lambda: self.invoices.set_status(
                number, asked["status"]
            ),
            "send": lambda: self.invoices.rows[number].update(sending_status="sent"),
            "edit_memo": lambda: self.invoices.rows[number].update(memo=asked["memo"]),
            "delete_invoice": lambda: self.invoices.delete(number),
            "archive_partner": lambda: self.partners.archive(number),
            "set_numbering": lambda: setattr(
                self.invoices, "auto", asked["numbering"] == "auto"
            ),
            "set_partner_code": lambda: setattr(
                self.partners, "use_code", bool(asked["use"])
            ),
            "expire_access": self.accounts.expire_access,
            "expire_refresh": self.accounts.expire_refresh,
        }
        name = request.args["act"]
        if name == "create_invoice":
            return self.invoices.enter({"company_id": self._company_id, **asked})
        if name not in acts:
            return Reply(404, {"message": f"acts: {', '.join(sorted(acts))}"})
        try:
            acts[name]()
        except KeyError:
            return Reply(404, {"message": f"no record {number}"})
        return Reply(200, {})

    def _receive(self, number: int, asked: Mapping[str, object]) -> None:
        """Note what came in for an invoice: all of it settles it (消込)."""
        row = self.invoices.rows[number]
        amount = int(str(asked.get("amount") or row["total_amount"]))
        day = str(
            asked.get("date") or f"{self._clock.now().astimezone(TOKYO):%Y-%m-%d}"
        )
        if self.deals.receive(row, amount, day):
            self.invoices.set_status(number, "settled")
