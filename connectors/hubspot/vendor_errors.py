"""HubSpot's error answers, translated into the engine's errors."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus

import httpx
import orjson

from tasuki.model.errors import (
    AccessError,
    RejectedError,
    TasukiError,
    ThrottledError,
    TransientError,
)
from tasuki.transport.answer import object_of, retry_after, shorten, without_addresses

_DAILY_PAUSE = 900.0
"""The daily quota comes back at the account's midnight, whose zone we are not told."""

_MIGRATING = 477  # the account is moved between data centres; Retry-After says how long
_VALIDATIONS = re.compile(r"\[\{.*\}\]", re.DOTALL)


class RefusedError(RejectedError):
    """HubSpot refused a whole request; `body` is its answer, which may name rows."""

    def __init__(
        self,
        where: str,
        answer: str,
        code: str = "",
        body: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(where, answer, code)
        self.args = (where, answer, code, body)
        self.body: Mapping[str, object] = body or {}


def translate(where: str, response: httpx.Response) -> TasukiError | None:
    """Return the error an answer stands for, None for a good one."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return None
    body = object_of(response)
    words = masked(str(body.get("message") or response.reason_phrase))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _throttled(where, words, body, response)
    if status == _MIGRATING:
        return ThrottledError(where, words, str(status), retry_after(response))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return _denied(where, words, body, status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.LOCKED,
    }:
        return TransientError(where, words, str(status))
    code = str(body.get("category") or status)
    return RefusedError(where, words, code, body)


def masked(words: str) -> str:
    """Return HubSpot's words without e-mail addresses, on one line, bounded."""
    return shorten(without_addresses(words))


def validations(message: str) -> list[tuple[str, str]]:
    """Return (code, property) pairs that HubSpot packs as JSON into its message.

    `Property values were not valid: [{"isValid":false,"error":"INVALID_EMAIL",
    "name":"email","message":…}]`: the message beside them repeats the value.
    """
    found = _VALIDATIONS.search(message)
    if not found:
        return []
    try:
        items = orjson.loads(found.group())
    except ValueError:
        return []
    return [
        (str(item.get("error") or "INVALID"), str(item.get("name") or ""))
        for item in items
        if isinstance(item, dict)
    ]


def _throttled(
    where: str, words: str, body: Mapping[str, object], response: httpx.Response
) -> ThrottledError:
    policy = str(body.get("policyName") or "")
    told = retry_after(response)
    if policy == "DAILY":
        return ThrottledError(
            where,
            "the account's daily quota of API calls is used up",
            "DAILY",
            _DAILY_PAUSE if told is None else told,
        )
    if told is None:
        # Search says "secondly" and sends no headers; the general limit is a rolling
        # window of ten seconds that frees itself bit by bit.
        told = 2.0 if policy.startswith("TEN_SECONDLY") else 1.0
    return ThrottledError(where, words, policy or "429", told)


def _denied(
    where: str, words: str, body: Mapping[str, object], status: int
) -> AccessError:
    scopes = sorted(set(_scopes(body)))
    code = str(body.get("category") or status)
    if scopes:
        remedy = f"Give the service key or app these scopes: {', '.join(scopes)}."
        return AccessError(where, words, code, remedy)
    return AccessError(where, words, code)


def _scopes(body: Mapping[str, object]) -> Iterable[str]:
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else []:
        context = error.get("context") if isinstance(error, dict) else None
        for name, value in (context or {}).items():
            if "scope" in name.lower() and isinstance(value, list):
                yield from map(str, value)
