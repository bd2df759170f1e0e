"""One POST to a webhook whose address is a secret: nothing of it is ever said."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import orjson
from pydantic import SecretStr

from tasuki.model.errors import (
    AccessError,
    NotSentError,
    RejectedError,
    RemoteError,
    ThrottledError,
    TransientError,
)

_SECONDS = 15.0
_CONNECT_SECONDS = 5.0
_LONGEST_PAUSE = 3_600.0
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_GONE = frozenset({401, 403, 404, 410})
_TOO_FAST = 429
_CHECK = (
    "Check the channel's address in mappings/alerts.yaml, then `tasuki alerts test`."
)


def post(where: str, url: SecretStr, body: object, headers: Mapping[str, str]) -> None:
    """Send JSON once; redirects are not followed.

    Raises:
        RemoteError: it did not arrive, or nobody knows whether it did; `where` and the
            status are all that is said.
    """
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    sent = {"content-type": "application/json; charset=utf-8", **headers}
    timeout = httpx.Timeout(_SECONDS, connect=_CONNECT_SECONDS)
    try:
        with (
            _unheard(),
            httpx.Client(timeout=timeout, follow_redirects=False) as client,
        ):
            answer = client.post(url.get_secret_value(), content=content, headers=sent)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise AccessError(where, "its address is none", "", _CHECK) from None
    except _NEVER_SENT:
        raise NotSentError(where, "nobody answers at its address") from None
    except httpx.HTTPError as error:
        raise TransientError(where, f"no answer ({type(error).__name__})") from None
    _judge(where, answer)


def _judge(where: str, answer: httpx.Response) -> None:
    status = answer.status_code
    if answer.is_success:
        return
    words = f"it answers {status}"
    if status == _TOO_FAST:
        raise ThrottledError(where, words, "", _pause(answer.headers))
    if status in _GONE or answer.is_redirect:
        raise AccessError(where, words, "", _CHECK)
    if answer.is_client_error:
        raise RejectedError(where, words, "", _CHECK)
    if answer.is_server_error:
        raise TransientError(where, words)
    raise RemoteError(where, words)


def _pause(headers: Mapping[str, str]) -> float | None:
    given: Any = headers.get("retry-after", "")
    return (
        min(float(given), _LONGEST_PAUSE)
        if given.isascii() and given.isdigit()
        else None
    )


class _Unheard(logging.Filter):
    """Passes over what one thread logs."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is another thread's."""
        return record.thread != self._thread


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep httpx from logging the address: it is as good as a password."""
    quiet, logger = _Unheard(), logging.getLogger("httpx")
    logger.addFilter(quiet)
    try:
        yield
    finally:
        logger.removeFilter(quiet)
