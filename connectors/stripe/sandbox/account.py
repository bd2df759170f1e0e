"""The stand-in as a whole: routes, keys, limits, search, and a person's doings."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

from tasuki.clock import SystemClock
from tasuki.ports import Clock
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import Reply, Request, Route
from tasuki.sandbox.world import World

from ..settings import VERSION  # noqa: TID252 - it may live elsewhere
from .credit_notes import CreditNotes
from .customers import Customers
from .documents import printed
from .invoices import Invoices
from .rules import Refusal, Row
from .store import Events, Shelf, known_params

_ID: Final = r"(?P<id>\w+)"
_KEYS_KEPT: Final = timedelta(hours=24)
_LONGEST_KEY: Final = 255
_MOST_CLAUSES: Final = 10
_CLAUSE: Final = re.compile(r"(?:metadata\['([^']+)'\]|(\w+)):'((?:[^'\\]|\\.)*)'")
_RATES: Final = (
    ("txr_standard", 10, False),
    ("txr_reduced", 8, False),
    ("txr_inclusive", 10, True),
)


class StripeSandbox:
    """One account in test mode.

    Args:
        api_key: The key it admits.
        index_lag: Seconds until a search finds what is new.
        tax_rounding: `invoice` (one rounding a rate) or `line`.
        tax_off: Units that the tax is wrong by.
        per_second: Calls in a second; None: no limit.
        account_version: The API version that events are written in.
        clock: For stamps, limits and the life of keys.
    """

    name = "stripe"

    def __init__(
        self,
        *,
        api_key: str = "rk_test_sandbox",
        index_lag: float = 60.0,
        tax_rounding: str = "invoice",
        tax_off: int = 0,
        per_second: int | None = None,
        account_version: str = VERSION,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._api_key = api_key
        self._lag = timedelta(seconds=index_lag)
        self._per_second = per_second
        self._second = ("", 0)
        self._failing: Row = {}
        self.keys: dict[str, Row] = {}
        self.events = Events(self._clock, account_version)
        self.customers = Customers(self._clock, self.events)
        self.invoices = Invoices(self._clock, self.customers, self.events, tax_rounding)
        self.invoices.tax_off = tax_off
        self.credit_notes = CreditNotes(self._clock, self.invoices, self.events)
        for one, percentage, inclusive in _RATES:
            self.invoices.tax_rates[one] = _tax_rate(one, percentage, inclusive)

    def seed(self, world: World) -> None:
        """Begin with tax rates alone: customers and invoices come with the work."""

    def routes(self) -> Iterable[Route]:
        """Return the routes of the API and the person."""
        customers, invoices = self.customers, self.invoices
        credit_notes = self.credit_notes
        reads: tuple[tuple[str, Callable[[Request], Reply]], ...] = (
            ("/customers", customers.index),
            ("/customers/search", lambda r: self._search(r, customers.shelf)),
            (f"/customers/{_ID}", customers.show),
            ("/invoices", invoices.index),
            ("/invoices/search", lambda r: self._search(r, invoices.shelf)),
            (f"/invoices/{_ID}", invoices.show),
            (f"/invoices/{_ID}/lines", invoices.lines),
            ("/credit_notes", credit_notes.index),
            (f"/credit_notes/{_ID}", credit_notes.show),
            ("/events", self.events.index),
            (f"/tax_rates/{_ID}", self._show_rate),
        )
        changes: tuple[tuple[str, Callable[[Request], Reply]], ...] = (
            ("/customers", customers.create),
            (f"/customers/{_ID}", customers.update),
            ("/invoices", invoices.create),
            (f"/invoices/{_ID}", invoices.update),
            ("/invoiceitems", invoices.add_item),
            ("/credit_notes", credit_notes.create),
            (f"/invoices/{_ID}/finalize", invoices.doing(invoices.finalize)),
            (f"/invoices/{_ID}/send", invoices.doing(invoices.send)),
            (f"/invoices/{_ID}/pay", invoices.doing(invoices.pay)),
            (f"/invoices/{_ID}/void", invoices.doing(invoices.void)),
            (
                f"/invoices/{_ID}/mark_uncollectible",
                invoices.doing(invoices.mark_uncollectible),
            ),
        )
        for path, function in reads:
            yield "GET", f"/v1{path}", self._guarded(function)
        shelf = invoices.shelf
        yield (
            "GET",
            f"/invoice/{_ID}/pdf",
            lambda r: printed(shelf.rows.get(r.args["id"]), r),
        )
        for path, function in changes:
            yield "POST", f"/v1{path}", self._guarded(self._keyed(function))
        yield (
            "DELETE",
            f"/v1/invoices/{_ID}",
            self._guarded(lambda r: invoices.remove(r.args["id"])),
        )
        yield (
            "DELETE",
            f"/v1/invoiceitems/{_ID}",
            self._guarded(lambda r: invoices.remove_item(r.args["id"])),
        )
        yield "POST", r"/__act/(?P<act>\w+)", self._act

    def limit_reply(self, fault: Fault) -> Reply:  # noqa: ARG002 - always the same
        """Answer that an object is locked by another request."""
        words = "This object cannot be accessed right now because another request is"
        return Refusal(words, code="lock_timeout", status=429).reply

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        """Carry the request out: there are no batches that could fail in part."""
        return carry_out(request)

    # Every request

    def _guarded(
        self, function: Callable[[Request], Reply]
    ) -> Callable[[Request], Reply]:
        def guarded(request: Request) -> Reply:
            if request.headers.get("authorization") != f"Bearer {self._api_key}":
                words = "Invalid API Key provided: rk_test_****"
                return Refusal(words, status=401).reply
            if request.headers.get("stripe-version") != VERSION:
                return Refusal("The stand-in knows one Stripe-Version only").reply
            if self._is_too_fast():
                return Refusal("Too many requests", code="rate_limit", status=429).reply
            try:
                return function(request)
            except Refusal as refusal:
                return refusal.reply

        return guarded

    def _is_too_fast(self) -> bool:
        second = f"{self._clock.now():%H:%M:%S}"
        count = self._second[1] + 1 if self._second[0] == second else 1
        self._second = (second, count)
        return self._per_second is not None and count > self._per_second

    def _keyed(
        self, function: Callable[[Request], Reply]
    ) -> Callable[[Request], Reply]:
        """Answer a key that is known as the first time; refuse it for other words."""

        def keyed(request: Request) -> Reply:
            key = request.headers.get("idempotency-key", "")
            if not 0 < len(key) <= _LONGEST_KEY:
                words = "This stand-in wants a key of 1-255 characters"
                raise Refusal(words)
            asked = hashlib.sha256(request.path.encode() + b"\0" + request.body)
            known = self.keys.get(key)
            now = self._clock.now().timestamp()
            if known and now - known["at"] < _KEYS_KEPT.total_seconds():
                if known["asked"] != asked.hexdigest():
                    words = (
                        "Keys for idempotent requests can only be used with the same "
                        "parameters they were first used with."
                    )
                    raise Refusal(words, kind="idempotency_error")
                headers = {"idempotent-replayed": "true"}
                return Reply(known["status"], json.loads(known["body"]), headers)
            reply = self._own_error(request, function) or function(request)
            self.keys[key] = {
                "asked": asked.hexdigest(),
                "at": now,
                "status": reply.status,
                "body": json.dumps(reply.body),
            }
            return reply

        return keyed

    def _own_error(
        self, request: Request, function: Callable[[Request], Reply]
    ) -> Reply | None:
        """Fail as Stripe itself does, where a person has asked for that."""
        failing = self._failing
        if not failing or not re.search(failing["path"], request.path):
            return None
        if failing["skip"] > 0:
            failing["skip"] -= 1
            return None
        self._failing = {}
        if failing.get("done"):
            function(request)
        words = "An unknown error occurred"
        return Refusal(words, status=500, kind="api_error").reply

    # Search and rates

    def _search(self, request: Request, shelf: Shelf) -> Reply:
        """Answer a search: what is younger than the lag is not found yet."""
        known_params(request, ["query", "page"])
        clauses = [_CLAUSE.fullmatch(x) for x in request.param("query").split(" OR ")]
        if None in clauses or len(clauses) > _MOST_CLAUSES:
            words = "We were unable to parse your search query."
            raise Refusal(words, param="query")
        asked = [clause.groups() for clause in clauses if clause]
        until = (self._clock.now() - self._lag).timestamp()
        found = [
            row
            for row in shelf.rows.values()
            if row["created"] <= until and any(_says(row, *clause) for clause in asked)
        ]
        show = self.invoices.shown if shelf is self.invoices.shelf else lambda row: row
        body = {
            "object": "search_result",
            "url": request.path,
            "has_more": False,
            "next_page": None,
            "data": [show(row) for row in found[:100]],
        }
        return Reply(200, body)

    def _show_rate(self, request: Request) -> Reply:
        one = request.args["id"]
        if one not in self.invoices.tax_rates:
            words = f"No such tax rate: '{one}'"
            raise Refusal(words, param="id", code="resource_missing", status=404)
        return Reply(200, self.invoices.tax_rates[one])

    # A person at the screen

    def _act(self, request: Request) -> Reply:
        """Do what a person does in the dashboard; `id` names the record."""
        asked = request.json()
        if not isinstance(asked, dict):
            return Refusal("an act is told as an object").reply
        name, one = request.args["act"], str(asked.pop("id", ""))
        acts = self._acts(one, asked)
        if name not in acts:
            words = f"acts: {', '.join(sorted(acts))}"
            return Refusal(words, status=404).reply
        try:
            acts[name]()
        except Refusal as refusal:
            return refusal.reply
        return Reply(200, {})

    def _acts(self, one: str, more: Row) -> dict[str, Callable[[], Any]]:
        invoices, customers = self.invoices, self.customers
        row: Callable[[], Row] = lambda: invoices.shelf.get(one)  # noqa: E731
        return {
            "pay": lambda: invoices.pay(row()),
            "part_pay": lambda: invoices.pay(row(), int(more["amount"])),
            "refund": lambda: invoices.refund(row(), int(more["amount"])),
            "void": lambda: invoices.void(row()),
            "mark_uncollectible": lambda: invoices.mark_uncollectible(row()),
            "finalize": lambda: invoices.finalize(row()),
            "delete_invoice": lambda: invoices.remove(one),
            "add_item": lambda: invoices.enter_item({"invoice": one, **more}),
            "remove_item": lambda: invoices.remove_item(one),
            "edit_customer": lambda: customers.change(
                customers.shelf.get(one), dict(more)
            ),
            "delete_customer": lambda: customers.remove(one),
            "set_tax_off": lambda: setattr(invoices, "tax_off", int(more["units"])),
            "fail": lambda: setattr(self, "_failing", {"skip": 0, **more}),
        }

    # State

    def dump(self) -> object:
        """Return the whole state as JSON."""
        return {
            "keys": self.keys,
            "deleted": sorted(self.customers.deleted),
            "tax_rates": self.invoices.tax_rates,
            **{name: shelf.dump() for name, shelf in self._shelves().items()},
        }

    def load(self, state: object) -> None:
        """Take over a dumped state."""
        if not isinstance(state, dict):
            msg = "the state of a Stripe stand-in is an object"
            raise TypeError(msg)
        self.keys = dict(state["keys"])
        self.customers.deleted = set(state["deleted"])
        self.invoices.tax_rates = dict(state["tax_rates"])
        for name, shelf in self._shelves().items():
            shelf.load(state.get(name, {"rows": [], "order": []}))
        self.invoices.sort_items()

    def _shelves(self) -> dict[str, Shelf]:
        return {
            "customers": self.customers.shelf,
            "invoices": self.invoices.shelf,
            "items": self.invoices.items,
            "credit_notes": self.credit_notes.shelf,
            "events": self.events.shelf,
        }


def _says(row: Row, key: str | None, name: str, value: str) -> bool:
    """Say whether an object has a value, whatever the capitals."""
    wanted = re.sub(r"\\(.)", r"\1", value).casefold()
    return str((row["metadata"] if key else row).get(key or name)).casefold() == wanted


def _tax_rate(one: str, percentage: int, inclusive: bool) -> Row:  # noqa: FBT001
    return {
        "id": one,
        "object": "tax_rate",
        "active": True,
        "country": "JP",
        "created": 1704067200,
        "description": None,
        "display_name": "消費税",
        "effective_percentage": percentage,
        "inclusive": inclusive,
        "jurisdiction": "JP",
        "jurisdiction_level": "country",
        "livemode": False,
        "metadata": {},
        "percentage": percentage,
        "rate_type": "percentage",
        "state": None,
        "tax_type": "jct",
    }
