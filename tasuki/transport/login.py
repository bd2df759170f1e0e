"""The first login of a person: a page on loopback that waits for the redirect."""

import hmac
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from tasuki.model.errors import AccessError
from tasuki.ports import Clock, Token
from tasuki.transport.flow import OAuthFlow
from tasuki.transport.oauth import (
    Pkce,
    TokenEndpoint,
    authorize_url,
    login_remedy,
    new_state,
)

PORT: Final = 8917
"""Default port of the receiver: register `http://127.0.0.1:8917/callback`."""

_PATH: Final = "/callback"
_PAGE: Final = """<!doctype html>
<html lang="ja"><meta charset="utf-8"><title>Tasuki</title>
<body style="font-family: sans-serif; margin: 4em auto; max-width: 30em">
<h1>{title}</h1><p>{japanese}</p><p lang="en">{english}</p></body></html>
"""


class Receiver:
    """Waits on 127.0.0.1 for one redirect that carries our `state`."""

    def __init__(
        self, connection: str, state: str, clock: Clock, port: int = 0
    ) -> None:
        self._connection = connection
        self._state = state
        self._clock = clock
        self._code = ""
        self._refusal = ""
        self._server = HTTPServer(("127.0.0.1", port), _exchange_for(self))
        self._server.timeout = 0.2

    @property
    def redirect_uri(self) -> str:
        """Return the address that the system is to send the browser back to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{_PATH}"

    def wait(self, seconds: float) -> str:
        """Return the authorisation code.

        Raises:
            AccessError: the person refused, or nobody came in time.
        """
        end = self._clock.monotonic() + seconds
        while not (self._code or self._refusal):
            if self._clock.monotonic() >= end:
                words = f"nobody allowed the access within {seconds:g} seconds"
                raise self._error(words, "login_timeout")
            self._server.handle_request()
        if self._refusal:
            words = "the access was not allowed"
            raise self._error(words, self._refusal)
        return self._code

    def close(self) -> None:
        """Give the port back."""
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, target: str) -> tuple[int, str]:
        """Take one request; return the status and page to answer with."""
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.path != _PATH:
            return 404, _page("404", "ページがありません。", "No such page.")
        if not hmac.compare_digest(
            query.get("state", "").encode(), self._state.encode()
        ):
            # Not ours, or forged: the real one may still come.
            return 400, _page(
                "確認できません",
                "このログインはこの画面から始まったものではありません。",
                "This login was not started here.",
            )
        self._code = query.get("code", "")
        if not self._code:
            self._refusal = query.get("error", "no_code")
            return 400, _page(
                "許可されませんでした",
                "アクセスは許可されませんでした。この画面を閉じてください。",
                "The access was not allowed. You may close this window.",
            )
        return 200, _page(
            "接続できました",
            "この画面を閉じて、ターミナルに戻ってください。",
            "You may close this window and return to the terminal.",
        )

    def _error(self, words: str, code: str) -> AccessError:
        return AccessError(
            self._connection, words, code, login_remedy(self._connection)
        )


def log_in(
    flow: OAuthFlow,
    endpoint: TokenEndpoint,
    connection: str,
    open_page: Callable[[str], object],
    *,
    clock: Clock,
    port: int = PORT,
    seconds: float = 300.0,
) -> Token:
    """Let a person allow the access in a browser, and return the tokens (not stored).

    Args:
        flow: The system's flow.
        endpoint: Its token endpoint.
        connection: For messages.
        open_page: Opens the authorise address, or shows it.
        clock: For the time-out.
        port: Of the redirect on 127.0.0.1; systems compare the whole address.
        seconds: How long to wait for the person.
    """
    state = new_state()
    pkce = Pkce.new() if flow.pkce else None
    with Receiver(connection, state, clock, port) as receiver:
        open_page(authorize_url(flow, receiver.redirect_uri, state, pkce))
        code = receiver.wait(seconds)
        verifier = pkce.verifier if pkce else ""
        return endpoint.exchange(code, receiver.redirect_uri, verifier)


def _page(title: str, japanese: str, english: str) -> str:
    return _PAGE.format(title=title, japanese=japanese, english=english)


def _exchange_for(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Exchange(BaseHTTPRequestHandler):
        # Browsers open sockets ahead of need: one that stays silent is dropped.
        timeout = 3

        def do_GET(self) -> None:
            """Answer the browser."""
            status, page = receiver.take(self.path)
            body = page.encode()
            self.send_response(status)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log nothing: the address carries the code."""

    return Exchange
