"""What came in for invoices: read from their deals (取引) in freee会計.

freee請求書 knows settled and unsettled; a part, and the days, stand in the deal that an
invoice was registered as. Deals are listed a hundred at a time by 発生日; one whose day
lies elsewhere is asked for by itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from tasuki.model.errors import RejectedError

from .client import Freee, row_of, rows_of
from .listing import Row

DEALS: Final = "/api/1/deals"
DEAL_FIELDS: Final = ("paid_amount", "due_amount", "paid_on")
"""What a deal tells of its invoice."""

_PAGE: Final = 100
_FEW: Final = 3  # so many are asked for one by one
_MARGIN: Final = timedelta(days=7)
_MOST_PAGES: Final = 20  # of a page of invoices: beyond that, one by one is cheaper


class Deals:
    """The deals of invoices."""

    def __init__(self, freee: Freee) -> None:
        self._freee = freee

    def told_of(self, rows: Iterable[Row]) -> dict[int, Row]:
        """Return the deals of these invoices by id, in few calls."""
        wanted = {number: row for row in rows if (number := deal_of(row)) is not None}
        found: dict[int, Row] = {}
        if len(wanted) > _FEW:
            days = [date.fromisoformat(str(_day(row))) for row in wanted.values()]
            first, last = min(days) - _MARGIN, max(days) + _MARGIN
            for page in self._listed(first, last):
                found |= {int(str(deal["id"])): deal for deal in page}
                if wanted.keys() <= found.keys():
                    break
        for number in sorted(wanted.keys() - found.keys()):
            one = self._single(number)
            if one is not None:
                found[number] = one
        return found

    def _listed(self, first: date, last: date) -> Iterator[list[Row]]:
        where = f"{self._freee.connection}/invoice"
        for place in range(_MOST_PAGES):
            params: dict[str, str | int] = {
                "type": "income",
                "start_issue_date": first.isoformat(),
                "end_issue_date": last.isoformat(),
                "limit": _PAGE,
                "offset": place * _PAGE,
            }
            answer = self._freee.get(DEALS, "invoice", params)
            page = rows_of(answer, "deals", where)
            yield page
            if len(page) < _PAGE:
                return

    def _single(self, number: int) -> Row | None:
        try:
            answer = self._freee.get(f"{DEALS}/{number}", "invoice")
        except RejectedError as error:
            if "404" in error.code:
                return None
            raise
        return row_of(answer, "deal") or None


def deal_of(row: Mapping[str, object]) -> int | None:
    """Return the id of an invoice's deal; None while it is registered as none."""
    number = row.get("deal_id")
    return int(str(number)) if number else None


def deal_fields(deal: Mapping[str, object] | None) -> dict[str, object]:
    """Return what a deal tells of its invoice; nothing is known without one.

    What was set off otherwise than by a payment (+更新) lessens `due_amount` alone, so
    the larger of the two is what came in.
    """
    if deal is None:
        return dict.fromkeys(DEAL_FIELDS)
    listed = deal.get("payments")
    payments = listed if isinstance(listed, list) else []
    received = sum(int(str(one["amount"])) for one in payments)
    due = int(str(deal.get("due_amount") or 0))
    settled = int(str(deal.get("amount") or 0)) - due
    return {
        "paid_amount": max(received, settled, key=abs),
        "due_amount": due,
        "paid_on": max((str(one["date"]) for one in payments), default=None),
    }


def _day(row: Mapping[str, object]) -> object:
    return row.get("issue_date") or row.get("billing_date")
