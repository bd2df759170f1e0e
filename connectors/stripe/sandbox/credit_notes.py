"""The stand-in's credit notes: what they take back is owed no more, or given back."""

from collections.abc import Callable
from typing import Any, Final

from tasuki.ports import Clock
from tasuki.sandbox.server import Reply, Request

from .invoices import Invoices
from .rounding import half_up_tax
from .rules import Refusal, Row, choice, integer, merged, missing, nested, only
from .store import Events, Shelf, known_params

_KNOWN: Final = (
    "invoice", "lines", "memo", "reason", "metadata", "effective_at", "credit_amount",
    "out_of_band_amount",
)  # fmt: skip
_LINE: Final = ("type", "description", "quantity", "unit_amount_decimal", "tax_rates")
_REASONS: Final = (
    "duplicate", "fraudulent", "order_change", "product_unsatisfactory",
)  # fmt: skip


class CreditNotes:
    """`/v1/credit_notes`."""

    def __init__(self, clock: Clock, invoices: Invoices, events: Events) -> None:
        self._clock = clock
        self._invoices = invoices
        self._events = events
        self.shelf = Shelf("credit_note", "cn")

    def index(self, request: Request) -> Reply:
        """Answer `GET /v1/credit_notes`."""
        known_params(request, ["invoice", "customer"])
        asked = {name: request.param(name) for name in ("invoice", "customer")}
        keep: Callable[[Row], bool] = lambda row: all(  # noqa: E731
            not value or row[name] == value for name, value in asked.items()
        )
        return self.shelf.page(request, "/v1/credit_notes", keep)

    def show(self, request: Request) -> Reply:
        """Answer `GET /v1/credit_notes/ID`."""
        return Reply(200, self.shelf.get(request.args["id"]))

    def create(self, request: Request) -> Reply:
        """Answer `POST /v1/credit_notes`."""
        given = nested(request.body)
        only(given, _KNOWN, ["invoice"])
        choice(given, "reason", _REASONS)
        invoice = self._invoices.shelf.get(given["invoice"], "invoice", 400)
        if invoice["status"] not in {"open", "paid", "uncollectible"}:
            words = "You can only create a credit note for finalized invoices."
            raise Refusal(words, param="invoice")
        net, tax, lines = self._sums(given)
        total = net + tax
        owed = min(total, invoice["amount_remaining"])
        self._check(given, invoice, total, owed)
        row = self._row(given, invoice, (net, total, owed), lines)
        self.shelf.add(row)
        self._invoices.take_back(invoice, owed, total - owed)
        self._events.tell("credit_note.created", row)
        return Reply(200, row)

    @staticmethod
    def _check(given: Row, invoice: Row, total: int, owed: int) -> None:
        """Refuse more than the invoice has left, and sums that do not add up."""
        taken = (
            invoice["pre_payment_credit_notes_amount"]
            + invoice["post_payment_credit_notes_amount"]
        )
        if total <= 0 or total + taken > invoice["total"]:
            words = "The credit note amount is more than the invoice has left."
            raise Refusal(words, param="amount")
        after = sum(
            integer(given, name)
            for name in ("credit_amount", "out_of_band_amount")
            if name in given
        )
        if after != total - owed:
            words = (
                "The sum of credit amount, refund amount and out of band amount must "
                f"equal the post payment amount ({total - owed})."
            )
            raise Refusal(words, param="credit_amount")

    def _sums(self, given: Row) -> tuple[int, int, list[Row]]:
        listed: Any = given.get("lines") or []
        rows = list(listed.values()) if isinstance(listed, dict) else listed
        lines, sums = [], dict[str, int]()
        for line in rows:
            only(line, _LINE, ["type", "unit_amount_decimal"])
            choice(line, "type", ("custom_line_item",))
            amount = int(line["unit_amount_decimal"]) * int(line.get("quantity", 1))
            if amount <= 0:
                words = "Invalid positive integer"
                raise Refusal(words, param="lines[0][unit_amount_decimal]")
            for one in line.get("tax_rates") or []:
                if one not in self._invoices.tax_rates:
                    kind = "tax rate"
                    raise missing(kind, str(one), "lines[0][tax_rates]", 400)
                sums[one] = sums.get(one, 0) + amount
            lines.append({**line, "amount": amount, "object": "credit_note_line_item"})
        rates = self._invoices.tax_rates
        tax = sum(half_up_tax(rates[one], amount) for one, amount in sums.items())
        return sum(line["amount"] for line in lines), tax, lines

    def _row(
        self, given: Row, invoice: Row, sums: tuple[int, int, int], lines: list[Row]
    ) -> Row:
        net, total, owed = sums
        one, now = self.shelf.new_id(), int(self._clock.now().timestamp())
        count = len(self.shelf.rows) + 1
        effective = integer(given, "effective_at") if "effective_at" in given else now
        return {
            "id": one,
            "object": "credit_note",
            "amount": total,
            "created": now,
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "customer_balance_transaction": None,
            "discount_amount": 0,
            "discount_amounts": [],
            "effective_at": effective,
            "invoice": invoice["id"],
            "lines": {"object": "list", "data": lines, "has_more": False},
            "livemode": False,
            "memo": given.get("memo") or None,
            "metadata": merged({}, given.get("metadata")),
            "number": f"{invoice['number']}-CN-{count:02d}",
            "out_of_band_amount": int(given.get("out_of_band_amount", 0)) or None,
            "pdf": f"https://pay.stripe.com/credit_notes/{one}/pdf",
            "post_payment_amount": total - owed,
            "pre_payment_amount": owed,
            "reason": given.get("reason"),
            "refunds": [],
            "status": "issued",
            "subtotal": net,
            "total": total,
            "total_excluding_tax": net,
            "type": "post_payment" if total > owed else "pre_payment",
            "voided_at": None,
        }
