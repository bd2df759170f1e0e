"""Lists of Money Forward, read whole although they can shift underneath.

Pages have numbers, and the order is not documented. When the count of all changes
between two pages, a row may have slipped past: the list is read again from its start.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from tasuki.model.errors import TransientError

from .client import MoneyForward, rows_of
from .settings import ROOT

BILLINGS: Final = f"{ROOT}/billings"
PARTNERS: Final = f"{ROOT}/partners"
ITEMS: Final = f"{ROOT}/items"
PAGE: Final = 100
_PATIENCE: Final = 5

Row = dict[str, object]
Filters = Mapping[str, str | int]


def pages(
    office: MoneyForward,
    path: str,
    stream: str,
    filters: Filters | None = None,
    first: int = 1,
    kind: str = "read",
) -> Iterator[tuple[list[Row], int]]:
    """Yield a list's rows, with the page to go on from; 0 after the last one.

    Rows may come twice.

    Raises:
        TransientError: the list changes faster than it is read.
    """
    where = office.where(stream)
    page, known, restarts = first, -1, 0
    before: set[object] = set()
    while page:
        params = {**(filters or {}), "page": page, "per_page": PAGE}
        rows, total, last = rows_of(office.get(path, stream, params, kind), where)
        ids: set[object] = {row.get("id") for row in rows}
        if len(rows) >= PAGE and ids == before:
            raise TransientError(where, "the list goes round in circles", "ENDLESS")
        if known not in {-1, total}:
            restarts += 1
            if restarts > _PATIENCE:
                raise TransientError(where, "the list changes faster than it is read")
            page, known, before = 1, -1, set()
            continue
        known, before = total, ids
        page = page + 1 if page < last else 0
        yield rows, page


def window(key: str, first: date, last: date) -> dict[str, str | int]:
    """Return the filter of days, both included, on one of an invoice's dates."""
    return {"range_key": key, "from": first.isoformat(), "to": last.isoformat()}


def years(first: date, last: date) -> list[tuple[date, date]]:
    """Return the days from first to last, cut at the ends of years.

    A year that is over is a list that stands still, which the whole is not.
    """
    return [
        (max(first, date(year, 1, 1)), min(last, date(year, 12, 31)))
        for year in range(first.year, last.year + 1)
    ]
