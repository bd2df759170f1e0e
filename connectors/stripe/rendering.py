"""Rows as Stripe wants to hear them, made without a call."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

from tasuki.model.write import Operation, Request, UnrenderedError, Write

from .amounts import ROUNDINGS, UnfitError, number, to_minor
from .schema import (
    ADDRESS,
    CUSTOMER,
    CUSTOMERS,
    FINISHES,
    INVOICE,
    INVOICES,
    LINE,
    LINES,
    MARK,
    METADATA,
    OWN,
)
from .settings import NOON, TOKYO, StripeSettings

MOST_LINES: Final = 250
_LINE: Final = frozenset(
    {"description", "quantity", "unit_price", "amount", "tax", "tax_rate"}
)
_FIXED: Final = frozenset(
    {"lines", "partner_id", "currency", "finish", "days_until_due", "tax_rounding"}
)
_ID: Final = re.compile(r"\w+")
_KEPT: Final = {
    "subject": "description",
    "footer": "footer",
    "collection_method": "collection_method",
}
"""Ours -> Stripe's: texts of an invoice, which may be changed in a draft."""


def render(settings: StripeSettings, stream: str, write: Write) -> Request:
    """Return the request of one row.

    An invoice is several calls: `items` shows the lines, which are sent after it, one
    each, before anything is final.

    Raises:
        UnrenderedError: Stripe would refuse it, or be told something else than meant.
    """
    try:
        if write.operation is Operation.UPDATE:
            path = (
                f"{CUSTOMERS if stream == 'customer' else INVOICES}/{write.target_id}"
            )
            made = customer if stream == "customer" else changes
            return Request("POST", path, made(write.fields))
        if stream == "customer":
            body = customer(write.fields)
            return Request("POST", CUSTOMERS, marked(body, {MARK: mark_of(write)}))
        body = invoice(write, settings)
        return Request("POST", INVOICES, body | {"items": items(write, settings)})
    except UnfitError as error:
        raise UnrenderedError(error.words) from None


def mark_of(write: Write) -> str:
    """Return the write's mark; raises UnfitError where there is none."""
    if not write.mark:
        raise UnfitError("mark", f"{write.ref} has no mark, so it is never sent")
    return write.mark


def marked(body: dict[str, object], ours: Mapping[str, object]) -> dict[str, object]:
    """Return a body with our metadata beside the mapping's own."""
    own = body.get("metadata")
    return body | {"metadata": {**(own if isinstance(own, dict) else {}), **ours}}


# Customers


def customer(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the body of a customer; None empties a field."""
    body: dict[str, object] = {}
    address: dict[str, object] = {}
    for name, value in fields.items():
        part = name.removeprefix("address_")
        if name.startswith(METADATA):
            continue
        if name != part and part in ADDRESS:
            address[part] = value
        elif name == "preferred_locale":
            body["preferred_locales"] = [value] if value else ""
        elif name in CUSTOMER and CUSTOMER[name].writable:
            body[name] = value
        else:
            raise UnfitError("field", f"a customer has no field '{name}' to write")
    if address:
        body["address"] = address
    return _with_metadata(body, fields)


def _with_metadata(
    body: dict[str, object], fields: Mapping[str, object]
) -> dict[str, object]:
    metadata: dict[str, object] = {}
    for name, value in fields.items():
        key = name.removeprefix(METADATA)
        if key == name:
            continue
        if key in OWN:
            raise UnfitError("field", f"'{name}' is Tasuki's own")
        metadata[key] = value
    return body | ({"metadata": metadata} if metadata else {})


# Invoices


def currency_of(fields: Mapping[str, object]) -> str:
    """Return the invoice's currency in Stripe's spelling."""
    return str(fields.get("currency") or "jpy").lower()


def finish_of(fields: Mapping[str, object]) -> str:
    """Return what becomes of the draft: draft, finalize or send."""
    finish = str(fields.get("finish") or FINISHES[0])
    if finish not in FINISHES:
        words = f"'finish' is one of {', '.join(FINISHES)}"
        raise UnfitError("finish", words)
    return finish


def rounding_of(write: Write, settings: StripeSettings) -> str:
    """Return how the tax is rounded: as the mapping says, else the connection."""
    rounding = str(write.fields.get("tax_rounding") or settings.tax_rounding)
    if rounding not in ROUNDINGS:
        words = f"'tax_rounding' is one of {', '.join(ROUNDINGS)}"
        raise UnfitError("tax_rounding", words)
    return rounding


def invoice(write: Write, settings: StripeSettings) -> dict[str, object]:
    """Return the body of a draft that stays one until its lines are there."""
    fields = write.fields
    _known(fields)
    finish = finish_of(fields)
    method = str(fields.get("collection_method") or "send_invoice")
    if finish == "send" and method != "send_invoice":
        words = "only an invoice with collection_method send_invoice is sent"
        raise UnfitError("finish", words)
    body: dict[str, object] = {
        "customer": _customer_id(fields.get("partner_id")),
        "currency": currency_of(fields),
        "auto_advance": False,
        "collection_method": method,
        # Items of others that wait for the customer's next invoice stay out of ours.
        "pending_invoice_items_behavior": "exclude",
    }
    if method == "send_invoice":
        body |= _due(fields, settings)
    for name, theirs in _KEPT.items():
        if fields.get(name) not in {None, ""}:
            body[theirs] = fields[name]
    if fields.get("billing_date"):
        body["effective_at"] = moment_of(fields["billing_date"], "billing_date", NOON)
    if settings.account_tax_ids:
        body["account_tax_ids"] = list(settings.account_tax_ids)
    body = _with_metadata(body, fields)
    count = len(_lines(fields))
    return marked(body, {MARK: mark_of(write), LINES: str(count)})


def changes(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the body that changes a draft's header.

    Raises:
        UnfitError: a line, the customer or the currency would change.
    """
    _known(fields)
    fixed = _FIXED & set(fields)
    if fixed:
        words = f"an invoice's {', '.join(sorted(fixed))} cannot be changed"
        raise UnfitError("fixed", words)
    body = {theirs: fields[name] for name, theirs in _KEPT.items() if name in fields}
    if fields.get("payment_date"):
        body["due_date"] = due_moment(fields["payment_date"])
    if fields.get("billing_date"):
        body["effective_at"] = moment_of(fields["billing_date"], "billing_date", NOON)
    return _with_metadata(body, fields)


def _known(fields: Mapping[str, object]) -> None:
    for name in fields:
        if name.startswith(METADATA) or (name in INVOICE and INVOICE[name].writable):
            continue
        raise UnfitError("field", f"an invoice has no field '{name}' to write")


def _customer_id(value: object) -> str:
    text = str(value or "")
    if not _ID.fullmatch(text):
        raise UnfitError("partner_id", "'partner_id' is no id of a Stripe customer")
    return text


def _due(fields: Mapping[str, object], settings: StripeSettings) -> dict[str, object]:
    if fields.get("payment_date"):
        return {"due_date": due_moment(fields["payment_date"])}
    days = fields.get("days_until_due")
    if days is None:
        return {"days_until_due": settings.days_until_due}
    return {"days_until_due": int(number(days, "days_until_due"))}


def due_moment(value: object) -> int:
    """Return the last second of a day in Japan."""
    return moment_of(value, "payment_date", time(23, 59, 59))


def moment_of(value: object, name: str, hour: time) -> int:
    """Return the Unix time of an hour of a day in Japan."""
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise UnfitError(name, f"'{name}' is no date") from None
    return int(datetime.combine(day, hour, TOKYO).timestamp())


def _lines(fields: Mapping[str, object]) -> list[Mapping[str, object]]:
    lines = fields.get("lines")
    if not isinstance(lines, list) or not lines:
        raise UnfitError("lines", "an invoice needs lines")
    if len(lines) > MOST_LINES:
        words = f"an invoice of Stripe has {MOST_LINES} lines at most"
        raise UnfitError("lines", words)
    return [line for line in lines if isinstance(line, Mapping)]


def items(write: Write, settings: StripeSettings) -> list[dict[str, object]]:
    """Return the bodies of an invoice's items, in order, without its id."""
    fields = write.fields
    currency = currency_of(fields)
    found = []
    for place, line in enumerate(_lines(fields)):
        unknown = set(line) - _LINE
        if unknown:
            words = f"a line has no field {', '.join(sorted(unknown))}"
            raise UnfitError("lines", words)
        body: dict[str, object] = {
            "customer": _customer_id(fields.get("partner_id")),
            "currency": currency,
            "description": str(line.get("description") or ""),
            **_price(line, currency),
            "metadata": {MARK: mark_of(write), LINE: str(place)},
        }
        rate = rate_of(line, settings)
        if rate:
            body["tax_rates"] = [rate]
        found.append(body)
    return found


def _price(line: Mapping[str, object], currency: str) -> dict[str, object]:
    """Return a quantity and its price; or the amount where Stripe cannot count so."""
    if line.get("amount") is not None:
        return {"amount": to_minor(number(line["amount"], "amount"), currency)}
    price = number(line.get("unit_price"), "unit_price")
    quantity = number(line.get("quantity", 1), "quantity")
    if quantity == quantity.to_integral_value() and quantity >= 0:
        unit = to_minor(price, currency, "unit_price")
        return {"quantity": int(quantity), "unit_amount_decimal": str(unit)}
    return {"amount": to_minor(price * quantity, currency, "quantity × unit_price")}


def amount_of(item: Mapping[str, object]) -> int:
    """Return what an item comes to, in the smallest unit."""
    if "amount" in item:
        return int(str(item["amount"]))
    return int(Decimal(str(item["unit_amount_decimal"])) * int(str(item["quantity"])))


def rate_of(line: Mapping[str, object], settings: StripeSettings) -> str:
    """Return the id of a line's tax rate; "" for none.

    Raises:
        UnfitError: the line names a class that the connection has no rate for.
    """
    if line.get("tax_rate"):
        return str(line["tax_rate"])
    name = str(line.get("tax") or "")
    if not name or name in {"exempt", "export", "out_of_scope"}:
        return str(settings.tax_rates.get(name, ""))  # type: ignore[call-overload]
    rates = {str(k): v for k, v in settings.tax_rates.items()}
    if name not in rates:
        words = f"the connection's `tax_rates` say nothing of '{name}'"
        raise UnfitError("tax", words)
    return rates[name]
