"""Customers of the stand-in."""

from typing import Final

from tasuki.ports import Clock
from tasuki.sandbox.server import Reply, Request

from .rules import Refusal, Row, choice, merged, nested, only, text
from .store import Events, Shelf, known_params, since

_ADDRESS: Final = ("city", "country", "line1", "line2", "postal_code", "state")
_KNOWN: Final = (
    "name", "email", "phone", "description", "address", "preferred_locales",
    "tax_exempt", "metadata",
)  # fmt: skip


class Customers:
    """`/v1/customers`."""

    def __init__(self, clock: Clock, events: Events) -> None:
        self._clock = clock
        self._events = events
        self.shelf = Shelf("customer", "cus")
        self.deleted: set[str] = set()

    def create(self, request: Request) -> Reply:
        """Answer `POST /v1/customers`."""
        given = nested(request.body)
        _check(given)
        one = self.shelf.new_id()
        row: Row = {
            "id": one,
            "object": "customer",
            "address": None,
            "balance": 0,
            "created": int(self._clock.now().timestamp()),
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "discount": None,
            "email": None,
            "invoice_prefix": f"T{one[-7:]}",
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": {},
            "name": None,
            "next_invoice_sequence": 1,
            "phone": None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
        }
        _apply(row, given)
        self.shelf.add(row)
        self._events.tell("customer.created", row)
        return Reply(200, row)

    def update(self, request: Request) -> Reply:
        """Answer `POST /v1/customers/ID`."""
        row = self._living(request.args["id"])
        given = nested(request.body)
        _check(given)
        self.change(row, given)
        return Reply(200, row)

    def change(self, row: Row, given: Row) -> None:
        """Change a customer, by call or by hand."""
        _apply(row, given)
        self._events.tell("customer.updated", row)

    def show(self, request: Request) -> Reply:
        """Answer `GET /v1/customers/ID`; a deleted one is a stub."""
        one = request.args["id"]
        if one in self.deleted:
            return Reply(200, {"id": one, "object": "customer", "deleted": True})
        return Reply(200, self.shelf.get(one))

    def index(self, request: Request) -> Reply:
        """Answer `GET /v1/customers`; the address compares as it is written."""
        known_params(request, ["email", "created[gte]"])
        email, lately = request.param("email"), since(request)
        return self.shelf.page(
            request,
            "/v1/customers",
            lambda row: lately(row) and email in {"", row["email"]},
        )

    def remove(self, one: str) -> None:
        """Delete a customer for good."""
        row = self._living(one)
        del self.shelf.rows[one]
        self.deleted.add(one)
        self._events.tell("customer.deleted", row)

    def _living(self, one: str) -> Row:
        return self.shelf.get(one, "customer" if one in self.deleted else "id")


def _check(given: Row) -> None:
    only(given, _KNOWN)
    choice(given, "tax_exempt", ("none", "exempt", "reverse"))
    for name, most in (("name", 256), ("email", 512), ("phone", 20)):
        text(given, name, most)
    email = str(given.get("email") or "")
    if email and ("@" not in email or " " in email):
        words = f"Invalid email address: {email}"
        raise Refusal(words, param="email", code="email_invalid")
    address = given.get("address") or {}
    if isinstance(address, dict):
        only(address, _ADDRESS)


def _apply(row: Row, given: Row) -> None:
    for name, value in given.items():
        if name == "metadata":
            row["metadata"] = merged(row["metadata"], value)
        elif name == "address":
            row["address"] = _address(row["address"], value)
        elif name == "preferred_locales":
            row[name] = value if isinstance(value, list) else []
        else:
            row[name] = value or None
    row["tax_exempt"] = row["tax_exempt"] or "none"


def _address(present: Row | None, value: object) -> Row | None:
    if not isinstance(value, dict):
        return None
    before = present or dict.fromkeys(_ADDRESS)
    return {**before, **{name: one or None for name, one in value.items()}}
