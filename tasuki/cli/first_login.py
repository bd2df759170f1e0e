"""The first login of a person: by redirect where a browser is, else by pasting."""

import hmac
import sys
import webbrowser
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tasuki.cli.screen import Screen
from tasuki.connector import OAuthFlow
from tasuki.ledger import Ledger
from tasuki.model.errors import AccessError, ConfigError
from tasuki.ports import Clock, Token
from tasuki.project import Project
from tasuki.transport.calls import Calls
from tasuki.transport.login import PORT, log_in
from tasuki.transport.oauth import (
    Pkce,
    TokenEndpoint,
    authorize_url,
    login_remedy,
    new_state,
)


@dataclass(frozen=True, slots=True)
class Way:
    """How the person and the code come together."""

    paste: bool = False
    browser: bool = True
    port: int | None = None
    seconds: float = 300.0


class _NoBrowserError(Exception):
    """This machine cannot show a page to a person."""


def first_login(
    project: Project, ledger: Ledger, name: str, way: Way, screen: Screen
) -> Token:
    """Log a person in and store the token.

    Raises:
        ConfigError: the connection has no such login.
        AccessError: the person or the system refused.
    """
    connection = project.connection(name)
    login = connection.connector.login
    flow = login(connection.settings) if login else None
    if flow is None:
        what = "this connection logs in by itself"
        raise ConfigError(name, what, f"`tasuki doctor {name}` looks at its login.")
    endpoint = TokenEndpoint(flow, name, clock=project.clock, calls=Calls())
    try:
        token = _let_in(flow, endpoint, name, way, screen, project.clock)
    finally:
        endpoint.close()
    ledger.tokens(name).save(token)
    return token


def _let_in(
    flow: OAuthFlow,
    endpoint: TokenEndpoint,
    name: str,
    way: Way,
    screen: Screen,
    clock: Clock,
) -> Token:
    def open_page(address: str) -> None:
        screen.aside(f"Allow the access here:\n  {address}")
        if way.browser and not _show(address):
            raise _NoBrowserError

    if not way.paste:
        port = PORT if way.port is None else way.port
        try:
            return log_in(
                flow, endpoint, name, open_page,
                clock=clock, port=port, seconds=way.seconds,
            )  # fmt: skip
        except _NoBrowserError:
            screen.aside("There is no browser here; another machine's will do.")
        except OSError as error:
            screen.aside(f"127.0.0.1:{port} cannot be used ({error.strerror}).")
    return _by_pasting(flow, endpoint, name, way, screen)


def _show(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def _by_pasting(
    flow: OAuthFlow, endpoint: TokenEndpoint, name: str, way: Way, screen: Screen
) -> Token:
    """Let the person carry the code over: the code itself, or the address it is in."""
    state = new_state()
    pkce = Pkce.new() if flow.pkce else None
    port = PORT if way.port is None else way.port
    redirect = flow.paste_redirect or f"http://127.0.0.1:{port}/callback"
    address = authorize_url(flow, redirect, state, pkce)
    screen.aside(f"Allow the access here:\n  {address}")
    where = "" if flow.paste_redirect else ", or the address of the page it ends on"
    screen.aside(f"Then paste the code{where}:")
    code = _code_in(sys.stdin.readline().strip(), state, name)
    return endpoint.exchange(code, redirect, pkce.verifier if pkce else "")


def _code_in(pasted: str, state: str, name: str) -> str:
    """Return the code of what was pasted."""
    if "://" not in pasted:
        if pasted:
            return pasted
        raise AccessError(name, "no code was pasted", "no_code", login_remedy(name))
    query = parse_qs(urlsplit(pasted).query)
    if not hmac.compare_digest(query.get("state", [""])[-1].encode(), state.encode()):
        words = "this address belongs to another login"
        raise AccessError(name, words, "foreign_state", login_remedy(name))
    if "code" not in query:
        refusal = query.get("error", ["no_code"])[-1]
        words = "the access was not allowed"
        raise AccessError(name, words, refusal, login_remedy(name))
    return query["code"][-1]
