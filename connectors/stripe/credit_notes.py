"""Writing credit notes: one call each, under a key of the row's own.

A credit note takes back a final invoice or a part of it. What was not paid yet is owed
no more; what was paid becomes the customer's balance, or is given back outside Stripe:
no card is ever refunded by it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from tasuki.model.errors import InDoubtError, RejectedError
from tasuki.model.write import (
    Confirmed,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Request,
    Sighting,
    Write,
)

from .amounts import UnfitError, number, to_minor
from .client import REPLAYED, Row, Stripe
from .invoices import Invoices, surely_sent
from .keys import key_of
from .rendering import (
    currency_of,
    mark_of,
    marked,
    moment_of,
    rate_of,
    rounding_of,
)
from .schema import CREDIT_NOTES, INVOICES, MARK, REASONS, SETTLEMENTS, flat, part
from .settings import NOON, StripeSettings

_STREAM: Final = "credit_note"
_KNOWN: Final = frozenset(
    {
        "invoice_id", "partner_id", "currency", "kind", "billing_date", "lines", "memo",
        "reason", "settle", "tax_rounding", "payment_date",
    }
)  # fmt: skip
_RECEIPT: Final = ("id", "number", "status", "currency", "total_amount", "created")
_SPENT: Final = 4
_KEPT_UNDER_KEY: Final = frozenset({REPLAYED, "idempotency_error"})
_DRAFT: Final = "Change or delete the draft; then reject this credit, or bill anew."


class CreditNotes:
    """The destination stream `credit_note`."""

    def __init__(self, stripe: Stripe, invoices: Invoices) -> None:
        self._stripe = stripe
        self._invoices = invoices
        self._settings = stripe.settings

    def write_one(self, write: Write, fence: Callable[[], None]) -> Outcome:
        """Create a credit note; one that is there is never changed."""
        if write.operation is Operation.UPDATE:
            return Rejected(write.ref, "fixed", "a credit note cannot be changed")
        try:
            request = render(self._settings, write)
            lines: list[dict[str, object]] = list(request.body["lines"])  # type: ignore[call-overload]
            amount = self._invoices.expected(lines, rounding_of(write, self._settings))
            body = self._settled(write, dict(request.body), amount)
        except UnfitError as error:
            return Rejected(write.ref, error.code, error.words)
        except RejectedError as error:
            return Rejected(write.ref, error.code, error.answer, error.remedy)
        return self._create(write, body, fence)

    def _settled(self, write: Write, body: Row, amount: int) -> Row:
        """Say what becomes of the part that was paid already."""
        one = str(write.fields["invoice_id"])
        invoice = self._stripe.get(f"{INVOICES}/{one}", _STREAM, None, "look-up")
        if invoice.get("status") == "draft":
            where = self._stripe.where(_STREAM)
            words = f"invoice {one} is a draft: nothing is to be taken back"
            raise RejectedError(where, words, "draft", _DRAFT)
        paid = amount - int(str(invoice.get("amount_remaining") or 0))
        if paid <= 0:
            return body
        name = SETTLEMENTS[str(write.fields.get("settle") or "balance")]
        return body | {name: paid}

    def _create(self, write: Write, body: Row, fence: Callable[[], None]) -> Outcome:
        for spent in range(_SPENT):
            key = key_of(write, f"credit-note.{spent}")
            try:
                row, _ = self._stripe.post(CREDIT_NOTES, _STREAM, body, key, fence)
                return self.confirmed(write.ref, row, created=True)
            except InDoubtError as error:
                return InDoubt(write.ref, error.what)
            except RejectedError as error:
                if error.code not in _KEPT_UNDER_KEY:
                    return Rejected(write.ref, error.code, error.answer, error.remedy)
                refusal = error
            with surely_sent():  # a list is never late
                found = self.probe(write).found
            if found:
                return found[0]
            if refusal.code != REPLAYED:  # what was paid has changed since the first
                return InDoubt(write.ref, refusal.answer)
        return InDoubt(write.ref, "Stripe answers with errors of its own")

    def probe(self, write: Write) -> Sighting:
        """Look for a row's mark among the credit notes of its invoice."""
        params = {"invoice": str(write.fields.get("invoice_id"))}
        rows: list[Row] = []
        for page, _ in self._stripe.pages(CREDIT_NOTES, _STREAM, params, "probe"):
            rows += page
        ours = [row for row in rows if part(row, "metadata").get(MARK) == write.mark]
        return Sighting(
            write.ref, tuple(self.confirmed(write.ref, row) for row in ours)
        )

    def confirmed(
        self, ref: str, row: Row, *, created: bool | None = None
    ) -> Confirmed:
        """Return the receipt of a credit note, with its sums below zero."""
        told = flat(_STREAM, row)
        answer = {name: told[name] for name in _RECEIPT if told.get(name) is not None}
        found = Confirmed(ref, str(row["id"]), created, answer)
        return replace(found, stated=self.stated_by(row))

    def stated(self, ids: Sequence[str]) -> dict[str, dict[str, object]]:
        """Return the sums that credit notes state now; absent when gone."""
        found = {}
        for one in ids:
            row = self._stripe.single(CREDIT_NOTES, one, _STREAM, "look-up")
            if row is not None:
                found[one] = self.stated_by(row)
        return found

    def stated_by(self, row: Row) -> dict[str, object]:
        """Return a credit note's sums by our names: those of a document below zero."""
        told = flat(_STREAM, row)
        return {
            "total_incl": told.get("total_amount"),
            "tax_total": told.get("tax"),
            "tax_rounding": self._settings.tax_rounding,
        }


def render(settings: StripeSettings, write: Write) -> Request:
    """Return the request of a credit note, but for what was paid already.

    Raises:
        UnfitError: Stripe would refuse it, or be told something else than meant.
    """
    fields = write.fields
    unknown = sorted(set(fields) - _KNOWN)
    if unknown:
        words = f"a credit note has no field {', '.join(unknown)} to write"
        raise UnfitError("field", words)
    for name, choices in (("reason", REASONS), ("settle", tuple(SETTLEMENTS))):
        if fields.get(name) and fields[name] not in choices:
            raise UnfitError(name, f"'{name}' is one of {', '.join(choices)}")
    if not fields.get("invoice_id"):
        raise UnfitError("invoice_id", "a credit note takes back an invoice")
    body: Row = {
        "invoice": str(fields["invoice_id"]),
        "lines": _lines(fields, settings),
    }
    for name in ("memo", "reason"):
        if fields.get(name):
            body[name] = fields[name]
    if fields.get("billing_date"):
        moment = moment_of(fields["billing_date"], "billing_date", NOON)
        body["effective_at"] = moment
    return Request("POST", CREDIT_NOTES, marked(body, {MARK: mark_of(write)}))


def _lines(
    fields: Mapping[str, object], settings: StripeSettings
) -> list[dict[str, object]]:
    """Return the lines: what is below zero in a document is above zero here."""
    currency = currency_of(fields)
    lines = fields.get("lines")
    found: list[dict[str, object]] = []
    for line in lines if isinstance(lines, list) else ():
        price = number(line.get("unit_price"), "unit_price")
        amount = -price * number(line.get("quantity", 1), "quantity")
        if amount <= 0:
            words = "every line of a credit note is below zero"
            raise UnfitError("lines", words)
        body: dict[str, object] = {
            "type": "custom_line_item",
            "description": str(line.get("description") or ""),
            "quantity": 1,
            "unit_amount_decimal": str(to_minor(amount, currency, "unit_price")),
        }
        rate = rate_of(line, settings)
        if rate:
            body["tax_rates"] = [rate]
        found.append(body)
    if not found:
        raise UnfitError("lines", "a credit note needs lines")
    return found
