"""Cancelling invoices (取消): freee keeps the document, and deletes its deal (取引)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from tasuki.model.errors import InDoubtError
from tasuki.ports import Cancellable

from .client import Freee, row_of
from .deals import Deals, deal_fields, deal_of
from .invoices import Invoices
from .listing import INVOICES, Row

_STREAM: Final = "invoice"
_CANCELED: Final = "canceled"


class Cancellations:
    """What `tasuki invoice cancel` asks of freee."""

    def __init__(self, freee: Freee, invoices: Invoices) -> None:
        self._freee = freee
        self._invoices = invoices
        self._deals = Deals(freee)

    def look(self, invoice_id: str) -> Cancellable | None:
        """Return an invoice as it is now (one call, and one more for its deal)."""
        row = self._invoices.single(invoice_id)
        if row is None:
            return None
        is_cancelled = row.get("cancel_status") == _CANCELED
        number = deal_of(row)
        return Cancellable(
            number=str(row.get("invoice_number") or invoice_id),
            total=Decimal(str(row.get("total_amount") or 0)),
            currency="JPY",
            partner=str(row.get("partner_display_name") or row.get("partner_name")),
            is_cancelled=is_cancelled,
            refusal="" if is_cancelled else self._refusal(row),
            along=f"its deal (取引 {number}) in freee会計 is deleted" if number else "",
        )

    def _refusal(self, row: Row) -> str:
        if row.get("payment_status") == "settled":
            return "it is paid (決済済み)"
        if deal_of(row) is None:
            return ""
        # A part that came in leaves the invoice unsettled, and is in its deal alone:
        # cancelling would delete it.
        for deal in self._deals.told_of([row]).values():
            if deal_fields(deal)["paid_amount"]:
                return f"a part of it is paid (取引 {deal['id']})"
        return ""

    def cancel(self, invoice_id: str, fence: Callable[[], None]) -> None:
        """Cancel one invoice: one call, never repeated."""
        path = f"{INVOICES}/{invoice_id}/cancel"
        answer = self._freee.change("PUT", path, _STREAM, {}, fence, repeatable=False)
        row = row_of(answer, _STREAM)
        if (str(row.get("id")), row.get("cancel_status")) != (invoice_id, _CANCELED):
            where = f"{self._freee.connection}/{_STREAM}/{invoice_id}"
            raise InDoubtError(where, f"answer {answer.status} does not say cancelled")
