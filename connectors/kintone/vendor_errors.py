"""kintone's error answers, translated into the engine's errors.

The code decides: kintone has answered the same error with 400, 403 and 520.
"""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus

import httpx

from tasuki.model.errors import (
    AccessError,
    RejectedError,
    TasukiError,
    ThrottledError,
    TransientError,
)
from tasuki.transport.answer import object_of, retry_after, shorten, without_addresses

CONFLICT = "GAIA_CO02"
"""The record has another revision than the one that was read."""
MISSING = "GAIA_RE01"
"""There is no record of this number."""

_ACCESS = {
    "CB_AU01": "Check the connection's `token` or `auth`: kintone wants a login.",
    "CB_NO02": "Give the API token or the user the right to this app.",
    "CB_WA01": "Check user and password of the connection's `auth`.",
    "GAIA_AP01": "Check the app's number in `apps`: there is no such app.",
    "GAIA_IA02": (
        "Check the app's `token`: it is of another app, or the app was not updated "
        "after it was made (アプリの設定 > APIトークン > 保存 > アプリを更新)."
    ),
    "GAIA_NO01": (
        "Give the API token the rights レコード閲覧, レコード追加 and レコード編集, "
        "and update the app."
    ),
}
_PASSING = frozenset({"GAIA_DA02", "GAIA_TM12", "GAIA_UN03"})
_PAGE = "a web page came in place of an answer: maintenance, or another address"
_MAINTENANCE_PAUSE = 60.0
_PLACE = re.compile(r"records\[(\d+)\]\.(?:record\.)?(.+?)(?:\.values?(?:\[.*)?)?")
_QUOTED = re.compile(r"[\"「].*?[\"」]")


class BatchRefusedError(RejectedError):
    """kintone refused a whole request; `details` are its words by place."""

    def __init__(
        self,
        where: str,
        answer: str,
        code: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(where, answer, code)
        self.args = (where, answer, code, details)
        self.details: Mapping[str, str] = details or {}

    def by_row(self) -> dict[int, list[tuple[str, str]]]:
        """Return (field, words) by the place of the row in the batch."""
        found: dict[int, list[tuple[str, str]]] = {}
        for place, words in self.details.items():
            named = _PLACE.fullmatch(place)
            if named:
                found.setdefault(int(named[1]), []).append((named[2], words))
        return found


def translate(where: str, response: httpx.Response) -> TasukiError | None:
    """Return the error an answer stands for, None for a good one."""
    status = response.status_code
    is_page = "html" in response.headers.get("content-type", "")
    if status < HTTPStatus.BAD_REQUEST and not is_page:
        return None
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        told = retry_after(response)
        words = "too many requests at once"
        return ThrottledError(where, words, "429", 1.0 if told is None else told)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        told = retry_after(response)
        wait = _MAINTENANCE_PAUSE if told is None else told
        words = "kintone is not available, for maintenance perhaps"
        return (
            TransientError(where, words, "503")
            if not is_page
            else ThrottledError(where, words, "MAINTENANCE", wait)
        )
    if is_page:
        return TransientError(where, _PAGE, str(status))
    return _of_code(where, response)


def masked(words: str) -> str:
    """Return kintone's words without what they quote, on one line, bounded."""
    return shorten(_QUOTED.sub("(value)", without_addresses(words)))


def _of_code(where: str, response: httpx.Response) -> TasukiError:
    status, body = response.status_code, object_of(response)
    code = str(body.get("code") or status)
    words = masked(str(body.get("message") or response.reason_phrase))
    if code in _ACCESS:
        return AccessError(where, words, code, _ACCESS[code])
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return AccessError(where, words, code)
    is_refusal = code.startswith("CB_VA") or code in {CONFLICT, MISSING}
    if code in _PASSING or (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR and not is_refusal
    ):
        return TransientError(where, words, code)
    return BatchRefusedError(where, words, code, dict(_details(body.get("errors"))))


def _details(errors: object) -> Iterator[tuple[str, str]]:
    for place, one in errors.items() if isinstance(errors, dict) else ():
        messages = one.get("messages") if isinstance(one, dict) else None
        if isinstance(messages, list):
            yield str(place), masked(" ".join(map(str, messages)))
