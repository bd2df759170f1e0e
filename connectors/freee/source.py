"""Reading freee: partners by day of update, invoices by sweeps and what is unpaid."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from tasuki.model.errors import ConfigError, CursorExpiredError, RejectedError
from tasuki.model.record import Page, Query, Record

from .client import Freee, row_of
from .deals import DEAL_FIELDS, Deals, deal_fields, deal_of
from .listing import (
    FUTURE,
    INVOICES,
    PARTNERS,
    Position,
    Row,
    Window,
    partner_pages,
    sweep,
)
from .schema import INVOICE_LIST_FIELDS, PARTNER, flat_partner
from .settings import TOKYO

log = logging.getLogger("tasuki.freee")

_VERSION: Final = 1
_OVERLAP: Final = timedelta(days=1)  # freee's update date has no time of day
_MOST_OPEN: Final = 20_000
_CLOSED: Final = frozenset({"settled", "canceled"})

# Filters of the list that never change for a document go to freee; the others are
# compared here, or an invoice that leaves the filter would look deleted.
_ASKED: Final = frozenset({"partner_ids", "subject", "invoice_number"})
_COMPARED: Final = frozenset(
    {"payment_status", "deal_status", "sending_status", "cancel_status"}
)


class FreeeSource:
    """The streams `partner` (freee会計) and `invoice` (freee請求書)."""

    def __init__(self, freee: Freee) -> None:
        self._freee = freee
        self._deals = Deals(freee)

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield what changed; see `_invoices` for what "changed" can mean here."""
        if query.stream == "partner":
            return self._partners(cursor)
        self._known(query.stream)
        return self._invoices(query, cursor)

    def cursor_at(self, stream: str, moment: datetime) -> str | None:
        """Return a cursor that covers all changes since a moment; partners only."""
        if stream != "partner":
            return None  # freee does not tell when an invoice changed
        day = moment.astimezone(TOKYO).date() - _OVERLAP
        mark = {"v": _VERSION, "stream": "partner", "since": day.isoformat()}
        return json.dumps(mark)

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return these records as they are now (one call each)."""
        self._known(query.stream)
        if query.stream == "partner":
            return [self._partner(record_id) for record_id in ids]
        return [self._invoice(query, record_id) for record_id in ids]

    def _known(self, stream: str) -> None:
        if stream not in {"invoice", "partner"}:
            where = f"{self._freee.connection}/{stream}"
            raise ConfigError(where, "freee has the streams invoice and partner")

    # Partners

    def _partners(self, cursor: str | None) -> Iterator[Page]:
        state = self._state(cursor, "partner") if cursor else {}
        since = str(state.get("since", ""))
        began = str(state.get("began", "")) or self._today().isoformat()
        offset = state.get("offset", 0)
        if not isinstance(offset, int):
            raise self._expired(stream="partner")
        following = {"v": _VERSION, "stream": "partner"}
        for rows, place in partner_pages(self._freee, since, offset):
            going_on = {"since": since, "began": began, "offset": place}
            overlap = (date.fromisoformat(began) - _OVERLAP).isoformat()
            end = {"since": overlap}
            mark = following | (end if place < 0 else going_on)
            yield Page([_partner_record(row) for row in rows], json.dumps(mark))

    def _partner(self, record_id: str) -> Record:
        row = self._single(PARTNERS, "partner", record_id)
        if row is None:
            return Record(record_id, "", {}, deleted=True)
        return _partner_record(row)

    # Invoices

    def _invoices(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield invoices; freee tells no time of change, so these are read each time.

        First all of them; afterwards (a) those billed lately, (b) older ones that are
        unpaid, (c) those that were unpaid last time and are not in (a) or (b): they
        were paid, cancelled or deleted.
        """
        asked, keep = self._filters(query.where)
        state = self._state(cursor, "invoice") if cursor else {}
        if state and "position" not in state:
            records = self._recorder(query, keep)
            yield from self._changed(asked, records, state, cursor or "")
            return
        today = self._today()
        began = self._day_of(state) if state else today
        unpaid = _Open(self._open_of(state) if state else {})
        position = self._position_of(state, self._whole(today, asked))
        for rows, after in sweep(self._freee, position):
            unpaid.note(rows)
            mark = unpaid.mark(began)
            if after.windows:
                mark["position"] = after.dump()
            yield Page(self._recorder(query, keep)(rows), _cursor(mark))

    def _changed(
        self,
        asked: Mapping[str, str],
        records: Callable[[Sequence[Row]], list[Record]],
        state: Mapping[str, object],
        cursor: str,
    ) -> Iterator[Page]:
        before = self._open_of(state)
        today = self._today()
        began = self._day_of(state)
        recent = min(began, today) - timedelta(self._freee.settings.recent_days)
        now, seen = _Open({}), set[int]()
        whole = self._whole(today, asked)
        lately = Window(recent, whole.end, asked)
        older = Window(whole.start, recent - _OVERLAP, asked)
        statuses = {"unsettled", *before.values()}
        parts: Iterable[Iterable[list[Row]]] = (
            (rows for rows, _ in sweep(self._freee, Position((lately,)))),
            self._unpaid(older, sorted(statuses)) if older.start <= older.end else (),
        )
        for part in parts:
            for rows in part:
                seen |= {int(str(row["id"])) for row in rows}
                now.note(rows)
                # The whole is read again if it stops halfway: it is small.
                yield Page(records(rows), cursor)
        for invoice_id in sorted(set(before) - seen):
            row = self._single(INVOICES, "invoice", str(invoice_id))
            if row is None:
                yield Page([Record(str(invoice_id), "", {}, deleted=True)], cursor)
                continue
            now.note([row])
            yield Page(records([row]), cursor)
        yield Page([], _cursor(now.mark(today)))

    def _unpaid(self, window: Window, statuses: Sequence[str]) -> Iterator[list[Row]]:
        for status in statuses:
            filters = {"payment_status": status, "cancel_status": "uncanceled"}
            asked = Window(window.start, window.end, {**window.filters, **filters})
            for rows, _ in sweep(self._freee, Position((asked,))):
                yield rows

    def _invoice(self, query: Query, record_id: str) -> Record:
        row = self._single(INVOICES, "invoice", record_id)
        if row is None:
            return Record(record_id, "", {}, deleted=True)
        return self._recorder(query, lambda _: True)([row])[0]

    def _recorder(
        self, query: Query, keep: Callable[[Row], bool]
    ) -> Callable[[Sequence[Row]], list[Record]]:
        """Return what makes records of invoices; deals are read where asked for."""
        with_deals = bool(set(query.fields) & set(DEAL_FIELDS))

        def records(rows: Sequence[Row]) -> list[Record]:
            kept = [row for row in rows if keep(row)]
            if not with_deals:
                return [_invoice_record(row) for row in kept]
            deals = self._deals.told_of(kept)
            return [
                _invoice_record(row | deal_fields(deals.get(deal_of(row) or 0)))
                for row in kept
            ]

        return records

    def _single(self, path: str, stream: str, record_id: str) -> Row | None:
        if not record_id.isdecimal():
            return None
        try:
            return row_of(self._freee.get(f"{path}/{record_id}", stream), stream)
        except RejectedError as error:
            if "404" in error.code:
                return None
            raise

    def _whole(self, today: date, asked: Mapping[str, str]) -> Window:
        return Window(self._freee.settings.history_from, today + FUTURE, asked)

    def _filters(
        self, where: object
    ) -> tuple[Mapping[str, str], Callable[[Row], bool]]:
        given = dict(parse_qsl(where)) if isinstance(where, str) else where or {}
        known = _ASKED | _COMPARED
        if (
            not isinstance(given, Mapping)
            or set(given) - known
            or (where and not given)
        ):
            stream = f"{self._freee.connection}/invoice"
            raise ConfigError(
                stream,
                "`where` is not a set of freee's list filters",
                f"Use {', '.join(sorted(known))}, as in payment_status=settled.",
            )
        texts = {str(name): str(value) for name, value in given.items()}
        asked = {name: value for name, value in texts.items() if name in _ASKED}
        compared = [(n, v) for n, v in texts.items() if n in _COMPARED]
        return asked, lambda row: all(row.get(name) == v for name, v in compared)

    # Cursors

    def _state(self, cursor: str, stream: str) -> dict[str, object]:
        try:
            state = json.loads(cursor)
        except ValueError as error:
            raise self._expired(stream) from error
        if (
            not isinstance(state, dict)
            or state.get("v") != _VERSION
            or state.get("stream") != stream
        ):
            raise self._expired(stream)
        return state

    def _day_of(self, state: Mapping[str, object]) -> date:
        try:
            return date.fromisoformat(str(state["began"]))
        except (KeyError, ValueError) as error:
            raise self._expired(stream="invoice") from error

    def _open_of(self, state: Mapping[str, object]) -> dict[int, str]:
        try:
            return _read_open(state["open"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._expired(stream="invoice") from error

    def _position_of(self, state: Mapping[str, object], whole: Window) -> Position:
        if not state:
            return Position((whole,))
        try:
            return Position.parse(str(state["position"]))
        except (ValueError, TypeError, AttributeError) as error:
            raise self._expired(stream="invoice") from error

    def _expired(self, stream: str) -> CursorExpiredError:
        where = f"{self._freee.connection}/{stream}"
        return CursorExpiredError(where, "the cursor is not one of this connector")

    def _today(self) -> date:
        return self._freee.clock.now().astimezone(TOKYO).date()


class _Open:
    """Invoices that still wait for money: id to payment status, as last yielded.

    A cursor carries what its reader was told, not what is true by then: an invoice
    that is paid right after it was read as unpaid is looked up next time.
    """

    def __init__(self, ids: Mapping[int, str]) -> None:
        self._ids = dict(ids)

    def note(self, rows: Iterable[Row]) -> None:
        """Remember those of the rows that are open."""
        for row in rows:
            number, status = int(str(row["id"])), str(row.get("payment_status"))
            if status in _CLOSED or row.get("cancel_status") == "canceled":
                self._ids.pop(number, None)
            else:
                self._ids[number] = status

    def mark(self, began: date) -> dict[str, object]:
        """Return the cursor's part: ids as differences, which are short."""
        ids = sorted(self._ids)
        if len(ids) > _MOST_OPEN:
            log.warning("freee: %s unpaid invoices; following %s", len(ids), _MOST_OPEN)
            ids = ids[-_MOST_OPEN:]
        by_status: dict[str, list[int]] = {}
        last: dict[str, int] = {}
        for number in ids:
            status = self._ids[number]
            by_status.setdefault(status, []).append(number - last.get(status, 0))
            last[status] = number
        return {"began": began.isoformat(), "open": by_status}


def _read_open(value: object) -> dict[int, str]:
    if not isinstance(value, dict):
        msg = "open ids by status are an object"
        raise TypeError(msg)
    found: dict[int, str] = {}
    for status, steps in value.items():
        number = 0
        for step in steps:
            number += int(step)
            found[number] = str(status)
    return found


def _cursor(mark: Mapping[str, object]) -> str:
    state = {"v": _VERSION, "stream": "invoice", **mark}
    return json.dumps(state, separators=(",", ":"))


def _invoice_record(row: Row) -> Record:
    fields = {name: row.get(name) for name in INVOICE_LIST_FIELDS}
    return Record(str(row["id"]), _hash(fields), fields)


def _partner_record(row: Row) -> Record:
    fields = flat_partner({n: v for n, v in row.items() if n in PARTNER})
    day = str(row.get("update_date") or "")
    modified = None
    if day:
        modified = datetime.fromisoformat(day).replace(tzinfo=TOKYO).astimezone(UTC)
    return Record(str(row["id"]), _hash(fields), fields, modified)


def _hash(fields: Mapping[str, object]) -> str:
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
