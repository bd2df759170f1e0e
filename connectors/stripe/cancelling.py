"""Cancelling invoices: Stripe calls it void. The document stays, with its number."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from tasuki.model.errors import InDoubtError
from tasuki.ports import Cancellable

from .amounts import to_major
from .client import Row, Stripe
from .schema import INVOICES

_STREAM: Final = "invoice"
_VOID: Final = "void"
_UNPAID: Final = frozenset({"open", "uncollectible"})


class Cancellations:
    """What `tasuki invoice cancel` asks of Stripe."""

    def __init__(self, stripe: Stripe) -> None:
        self._stripe = stripe

    def look(self, invoice_id: str) -> Cancellable | None:
        """Return an invoice as it is now (one call)."""
        row = self._stripe.single(INVOICES, invoice_id, _STREAM, "look-up")
        if row is None:
            return None
        currency = str(row.get("currency") or "")
        total = to_major(row.get("total"), currency)
        return Cancellable(
            number=str(row.get("number") or invoice_id),
            total=Decimal(total or 0),
            currency=currency.upper(),
            partner=str(row.get("customer_name") or row.get("customer") or ""),
            is_cancelled=row.get("status") == _VOID,
            refusal=_refusal(row),
        )

    def cancel(self, invoice_id: str, fence: Callable[[], None]) -> None:
        """Make one invoice void: what was void already is refused, never changed."""
        # A key for each asking: an old answer must not stand for a later look.
        asked = int(self._stripe.clock.now().timestamp())
        path = f"{INVOICES}/{quote(invoice_id, safe='')}/void"
        key = f"tasuki-void-{invoice_id}-{asked}"
        row, _ = self._stripe.post(path, _STREAM, {}, key, fence)
        if (row.get("id"), row.get("status")) != (invoice_id, _VOID):
            where = self._stripe.where(f"{_STREAM}/{invoice_id}")
            raise InDoubtError(where, "the answer does not say void")


def _refusal(row: Row) -> str:
    status = row.get("status")
    if status == "draft":
        return "it is a draft, which Stripe deletes and does not void"
    if status == "paid":
        return "it is paid"
    if status in _UNPAID and row.get("amount_paid"):
        return "a part of it is paid"
    return ""
