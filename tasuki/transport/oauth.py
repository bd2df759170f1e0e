"""OAuth 2.0 authorisation codes and rotating refresh tokens.

A refresh token that may be used once is lost if two processes use it, or if the process
dies between the answer and the store: renewal runs inside `TokenStore.renew`, which
lets one process in, and stores the new pair before anyone sees it.
"""

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx

from tasuki.model.errors import AccessError, TasukiError, TransientError
from tasuki.model.policy import RetryPolicy, Timeouts
from tasuki.ports import Clock, Token, TokenStore
from tasuki.transport.answer import object_of, shorten
from tasuki.transport.calls import Calls
from tasuki.transport.flow import OAuthFlow
from tasuki.transport.http import Http

_EARLY: Final = timedelta(minutes=3)
"""Renewed this long before expiry: a request under way must not meet the end."""

_DEFAULT_LIFE: Final = 3600  # RFC 6749 §5.1: expires_in is only recommended

# The lock of the token store is held meanwhile, so an accounts server that is down
# must not be waited for as long as one record may be.
_ATTEMPTS: Final = 3
_TOTAL: Final = 30.0


def login_remedy(connection: str) -> str:
    """Return the sentence that sends a person to the first login."""
    return f"Run `tasuki login {connection}` and allow the access once more."


@dataclass(frozen=True, slots=True)
class Pkce:
    """A code verifier and its challenge (RFC 7636, S256)."""

    verifier: str
    challenge: str

    @classmethod
    def new(cls) -> "Pkce":
        """Make a fresh pair."""
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        return cls(verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def new_state() -> str:
    """Return a fresh `state` that ties a redirect to the login that asked for it."""
    return secrets.token_urlsafe(24)


def authorize_url(
    flow: OAuthFlow, redirect_uri: str, state: str, pkce: Pkce | None = None
) -> str:
    """Return the address that a person opens to allow the access."""
    query = {
        "response_type": "code",
        "client_id": flow.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    if flow.scope:
        query["scope"] = flow.scope
    if pkce:
        query |= {"code_challenge": pkce.challenge, "code_challenge_method": "S256"}
    query |= flow.extra
    joint = "&" if urlsplit(flow.authorize_url).query else "?"
    return f"{flow.authorize_url}{joint}{urlencode(query)}"


class _Unmetered:
    """A budget without limits: token endpoints stand outside the API's own count."""

    def acquire(self, window: str = "") -> None:
        """Let the call pass."""

    def pause(self, seconds: float) -> None:
        """Do nothing: the retry waits."""


class TokenEndpoint:
    """The token endpoint of one connection."""

    def __init__(
        self,
        flow: OAuthFlow,
        connection: str,
        *,
        clock: Clock,
        calls: Calls,
        policy: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._flow = flow
        self._connection = connection
        self._clock = clock
        asked = policy or RetryPolicy()
        parts = urlsplit(flow.token_url)
        self._path = parts.path
        self._http = Http(
            connection,
            f"{parts.scheme}://{parts.netloc}",
            clock=clock,
            budget=_Unmetered(),
            policy=replace(
                asked,
                attempts=min(_ATTEMPTS, asked.attempts),
                throttled_attempts=min(_ATTEMPTS, asked.throttled_attempts),
                total=min(_TOTAL, asked.total),
            ),
            calls=calls,
            timeouts=timeouts or Timeouts(),
            translate=self._translate,
            transport=transport,
        )

    def close(self) -> None:
        """Give sockets back."""
        self._http.close()

    def exchange(self, code: str, redirect_uri: str, verifier: str = "") -> Token:
        """Turn the code of a first login into tokens.

        Raises:
            AccessError: the code is not (or no longer) valid; log in once more.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
        }
        if verifier:
            form["code_verifier"] = verifier
        return self._ask(form)

    def refresh(self, stale: Token) -> Token:
        """Trade a refresh token for a new pair; the old refresh token may be dead then.

        Repeating it after a lost answer is safe: the worst is "used already", which
        would have been the state of things anyway.

        Raises:
            AccessError: code `invalid_grant` when the refresh token is dead.
        """
        form = {"grant_type": "refresh_token", "refresh_token": stale.refresh}
        token = self._ask(form)
        # RFC 6749 §6: a server that does not rotate answers without a refresh token.
        return token if token.refresh else replace(token, refresh=stale.refresh)

    def _ask(self, form: dict[str, str]) -> Token:
        flow = self._flow
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        if flow.basic_auth:
            pair = f"{flow.client_id}:{flow.client_secret}".encode()
            headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form |= {"client_id": flow.client_id, "client_secret": flow.client_secret}
        asked_at = self._clock.now()
        answer = self._http.send(
            "POST",
            self._path,
            kind="auth",
            repeatable=True,
            content=urlencode(form).encode(),
            headers=headers,
        )
        body = answer.body
        if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
            words = "the token endpoint answered without a token"
            raise AccessError(self._connection, words)
        seconds = _seconds(body.get("expires_in"))
        return Token(
            access=body["access_token"],
            refresh=str(body.get("refresh_token") or ""),
            expires_at=asked_at + timedelta(seconds=seconds),
        )

    def _translate(self, where: str, response: httpx.Response) -> TasukiError | None:
        """Read RFC 6749 §5.2 errors, which come as 400 or 401."""
        if response.status_code not in {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
        }:
            return None
        code, words = _oauth_error(response)
        if code == "invalid_grant":
            remedy = login_remedy(self._connection)
            return AccessError(where, words or "the token is used up", code, remedy)
        if code in {"invalid_client", "unauthorized_client"}:
            remedy = "Check `client_id` and `client_secret` in connections.yaml."
            return AccessError(where, words or "client unknown", code, remedy)
        return AccessError(where, words or "login refused", code or "oauth")


class RotatingAuth:
    """An authoriser over stored OAuth tokens, safe to use from several threads."""

    def __init__(
        self, connection: str, endpoint: TokenEndpoint, tokens: TokenStore, clock: Clock
    ) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._tokens = tokens
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._early = _EARLY

    def headers(self) -> Mapping[str, str]:
        """Return the bearer header, renewing a token that is about to expire."""
        with self._lock:
            token = self._token or self._tokens.load()
            if token is None:
                raise AccessError(
                    self._connection,
                    "nobody has logged in yet",
                    "no_token",
                    login_remedy(self._connection),
                )
            self._token = self._fresh(token)
            return {"authorization": f"Bearer {self._token.access}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Get a newer token after `refused` was answered 401."""
        access = refused.get("authorization", "").removeprefix("Bearer ")
        with self._lock:
            token = self._token or self._tokens.load()
            if token is None:
                return False
            # Another thread has renewed while this request was on its way.
            self._token = self._renewed(token) if token.access == access else token
            return True

    def _fresh(self, token: Token) -> Token:
        now = self._clock.now()
        if token.expires_at is None or now < token.expires_at - self._early:
            return token
        try:
            return self._renewed(token)
        except TransientError:
            if now < token.expires_at:
                return token  # the accounts server is down, this one still works
            raise

    def _renewed(self, stale: Token) -> Token:
        try:
            token = self._tokens.renew(stale, self._mint)
        except AccessError as error:
            if error.code != "invalid_grant":
                raise
            # Somebody may have logged in anew, or renewed without our lock.
            stored = self._tokens.load()
            if stored is None or stored.access == stale.access:
                raise
            token = stored
        self._early = self._how_early(token)
        return token

    def _how_early(self, token: Token) -> timedelta:
        """Return when to renew a fresh token: a short-lived one not on every call."""
        if token.expires_at is None:
            return _EARLY
        return min(_EARLY, (token.expires_at - self._clock.now()) / 2)

    def _mint(self, current: Token | None) -> Token:
        if current is None or not current.refresh:
            raise AccessError(
                self._connection,
                "the access has expired and there is no refresh token",
                "no_refresh_token",
                login_remedy(self._connection),
            )
        return self._endpoint.refresh(current)


class StaticAuth:
    """An authoriser over one bearer token that nobody renews."""

    def __init__(self, token: str) -> None:
        self._token = token

    def headers(self) -> Mapping[str, str]:
        """Return the bearer header."""
        return {"authorization": f"Bearer {self._token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - a protocol's
        """Say that there is nothing newer."""
        return False


def _oauth_error(response: httpx.Response) -> tuple[str, str]:
    body = object_of(response)
    code = body.get("error")
    words = str(body.get("error_description") or body.get("message") or "")
    return (code if isinstance(code, str) else ""), shorten(words)


def _seconds(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return _DEFAULT_LIFE
