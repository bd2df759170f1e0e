"""HTTP to one org: sessions, decoding, SOQL pages, and the usage it announces."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast
from urllib.parse import urlencode

import httpx

from tasuki.connector import Wire
from tasuki.model.errors import AccessError, TasukiError, TransientError
from tasuki.ports import Token
from tasuki.transport.http import Answer, Http, no_fence

from .errors import translate
from .settings import ClientCredentials, JwtBearer, SalesforceSettings

_TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path, no secret
_JWT_SECONDS = 180  # Salesforce refuses assertions that live longer than 3 minutes
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_DIGITS = 40  # an exponent beyond this is no amount


def number(text: str) -> int | Decimal:
    """Return a JSON number exactly; Salesforce writes whole yen as 1.1E7 or 110.0."""
    value = Decimal(text)
    if value.adjusted() < _DIGITS and value == value.to_integral_value():
        return int(value)
    return value


def decode(body: bytes) -> object:
    """Decode JSON without floats."""
    return json.loads(body, parse_float=number)


@dataclass(frozen=True, slots=True)
class Usage:
    """API calls of the org in the last 24 hours, as its latest answer said."""

    used: int
    allowed: int


class Session:
    """The connection's access token; minted again when the org refuses it.

    Neither flow has a refresh token: a renewal is a new login.
    """

    def __init__(self, settings: SalesforceSettings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire
        self._token: Token | None = None

    def headers(self) -> Mapping[str, str]:
        """Return the authorisation header, logging in when there is no token."""
        if self._token is None:
            tokens = self._wire.tokens
            self._token = tokens.load() or tokens.renew(None, self._mint)
        return _bearer(self._token)

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Log in again, unless another thread already holds a newer token."""
        token = self._token
        if token is None or _bearer(token) == dict(refused):
            self._token = self._wire.tokens.renew(token, self._mint)
        return True

    def _mint(self, _stale: Token | None) -> Token:
        wire = self._wire
        http = Http(
            wire.connection,
            self._settings.base_url,
            clock=wire.clock,
            budget=wire.budget,
            policy=wire.policy,
            calls=wire.calls,
            timeouts=wire.timeouts,
            translate=_translate_login,
        )
        try:
            answer = http.send(
                "POST",
                _TOKEN_PATH,
                kind="auth",
                repeatable=True,
                content=urlencode(self._grant()).encode(),
                headers={"content-type": "application/x-www-form-urlencoded"},
            )
        finally:
            http.close()
        body = answer.body if isinstance(answer.body, dict) else {}
        if not isinstance(body.get("access_token"), str):
            raise AccessError(wire.connection, "the login answered no access token")
        return Token(body["access_token"])

    def _grant(self) -> dict[str, str]:
        auth = self._settings.auth
        if isinstance(auth, ClientCredentials):
            return {
                "grant_type": "client_credentials",
                "client_id": auth.client_id,
                "client_secret": auth.client_secret.get_secret_value(),
            }
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": self._assertion(auth),
        }

    def _assertion(self, auth: JwtBearer) -> str:
        from .assertion import sign  # noqa: PLC0415 - cryptography, only for this flow

        expires = int(self._wire.clock.now().timestamp()) + _JWT_SECONDS
        claims = {
            "iss": auth.client_id,
            "sub": auth.username,
            "aud": self._settings.audience(),
            "exp": expires,
        }
        return sign(claims, auth.pem, self._wire.connection)


def _bearer(token: Token) -> dict[str, str]:
    return {"authorization": f"Bearer {token.access}"}


def _translate_login(where: str, response: httpx.Response) -> TasukiError | None:
    error = translate(where, response)
    if error is None or isinstance(error, TransientError):
        return error
    code = getattr(error, "code", "")
    remedy = (
        "Check client id, secret or key, the run-as user and the policies of the "
        "External Client App; `base_url` must be My Domain."
    )
    return AccessError(where, getattr(error, "answer", ""), code, remedy)


class Client:
    """Requests to one org's REST API of one version."""

    def __init__(self, settings: SalesforceSettings, wire: Wire) -> None:
        self.connection = wire.connection
        self.clock = wire.clock
        self.root = f"/services/data/v{settings.api_version}"
        self.version = settings.api_version
        self.usage: Usage | None = None
        self.session = Session(settings, wire)
        self.http = wire.http(settings.base_url, self.session, self._translate, decode)

    def _translate(self, where: str, response: httpx.Response) -> TasukiError | None:
        if found := _USAGE.search(response.headers.get("sforce-limit-info", "")):
            self.usage = Usage(int(found[1]), int(found[2]))
        return translate(where, response)

    def where(self, stream: str) -> str:
        """Return the stream's name in messages."""
        return f"{self.connection}/{stream}"

    def query(
        self, soql: str, stream: str, *, kind: str, deleted: bool = False
    ) -> Answer:
        """Ask for the first page of a SOQL query; `deleted` sees the recycle bin."""
        return self.http.send(
            "GET",
            f"{self.root}/{'queryAll' if deleted else 'query'}",
            kind=kind,
            where=self.where(stream),
            repeatable=True,
            params={"q": soql},
        )

    def follow(self, url: str, stream: str, *, kind: str) -> Answer:
        """Ask for the page that an answer's `nextRecordsUrl` names."""
        return self.http.send(
            "GET", url, kind=kind, where=self.where(stream), repeatable=True
        )

    def rows(
        self, soql: str, stream: str, *, kind: str, deleted: bool = False
    ) -> list[dict[str, object]]:
        """Return every row of a query, page by page."""
        body = page(self.query(soql, stream, kind=kind, deleted=deleted).body)
        rows = list(body.records)
        while body.next_url:
            body = page(self.follow(body.next_url, stream, kind=kind).body)
            rows += body.records
        return rows

    def change(
        self, path: str, stream: str, content: bytes, *, fence: Callable[[], None]
    ) -> Answer:
        """Send a collections call; harmless to repeat (upsert, update)."""
        return self.http.send(
            "PATCH",
            f"{self.root}/{path}",
            kind="write",
            where=self.where(stream),
            repeatable=True,
            content=content,
            fence=fence,
            expect="plain",  # ids and errors: no number that would have to be exact
            headers={"content-type": "application/json"},
        )

    def upload(
        self, path: str, stream: str, content: bytes, *, fence: Callable[[], None]
    ) -> None:
        """Send a bulk job its data; a job takes it only once.

        Raises:
            InDoubtError: no answer came; the job must not be closed.
        """
        self.http.send(
            "PUT",
            f"{self.root}/{path}",
            kind="write",
            where=self.where(stream),
            repeatable=False,
            content=content,
            fence=fence,
            expect="none",
            headers={"content-type": "text/csv; charset=UTF-8"},
        )

    def look(
        self,
        path: str,
        stream: str,
        *,
        kind: str,
        expect: str = "json",
        ask: object = None,
    ) -> object:
        """Read anything else: limits, results of a job, rows by id (with a body)."""
        return self.http.send(
            "GET" if ask is None else "POST",
            f"{self.root}/{path}",
            kind=kind,
            where=self.where(stream) if stream else "",
            repeatable=True,
            json=ask,
            fence=no_fence,
            expect=expect,
        ).body


@dataclass(frozen=True, slots=True)
class QueryPage:
    """One page of a query, as Salesforce wraps it."""

    records: list[dict[str, object]]
    next_url: str
    total: int


def page(body: object) -> QueryPage:
    """Unwrap a page; raises TransientError when it is none."""
    if not isinstance(body, dict) or not isinstance(body.get("records"), list):
        where = "salesforce"
        raise TransientError(where, "a query answer without records")
    records = cast("list[dict[str, object]]", body["records"])
    # An answer that is not done always names where it goes on.
    following = "" if body.get("done", True) else str(body["nextRecordsUrl"])
    return QueryPage(records, following, int(body.get("totalSize", len(records))))
