"""Calls to freee: composition, and freee's answers in our words."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx

from tasuki.connector import Wire
from tasuki.model.errors import (
    AccessError,
    RejectedError,
    TasukiError,
    ThrottledError,
    TransientError,
)
from tasuki.model.write import Request
from tasuki.transport.answer import retry_after, shorten
from tasuki.transport.http import (
    Answer,
    Authoriser,
    exact_json,
    no_fence,
)
from tasuki.transport.oauth import RotatingAuth, StaticAuth, TokenEndpoint, login_remedy

from .settings import WINDOW, FreeeSettings, TokenSettings, login_flow

# "制限がかかってから10分程度が過ぎると再度使用することができるようになります"
_COOL_DOWN: Final = 600.0

_SPEAKS_OF_RATE: Final = re.compile(
    r"rate.?limit|too many|使用制限|利用制限|回数|過度|上限|しばらく", re.IGNORECASE
)

# developer.freee.co.jp, "HTTPステータスコード400台エラー時のチェックポイント".
_REMEDIES: Final = {
    "user_do_not_have_permission": (
        "Give the user who logged in the rights in freee "
        "(設定 > メンバー招待・権限管理 > メンバー管理)."
    ),
    "company_not_found": "Correct `company_id`, or log in with that company chosen.",
    "freee_plan_limit": "The company's freee plan does not include this API.",
    "source_ip_address_limit": "Let freee's IP restriction admit this machine.",
    "access_denied": "Add the permission in アプリ管理 > 権限設定, then log in again.",
}

_APP_REMEDY: Final = (
    "Check the app's permissions (アプリ管理 > 権限設定) and the user's rights; "
    "`tasuki doctor` shows which part is refused."
)


class Freee:
    """The two APIs of one company: freee会計 (`/api/1`) and freee請求書 (`/iv`)."""

    def __init__(self, settings: FreeeSettings, wire: Wire) -> None:
        self.settings = settings
        self.connection = wire.connection
        self.clock = wire.clock
        self._endpoint: TokenEndpoint | None = None
        self._http = wire.http(
            settings.api_url, self._authoriser(wire), translate, exact_json
        )

    def _authoriser(self, wire: Wire) -> Authoriser:
        auth = self.settings.auth
        flow = login_flow(self.settings)
        if isinstance(auth, TokenSettings) or flow is None:
            return StaticAuth(auth.token.get_secret_value())  # type: ignore[union-attr]
        self._endpoint = wire.token_endpoint(flow)
        return RotatingAuth(wire.connection, self._endpoint, wire.tokens, wire.clock)

    def close(self) -> None:
        """Give sockets back."""
        self._http.close()
        if self._endpoint:
            self._endpoint.close()

    def get(
        self,
        path: str,
        stream: str = "",
        params: Mapping[str, str | int] | None = None,
        kind: str = "read",
        *,
        company: bool = True,
    ) -> Answer:
        """Read something of the company."""
        query = {"company_id": self.settings.company_id} if company else {}
        return self._http.send(
            "GET",
            path,
            kind=kind,
            where=self._where(stream),
            repeatable=True,
            params={**query, **(params or {})},
            window=_window(path),
        )

    def change(
        self,
        method: str,
        path: str,
        stream: str,
        body: Mapping[str, object],
        fence: Callable[[], None] = no_fence,
        *,
        repeatable: bool,
    ) -> Answer:
        """Change something of the company."""
        return self._http.send(
            method,
            path,
            kind="write",
            where=self._where(stream),
            repeatable=repeatable,
            json={"company_id": self.settings.company_id, **body},
            window=_window(path),
            fence=fence,
        )

    def ask_to(
        self,
        request: Request,
        stream: str,
        fence: Callable[[], None],
        *,
        repeatable: bool,
    ) -> Answer:
        """Send a request that was made without the company."""
        return self.change(
            request.method,
            request.path,
            stream,
            request.body,
            fence,
            repeatable=repeatable,
        )

    def _where(self, stream: str) -> str:
        return f"{self.connection}/{stream}" if stream else self.connection


def _window(path: str) -> str:
    return WINDOW if path.startswith("/iv/") else ""


def translate(where: str, response: httpx.Response) -> TasukiError | None:
    """Translate an answer of freee; None leaves it to the status alone."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    code, words = read_error(response)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = retry_after(response) or _until_reset(response)
        return ThrottledError(where, words, "429", wait)
    if status == HTTPStatus.FORBIDDEN and _is_limit(response, code, words):
        return ThrottledError(where, words, "403", _COOL_DOWN)
    if status == HTTPStatus.UNAUTHORIZED:
        connection = where.split("/", 1)[0]
        remedy = _REMEDIES.get(code) or login_remedy(connection)
        return AccessError(where, words, code or "401", remedy)
    if status == HTTPStatus.FORBIDDEN:
        return AccessError(
            where, words, code or "403", _REMEDIES.get(code, _APP_REMEDY)
        )
    return RejectedError(where, words, code or str(status))


def read_error(response: httpx.Response) -> tuple[str, str]:
    """Return (code, words) of any of freee's error shapes."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return "", shorten(response.text)
    if not isinstance(body, dict):
        return "", shorten(response.text)
    errors = body.get("errors")
    if isinstance(errors, list):
        rows = [row for row in errors if isinstance(row, dict)]
        words = " / ".join(str(m) for row in rows for m in row.get("messages") or ())
        codes = [str(row["type"]) for row in rows if row.get("type")]
        return (f"{response.status_code} {codes[-1]}" if codes else ""), shorten(words)
    words = body.get("message") or body.get("messages") or body.get("error") or ""
    return str(body.get("code") or ""), shorten(str(words))


def _is_limit(response: httpx.Response, code: str, words: str) -> bool:
    """Tell "too fast" from "not allowed": freee answers 403 to both."""
    if code in _REMEDIES:
        return False
    left = [
        value
        for name, value in response.headers.items()
        if name.lower().startswith("x-ratelimit-remaining")
    ]
    return "0" in left or bool(_SPEAKS_OF_RATE.search(words))


def _until_reset(response: httpx.Response) -> float | None:
    """Return the seconds until the spent window opens again, by freee's own clock."""
    for suffix in ("-Day", "", "-Minute"):
        if response.headers.get(f"x-ratelimit-remaining{suffix}") != "0":
            continue
        try:
            reset = datetime.fromisoformat(
                response.headers.get(f"x-ratelimit-reset{suffix}", "")
            )
            told = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return None
        return max(1.0, (reset.astimezone(UTC) - told.astimezone(UTC)).total_seconds())
    return None


def whole(value: object) -> object:
    """Return an amount as int where it has no fraction: freee writes 1100.0 too."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value


def plain(row: Mapping[str, object]) -> dict[str, object]:
    """Return a record of freee with its whole numbers as ints, at every depth."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return plain(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return whole(value)


def rows_of(answer: Answer, name: str, where: str) -> list[dict[str, object]]:
    """Return the list under `name`.

    Raises:
        TransientError: there is none; taking that for "no records" would lose some.
    """
    body = answer.body
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise TransientError(where, f"answer {answer.status} has no '{name}'")
    return [plain(row) for row in rows if isinstance(row, dict)]


def row_of(answer: Answer, name: str) -> dict[str, object]:
    """Return the one record under `name`, empty when it is not there."""
    body = answer.body
    row = body.get(name) if isinstance(body, dict) else None
    return plain(row) if isinstance(row, dict) else {}
