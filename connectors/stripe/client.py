"""Calls to Stripe: composition, and Stripe's answers in our words."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import httpx

from tasuki.connector import Wire
from tasuki.model.errors import (
    AccessError,
    InDoubtError,
    RejectedError,
    TasukiError,
    ThrottledError,
    TransientError,
)
from tasuki.transport.answer import retry_after, shorten
from tasuki.transport.http import exact_json, no_fence

from .settings import SEARCH, VERSION, StripeSettings

FORM: Final = "application/x-www-form-urlencoded"
PAGE: Final = 100
_OWN_HOSTS: Final = (".stripe.com", ".stripecdn.com")
_MOST_TURNS: Final = 4

REPLAYED: Final = "replayed_error"
"""An error of Stripe's own that it repeats for a key: the key is spent."""

Row = dict[str, object]
_NOT_OURS: Final = frozenset({"idempotency_key_in_use", "lock_timeout"})
_PERSONAL: Final = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_KEY: Final = re.compile(r"\b[sr]k_(test|live)_[\w*]+")
_ACCESS: Final = (
    "Check `api_key`: the restricted key needs Customers and Invoices (write), "
    "Tax Rates and Events (read); `tasuki doctor` shows which is refused."
)


def encode(body: Mapping[str, object]) -> bytes:
    """Return a form body; nested values as Stripe spells them, `a[b]` and `a[0][b]`."""
    return urlencode(list(_pairs("", body))).encode()


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _pairs(f"{name}[{key}]" if name else str(key), one)
    elif isinstance(value, list | tuple):
        for place, one in enumerate(value):
            yield from _pairs(f"{name}[{place}]", one)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    else:
        yield name, "" if value is None else str(value)


class KeyAuth:
    """An authoriser over one secret key; every request names version and account."""

    def __init__(self, settings: StripeSettings) -> None:
        self._headers = {
            "authorization": f"Bearer {settings.api_key.get_secret_value()}",
            "stripe-version": VERSION,
        }
        if settings.account:
            self._headers["stripe-account"] = settings.account

    def headers(self) -> Mapping[str, str]:
        """Return the headers of every request."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - a protocol's
        """Say that there is nothing newer."""
        return False


class _NoAuth:
    """An authoriser of what needs no key: the page of an invoice."""

    def headers(self) -> Mapping[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - a protocol's
        return False


class Stripe:
    """The API of one account."""

    def __init__(self, settings: StripeSettings, wire: Wire) -> None:
        self.settings = settings
        self.connection = wire.connection
        self.clock = wire.clock
        self._http = wire.http(
            settings.api_url, KeyAuth(settings), translate, exact_json
        )
        self._pages = wire.http(settings.pay_url, _NoAuth(), translate, exact_json)

    def close(self) -> None:
        """Give sockets back."""
        self._http.close()
        self._pages.close()

    def where(self, stream: str = "") -> str:
        """Return what a message begins with."""
        return f"{self.connection}/{stream}" if stream else self.connection

    def get(
        self,
        path: str,
        stream: str = "",
        params: Mapping[str, str | int] | None = None,
        kind: str = "read",
    ) -> Row:
        """Read one object or one page."""
        answer = self._http.send(
            "GET",
            path,
            kind=kind,
            where=self.where(stream),
            repeatable=True,
            params=params,
            window=SEARCH if path.endswith("/search") else "",
        )
        return self._row(answer.body, stream)

    def single(self, path: str, record_id: str, stream: str, kind: str) -> Row | None:
        """Read one object by its id; None when it is not there any more."""
        try:
            row = self.get(f"{path}/{quote(record_id, safe='')}", stream, None, kind)
        except RejectedError as error:
            if is_missing(error):
                return None
            raise
        return None if row.get("deleted") else row

    def file(self, address: str, stream: str) -> bytes:
        """Read a file that Stripe shows to whoever has its address, without the key.

        Raises:
            RejectedError: the address leads away from Stripe, or in circles.
        """
        where = self.where(stream)
        for _ in range(_MOST_TURNS):
            answer = self._pages.send(
                "GET",
                self._own(address, where),
                kind="read",
                where=where,
                repeatable=True,
                expect="bytes",
            )
            if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return bytes(answer.body) if isinstance(answer.body, bytes) else b""
            address = urljoin(address, answer.headers.get("location", ""))
        raise RejectedError(where, "the invoice's file is moved in circles", "MOVED")

    def _own(self, address: str, where: str) -> str:
        """Return an address of Stripe's; a stand-in serves their paths itself."""
        parts = urlsplit(address)
        if self.settings.base_url:
            return parts.path
        host = parts.hostname or ""
        if parts.scheme != "https" or not host.endswith(_OWN_HOSTS):
            words = "the invoice's file is not at Stripe"
            raise RejectedError(where, words, "ELSEWHERE")
        return address

    def post(
        self,
        path: str,
        stream: str,
        body: Mapping[str, object],
        key: str,
        fence: Callable[[], None] = no_fence,
    ) -> tuple[Row, bool]:
        """Change something under a key; say too whether it was done before."""
        answer = self._http.send(
            "POST",
            path,
            kind="write",
            where=self.where(stream),
            repeatable=True,
            content=encode(body),
            headers={"content-type": FORM, "idempotency-key": key},
            fence=fence,
        )
        replayed = answer.headers.get("idempotent-replayed") == "true"
        return self._row(answer.body, stream), replayed

    def delete(self, path: str, stream: str, fence: Callable[[], None]) -> None:
        """Take something away; that it is gone already is as good."""
        try:
            self._http.send(
                "DELETE",
                path,
                kind="write",
                where=self.where(stream),
                repeatable=True,
                fence=fence,
            )
        except RejectedError as error:
            if not is_missing(error):
                raise

    def pages(
        self,
        path: str,
        stream: str,
        params: Mapping[str, str | int] | None = None,
        kind: str = "read",
        after: str = "",
    ) -> Iterator[tuple[list[Row], str]]:
        """Yield the pages of a list, newest first, each with its last id.

        The id is "" on the last page. New objects come before those already read, and
        one that goes away moves nothing: no object is left out.
        """
        while True:
            query: dict[str, str | int] = {**(params or {}), "limit": PAGE}
            if after:
                query["starting_after"] = after
            answer = self.get(path, stream, query, kind)
            rows = rows_of(answer, self.where(stream))
            last = str(rows[-1].get("id")) if rows and answer.get("has_more") else ""
            if last and last == after:
                words = "the list goes round in circles"
                raise TransientError(self.where(stream), words, "ENDLESS")
            yield rows, last
            if not last:
                return
            after = last

    def search(self, path: str, stream: str, query: str) -> list[Row]:
        """Return what a search finds; what is younger than a minute may be missing."""
        found: list[Row] = []
        params: dict[str, str | int] = {"query": query, "limit": PAGE}
        while True:
            answer = self.get(f"{path}/search", stream, params, "look-up")
            found += rows_of(answer, self.where(stream))
            page = answer.get("next_page")
            if not (answer.get("has_more") and page):
                return found
            params = {**params, "page": str(page)}

    def _row(self, body: object, stream: str) -> Row:
        if not isinstance(body, dict):
            raise TransientError(self.where(stream), "the answer is no object")
        return body


def rows_of(answer: Row, where: str) -> list[Row]:
    """Return a list's objects.

    Raises:
        TransientError: there is no list; taking that for "none" would lose some.
    """
    rows = answer.get("data")
    if not isinstance(rows, list):
        raise TransientError(where, "the answer has no 'data'")
    return [row for row in rows if isinstance(row, dict)]


def is_missing(error: RejectedError) -> bool:
    """Say whether the object asked for is not there."""
    return error.code in {"resource_missing", "404"}


def translate(where: str, response: httpx.Response) -> TasukiError | None:
    """Translate an answer of Stripe; None leaves it to the status alone."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return None
    code, kind, words = read_error(response)
    again = response.headers.get("stripe-should-retry")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _their_fault(where, response, words)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = retry_after(response)
        return ThrottledError(where, words, code or "429", wait)
    if status == HTTPStatus.CONFLICT and code in _NOT_OURS:
        return TransientError(where, words, code)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return AccessError(where, words, code or kind or str(status), _ACCESS)
    if again == "true":
        return TransientError(where, words, code or str(status))
    return RejectedError(
        where, words, code or kind or str(status), _remedy(code, kind, words)
    )


def _their_fault(where: str, response: httpx.Response, words: str) -> TasukiError:
    """Return what an error of Stripe's own means: nobody knows whether it was done."""
    code = str(response.status_code)
    if response.headers.get("idempotent-replayed") == "true":
        return RejectedError(where, words, REPLAYED)
    is_read = response.request.method == "GET"
    if response.headers.get("stripe-should-retry") == "false" and not is_read:
        return InDoubtError(where, f"{code}: {words}")
    return TransientError(where, words, code)


def read_error(response: httpx.Response) -> tuple[str, str, str]:
    """Return (code, type, words), free of addresses and keys."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return "", "", shorten(response.text)
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", "", shorten(response.text)
    words = str(error.get("message") or error.get("type") or "")
    words = _KEY.sub("(key)", _PERSONAL.sub("(address)", words))
    if error.get("param"):
        words = f"{error['param']}: {words}"
    return str(error.get("code") or ""), str(error.get("type") or ""), shorten(words)


def _remedy(code: str, kind: str, words: str) -> str | None:
    if words.startswith("due_date"):
        return "Its payment_date is over: give a later one, or bill it by hand."
    if kind == "idempotency_error":
        return "Look for the document in Stripe: another request used its key."
    if code == "resource_missing":
        return "Check that what the field names exists in this account and mode."
    if kind == "card_error":
        return "The customer's payment was declined; talk to the customer."
    return None
