"""The stand-in as a whole: routes, tokens, limits, and a person's doings."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from tasuki.clock import SystemClock
from tasuki.ports import Clock
from tasuki.sandbox.accounts import Accounts
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import Reply, Request, Route
from tasuki.sandbox.world import World

from ..amounts import Config  # noqa: TID252 - it may live elsewhere
from .billings import Billings
from .masters import Masters, Row, new_id
from .rules import not_found, refusal

_ID: Final = r"(?P<id>[\w-]+)"
_TOO_FAST: Final = (
    "リクエスト数の上限を超えました。しばらくしてから再度お試しください。"
)


class MoneyForwardSandbox:
    """One office at クラウド請求書.

    Args:
        rounding: Of lines: round_down, round_off or round_up.
        rounding_consumption_tax: Of the tax, likewise.
        consumption_tax_display_type: external (外税) or internal (内税).
        tax_per_line: Compute otherwise than it says, with one rounding a line.
        tax_off: Yen that the tax is wrong by.
        monthly_documents: How many invoices the plan allows a month; None: no limit.
        per_second: Calls in a second; None: no limit.
        client_id: The app's.
        client_secret: The app's.
        fixed_token: An access token that never ends.
        token_seconds: Life of access tokens.
        index_lag: Seconds until a new invoice is listed.
        clock: For the life of tokens, limits, months and stamps.
    """

    name = "moneyforward"

    def __init__(  # noqa: PLR0913 - the switches of a stand-in
        self,
        *,
        rounding: str = "round_down",
        rounding_consumption_tax: str = "round_down",
        consumption_tax_display_type: str = "external",
        tax_per_line: bool = False,
        tax_off: int = 0,
        monthly_documents: int | None = None,
        per_second: int | None = None,
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox-secret",  # noqa: S107 - of a stand-in
        fixed_token: str = "sandbox-token",  # noqa: S107 - of a stand-in
        token_seconds: int = 3600,
        index_lag: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._per_second = per_second
        self._second = ("", 0)
        self.posted: list[str] = []
        """Paths by which somebody asked for paid mail: Tasuki never does."""
        self.accounts = Accounts(
            self._clock, client_id, client_secret, fixed_token, token_seconds,
            refresh_days=540, basic_auth=True, retires_access=True,
        )  # fmt: skip
        self.masters = Masters(self._clock)
        config = Config(
            rounding, rounding_consumption_tax, consumption_tax_display_type
        )
        self.billings = Billings(self._clock, self.masters, config)
        self.billings.tax_per_line = tax_per_line
        self.billings.tax_off = tax_off
        self.billings.monthly_documents = monthly_documents
        self.billings.lag = timedelta(seconds=index_lag)

    def seed(self, world: World) -> None:
        """Begin with the office alone: partners and invoices come with the work."""

    def routes(self) -> Iterable[Route]:
        """Return the routes of accounts, クラウド請求書 and the person."""
        masters, billings = self.masters, self.billings
        department = r"(?P<department>[\w-]+)"
        api: tuple[Route, ...] = (
            ("GET", "/office", self._office),
            ("GET", "/partners", masters.list_partners),
            ("POST", "/partners", masters.create_partner),
            ("GET", f"/partners/{_ID}", masters.show_partner),
            ("PUT", f"/partners/{_ID}", masters.update_partner),
            ("GET", f"/partners/{_ID}/departments", masters.list_departments),
            ("POST", f"/partners/{_ID}/departments", masters.create_department),
            (
                "PUT",
                f"/partners/{_ID}/departments/{department}",
                masters.update_department,
            ),
            ("GET", "/items", masters.list_items),
            ("POST", "/items", masters.create_item),
            ("GET", f"/items/{_ID}", masters.show_item),
            ("PUT", f"/items/{_ID}", masters.update_item),
            ("GET", "/billings", billings.index),
            ("POST", "/billings", lambda _: not_found("ページ")),
            ("POST", "/invoice_template_billings", billings.create),
            ("GET", f"/billings/{_ID}", billings.show),
            ("GET", rf"/billings/{_ID}\.pdf", billings.printed),
            ("PUT", f"/billings/{_ID}", billings.update),
            ("DELETE", f"/billings/{_ID}", billings.remove),
            ("PUT", f"/billings/{_ID}/payment_status", billings.set_payment),
        )
        yield "GET", "/authorize", self.accounts.authorize
        yield "POST", "/token", self.accounts.token
        for method, pattern, function in api:
            yield method, f"/api/v3{pattern}", self._guarded(function)
        for method in ("POST", "DELETE"):
            yield method, r"/api/v3/.*/posting", self._post
        yield "POST", r"/__act/(?P<act>\w+)", self._act

    def limit_reply(self, fault: Fault) -> Reply:  # noqa: ARG002 - always the same
        """Answer over-use."""
        return refusal([_TOO_FAST], 429)

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        """Carry the request out: there are no batches that could fail in part."""
        return carry_out(request)

    def dump(self) -> object:
        """Return the whole state as JSON."""
        return {
            "accounts": self.accounts.dump(),
            "masters": self.masters.dump(),
            "billings": self.billings.dump(),
        }

    def load(self, state: object) -> None:
        """Take over a dumped state."""
        if not isinstance(state, dict):
            msg = "the state of a Money Forward stand-in is an object"
            raise TypeError(msg)
        self.accounts.load(state["accounts"])
        self.masters.load(state["masters"])
        self.billings.load(state["billings"])

    def _guarded(
        self, function: Callable[[Request], Reply]
    ) -> Callable[[Request], Reply]:
        def guarded(request: Request) -> Reply:
            if not self.accounts.admits(request):
                return refusal(["アクセストークンが無効です。"], 401)
            if self._is_too_fast():
                return refusal([_TOO_FAST], 429)
            try:
                return function(request)
            except ValueError:
                return refusal(["リクエストの形式が不正です。"])

        return guarded

    def _is_too_fast(self) -> bool:
        second = f"{self._clock.now():%H:%M:%S}"
        count = self._second[1] + 1 if self._second[0] == second else 1
        self._second = (second, count)
        return self._per_second is not None and count > self._per_second

    def _office(self, _: Request) -> Reply:
        texts = ("zip", "prefecture", "address1", "address2", "tel", "fax")
        office: Row = {
            "id": new_id("office", 1),
            "name": "株式会社たすき商会",
            **dict.fromkeys(texts, ""),
            "office_type": "corporate",
            "office_code": "1234-5678",
            "registration_code": "T7000012050002",
            "created_at": "2024-04-01T00:00:00Z",
            "updated_at": "2024-04-01T00:00:00Z",
        }
        return Reply(200, office)

    def _post(self, request: Request) -> Reply:
        """Take note that somebody wants paper mail, which costs money at once."""
        self.posted.append(request.path)
        return Reply(500, {"errors": [{"message": "郵送は試験環境で行えません。"}]})

    # A person at the screen

    def _act(self, request: Request) -> Reply:
        """Do what a person does in the screens; `id` names the record."""
        asked = request.json()
        if not isinstance(asked, dict):
            return refusal(["an act is told as an object"])
        name, one = request.args["act"], str(asked.get("id") or "")
        more = {n: v for n, v in asked.items() if n != "id"}
        billings, masters = self.billings, self.masters
        if name == "create_billing":
            return billings.enter(asked)
        if name == "create_partner":
            return masters.add(asked)
        acts: dict[str, Callable[[], object]] = {
            "mark_paid": lambda: billings.change(
                billings.rows[one], {"payment_status": "入金済み"}
            ),
            "set_payment_status": lambda: billings.change(
                billings.rows[one], {"payment_status": more["status"]}
            ),
            "edit_billing": lambda: billings.change(billings.rows[one], more),
            "replace_lines": lambda: billings.replace_lines(
                billings.rows[one], more["items"]
            ),
            "save_again": lambda: billings.renew(billings.rows[one]),
            "delete_billing": lambda: billings.delete(one),
            "delete_partner": lambda: masters.delete_partner(one),
            "set_rounding": lambda: self._set_rounding(more),
            "set_plan": lambda: setattr(
                billings, "monthly_documents", more["monthly_documents"]
            ),
            "expire_access": self.accounts.expire_access,
            "expire_refresh": self.accounts.expire_refresh,
        }
        if name not in acts:
            return refusal([f"acts: {', '.join(sorted(acts))}"], 404)
        try:
            acts[name]()
        except KeyError:
            return refusal([f"no record {one}"], 404)
        return Reply(200, {})

    def _set_rounding(self, more: Row) -> None:
        """Change how the office computes, from the next invoice on."""
        self.billings.tax_per_line = bool(more.pop("tax_per_line", False))
        self.billings.tax_off = int(str(more.pop("tax_off", 0)))
        config = self.billings.config
        self.billings.config = replace(config, **{n: str(v) for n, v in more.items()})
