"""Calls to Money Forward: composition, and its answers in our words."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
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
from tasuki.transport.answer import retry_after, shorten
from tasuki.transport.http import (
    Answer,
    Authoriser,
    exact_json,
    no_fence,
)
from tasuki.transport.oauth import RotatingAuth, StaticAuth, TokenEndpoint, login_remedy

from .settings import ROOT, MoneyForwardSettings, TokenSettings, login_flow

CREATE: Final = f"{ROOT}/invoice_template_billings"
"""The one call that makes an invoice in the qualified form; `/billings` answers 404."""

QUOTA: Final = "quota"
"""The code of a refusal because the plan's documents of the month are used up."""

# The words are not documented; "プラン" and "上限" are how its screens say it.
_SPEAKS_OF_QUOTA: Final = re.compile(
    r"プラン|上限|作成可能|利用枠|アップグレード|quota|\bplan\b", re.IGNORECASE
)
_MAY_BE_QUOTA: Final = frozenset({400, 403, 409, 422})

_ACCESS_REMEDY: Final = (
    "Let the administrator enable the app portal (アプリポータル) for the office and "
    "give the user rights to クラウド請求書, then `tasuki login {}`."
)
_IS_AMOUNT: Final = re.compile(r"-?\d+(\.\d+)?")
_IS_DAY: Final = re.compile(r"\d{4}/\d{2}/\d{2}")


class MoneyForward:
    """The invoice API of one office."""

    def __init__(self, settings: MoneyForwardSettings, wire: Wire) -> None:
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

    def where(self, stream: str) -> str:
        """Return what messages about a stream begin with."""
        return f"{self.connection}/{stream}" if stream else self.connection

    def get(
        self,
        path: str,
        stream: str = "",
        params: Mapping[str, str | int] | None = None,
        kind: str = "read",
    ) -> Answer:
        """Read something of the office."""
        return self._http.send(
            "GET",
            path,
            kind=kind,
            where=self.where(stream),
            repeatable=True,
            params=params,
        )

    def file(self, path: str, stream: str) -> bytes:
        """Read a file of the office, such as the PDF of an invoice."""
        answer = self._http.send(
            "GET",
            path,
            kind="read",
            where=self.where(stream),
            repeatable=True,
            headers={"accept": "application/pdf"},
            expect="bytes",
        )
        return bytes(answer.body) if isinstance(answer.body, bytes) else b""

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
        """Change something of the office."""
        return self._http.send(
            method,
            path,
            kind="write",
            where=self.where(stream),
            repeatable=repeatable,
            json=body,
            fence=fence,
        )

    def single(
        self, path: str, stream: str, kind: str = "look-up"
    ) -> dict[str, object] | None:
        """Return one record; None when it is not there."""
        try:
            answer = self.get(path, stream, None, kind)
        except RejectedError as error:
            if error.code == "404":
                return None
            raise
        return row_of(answer)


def translate(where: str, response: httpx.Response) -> TasukiError | None:
    """Translate an answer of Money Forward; None leaves it to the status alone."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    connection = where.split("/", 1)[0]
    words = read_error(response)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ThrottledError(where, words, "429", retry_after(response))
    if status == HTTPStatus.UNAUTHORIZED:
        return AccessError(where, words, "401", login_remedy(connection))
    if _is_quota(response, words):
        return RejectedError(where, words, QUOTA)
    if status == HTTPStatus.FORBIDDEN:
        return AccessError(where, words, "403", _ACCESS_REMEDY.format(connection))
    return RejectedError(where, words, str(status))


def _is_quota(response: httpx.Response, words: str) -> bool:
    """Say whether a create was refused for the plan's count of documents."""
    if response.request.url.path != CREATE:
        return False
    if response.status_code == HTTPStatus.PAYMENT_REQUIRED:
        return True
    return response.status_code in _MAY_BE_QUOTA and bool(
        _SPEAKS_OF_QUOTA.search(words)
    )


def read_error(response: httpx.Response) -> str:
    """Return the words of any of the error shapes that have been seen."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return shorten(response.text)
    return shorten(" / ".join(dict.fromkeys(_words(body))))


def _words(value: object) -> list[str]:
    """Return the texts of an error, whatever it is wrapped in; its codes aside."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [word for one in value for word in _words(one)]
    if isinstance(value, dict):
        return [w for n, one in value.items() if n != "code" for w in _words(one)]
    return []


def row_of(answer: Answer) -> dict[str, object]:
    """Return the record of an answer, bare or under `data`; empty without one."""
    body = answer.body
    if isinstance(body, dict) and isinstance(body.get("data"), dict):
        body = body["data"]
    return plain(body) if isinstance(body, dict) else {}


def rows_of(answer: Answer, where: str) -> tuple[list[dict[str, object]], int, int]:
    """Return a list's records, how many there are in all, and the pages they fill.

    Raises:
        TransientError: it is no list; taking that for "no records" would lose some.
    """
    body = answer.body
    rows = body.get("data") if isinstance(body, dict) else None
    pages = body.get("pagination") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not isinstance(pages, dict):
        words = f"answer {answer.status} is no list with its pages"
        raise TransientError(where, words)
    found = [plain(row) for row in rows if isinstance(row, dict)]
    return found, int(pages["total_count"]), int(pages["total_pages"])


_AMOUNTS: Final = re.compile(r"price|^quantity$|^subtotal_")
_DAYS: Final = re.compile(r"_date$")


def plain(row: Mapping[str, object]) -> dict[str, object]:
    """Return a record with its amounts as numbers and its days as days.

    Money Forward writes "1489.0" for amounts, and days with slashes or with dashes.
    """
    return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: object) -> object:
    if isinstance(value, dict):
        return plain(value)
    if isinstance(value, list):
        return [_plain("", one) for one in value]
    if isinstance(value, str):
        if _AMOUNTS.search(name) and _IS_AMOUNT.fullmatch(value):
            return _whole(Decimal(value))
        if _DAYS.search(name) and _IS_DAY.fullmatch(value):
            return value.replace("/", "-")
    return _whole(value) if isinstance(value, Decimal) else value


def _whole(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number


def moment_of(value: object) -> datetime | None:
    """Return a time that Money Forward tells; None where it does not."""
    try:
        found = datetime.fromisoformat(str(value or ""))
    except ValueError:
        return None
    return found if found.tzinfo else None


def as_decimal(value: object) -> Decimal | None:
    """Return an exact number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
