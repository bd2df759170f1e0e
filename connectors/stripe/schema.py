"""What Stripe's streams consist of, flat, and records in those words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from tasuki.model.record import FieldFacts, Schema

from .amounts import to_major
from .settings import TOKYO

METADATA: Final = "metadata_"
MARK: Final = "tasuki_key"
LINES: Final = "tasuki_lines"
LINE: Final = "tasuki_line"
STATE: Final = "tasuki_state"
WITHDRAWN: Final = "withdrawn"
OWN: Final = frozenset({MARK, LINES, LINE, STATE})
"""Keys of metadata that are ours: no mapping writes them."""

CUSTOMERS: Final = "/v1/customers"
INVOICES: Final = "/v1/invoices"
ITEMS: Final = "/v1/invoiceitems"
CREDIT_NOTES: Final = "/v1/credit_notes"

FINISHES: Final = ("draft", "finalize", "send")
_STATUSES: Final = ("draft", "open", "paid", "uncollectible", "void")
REASONS: Final = (
    "duplicate", "fraudulent", "order_change", "product_unsatisfactory",
)  # fmt: skip
SETTLEMENTS: Final = {"balance": "credit_amount", "out_of_band": "out_of_band_amount"}
"""What becomes of what was paid: the customer's balance, or given back elsewhere."""
_METHODS: Final = ("send_invoice", "charge_automatically")


def _fact(
    name: str,
    type_: str = "text",
    length: int | None = None,
    options: tuple[str, ...] = (),
    use: str = "rw",
    *,
    required: bool = False,
    references: str | None = None,
) -> FieldFacts:
    return FieldFacts(
        name, "", type_, "w" in use, required, name == "id", length, options,
        references, "r" in use,
    )  # fmt: skip


def _table(*facts: FieldFacts) -> dict[str, FieldFacts]:
    return {fact.name: fact for fact in facts}


ADDRESS: Final = ("line1", "line2", "city", "state", "postal_code", "country")

CUSTOMER: Final = _table(
    _fact("id", use="r"),
    _fact("name", length=256),
    _fact("email", length=512),
    _fact("phone", length=20),
    _fact("description", length=500),
    *(_fact(f"address_{part}", length=500) for part in ADDRESS),
    _fact("preferred_locale", length=20),
    _fact("tax_exempt", "picklist", None, ("none", "exempt", "reverse")),
    _fact("currency", use="r"),
    _fact("balance", "number", use="r"),
    _fact("delinquent", "boolean", use="r"),
    _fact("created", "datetime", use="r"),
)

_SUMS: Final = (
    "subtotal", "total", "total_excluding_tax", "amount_due", "amount_paid",
    "amount_remaining", "amount_overpaid", "post_payment_credit_notes_amount",
)  # fmt: skip
_MOMENTS: Final = ("finalized_at", "paid_at", "voided_at", "marked_uncollectible_at")

INVOICE: Final = _table(
    _fact("id", use="r"),
    _fact("partner_id", "reference", required=True, references="customer"),
    _fact("currency", length=3),
    _fact("subject", length=1500),
    _fact("footer", length=5000),
    _fact("billing_date", "date"),
    _fact("payment_date", "date"),
    _fact("collection_method", "picklist", None, _METHODS),
    _fact("days_until_due", "number", use="w"),
    _fact("finish", "picklist", None, FINISHES, "w"),
    _fact("tax_rounding", "picklist", None, ("floor", "round", "ceil"), "w"),
    _fact("lines", "list", use="w", required=True),
    _fact("number", use="r"),
    _fact("status", "picklist", None, _STATUSES, "r"),
    _fact("tax", "number", use="r"),
    *(_fact(name, "number", use="r") for name in _SUMS),
    *(_fact(name, "date", use="r") for name in _MOMENTS),
    _fact("hosted_invoice_url", use="r"),
    _fact("invoice_pdf", use="r"),
    _fact("created", "datetime", use="r"),
)

CREDIT_NOTE: Final = _table(
    _fact("id", use="r"),
    _fact("invoice_id", "reference", required=True, references="invoice"),
    _fact("partner_id", "reference", references="customer"),
    _fact("currency", length=3),
    _fact("kind", "picklist", None, ("credit_note",), "w"),
    _fact("billing_date", "date"),
    _fact("payment_date", "date", use="w"),
    _fact("memo", length=5000),
    _fact("reason", "picklist", None, REASONS),
    _fact("settle", "picklist", None, tuple(SETTLEMENTS), "w"),
    _fact("tax_rounding", "picklist", None, ("floor", "round", "ceil"), "w"),
    _fact("lines", "list", use="w", required=True),
    _fact("number", use="r"),
    _fact("status", "picklist", None, ("issued", "void"), "r"),
    _fact("total_amount", "number", use="r"),
    _fact("tax", "number", use="r"),
    _fact("pdf", use="r"),
    _fact("created", "datetime", use="r"),
)

STREAMS: Final[Mapping[str, Mapping[str, FieldFacts]]] = {
    "customer": CUSTOMER,
    "invoice": INVOICE,
    "credit_note": CREDIT_NOTE,
}
PATHS: Final = {"customer": CUSTOMERS, "invoice": INVOICES}
"""Of what is read."""
WRITTEN: Final = {**PATHS, "credit_note": CREDIT_NOTES}
"""Of what is written to."""


def describe(stream: str, metadata: Sequence[str]) -> Schema | None:
    """Return a stream's fields with those of metadata; None: there is no such one."""
    facts = STREAMS.get(stream)
    if facts is None:
        return None
    more = _table(*(_fact(f"{METADATA}{key}", length=500) for key in metadata))
    return Schema(stream, {**facts, **more})


def flat(stream: str, row: Mapping[str, object]) -> dict[str, object]:
    """Return an object in the words of `describe`."""
    shapes = {"customer": _customer, "credit_note": _credit_note}
    found = shapes.get(stream, _invoice)(row)
    for key, value in part(row, "metadata").items():
        if key not in OWN:
            found[f"{METADATA}{key}"] = value
    return found


def part(row: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return an object inside an object, empty where it is null."""
    value = row.get(name)
    return value if isinstance(value, Mapping) else {}


def _customer(row: Mapping[str, object]) -> dict[str, object]:
    address = part(row, "address")
    locales = row.get("preferred_locales")
    plain = (name for name in CUSTOMER if name in row)
    return {
        **{name: row[name] for name in plain},
        **{f"address_{name}": address.get(name) for name in ADDRESS},
        "preferred_locale": locales[0] if isinstance(locales, list) and locales else "",
        "created": moment(row.get("created")),
    }


def _invoice(row: Mapping[str, object]) -> dict[str, object]:
    currency = str(row.get("currency") or "jpy")
    times = part(row, "status_transitions")
    plain = (name for name in INVOICE if name in row and name != "lines")
    found = {name: row[name] for name in plain}
    found |= {name: to_major(row.get(name), currency) for name in _SUMS}
    found |= {name: day(times.get(name)) for name in _MOMENTS}
    total, net = row.get("total"), row.get("total_excluding_tax")
    if isinstance(total, int) and isinstance(net, int):
        found["tax"] = to_major(total - net, currency)
    return found | {
        "partner_id": row.get("customer"),
        "subject": row.get("description"),
        "currency": currency.upper(),
        "billing_date": day(row.get("effective_at")),
        "payment_date": day(row.get("due_date")),
        "created": moment(row.get("created")),
    }


def _credit_note(row: Mapping[str, object]) -> dict[str, object]:
    """Return a credit note as a document whose sums are below zero."""
    currency = str(row.get("currency") or "jpy")
    plain = (name for name in CREDIT_NOTE if name in row and name != "lines")
    found = {name: row[name] for name in plain}
    total, net = row.get("total"), row.get("total_excluding_tax")
    if isinstance(total, int):
        found["total_amount"] = to_major(-total, currency)
        if isinstance(net, int):
            found["tax"] = to_major(net - total, currency)
    return found | {
        "invoice_id": row.get("invoice"),
        "partner_id": row.get("customer"),
        "currency": currency.upper(),
        "billing_date": day(row.get("effective_at")),
        "created": moment(row.get("created")),
    }


def at(value: object) -> datetime | None:
    """Return the moment of a Unix time."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return datetime.fromtimestamp(value, UTC)


def moment(value: object) -> str | None:
    """Return a Unix time as ISO text."""
    found = at(value)
    return found.isoformat() if found else None


def day(value: object) -> str | None:
    """Return the day in Japan of a Unix time."""
    found = at(value)
    return found.astimezone(TOKYO).date().isoformat() if found else None
