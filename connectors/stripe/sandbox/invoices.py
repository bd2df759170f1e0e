"""Invoices and their items: what a draft allows, and what is final."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from tasuki.ports import Clock
from tasuki.sandbox.server import Reply, Request

from .customers import Customers
from .documents import new_invoice, new_item, new_line
from .rounding import half_up
from .rules import Refusal, Row, choice, integer, merged, missing, nested, only, text
from .store import Events, Shelf, known_params, since

_HEADER: Final = (
    "customer", "currency", "auto_advance", "collection_method", "due_date",
    "pending_invoice_items_behavior", "days_until_due", "description", "footer",
    "metadata", "account_tax_ids", "effective_at",
)  # fmt: skip
_CHANGED: Final = (
    "auto_advance", "collection_method", "due_date", "days_until_due", "description",
    "footer", "metadata", "account_tax_ids", "effective_at",
)  # fmt: skip
_ITEM: Final = (
    "customer", "invoice", "currency", "description", "quantity", "amount",
    "unit_amount_decimal", "tax_rates", "metadata",
)  # fmt: skip
_SHOWN_LINES: Final = 10
_MOST_ITEMS: Final = 250
_MOST_AMOUNT: Final = 99_999_999_999


class Invoices:
    """`/v1/invoices` and `/v1/invoiceitems`."""

    def __init__(
        self, clock: Clock, customers: Customers, events: Events, rounding: str
    ) -> None:
        self._clock = clock
        self._customers = customers
        self._events = events
        self.rounding = rounding
        self.tax_off = 0
        self.shelf = Shelf("invoice", "in")
        self.items = Shelf("invoiceitem", "ii")
        self._of: dict[str, list[str]] = {}
        self.tax_rates: dict[str, Row] = {}

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    # Drafts

    def create(self, request: Request) -> Reply:
        """Answer `POST /v1/invoices`: always a draft."""
        given = nested(request.body)
        only(given, _HEADER, ["customer"])
        customer = self._customers.shelf.get(given["customer"], "customer", 400)
        choice(given, "pending_invoice_items_behavior", ("include", "exclude"))
        _check_header(given)
        method = given.get("collection_method", "charge_automatically")
        if method == "send_invoice" and not {"due_date", "days_until_due"} & set(given):
            words = (
                "If invoice collection method is 'send_invoice', you must specify "
                "'due_date' or 'days_until_due'."
            )
            raise Refusal(words, param="days_until_due")
        row = new_invoice(self.shelf.new_id(), self._now(), given, customer)
        self._apply(row, given)
        if given.get("pending_invoice_items_behavior") == "include":
            for item in self.items.rows.values():
                if item["customer"] == customer["id"] and item["invoice"] is None:
                    item["invoice"] = row["id"]
            self.sort_items()
        self.shelf.add(row)
        self._recount(row)
        self._events.tell("invoice.created", self.shown(row))
        return Reply(200, self.shown(row))

    def update(self, request: Request) -> Reply:
        """Answer `POST /v1/invoices/ID`; a final one takes metadata only."""
        row = self.shelf.get(request.args["id"])
        given = nested(request.body)
        only(given, _CHANGED)
        if row["status"] != "draft" and set(given) - {"metadata", "auto_advance"}:
            raise _not_draft(row)
        _check_header(given)
        self._apply(row, given)
        self._events.tell("invoice.updated", self.shown(row))
        return Reply(200, self.shown(row))

    def _apply(self, row: Row, given: Row) -> None:
        if "metadata" in given:
            row["metadata"] = merged(row["metadata"], given["metadata"])
        for name in ("description", "footer"):
            if name in given:
                row[name] = given[name] or None
        if "collection_method" in given:
            row["collection_method"] = given["collection_method"]
        if "account_tax_ids" in given:
            row["account_tax_ids"] = given["account_tax_ids"] or None
        if "effective_at" in given:
            row["effective_at"] = integer(given, "effective_at")
        if "days_until_due" in given:
            days = integer(given, "days_until_due")
            row["due_date"] = self._now() + days * 86_400
        if "due_date" in given:
            due = integer(given, "due_date")
            if due <= self._now():
                words = "`due_date` must be in the future."
                raise Refusal(words, param="due_date")
            row["due_date"] = due

    def show(self, request: Request) -> Reply:
        """Answer `GET /v1/invoices/ID`."""
        return Reply(200, self.shown(self.shelf.get(request.args["id"])))

    def index(self, request: Request) -> Reply:
        """Answer `GET /v1/invoices`."""
        known_params(request, ["customer", "status", "created[gte]"])
        customer, status = request.param("customer"), request.param("status")
        if customer:
            self._customers.shelf.get(customer, "customer", 400)
        lately = since(request)

        def keep(row: Row) -> bool:
            return (
                customer in {"", row["customer"]}
                and status in {"", row["status"]}
                and lately(row)
            )

        return self.shelf.page(request, "/v1/invoices", keep, self.shown)

    def lines(self, request: Request) -> Reply:
        """Answer `GET /v1/invoices/ID/lines`."""
        row = self.shelf.get(request.args["id"])
        lines = self._lines(row)
        after = request.param("starting_after")
        ids = [line["id"] for line in lines]
        start = ids.index(after) + 1 if after in ids else 0
        limit = int(request.param("limit", "10"))
        url = f"/v1/invoices/{row['id']}/lines"
        part = lines[start : start + limit]
        more = start + limit < len(lines)
        return Reply(
            200, {"object": "list", "url": url, "has_more": more, "data": part}
        )

    def remove(self, one: str) -> Reply:
        """Delete a draft for good; its items wait for another invoice."""
        row = self.shelf.get(one)
        if row["status"] != "draft":
            raise _not_draft(row)
        for item in self._items(row):
            item["invoice"] = None
        self._of.pop(one, None)
        told = self.shown(row)
        del self.shelf.rows[one]
        self._events.tell("invoice.deleted", told)
        return Reply(200, {"id": one, "object": "invoice", "deleted": True})

    # Items

    def add_item(self, request: Request) -> Reply:
        """Answer `POST /v1/invoiceitems`."""
        return Reply(200, self.enter_item(nested(request.body)))

    def enter_item(self, given: Row) -> Row:
        """Add an item, by call or by hand."""
        only(given, _ITEM, ["customer"])
        self._customers.shelf.get(given["customer"], "customer", 400)
        invoice = None
        if given.get("invoice"):
            invoice = self.shelf.get(given["invoice"], "invoice", 400)
            self._fits(invoice, given)
        rates = given.get("tax_rates") or []
        for one in rates if isinstance(rates, list) else [rates]:
            if one not in self.tax_rates:
                kind = "tax rate"
                raise missing(kind, str(one), "tax_rates[0]", 400)
        text(given, "description", 500)
        amount = _amount(given)
        item = new_item(self.items.new_id(), self._now(), given, amount)
        item["tax_rates"] = [self.tax_rates[one] for one in rates]
        item["metadata"] = merged({}, given.get("metadata"))
        self.items.add(item)
        if invoice is not None:
            self._of.setdefault(str(invoice["id"]), []).append(str(item["id"]))
            self._recount(invoice)
        return item

    def _fits(self, invoice: Row, given: Row) -> None:
        if invoice["status"] != "draft":
            raise _not_draft(invoice)
        if invoice["customer"] != given["customer"]:
            words = "The invoice belongs to another customer."
            raise Refusal(words, param="invoice")
        if given.get("currency", invoice["currency"]) != invoice["currency"]:
            words = "The currency of the item differs from that of its invoice."
            raise Refusal(words, param="currency")
        if len(self._items(invoice)) >= _MOST_ITEMS:
            words = "An invoice has 250 items at most."
            raise Refusal(words, param="invoice")

    def remove_item(self, one: str) -> Reply:
        """Take an item away, out of a draft or from those that wait."""
        item = self.items.get(one)
        invoice = self.shelf.rows.get(str(item["invoice"]))
        if invoice is not None and invoice["status"] != "draft":
            raise _not_draft(invoice)
        del self.items.rows[one]
        if invoice is not None:
            self._of[str(invoice["id"])].remove(one)
            self._recount(invoice)
        return Reply(200, {"id": one, "object": "invoiceitem", "deleted": True})

    # What becomes of them

    def finalize(self, row: Row) -> Row:
        """Make a draft final: it gets its number."""
        if row["status"] != "draft":
            raise _not_draft(row)
        customer = self._customers.shelf.get(row["customer"])
        count = customer["next_invoice_sequence"]
        customer["next_invoice_sequence"] = count + 1
        row |= {"number": f"{customer['invoice_prefix']}-{count:04d}", "status": "open"}
        row["hosted_invoice_url"] = f"https://invoice.stripe.com/i/{row['id']}"
        row["invoice_pdf"] = f"https://pay.stripe.com/invoice/{row['id']}/pdf"
        self._at(row, "finalized_at", "invoice.finalized")
        if row["total"] == 0:
            self.pay(row)
        return row

    def send(self, row: Row) -> Row:
        """Send an invoice to the customer: that cannot be undone."""
        if row["collection_method"] != "send_invoice":
            words = "Only invoices with collection_method send_invoice can be sent."
            raise Refusal(words, code="invoice_not_editable")
        if row["status"] == "draft":
            self.finalize(row)
        self._events.tell("invoice.sent", self.shown(row))
        return row

    def pay(self, row: Row, amount: int | None = None) -> Row:
        """Pay an open invoice, all of it or a part."""
        if row["status"] not in {"open", "uncollectible"}:
            words = "This invoice can no longer be paid."
            raise Refusal(words, param="invoice")
        left = row["amount_remaining"]
        paid = left if amount is None else amount
        row["amount_paid"] += paid
        owed = row["total"] - row["pre_payment_credit_notes_amount"]
        row["amount_remaining"] = max(0, owed - row["amount_paid"])
        row["amount_overpaid"] = max(0, row["amount_paid"] - owed)
        if row["amount_remaining"]:
            self._events.tell("invoice.updated", self.shown(row))
            return row
        row["status"] = "paid"
        return self._at(row, "paid_at", "invoice.paid")

    def refund(self, row: Row, amount: int) -> Row:
        """Give money of a paid invoice back: a credit note says so."""
        if row["status"] != "paid":
            words = "Only a paid invoice is refunded."
            raise Refusal(words, param="invoice")
        row["post_payment_credit_notes_amount"] += amount
        self._events.tell("invoice.updated", self.shown(row))
        return row

    def take_back(self, row: Row, owed: int, paid: int) -> None:
        """Let a credit note lessen what is owed, or say what was given back."""
        row["pre_payment_credit_notes_amount"] += owed
        row["post_payment_credit_notes_amount"] += paid
        row["amount_remaining"] -= owed
        row["amount_due"] = max(0, row["amount_due"] - owed)
        if row["status"] == "open" and not row["amount_remaining"]:
            row["status"] = "paid"
            self._at(row, "paid_at", "invoice.paid")
        else:
            self._events.tell("invoice.updated", self.shown(row))

    def void(self, row: Row) -> Row:
        """Call an invoice void; it stays, with its number."""
        if row["status"] not in {"open", "uncollectible"}:
            words = f"You can only void open invoices; it is {row['status']}."
            raise Refusal(words, code="invoice_not_editable")
        row["status"] = "void"
        return self._at(row, "voided_at", "invoice.voided")

    def mark_uncollectible(self, row: Row) -> Row:
        """Write an open invoice off."""
        if row["status"] != "open":
            words = f"You can only write off open invoices; it is {row['status']}."
            raise Refusal(words, code="invoice_not_editable")
        row["status"] = "uncollectible"
        kind = "invoice.marked_uncollectible"
        return self._at(row, "marked_uncollectible_at", kind)

    def doing(self, what: Callable[[Row], Row]) -> Callable[[Request], Reply]:
        """Return the answer of `POST /v1/invoices/ID/WHAT`."""

        def answer(request: Request) -> Reply:
            row = self.shelf.get(request.args["id"])
            return Reply(200, self.shown(what(row)))

        return answer

    def _at(self, row: Row, name: str, kind: str) -> Row:
        row["status_transitions"][name] = self._now()
        self._events.tell(kind, self.shown(row))
        return row

    # Sums

    def _items(self, row: Row) -> list[Row]:
        return [self.items.rows[one] for one in self._of.get(str(row["id"]), ())]

    def sort_items(self) -> None:
        """Find anew which items belong to which invoice."""
        self._of = {}
        for one, item in self.items.rows.items():
            if item["invoice"] is not None:
                self._of.setdefault(str(item["invoice"]), []).append(one)

    def _lines(self, row: Row) -> list[Row]:
        return [new_line(item) for item in reversed(self._items(row))]

    def shown(self, row: Row) -> Row:
        """Return an invoice with its first ten lines."""
        lines = self._lines(row)
        listed = {
            "object": "list",
            "data": lines[:_SHOWN_LINES],
            "has_more": len(lines) > _SHOWN_LINES,
            "url": f"/v1/invoices/{row['id']}/lines",
        }
        return {**row, "lines": listed}

    def _recount(self, row: Row) -> None:
        items = self._items(row)
        subtotal = sum(item["amount"] for item in items)
        taxes, inside = self._taxes(items)
        row["subtotal"] = subtotal
        row["total"] = subtotal + taxes
        row["total_excluding_tax"] = row["subtotal_excluding_tax"] = subtotal - inside
        row["amount_due"] = row["amount_remaining"] = max(0, row["total"])

    def _taxes(self, items: list[Row]) -> tuple[int, int]:
        """Return the tax on top and the tax inside, rounded as the account does."""
        sums: dict[tuple[str, int], int] = {}
        for place, item in enumerate(items):
            for rate in item["tax_rates"]:
                group = (rate["id"], place if self.rounding == "line" else 0)
                sums[group] = sums.get(group, 0) + item["amount"]
        on_top = inside = 0
        for (one, _), amount in sums.items():
            rate = self.tax_rates[one]
            percent = Decimal(str(rate["percentage"]))
            if rate["inclusive"]:
                inside += half_up(Decimal(amount) * percent / (100 + percent))
            else:
                on_top += half_up(Decimal(amount) * percent / 100)
        return on_top + (self.tax_off if on_top else 0), inside


def _check_header(given: Row) -> None:
    choice(given, "collection_method", ("charge_automatically", "send_invoice"))
    choice(given, "auto_advance", ("true", "false"))
    text(given, "description", 1500)
    text(given, "footer", 5000)
    if {"due_date", "days_until_due"} <= set(given):
        words = "You may only specify one of these parameters: due_date, days_until_due"
        raise Refusal(words, param="due_date")


def _amount(given: Row) -> int:
    """Return what an item comes to: whole units, whatever the currency."""
    if "amount" in given:
        if {"quantity", "unit_amount_decimal"} & set(given):
            words = "You may only specify one of these parameters: amount, quantity"
            raise Refusal(words, param="amount")
        found = integer(given, "amount")
    else:
        only(given, _ITEM, ["unit_amount_decimal"])
        quantity = integer({"quantity": "1", **given}, "quantity")
        exact = Decimal(str(given["unit_amount_decimal"])) * quantity
        found = half_up(exact)
    if abs(found) > _MOST_AMOUNT:
        words = "Amount must be no more than ¥99,999,999,999"
        raise Refusal(words, param="amount")
    return found


def _not_draft(row: Row) -> Refusal:
    words = f"Invoice {row['id']} is {row['status']}: only a draft can be changed so."
    return Refusal(words, param="invoice", code="invoice_not_editable")
