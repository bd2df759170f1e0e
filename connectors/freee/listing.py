"""Lists of freee請求書 and freee会計, read whole although they can shift underneath.

freee請求書 refuses `limit + offset > 10,000`: a window that holds more is halved, by
billing date first, then by status.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from tasuki.model.errors import RemoteError, TransientError

from .client import Freee, rows_of

INVOICES: Final = "/iv/invoices"
PARTNERS: Final = "/api/1/partners"
INVOICE_PAGE: Final = 100
PARTNER_PAGE: Final = 3000

FUTURE: Final = timedelta(days=3660)  # invoices may be dated ahead
_WALL: Final = 10_000
_PATIENCE: Final = 5  # restarts of a window whose rows keep moving

# What a single day with more than 10,000 invoices is divided by.
_STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "payment_status": ("settled", "unsettled", "canceled", "unprocessed", "failed"),
    "sending_status": ("sent", "unsent"),
    "deal_status": ("registered", "unregistered"),
    "cancel_status": ("canceled", "uncanceled"),
}

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Window:
    """Invoices billed from `start` to `end`, both included, and further filters."""

    start: date
    end: date
    filters: Mapping[str, str]

    def params(self) -> dict[str, str | int]:
        """Return the query string."""
        return {
            **self.filters,
            "start_billing_date": self.start.isoformat(),
            "end_billing_date": self.end.isoformat(),
        }

    def halves(self) -> tuple["Window", ...]:
        """Return smaller windows that make up this one; none below the smallest."""
        days = (self.end - self.start).days
        if days > 0:
            middle = self.start + timedelta(days=days // 2)
            return (
                replace(self, end=middle),
                replace(self, start=middle + timedelta(days=1)),
            )
        for name, values in _STATUSES.items():
            if name not in self.filters:
                return tuple(
                    replace(self, filters={**self.filters, name: value})
                    for value in values
                )
        return ()

    def as_json(self) -> list[object]:
        """Return what `from_json` reads."""
        return [self.start.isoformat(), self.end.isoformat(), dict(self.filters)]

    @classmethod
    def from_json(cls, value: list[object]) -> "Window":
        """Read a window out of a cursor."""
        start, end, filters = value
        if not isinstance(filters, dict):
            msg = "a window's filters are an object"
            raise TypeError(msg)
        days = (date.fromisoformat(str(start)), date.fromisoformat(str(end)))
        return cls(*days, {str(k): str(v) for k, v in filters.items()})


@dataclass(frozen=True, slots=True)
class Position:
    """Where a sweep stands: windows still to read, and the place in the first one."""

    windows: tuple[Window, ...]
    offset: int = 0
    last: int = 0  # id of the row at `offset`, when some of the window was read

    def dump(self) -> str:
        """Return the position as text."""
        windows = [window.as_json() for window in self.windows]
        return json.dumps([windows, self.offset, self.last], separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read a dumped position; raises ValueError or TypeError on another text."""
        windows, offset, last = json.loads(text)
        return cls(tuple(map(Window.from_json, windows)), int(offset), int(last))


def sweep(
    freee: Freee, position: Position, kind: str = "read"
) -> Iterator[tuple[list[Row], Position]]:
    """Yield the invoices of all windows, with the position after each page.

    The list's order is not documented and a row may vanish while it is paged. Each
    page therefore begins with the last row of the page before; when it is not there,
    something moved and the window is read again from its start. When it is there, but
    not in front, a row has come in before it, perhaps one that was still to be read:
    the window is read once more afterwards. Rows may come twice.
    """
    restarts = 0
    came_in = again = False
    before: set[object] = set()
    while position.windows:
        window, *later = position.windows
        rows = _page(freee, window, position.offset, kind)
        before = _moved_on(rows, before, f"{freee.connection}/invoice", INVOICE_PAGE)
        if position.offset and position.last not in {row["id"] for row in rows}:
            restarts += 1
            if restarts > _PATIENCE:
                where = f"{freee.connection}/invoice"
                raise TransientError(where, "the list changes faster than it is read")
            position, before = replace(position, offset=0, last=0), set()
            continue
        came_in |= bool(position.offset) and rows[0]["id"] != position.last
        if len(rows) < INVOICE_PAGE:
            restarts, before = 0, set()
            again = came_in and not again
            came_in = False
            position = Position(position.windows if again else tuple(later))
        elif position.offset == 0 and _overflows(freee, window, kind):
            halves = window.halves()
            if not halves:
                where = f"{freee.connection}/invoice"
                words = f"more than {_WALL} invoices of {window.start} look alike"
                raise RemoteError(where, words, "too_many")
            position, before = Position((*halves, *later)), set()
            continue
        else:
            position = Position(
                position.windows,
                position.offset + INVOICE_PAGE - 1,
                int(str(rows[-1]["id"])),
            )
        yield rows, position


def _moved_on(
    rows: list[Row], before: set[object], where: str, size: int
) -> set[object]:
    """Return the ids of a page, or raise when a full one brings nothing new."""
    ids: set[object] = {row["id"] for row in rows}
    if len(rows) >= size and before and ids <= before:
        raise TransientError(where, "the list goes round in circles", "ENDLESS")
    return ids


def _page(freee: Freee, window: Window, offset: int, kind: str) -> list[Row]:
    params = {**window.params(), "limit": INVOICE_PAGE, "offset": offset}
    answer = freee.get(INVOICES, "invoice", params, kind)
    return rows_of(answer, "invoices", f"{freee.connection}/invoice")


def _overflows(freee: Freee, window: Window, kind: str) -> bool:
    """Say whether the window reaches the 10,000th row (one small call)."""
    params = {**window.params(), "limit": 1, "offset": _WALL - 1}
    answer = freee.get(INVOICES, "invoice", params, kind)
    return bool(rows_of(answer, "invoices", f"{freee.connection}/invoice"))


def partner_pages(
    freee: Freee, since: str = "", offset: int = 0, kind: str = "read"
) -> Iterator[tuple[list[Row], int]]:
    """Yield the partners in order of id, with the offset to go on from after each page.

    Pages overlap by one row, as those of invoices do; a list that moved is read again.
    """
    last: object = None
    before: set[object] = set()
    restarts = 0
    while True:
        params: dict[str, str | int] = {"limit": PARTNER_PAGE, "offset": offset}
        if since:
            params["start_update_date"] = since
        where = f"{freee.connection}/partner"
        rows = rows_of(freee.get(PARTNERS, "partner", params, kind), "partners", where)
        before = _moved_on(rows, before, where, PARTNER_PAGE)
        if last is not None and last not in {row["id"] for row in rows}:
            restarts += 1
            if restarts > _PATIENCE:
                raise TransientError(where, "the list changes faster than it is read")
            offset, last, before = 0, None, set()
            continue
        if len(rows) < PARTNER_PAGE:
            yield rows, -1
            return
        offset += PARTNER_PAGE - 1
        last = rows[-1]["id"]
        yield rows, offset
