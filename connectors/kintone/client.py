"""kintone over HTTP: the few calls that everything is made of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from tasuki.connector import Wire
from tasuki.model.errors import TransientError
from tasuki.model.write import Request
from tasuki.transport.answer import told_at
from tasuki.transport.http import exact_json

from .queries import above, in_order
from .settings import KintoneSettings, window_of
from .values import ID, Row
from .vendor_errors import translate

PAGE: Final = 500
BATCH: Final = 100
_LONGEST_QUERY: Final = 3_000
"""Characters of a GET's parameters; kintone refuses addresses above 4 KB."""

T = TypeVar("T")


class _NoLogin:
    """Each request carries its app's token; there is nothing to renew."""

    def headers(self) -> Mapping[str, str]:
        """Return nothing: an app's token goes with its own requests only."""
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - a protocol's
        """Say that there is nothing newer."""
        return False


class Client:
    """The calls of one connection; every one is budgeted, retried and translated."""

    def __init__(self, settings: KintoneSettings, wire: Wire) -> None:
        self.settings = settings
        self.wire = wire
        self._http = wire.http(settings.url, _NoLogin(), translate, exact_json)

    def close(self) -> None:
        """Give the sockets back."""
        self._http.close()

    def where(self, stream: str) -> str:
        """Return how messages name a stream."""
        return f"{self.wire.connection}/{stream}"

    def form(self, stream: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the settings of an app's fields by their codes."""
        body, _ = self._get(stream, "app/form/fields.json", {}, "set-up")
        fields = body.get("properties")
        return fields if isinstance(fields, dict) else {}

    def records(
        self,
        stream: str,
        query: str,
        fields: Sequence[str],
        *,
        kind: str = "read",
        total: bool = False,
    ) -> tuple[list[Row], int, datetime]:
        """Return what a query finds, how many there are, and when it was told.

        Raises:
            TransientError: there is no list; taking that for "none" would lose some.
        """
        asked: dict[str, object] = {"query": query}
        if total:
            asked["totalCount"] = True
        if fields:
            asked["fields"] = list(dict.fromkeys((ID, *fields)))
        body, told_at = self._get(stream, "records.json", asked, kind)
        rows = body.get("records")
        if not isinstance(rows, list):
            raise TransientError(self.where(stream), "the answer has no 'records'")
        return rows, int(body.get("totalCount") or 0), told_at

    def walk(
        self,
        stream: str,
        conditions: Sequence[str],
        fields: Sequence[str],
        *,
        after: int = 0,
        kind: str = "read",
    ) -> Iterator[tuple[list[Row], bool, datetime]]:
        """Yield pages by record number, each with whether it is the last.

        A record that goes away or changes meanwhile moves no other; and no offset is
        used, which ends at 10,000.
        """
        while True:
            query = in_order([*conditions, above(after)], PAGE)
            rows, _, told_at = self.records(stream, query, fields, kind=kind)
            after = self._last(stream, rows, after)
            is_last = len(rows) < PAGE
            yield rows, is_last, told_at
            if is_last:
                return

    def send(
        self, stream: str, request: Request, fence: Callable[[], None]
    ) -> list[Mapping[str, Any]]:
        """Send a batch that may be repeated; returns what it says of each row."""
        app = self.settings.app_of(stream)
        answer = self._http.send(
            request.method,
            request.path,
            kind="write",
            where=self.where(stream),
            repeatable=True,
            json=request.body,
            headers=self.settings.headers_of(stream),
            window=window_of(app),
            fence=fence,
        )
        body = answer.body
        rows = body.get("records") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise TransientError(self.where(stream), "the answer has no 'records'")
        return rows

    def _last(self, stream: str, rows: Sequence[Row], before: int) -> int:
        ids = [before, *(id_of(row) for row in rows)]
        if any(left >= right for left, right in pairwise(ids)):
            words = "records came out of the order of their numbers"
            raise TransientError(self.where(stream), words, "ORDER")
        return ids[-1]

    def _get(
        self, stream: str, name: str, asked: Mapping[str, object], kind: str
    ) -> tuple[Mapping[str, Any], datetime]:
        """Read something; a long query goes as a POST that says it is a GET."""
        app = self.settings.app_of(stream)
        headers = self.settings.headers_of(stream)
        params = _params({"app": app.app, **asked})
        is_long = len(urlencode(params)) > _LONGEST_QUERY
        if is_long:
            headers["x-http-method-override"] = "GET"
        now = self.wire.clock.now()
        answer = self._http.send(
            "POST" if is_long else "GET",
            f"{app.root}/{name}",
            kind=kind,
            where=self.where(stream),
            repeatable=True,
            params=None if is_long else params,
            json={"app": app.app, **asked} if is_long else None,
            headers=headers,
            window=window_of(app),
        )
        body = answer.body if isinstance(answer.body, dict) else {}
        return body, told_at(answer.headers, now)


def id_of(row: Row) -> int:
    """Return a record's number."""
    return int(row[ID]["value"])


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _params(asked: Mapping[str, object]) -> dict[str, str | int]:
    """Return parameters as kintone has them in an address: `fields[0]`."""
    found: dict[str, str | int] = {}
    for name, value in asked.items():
        if isinstance(value, list):
            found |= {f"{name}[{place}]": one for place, one in enumerate(value)}
        else:
            found[name] = "true" if value is True else str(value)
    return found
