"""Answers of the stand-in in kintone's shapes: lists, forms, refusals."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from tasuki.sandbox.server import Reply, Request

from .query import QueryError, parse
from .store import Store

HEADERS = {"x-concurrencylimit-limit": "100", "x-concurrencylimit-running": "1"}


class Refused(Exception):  # noqa: N818 - an answer on its way, never seen outside
    """A request that is answered with an error of kintone's."""

    def __init__(
        self,
        code: str,
        words: str,
        status: int = 400,
        details: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(code, words, status, details)
        self.code = code
        self.words = words
        self.status = status
        self.details = details


def refusal(
    code: str,
    words: str,
    status: int,
    details: Mapping[str, Sequence[str]] | None = None,
) -> Reply:
    """Return an error answer."""
    body: dict[str, object] = {
        "code": code,
        "id": secrets.token_hex(10),
        "message": words,
    }
    if details:
        body["errors"] = {place: {"messages": list(w)} for place, w in details.items()}
    return Reply(status, body, HEADERS)


def is_json_get(request: Request) -> bool:
    """Say whether a GET without a body claims to be JSON: kintone refuses that."""
    kind = request.headers.get("content-type", "")
    return kind.startswith("application/json") and not request.body


def listed(store: Store, asked: Mapping[str, Any]) -> Reply:
    """Answer `GET records.json`."""
    try:
        query = parse(str(asked.get("query") or ""), store.codes())
    except QueryError as error:
        raise Refused(error.code, error.words) from error
    rows, count = store.found(query)
    fields = asked.get("fields") or ()
    is_counted = asked.get("totalCount") in {True, "true"}
    body = {
        "records": [store.shown(row, fields) for row in rows],
        "totalCount": str(count()) if is_counted else None,
    }
    return Reply(200, body, HEADERS)


def described(store: Store, asked: Mapping[str, Any]) -> Reply:  # noqa: ARG001 - a route's
    """Answer `GET app/form/fields.json`."""
    body = {"properties": store.app.fields, "revision": str(store.app.revision)}
    return Reply(200, body, HEADERS)
