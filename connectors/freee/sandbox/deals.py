"""The stand-in's deals (取引): what invoices were registered as, and what came in."""

from collections.abc import Mapping
from typing import Final

from tasuki.sandbox.server import Reply, Request

from .rules import validation

Row = dict[str, object]

_DEFAULT_LIMIT: Final = 20
_MOST: Final = 100
_KNOWN: Final = frozenset(
    {
        "company_id", "partner_id", "account_item_id", "partner_code", "status", "type",
        "start_issue_date", "end_issue_date", "start_due_date", "end_due_date",
        "start_renew_date", "end_renew_date", "offset", "limit", "accruals",
    }
)  # fmt: skip


class Deals:
    """The income deals of the company."""

    def __init__(self, company_id: int) -> None:
        self._company_id = company_id
        self.rows: dict[int, Row] = {}

    def dump(self) -> object:
        """Return the state."""
        return list(self.rows.values())

    def load(self, rows: object) -> None:
        """Take over a dumped state."""
        listed = rows if isinstance(rows, list) else []
        self.rows = {int(str(row["id"])): row for row in listed}

    # Reading

    def index(self, request: Request) -> Reply:
        """List the deals that fit, the newest first."""
        asked = {name: values[-1] for name, values in request.params.items()}
        limit = int(asked.get("limit", _DEFAULT_LIMIT))
        offset = int(asked.get("offset", 0))
        if set(asked) - _KNOWN or not 1 <= limit <= _MOST or offset < 0:
            return validation(["リクエストの形式が不正です。"])
        rows = [row for row in self.rows.values() if _fits(row, asked)]
        rows.sort(key=lambda row: (str(row["issue_date"]), int(str(row["id"]))))
        some = rows[::-1][offset : offset + limit]
        return Reply(200, {"deals": some, "meta": {"total_count": len(rows)}})

    def show(self, request: Request) -> Reply:
        """Return one."""
        row = self.rows.get(int(request.args["id"]))
        if row is None:
            return validation(["取引が見つかりません。"], 404)
        return Reply(200, {"deal": row})

    # A person at the screen

    def register(self, invoice: Row) -> Row:
        """Register an invoice as a deal (取引登録), once."""
        known = self.rows.get(int(str(invoice.get("deal_id") or 0)))
        if known is not None:
            return known
        number = max(self.rows, default=500_000) + 1
        row: Row = {
            "id": number,
            "company_id": self._company_id,
            "issue_date": invoice["issue_date"],
            "due_date": invoice["payment_date"],
            "amount": invoice["total_amount"],
            "due_amount": invoice["total_amount"],
            "type": "income",
            "partner_id": invoice["partner_id"],
            "partner_code": invoice["partner_code"],
            "ref_number": invoice["invoice_number"],
            "status": "unsettled",
            "deal_origin_name": "freee請求書",
            "details": [],
            "receipts": [],
        }
        self.rows[number] = row
        invoice.update(deal_id=number, deal_status="registered")
        return row

    def receive(self, invoice: Row, amount: int, day: str) -> bool:
        """Note a payment of an invoice; return whether all of it came in."""
        deal = self.register(invoice)
        listed = deal.setdefault("payments", [])
        payments = listed if isinstance(listed, list) else []
        payments.append(
            {
                "id": int(str(deal["id"])) * 10 + len(payments),
                "date": day,
                "from_walletable_type": "bank_account",
                "from_walletable_id": 1,
                "amount": amount,
            }
        )
        received = sum(int(str(one["amount"])) for one in payments)
        left = int(str(deal["amount"])) - received
        deal["due_amount"] = left if int(str(deal["amount"])) < 0 else max(left, 0)
        deal["status"] = "unsettled" if deal["due_amount"] else "settled"
        return not deal["due_amount"]


def _fits(row: Row, asked: Mapping[str, str]) -> bool:
    for name in ("issue_date", "due_date"):
        day = str(row[name] or "")
        first = asked.get(f"start_{name}", "")
        if not first <= day <= asked.get(f"end_{name}", "9999-12-31"):
            return False
    return (
        asked.get("type", "income") == "income"
        and asked.get("status", row["status"]) == row["status"]
        and asked.get("partner_id", str(row["partner_id"])) == str(row["partner_id"])
    )
