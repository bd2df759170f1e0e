"""The shapes of an invoice, an item and a line, as the pinned version has them."""

from tasuki.sandbox.printing import page
from tasuki.sandbox.server import Reply, Request

from .rules import Row


def new_invoice(one: str, now: int, given: Row, customer: Row) -> Row:
    """Return an empty draft."""
    return {
        "id": one,
        "object": "invoice",
        "account_country": "JP",
        "account_name": "株式会社たすき商会",
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": given.get("auto_advance") == "true",
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": now,
        "currency": given.get("currency", "jpy"),
        "custom_fields": None,
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_tax_exempt": customer["tax_exempt"],
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "footer": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "livemode": False,
        "metadata": {},
        "number": None,
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "total": 0,
        "total_excluding_tax": 0,
        "test_clock": None,
    }


def new_item(one: str, now: int, given: Row, amount: int) -> Row:
    """Return an item, of an invoice or waiting for one."""
    quantity = int(given.get("quantity", 1))
    unit = str(given.get("unit_amount_decimal", amount))
    return {
        "id": one,
        "object": "invoiceitem",
        "amount": amount,
        "currency": given.get("currency", "jpy"),
        "customer": given["customer"],
        "date": now,
        "description": given.get("description") or None,
        "discountable": True,
        "discounts": [],
        "invoice": given.get("invoice") or None,
        "livemode": False,
        "metadata": {},
        "period": {"end": now, "start": now},
        "pricing": {"type": "price_details", "unit_amount_decimal": unit},
        "proration": False,
        "quantity": quantity,
        "tax_rates": [],
        "test_clock": None,
    }


def new_line(item: Row) -> Row:
    """Return how an invoice shows one of its items."""
    details = {"invoice_item": item["id"], "proration": False, "subscription": None}
    kept = (
        "amount", "currency", "description", "discountable", "discounts", "invoice",
        "livemode", "metadata", "period", "pricing", "quantity",
    )  # fmt: skip
    return {
        "id": item["id"].replace("ii_", "il_"),
        "object": "line_item",
        **{name: item[name] for name in kept},
        "discount_amounts": [],
        "parent": {
            "invoice_item_details": details,
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "subscription": None,
    }


def printed(row: Row | None, request: Request) -> Reply:
    """Answer what stands at `invoice_pdf`: open to all, and not for keys."""
    if row is None or not row["invoice_pdf"]:
        return Reply(404, "not found")
    if request.headers.get("authorization"):
        return Reply(400, "a key has no business here")
    total = f"{row['currency'].upper()} {row['total']:,}"
    return Reply(200, page("Stripe", "請求書", str(row["number"]), total))
