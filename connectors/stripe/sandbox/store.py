"""Objects of the account, listed newest first, and the events of their changes."""

import copy
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from tasuki.ports import Clock
from tasuki.sandbox.server import Reply, Request

from ..settings import VERSION  # noqa: TID252 - it may live elsewhere
from .rules import Refusal, Row, missing

_MOST: Final = 100
_EVENTS_KEPT: Final = timedelta(days=30)


class Shelf:
    """One kind of object, in order of creation."""

    def __init__(self, kind: str, prefix: str) -> None:
        self.kind = kind
        self._prefix = prefix
        self.rows: dict[str, Row] = {}
        self._order: list[str] = []
        self._place: dict[str, int] = {}

    def new_id(self) -> str:
        """Return the next id; they sort as they were made."""
        return f"{self._prefix}_{len(self._order) + 1:014d}"

    def add(self, row: Row) -> Row:
        """Take an object in."""
        one = str(row["id"])
        self._place[one] = len(self._order)
        self._order.append(one)
        self.rows[one] = row
        return row

    def get(self, one: str, param: str = "id", status: int = 404) -> Row:
        """Return an object; raises Refusal when it is not there."""
        if one not in self.rows:
            raise missing(self.kind, one, param, status)
        return self.rows[one]

    def page(
        self,
        request: Request,
        url: str,
        keep: Callable[[Row], bool],
        show: Callable[[Row], Row] | None = None,
    ) -> Reply:
        """Answer a list: `limit`, `starting_after`, newest first."""
        limit = _limit(request)
        after = request.param("starting_after")
        if after and after not in self._place:
            raise missing(self.kind, after, "starting_after", 400)
        place = self._place[after] if after else len(self._order)
        found: list[Row] = []
        while place > 0 and len(found) <= limit:
            place -= 1
            row = self.rows.get(self._order[place])
            if row is not None and keep(row):
                found.append(row)
        shown = [show(row) if show else row for row in found[:limit]]
        more = len(found) > limit
        body = {"object": "list", "url": url, "has_more": more, "data": shown}
        return Reply(200, body)

    def dump(self) -> Row:
        """Return the state as JSON."""
        return {"rows": list(self.rows.values()), "order": list(self._order)}

    def load(self, state: Row) -> None:
        """Take a state over."""
        self.rows = {str(row["id"]): row for row in state["rows"]}
        self._order = list(state["order"])
        self._place = {one: place for place, one in enumerate(self._order)}


def _limit(request: Request) -> int:
    text = request.param("limit", "10")
    if not text.isdigit() or not 1 <= int(text) <= _MOST:
        words = "This value must be between 1 and 100"
        raise Refusal(words, param="limit")
    return int(text)


def known_params(request: Request, names: Iterable[str]) -> None:
    """Refuse query parameters that the endpoint does not have."""
    allowed = {*names, "limit", "starting_after"}
    for name in request.params:
        if name not in allowed and not name.startswith("expand"):
            words = f"Received unknown parameter: {name}"
            raise Refusal(words, param=name, code="parameter_unknown")


def since(request: Request) -> Callable[[Row], bool]:
    """Return the filter `created[gte]`."""
    first = int(request.param("created[gte]", "0"))
    return lambda row: int(row["created"]) >= first


class Events:
    """What has happened, with each object as it was then."""

    def __init__(self, clock: Clock, version: str = VERSION) -> None:
        self._clock = clock
        self._version = version
        self.shelf = Shelf("event", "evt")

    def tell(self, kind: str, row: Row) -> None:
        """Record an event."""
        self.shelf.add(
            {
                "id": self.shelf.new_id(),
                "object": "event",
                "api_version": self._version,
                "created": int(self._clock.now().timestamp()),
                "data": {"object": copy.deepcopy(row)},
                "livemode": False,
                "pending_webhooks": 0,
                "request": {"id": None, "idempotency_key": None},
                "type": kind,
            }
        )

    def index(self, request: Request) -> Reply:
        """Answer `GET /v1/events`: 30 days of them, by type."""
        known_params(request, ["type", "created[gte]", *self._types(request)])
        types = [request.param(name) for name in self._types(request)]
        asked = [*types, *request.params.get("type", [])]
        oldest = int((self._clock.now() - _EVENTS_KEPT).timestamp())
        lately = since(request)

        def keep(row: Row) -> bool:
            fits = not asked or any(_fits(str(row["type"]), one) for one in asked)
            return fits and int(row["created"]) >= oldest and lately(row)

        return self.shelf.page(request, "/v1/events", keep)

    def _types(self, request: Request) -> list[str]:
        return [name for name in request.params if name.startswith("types[")]


def _fits(kind: str, asked: str) -> bool:
    if asked.endswith("*"):
        return kind.startswith(asked[:-1])
    return kind == asked
