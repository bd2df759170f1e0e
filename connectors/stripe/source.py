"""Reading Stripe: everything by list, afterwards what events tell of."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from tasuki.model.errors import ConfigError, CursorExpiredError
from tasuki.model.record import Page, Query, Record

from .client import Row, Stripe
from .schema import METADATA, PATHS, at, flat, part
from .settings import VERSION

_FORMAT: Final = 1
_OVERLAP: Final = timedelta(minutes=10)  # late events, and clocks that differ
_REMEMBERED: Final = timedelta(days=29)  # Stripe keeps events for 30 days
_TYPES: Final = {
    "invoice": {"type": "invoice.*"},
    "customer": {
        "types[0]": "customer.created",
        "types[1]": "customer.updated",
        "types[2]": "customer.deleted",
    },
}
_COMPARED: Final = frozenset({"status", "partner_id", "currency", "collection_method"})

State = dict[str, object]


class StripeSource:
    """The streams `customer` and `invoice`."""

    def __init__(self, stripe: Stripe) -> None:
        self._stripe = stripe

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield all records by list, afterwards those that events name."""
        self._path(query.stream)
        keep = self._keep(query)
        state = self._state(cursor, query.stream) if cursor else {}
        if "since" in state:
            return self._changed(query.stream, keep, state, cursor or "")
        return self._all(query.stream, keep, state)

    def cursor_at(self, stream: str, moment: datetime) -> str | None:
        """Return a cursor that covers all changes since a moment."""
        self._path(stream)
        now = self._stripe.clock.now()
        if moment < now - _REMEMBERED:
            return None
        return _cursor(stream, {"since": int((moment - _OVERLAP).timestamp())})

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return these records as they are now (one call each)."""
        keep = self._keep(query)
        found = []
        for one in ids:
            record = self._one(query.stream, one)
            record.outside = not record.deleted and not keep(record.fields)
            found.append(record)
        return found

    def _one(self, stream: str, record_id: str) -> Record:
        row = self._stripe.single(self._path(stream), record_id, stream, "read")
        if row is None:
            return Record(record_id, "", {}, deleted=True)
        return record_of(stream, row)

    # Everything

    def _all(
        self, stream: str, keep: Callable[[Mapping[str, object]], bool], state: State
    ) -> Iterator[Page]:
        now = self._stripe.clock.now().astimezone(UTC)
        began = self._whole(state, "began", stream) or int(now.timestamp())
        after = str(state.get("after") or "")
        path = self._path(stream)
        for rows, last in self._stripe.pages(path, stream, after=after):
            records = [record_of(stream, row) for row in rows]
            mark: State = {"began": began, "after": last}
            if not last:
                mark = {"since": began - int(_OVERLAP.total_seconds())}
            kept = [one for one in records if keep(one.fields)]
            yield Page(kept, _cursor(stream, mark))

    # Changes

    def _changed(
        self,
        stream: str,
        keep: Callable[[Mapping[str, object]], bool],
        state: State,
        cursor: str,
    ) -> Iterator[Page]:
        """Yield what events name, each record as its newest event shows it.

        They come newest first, so the place moves on only at the end.
        """
        since = self._whole(state, "since", stream)
        now = self._stripe.clock.now()
        if since < int((now - _REMEMBERED).timestamp()):
            words = "Stripe has forgotten the events since then"
            raise CursorExpiredError(self._stripe.where(stream), words)
        told: set[str] = set()
        params: dict[str, str | int] = {**_TYPES[stream], "created[gte]": since}
        for events, _ in self._stripe.pages("/v1/events", stream, params):
            records = []
            for record_id, event in _newest(stream, events):
                if record_id not in told:
                    told.add(record_id)
                    records.append(self._shown(stream, record_id, event))
            # The whole is read again if it stops halfway: it is small.
            yield Page([x for x in records if x.deleted or keep(x.fields)], cursor)
        following = int((now - _OVERLAP).timestamp())
        yield Page([], _cursor(stream, {"since": max(since, following)}))

    def _shown(self, stream: str, record_id: str, event: Row) -> Record:
        """Return a record as its newest event shows it, or ask where that is unsure."""
        shown = part(part(event, "data"), "object")
        if str(event.get("type")) == f"{stream}.deleted":
            return Record(record_id, "", {}, deleted=True)
        if event.get("api_version") != VERSION or event.get("unsure"):
            return self._one(stream, record_id)
        return record_of(stream, dict(shown))

    # What was asked for

    def _path(self, stream: str) -> str:
        if stream not in PATHS:
            words = "Stripe is connected with the streams customer and invoice"
            raise ConfigError(self._stripe.where(stream), words)
        return PATHS[stream]

    def _keep(self, query: Query) -> Callable[[Mapping[str, object]], bool]:
        """Return what `where` asks; compared here, so that nothing looks deleted."""
        where = query.where
        given = dict(parse_qsl(where)) if isinstance(where, str) else where or {}
        wanted = (
            {str(name): str(value) for name, value in given.items()}
            if isinstance(given, Mapping)
            else {}
        )
        wrong = [n for n in wanted if n not in _COMPARED and not n.startswith(METADATA)]
        if where and (wrong or not wanted):
            raise ConfigError(
                self._stripe.where(query.stream),
                "`where` is not a set of filters that can be compared",
                f"Use {', '.join(sorted(_COMPARED))} or {METADATA}KEY, as in "
                "status=paid.",
            )
        return lambda row: all(
            str(row.get(n) or "") == value for n, value in wanted.items()
        )

    # Cursors

    def _state(self, cursor: str, stream: str) -> State:
        try:
            state = json.loads(cursor)
        except ValueError as error:
            raise self._expired(stream) from error
        if (
            not isinstance(state, dict)
            or state.get("v") != _FORMAT
            or state.get("stream") != stream
        ):
            raise self._expired(stream)
        return state

    def _whole(self, state: State, name: str, stream: str) -> int:
        value = state.get(name, 0)
        if not isinstance(value, int):
            raise self._expired(stream)
        return value

    def _expired(self, stream: str) -> CursorExpiredError:
        where = self._stripe.where(stream)
        return CursorExpiredError(where, "the cursor is not one of this connector")


def _newest(stream: str, events: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    """Yield each record's newest event; `unsure` where a second one is as new.

    Stripe does not promise the order of events of one second.
    """
    seen: dict[str, Row] = {}
    for event in events:
        shown = part(part(event, "data"), "object")
        record_id = str(shown.get("id") or "")
        if not record_id or shown.get("object") != stream:
            continue
        first = seen.get(record_id)
        if first is None:
            seen[record_id] = dict(event)
        elif first.get("created") == event.get("created"):
            first["unsure"] = True
    yield from seen.items()


def _cursor(stream: str, mark: Mapping[str, object]) -> str:
    return json.dumps({"v": _FORMAT, "stream": stream, **mark}, separators=(",", ":"))


def record_of(stream: str, row: Row) -> Record:
    """Return an object as a record; its version changes whenever its fields do."""
    fields = flat(stream, row)
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, default=str)
    version = hashlib.sha256(text.encode()).hexdigest()[:24]
    return Record(str(row["id"]), version, fields, at(row.get("created")))
