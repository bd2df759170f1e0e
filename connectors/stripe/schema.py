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

FINISHES: Final = ("draft", "finalize", "send")
_STATUSES: Final = ("draft", "open", "paid", "uncollectible", "void")
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

STREAMS: Final[Mapping[str, Mapping[str, FieldFacts]]] = {
    "customer": CUSTOMER,
    "invoice": INVOICE,
}
PATHS: Final = {"customer": CUSTOMERS, "invoice": INVOICES}


def describe(stream: str, metadata: Sequence[str]) -> Schema | None:
    """Return a stream's fields with those of metadata; None: there is no such one."""
    facts = STREAMS.get(stream)
    if facts is None:
        return None
    more = _table(*(_fact(f"{METADATA}{key}", length=500) for key in metadata))
    return Schema(stream, {**facts, **more})


def flat(stream: str, row: Mapping[str, object]) -> dict[str, object]:
    """Return an object in the words of `describe`."""
    found = _customer(row) if stream == "customer" else _invoice(row)
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
