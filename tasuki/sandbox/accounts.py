"""Accounts of a stand-in: authorisation codes, refresh tokens that work once."""

import base64
import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from tasuki.ports import Clock
from tasuki.sandbox.server import Reply, Request

_CODE_LIFE: Final = timedelta(minutes=10)
_OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"


@dataclass(slots=True)
class Grants:
    """What was given out: ends of validity by token or code, ISO texts."""

    access: dict[str, str] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    codes: dict[str, list[str]] = field(default_factory=dict)
    """Code to [end, redirect_uri, code_challenge]."""


class Accounts:
    """Gives and checks tokens.

    Args:
        clock: For their lives.
        client_id: The app's.
        client_secret: The app's.
        fixed_token: An access token that never ends.
        seconds: Life of access tokens.
        refresh_days: Life of refresh tokens.
        basic_auth: The app says who it is by HTTP basic auth, not in the form.
        retires_access: A renewal ends the access token of the old pair too.
    """

    def __init__(  # noqa: PLR0913 - the ways in which vendors differ
        self,
        clock: Clock,
        client_id: str,
        client_secret: str,
        fixed_token: str,
        seconds: int,
        *,
        refresh_days: int = 90,
        basic_auth: bool = False,
        retires_access: bool = False,
    ) -> None:
        self._clock = clock
        self._client = (client_id, client_secret)
        self._fixed = fixed_token
        self._life = timedelta(seconds=seconds)
        self._refresh_life = timedelta(days=refresh_days)
        self._basic_auth = basic_auth
        self._retires_access = retires_access
        self.grants = Grants()

    def dump(self) -> object:
        """Return everything given out."""
        return asdict(self.grants)

    def load(self, state: dict[str, dict[str, object]]) -> None:
        """Take over what was dumped."""
        self.grants = Grants(**state)  # type: ignore[arg-type]

    def authorize(self, request: Request) -> Reply:
        """Let everybody in at once, as a person who presses 許可する."""
        redirect = request.param("redirect_uri")
        if (
            request.param("response_type") != "code"
            or request.param("client_id") != self._client[0]
            or not redirect
        ):
            return Reply(400, {"error": "invalid_request"})
        code = secrets.token_hex(16)
        end = (self._clock.now() + _CODE_LIFE).isoformat()
        challenge = request.param("code_challenge")
        self.grants.codes[code] = [end, redirect, challenge]
        if redirect == _OUT_OF_BAND:
            return Reply(200, f"認可コード: {code}")
        query = urlencode({"code": code, "state": request.param("state")})
        joint = "&" if urlsplit(redirect).query else "?"
        return Reply(302, None, {"location": f"{redirect}{joint}{query}"})

    def token(self, request: Request) -> Reply:
        """Answer the token endpoint."""
        form = request.form()
        if self._app_of(request, form) != self._client:
            return _refused("invalid_client", "クライアント認証に失敗しました。")
        match form.get("grant_type"):
            case "authorization_code":
                return self._by_code(form)
            case "refresh_token":
                end = self.grants.refresh.pop(form.get("refresh_token", ""), "")
                if not self._is_ahead(end):
                    return _refused("invalid_grant", "リフレッシュトークンが無効です。")
                if self._retires_access:
                    self.grants.access.clear()
                return self._pair()
            case _:
                return Reply(400, {"error": "unsupported_grant_type"})

    def _app_of(self, request: Request, form: dict[str, str]) -> tuple[str, ...]:
        """Return the id and secret that the app has given."""
        if not self._basic_auth:
            return form.get("client_id", ""), form.get("client_secret", "")
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        try:
            pair = base64.b64decode(given, validate=True).decode()
        except ValueError:
            return ()
        return tuple(pair.split(":", 1))

    def admits(self, request: Request) -> bool:
        """Say whether the request carries a token that is valid now."""
        kind, _, access = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return False
        return access == self._fixed or self._is_ahead(
            self.grants.access.get(access, "")
        )

    def expire_access(self) -> None:
        """Let every access token end now; refresh tokens stay."""
        self.grants.access.clear()

    def expire_refresh(self) -> None:
        """Let every refresh token end now, as time would."""
        self.grants.refresh.clear()

    def _by_code(self, form: dict[str, str]) -> Reply:
        end, redirect, challenge = self.grants.codes.pop(
            form.get("code", ""), ["", "", ""]
        )
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            not self._is_ahead(end)
            or redirect != form.get("redirect_uri")
            or (challenge and challenge != proof)
        ):
            return _refused("invalid_grant", "認可コードが無効です。")
        return self._pair()

    def _pair(self) -> Reply:
        now = self._clock.now()
        access, refresh = secrets.token_hex(16), secrets.token_hex(16)
        self.grants.access[access] = (now + self._life).isoformat()
        self.grants.refresh[refresh] = (now + self._refresh_life).isoformat()
        return Reply(
            200,
            {
                "access_token": access,
                "token_type": "bearer",
                "expires_in": int(self._life.total_seconds()),
                "refresh_token": refresh,
                "scope": "read write",
                "created_at": int(now.timestamp()),
            },
        )

    def _is_ahead(self, end: str) -> bool:
        return bool(end) and datetime.fromisoformat(end) > self._clock.now()


def _refused(code: str, words: str) -> Reply:
    return Reply(401, {"error": code, "error_description": words})
