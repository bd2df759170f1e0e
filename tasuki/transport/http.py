"""One HTTP client per connection: authorised, budgeted, retried, translated.

Whether a request may be repeated is decided by what it *is* (`repeatable`), never by
how it failed: the text of an exception is the same whether or not the server did it.
"""

import json
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from http import HTTPStatus
from typing import Protocol

import httpx
import orjson

from tasuki.model.errors import (
    AccessError,
    InDoubtError,
    NotSentError,
    RejectedError,
    TasukiError,
    ThrottledError,
    TransientError,
)
from tasuki.model.policy import RetryPolicy, Timeouts
from tasuki.ports import Budget, Clock
from tasuki.transport.answer import retry_after, shorten
from tasuki.transport.calls import Calls
from tasuki.transport.echo import is_writable, without_echo
from tasuki.transport.fence import late
from tasuki.transport.repeating import retrying

log = logging.getLogger("tasuki.http")

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def exact_json(body: bytes) -> object:
    """Decode JSON with exact numbers: amounts are never floats."""
    return json.loads(body, parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class Answer:
    """A vendor's answer, already decoded: `body` is JSON, text or bytes as asked."""

    status: int
    headers: Mapping[str, str]
    body: object


class Authoriser(Protocol):
    """Gives requests their credentials."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers to send now, fetching a token when there is none."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Get newer credentials after `refused` were answered 401; False if static."""


Translate = Callable[[str, httpx.Response], TasukiError | None]
Decode = Callable[[bytes], object]


_NO_TLS = False  # plain http, to stand-ins: there is nothing to verify


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return one context for all clients: making one costs some 50 ms."""
    return httpx.create_ssl_context()


def no_fence() -> None:
    """Let every request pass (reads)."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request as the caller wants it, whatever the attempt."""

    method: str
    path: str
    params: Mapping[str, str | int] | None
    body: bytes | None
    headers: Mapping[str, str]
    kind: str
    where: str
    window: str
    fence: Callable[[], None]
    repeatable: bool
    expect: str


class Http:
    """Requests to one connection, safe to use from several threads."""

    def __init__(  # noqa: PLR0913 - the composition point of a connection
        self,
        connection: str,
        base_url: str,
        *,
        clock: Clock,
        budget: Budget,
        policy: RetryPolicy,
        calls: Calls,
        timeouts: Timeouts,
        authoriser: Authoriser | None = None,
        translate: Translate | None = None,
        decode: Decode = orjson.loads,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.connection = connection
        self._clock = clock
        self._budget = budget
        self._policy = policy
        self._calls = calls
        self._authoriser = authoriser
        self._translate = translate
        self._decode = decode
        self._client = httpx.Client(
            base_url=base_url,
            timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect),
            # Idle sockets are dropped early: a server that closed one first would put
            # a write in doubt that never left.
            limits=httpx.Limits(keepalive_expiry=4.0),
            transport=transport,
            verify=_ssl_context() if base_url.startswith("https") else _NO_TLS,
            headers={"user-agent": "tasuki"},
        )

    def close(self) -> None:
        """Give the sockets back."""
        self._client.close()

    def send(  # noqa: PLR0913 - one request has this many sides
        self,
        method: str,
        path: str,
        *,
        kind: str,
        where: str = "",
        repeatable: bool,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        window: str = "",
        fence: Callable[[], None] = no_fence,
        expect: str = "json",
    ) -> Answer:
        """Send one request, again by policy where that is harmless.

        Args:
            method: HTTP method.
            path: Relative to the base URL, already percent-encoded; absolute URLs of
                the same host pass too (paging links).
            kind: What the call counts as (see `Calls`).
            where: `connection/stream`, for messages.
            repeatable: Sending it twice is harmless: reads, and writes of class A, B.
            params: Query string.
            json: Body to encode.
            content: Body as bytes, instead of `json`.
            headers: More headers.
            window: Name of a further rate limit that this call counts against.
            fence: Called before every attempt, and once more right before its bytes
                leave; raises if we may not write.
            expect: `json`, `plain` (JSON without the connection's own decoder),
                `text`, `bytes` or `none`.

        Raises:
            NotSentError, ThrottledError, TransientError: still so after the policy.
            InDoubtError: not repeatable, and it may have been done.
            AccessError, RejectedError: as the vendor says.
        """
        body = orjson.dumps(json) if json is not None else content
        extra = dict(headers or {})
        if json is not None:
            extra.setdefault("content-type", "application/json")
        asked = _Asked(
            method=method,
            path=path,
            params=params,
            body=body,
            headers=extra,
            kind=kind,
            where=where or self.connection,
            window=window,
            fence=fence,
            repeatable=repeatable,
            expect=expect,
        )
        return self._repeated(asked)

    def _repeated(self, asked: _Asked) -> Answer:
        """Send as often as the policy says, and say what became of all the tries."""
        lost: list[TransientError] = []

        def attempt() -> Answer:
            try:
                return self._once(asked)
            except (NotSentError, ThrottledError):
                raise
            except TransientError as error:
                lost.append(error)
                raise

        try:
            return retrying(self._policy, self._clock)(attempt)
        except (NotSentError, ThrottledError) as error:
            if not lost:
                raise
            # This last try was not done; an earlier one may have been.
            words = f"{error.answer}; before that: {lost[-1].answer}"
            raise TransientError(asked.where, words, error.code) from error

    def _once(self, asked: _Asked) -> Answer:
        credentials = self._authoriser.headers() if self._authoriser else {}
        for last in (False, True):
            self._must_be_writable(credentials)
            self._budget.acquire(asked.window)
            asked.fence()
            request = self._client.build_request(
                asked.method,
                asked.path,
                params=asked.params,
                content=asked.body,
                headers={**asked.headers, **credentials},
                extensions={} if asked.fence is no_fence else late(asked.fence),
            )
            response = self._exchange(request, asked)
            if response.status_code != HTTPStatus.UNAUTHORIZED or last:
                break
            if not (self._authoriser and self._authoriser.renew(credentials)):
                break
            log.info("connection=%s status=401 credentials renewed", self.connection)
            credentials = self._authoriser.headers()
        return self._read(response, asked)

    def _must_be_writable(self, credentials: Mapping[str, str]) -> None:
        if not is_writable(credentials):
            words = "the credentials hold what no header may: a line break, for example"
            remedy = "Set them anew, without blanks around them."
            raise AccessError(self.connection, words, "not_ascii", remedy)

    def _exchange(self, request: httpx.Request, asked: _Asked) -> httpx.Response:
        self._calls.add(self.connection, asked.kind)
        try:
            response = self._client.send(request)
        except _NEVER_SENT as error:
            words = f"cannot connect ({_cause(error)})"
            raise NotSentError(asked.where, words) from error
        except httpx.TransportError as error:
            words = f"no answer to {request.method} ({_cause(error)})"
            raise _lost(asked, words) from error
        log.debug(
            "connection=%s method=%s path=%s status=%s",
            self.connection,
            request.method,
            request.url.path,
            response.status_code,
        )
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            return without_echo(request, response)
        return response

    def _read(self, response: httpx.Response, asked: _Asked) -> Answer:
        error = self._translate(asked.where, response) if self._translate else None
        error = error or _plain_error(asked.where, response)
        if isinstance(error, ThrottledError) and error.retry_after:
            self._budget.pause(error.retry_after)
        if isinstance(error, TransientError) and not isinstance(error, ThrottledError):
            error = _lost(asked, str(error.answer), error.code)
        if error is not None:
            raise error
        body = self._body(response, asked)
        return Answer(response.status_code, response.headers, body)

    def _body(self, response: httpx.Response, asked: _Asked) -> object:
        if asked.expect == "none":
            return None
        if asked.expect == "text":
            return response.text
        if asked.expect == "bytes":
            return response.content
        try:
            decode = orjson.loads if asked.expect == "plain" else self._decode
            return decode(response.content)
        except ValueError as error:
            words = f"answer {response.status_code} is not JSON"
            raise _lost(asked, words) from error


def _lost(asked: _Asked, words: str, code: str = "") -> TasukiError:
    """Return the error for "sent, and we cannot know"."""
    if asked.repeatable:
        return TransientError(asked.where, words, code)
    return InDoubtError(asked.where, f"{code}: {words}" if code else words)


def _plain_error(where: str, response: httpx.Response) -> TasukiError | None:
    """Translate by status alone, for answers the connector has no opinion on."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return None
    words = shorten(response.text)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ThrottledError(where, words, "429", retry_after(response))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return AccessError(where, words, str(status))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TransientError(where, words, str(status))
    return RejectedError(where, words, str(status))


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__
