"""HubSpot over HTTP: credentials, and the few calls that everything is made of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import httpx

from tasuki.connector import Wire
from tasuki.model.errors import TransientError
from tasuki.transport.answer import told_at
from tasuki.transport.http import Authoriser, Http, no_fence
from tasuki.transport.oauth import StaticAuth

from .paths import Paths
from .settings import HubspotSettings
from .vendor_errors import translate

BASE_URL = "https://api.hubapi.com"
LIST_PAGE = 100
SEARCH_PAGE = 200
BATCH = 100
ASSOCIATION_BATCH = 1000  # since 10 February 2025 (HubSpot's developer changelog)

T = TypeVar("T")

Body = Mapping[str, Any]
"""A decoded JSON object of HubSpot's."""


class Client:
    """The calls of one connection; every one is budgeted, retried and translated."""

    def __init__(
        self,
        settings: HubspotSettings,
        wire: Wire,
        authoriser: Authoriser | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.paths = Paths(settings.api_version)
        self.base_url = (settings.base_url or BASE_URL).rstrip("/")
        self.wire = wire
        self.authoriser = authoriser or StaticAuth(
            settings.auth.token.get_secret_value()
        )
        self._http = Http(
            wire.connection,
            self.base_url,
            clock=wire.clock,
            budget=wire.budget,
            policy=wire.policy,
            calls=wire.calls,
            timeouts=wire.timeouts,
            authoriser=self.authoriser,
            translate=translate,
            transport=transport,
        )

    def close(self) -> None:
        """Give the sockets back."""
        self._http.close()

    def where(self, stream: str) -> str:
        """Return how messages name a stream."""
        return f"{self.wire.connection}/{stream}"

    def get(
        self,
        path: str,
        *,
        kind: str,
        where: str = "",
        params: Mapping[str, str | int] | None = None,
    ) -> tuple[Body, datetime]:
        """Return an answer, and when it was given."""
        asked = self.wire.clock.now()
        answer = self._http.send(
            "GET", path, kind=kind, where=where, repeatable=True, params=params
        )
        return _object(answer.body), told_at(answer.headers, asked)

    def post(
        self,
        path: str,
        body: object,
        *,
        kind: str,
        where: str,
        window: str = "",
        fence: Callable[[], None] = no_fence,
    ) -> tuple[Body, datetime]:
        """Return the answer to a request that may be repeated, and when it was given.

        All our posts may: they read, update by id, or upsert by a unique property.
        """
        asked = self.wire.clock.now()
        answer = self._http.send(
            "POST",
            path,
            kind=kind,
            where=where,
            repeatable=True,
            json=body,
            window=window,
            fence=fence,
        )
        return _object(answer.body), told_at(answer.headers, asked)

    def list_page(
        self, stream: str, properties: Sequence[str], after: str, kind: str = "read"
    ) -> tuple[Body, datetime]:
        """Return 100 records in the order of their ids, without any upper limit."""
        params: dict[str, str | int] = {"limit": LIST_PAGE, "archived": "false"}
        if properties:
            params["properties"] = ",".join(properties)
        if after:
            params["after"] = after
        path = self.paths.objects(stream)
        return self.get(path, kind=kind, where=self.where(stream), params=params)

    def list_pages(
        self, stream: str, properties: Sequence[str], mark: str = "", kind: str = "read"
    ) -> Iterator[tuple[Body, datetime]]:
        """Yield a list's pages from a place on.

        Raises:
            TransientError: a page brings nothing new though more are promised: going
                on would never end.
        """
        last: list[str] = []
        while True:
            body, told_at = self.list_page(stream, properties, mark, kind)
            ids = [row["id"] for row in rows(body)]
            following = after(body)
            if following and (following == mark or ids == last):
                words = "the list goes round in circles"
                raise TransientError(self.where(stream), words, "ENDLESS")
            yield body, told_at
            if not following:
                return
            mark, last = following, ids

    def search(
        self,
        stream: str,
        filters: Iterable[Mapping[str, object]],
        properties: Sequence[str],
        *,
        limit: int = SEARCH_PAGE,
        kind: str = "read",
        descending: bool = False,
    ) -> tuple[Body, datetime]:
        """Return the first matches in the order of their ids, or the last ones.

        Version 2026-09 wants all five keys, even when they say nothing.
        """
        body = {
            "filterGroups": [{"filters": list(filters)}],
            "sorts": [
                {
                    "propertyName": "hs_object_id",
                    "direction": "DESCENDING" if descending else "ASCENDING",
                }
            ],
            "properties": list(properties),
            "limit": limit,
            "after": "0",
        }
        return self.post(
            self.paths.search(stream),
            body,
            kind=kind,
            where=self.where(stream),
            window="search",
        )

    def batch_read(
        self,
        stream: str,
        ids: Sequence[str],
        properties: Sequence[str],
        *,
        id_property: str = "",
        history: Sequence[str] = (),
        kind: str = "read",
    ) -> list[dict[str, Any]]:
        """Return those of at most 100 records that exist, in any order.

        With the history of properties, HubSpot takes 50 records.
        """
        body: dict[str, object] = {
            "inputs": [{"id": one} for one in ids],
            "properties": list(properties),
            "propertiesWithHistory": list(history),
        }
        if id_property:
            body["idProperty"] = id_property
        path = self.paths.batch(stream, "read")
        answer, _ = self.post(path, body, kind=kind, where=self.where(stream))
        return rows(answer)


def rows(body: Body) -> list[dict[str, Any]]:
    """Return an answer's `results`."""
    found = body.get("results")
    return found if isinstance(found, list) else []


def after(body: Body) -> str:
    """Return where an answer goes on, "" at its end."""
    paging = body.get("paging") or {}
    return str((paging.get("next") or {}).get("after") or "")


def chunks(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """Cut a sequence into pieces."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _object(body: object) -> Body:
    return body if isinstance(body, dict) else {}
