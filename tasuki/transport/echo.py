"""What a request must never give away again, whatever comes back or goes wrong.

Some systems repeat the credentials they refuse, and proxies repeat whole requests: the
words of an answer stand in logs, in reports and in the ledger.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, quote, quote_plus

import httpx
import orjson

_FORM = "application/x-www-form-urlencoded"
_NAMES = frozenset(
    {"assertion", "client_secret", "code", "code_verifier", "refresh_token"}
)
_STANDS_FOR = b"***"
_LEAST = 4  # shorter ones are words of their own, in any text
_HEADER = re.compile(r"[\t\x20-\x7e]*")  # what httpx and h11 let through as ASCII


def is_writable(credentials: Mapping[str, str]) -> bool:
    """Say whether these values may stand in a header at all.

    The libraries below would say no in words that quote the value.
    """
    return all(
        _HEADER.fullmatch(value) and value == value.strip()
        for value in credentials.values()
    )


def without_echo(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Return a refusal in which no credential of its request stands any more."""
    content = response.content
    spelt = {form for one in _secrets(request) for form in _spellings(one)}
    # The longest first: one may be part of another.
    for form in sorted(spelt, key=len, reverse=True):
        content = content.replace(form, _STANDS_FOR)
    if content == response.content:
        return response
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in {"content-encoding", "content-length", "transfer-encoding"}
    }
    return httpx.Response(
        response.status_code, headers=headers, content=content, request=request
    )


def _secrets(request: httpx.Request) -> Iterator[str]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    yield token
    if scheme == "Basic":
        yield from _pair(token)
    if request.headers.get("content-type", "").startswith(_FORM):
        form = parse_qsl(request.content.decode("utf-8", "replace"))
        yield from (value for name, value in form if name in _NAMES)


def _pair(token: str) -> Iterable[str]:
    try:
        pair = base64.b64decode(token).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ()
    return (pair, pair.partition(":")[2])


def _spellings(secret: str) -> Iterator[bytes]:
    """Yield a secret as it stands in JSON, in a form, in an address and in text."""
    if len(secret) < _LEAST:
        return
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield quote_plus(secret).encode()
    yield orjson.dumps(secret)[1:-1]
