"""The stand-in's 取消: a cancelled invoice stays, and loses its deal (取引)."""

from tasuki.sandbox.server import Reply, Request

from .deals import Deals
from .invoices import Invoices, missing
from .rules import refusal


class Cancelling:
    """PUT …/cancel and …/uncancel of invoices.

    freee documents what becomes of the deal, not when it refuses: the stand-in refuses
    whatever is paid, in part too, or is in that state already.
    """

    def __init__(self, invoices: Invoices, deals: Deals) -> None:
        self._invoices = invoices
        self._deals = deals

    def put(self, request: Request) -> Reply:
        """Cancel an invoice, or restore one."""
        row = self._invoices.rows.get(int(request.args["id"]))
        if row is None:
            return missing()
        status = f"{request.args['what']}ed"
        if row["cancel_status"] == status:
            return refusal(["請求書はすでにその状態です。"])
        deal = self._deals.rows.get(int(str(row["deal_id"] or 0)))
        if status == "canceled":
            is_paid = row["payment_status"] == "settled"
            if is_paid or (deal is not None and deal.get("payments")):
                return refusal(["決済済みの請求書は取消できません。"])
            if deal is not None:
                del self._deals.rows[int(str(deal["id"]))]
            row.update(deal_id=None, deal_status="unregistered")
        row["cancel_status"] = status
        return Reply(200, {"invoice": {"id": row["id"], "cancel_status": status}})
