"""Reading Money Forward: invoices by day of update, partners and items by list."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from tasuki.model.errors import ConfigError, CursorExpiredError
from tasuki.model.record import Page, Query, Record

from .client import MoneyForward, moment_of
from .coded import is_id
from .listing import BILLINGS, ITEMS, PARTNERS, Row, pages, window, years
from .schema import flat_billing, flat_item, flat_partner
from .settings import TOKYO

_VERSION: Final = 1
_OVERLAP: Final = timedelta(days=1)  # the filter knows days only
_AHEAD: Final = timedelta(days=1)
_PATHS: Final = {"billing": BILLINGS, "partner": PARTNERS, "item": ITEMS}
_FLAT: Final[Mapping[str, Callable[[Row], dict[str, object]]]] = {
    "billing": flat_billing,
    "partner": flat_partner,
    "item": flat_item,
}
_COMPARED: Final = frozenset(
    {"partner_id", "payment_status", "email_status", "posting_status"}
)

State = dict[str, object]


class MoneyForwardSource:
    """The streams `billing`, `partner` and `item`."""

    def __init__(self, office: MoneyForward) -> None:
        self._office = office

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield what changed since the cursor's day, which is read again."""
        path = self._path(query.stream)
        keep = self._keep(query)
        state = self._state(cursor, query.stream)
        if query.stream == "billing":
            return self._billings(keep, state)
        return self._list(query.stream, path, keep, state)

    def cursor_at(self, stream: str, moment: datetime) -> str | None:
        """Return a cursor that covers all changes since a moment."""
        self._path(stream)
        return _cursor(stream, {"since": (_day(moment) - _OVERLAP).isoformat()})

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return these records as they are now (one call each)."""
        path, keep = self._path(query.stream), self._keep(query)
        found = []
        for one in ids:
            row = (
                self._office.single(f"{path}/{one}", query.stream, "read")
                if is_id(one)
                else None
            )
            if not row:
                found.append(Record(one, "", {}, deleted=True))
                continue
            record = _record(query.stream, row)
            record.outside = not keep(row)
            found.append(record)
        return found

    # Invoices

    def _billings(self, keep: Callable[[Row], bool], state: State) -> Iterator[Page]:
        """Yield invoices: all of them year by year, afterwards those updated lately.

        Whoever pays, mails or edits an invoice moves its day of update.
        """
        today = _day(self._office.clock.now())
        began = self._day_in(state, "began") or today
        key, windows = self._windows(state, today)
        ends = _cursor("billing", {"since": (began - _OVERLAP).isoformat()})
        first = self._page_in(state)
        for place, (start, last) in enumerate(windows):
            listed = pages(
                self._office, BILLINGS, "billing", window(key, start, last), first
            )
            first = 1
            for rows, page in listed:
                left = place + 1 < len(windows)
                mark = self._mark(state, began)
                if page:
                    mark |= {"from": start.isoformat(), "page": page}
                elif left:
                    mark |= {"from": windows[place + 1][0].isoformat(), "page": 1}
                going_on = _cursor("billing", mark) if page or left else ends
                records = [_record("billing", row) for row in rows if keep(row)]
                yield Page(records, going_on)

    def _windows(
        self, state: State, today: date
    ) -> tuple[str, list[tuple[date, date]]]:
        """Return which of an invoice's days is asked for, and the days."""
        since = self._day_in(state, "since")
        if since is not None:
            return "updated_at", [(since, today + _AHEAD)]
        history = self._office.settings.history_from
        start = self._day_in(state, "from") or history
        return "created_at", years(start, today + _AHEAD)

    def _mark(self, state: State, began: date) -> State:
        kept = {"since": state["since"]} if "since" in state else {}
        return {**kept, "began": began.isoformat()}

    # Partners and items

    def _list(
        self, stream: str, path: str, keep: Callable[[Row], bool], state: State
    ) -> Iterator[Page]:
        """Yield what was updated since; the whole list must be paged for it."""
        today = _day(self._office.clock.now())
        began = self._day_in(state, "began") or today
        since = self._day_in(state, "since")
        listed = pages(self._office, path, stream, None, self._page_in(state))
        for rows, page in listed:
            mark = (
                self._mark(state, began) | {"page": page}
                if page
                else {"since": (began - _OVERLAP).isoformat()}
            )
            records = [
                _record(stream, row)
                for row in rows
                if keep(row) and _is_since(row, since)
            ]
            yield Page(records, _cursor(stream, mark))

    # What was asked for

    def _path(self, stream: str) -> str:
        if stream not in _PATHS:
            words = "Money Forward has the streams billing, item and partner"
            raise ConfigError(self._office.where(stream), words)
        return _PATHS[stream]

    def _keep(self, query: Query) -> Callable[[Row], bool]:
        """Return what `where` asks; compared here, so that nothing looks deleted."""
        where = query.where
        given = dict(parse_qsl(where)) if isinstance(where, str) else where or {}
        wanted = (
            {str(name): str(value) for name, value in given.items()}
            if isinstance(given, Mapping)
            else {}
        )
        is_usable = query.stream == "billing" and wanted and set(wanted) <= _COMPARED
        if where and not is_usable:
            raise ConfigError(
                self._office.where(query.stream),
                "`where` is not a set of filters that can be compared",
                f"Use {', '.join(sorted(_COMPARED))} of invoices, as in "
                "payment_status=入金済み.",
            )
        return lambda row: all(row.get(name) == one for name, one in wanted.items())

    # Cursors

    def _state(self, cursor: str | None, stream: str) -> State:
        if cursor is None:
            return {}
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
        for name in ("since", "from", "began"):
            self._day_in(state, name)
        self._page_in(state)
        return state

    def _page_in(self, state: State) -> int:
        page = state.get("page", 1)
        if not isinstance(page, int) or page < 1:
            raise self._expired(str(state.get("stream")))
        return page

    def _day_in(self, state: State, name: str) -> date | None:
        if name not in state:
            return None
        try:
            return date.fromisoformat(str(state[name]))
        except ValueError as error:
            raise self._expired(str(state.get("stream"))) from error

    def _expired(self, stream: str) -> CursorExpiredError:
        where = self._office.where(stream)
        return CursorExpiredError(where, "the cursor is not one of this connector")


def _cursor(stream: str, mark: Mapping[str, object]) -> str:
    return json.dumps({"v": _VERSION, "stream": stream, **mark}, separators=(",", ":"))


def _day(moment: datetime) -> date:
    return moment.astimezone(TOKYO).date()


def _is_since(row: Row, since: date | None) -> bool:
    updated = moment_of(row.get("updated_at"))
    return since is None or updated is None or _day(updated) >= since


def _record(stream: str, row: Row) -> Record:
    fields = _FLAT[stream](row)
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, default=str)
    version = hashlib.sha256(text.encode()).hexdigest()[:24]
    return Record(str(row["id"]), version, fields, moment_of(row.get("updated_at")))
