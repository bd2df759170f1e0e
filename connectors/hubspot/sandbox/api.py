"""The routes of the stand-in: HubSpot's paths over the stores."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import Reply, Request, Route
from tasuki.sandbox.world import World

from . import answers
from .acts import Acts
from .catalogue import ALWAYS_REQUIRED, Property, custom, standard
from .hooks import Hooks
from .linking import Links, TooManyError
from .owner_list import OwnerList
from .searching import BadSearchError, Searcher
from .store import Row, Store
from .writing import (
    BadBatchError,
    Writer,
    batch_reply,
    write_batch,
)

Answering = Callable[[Request], Reply]

_PAGE_CAP = 100
_PRIMARY_KINDS = {1, 5}  # contact to company, deal to company
_MOST_WITH_HISTORY = 50
_DAILY = 250_000
_SEARCH_BODY_CAP = 3_000
_OBJECTS = r"/crm/(?P<version>objects/2026-09|v3/objects)/(?P<stream>[^/]+)"
_LINKS = r"/crm/(?:associations/2026-03|v4/associations)/(?P<near>[^/]+)/(?P<far>[^/]+)"
_PROPERTIES = r"/crm/(?:v3/properties|properties/2026-09)/(?P<stream>[^/]+)"
_TYPES = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-8": "line_items"}


class HubspotSandbox:
    """A HubSpot account.

    Args:
        token: The only bearer token it takes.
        portal_id: Of the account.
        index_lag: Seconds by which search is late.
        refusals: How a batch with a bad row is answered: `rows`, `whole`, `silent`
            (see `write_batch`).
        rate_limits: Calls per ten seconds and searches per second; None for none.
        required: Type to the properties its new records must have.
        now: Epoch seconds.
    """

    name = "hubspot"

    def __init__(
        self,
        *,
        token: str = "pat-sandbox",  # noqa: S107 - of a stand-in
        portal_id: int = 20_261_122,
        index_lag: float = 0.0,
        refusals: str = "rows",
        rate_limits: tuple[int, int] | None = None,
        required: Mapping[str, tuple[str, ...]] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.token = token
        self.portal_id = portal_id
        self.refusals = refusals
        self._rate_limits = rate_limits
        self.clock = now
        self._lag = index_lag
        self._required = required or {}
        self._recent: dict[str, deque[float]] = {"": deque(), "search": deque()}
        self._is_failing = False
        self._last_id = 0
        self.links = Links()
        self.owners = OwnerList()
        self.hooks = Hooks()
        self.stores: dict[str, Store] = {}
        self._searchers: dict[str, Searcher] = {}
        for stream, properties in standard().items():
            self._open(stream, properties)
        self.acts = Acts(self)

    def routes(self) -> Iterable[Route]:
        """Return HubSpot's paths, and a person's acts."""
        yield "GET", _OBJECTS, self._authorised(self._list)
        yield "POST", _OBJECTS + "/search", self._authorised(self._search)
        yield "POST", _OBJECTS + "/batch/read", self._authorised(self._read)
        yield "POST", _OBJECTS + "/batch/archive", self._authorised(self._archive)
        verbs = "/batch/(?P<verb>create|update|upsert)"
        yield "POST", _OBJECTS + verbs, self._authorised(self._write)
        yield "GET", _OBJECTS + r"/(?P<id>\d+)", self._authorised(self._get)
        yield "POST", _LINKS + "/batch/read", self._authorised(self._read_links)
        yield "POST", _LINKS + "/batch/create", self._authorised(self._create_links)
        yield "GET", _PROPERTIES, self._authorised(self._properties)
        yield "POST", _PROPERTIES, self._authorised(self._add_property)
        account = "/account-info/(?:v3|2026-09)/details"
        yield "GET", account, self._authorised(self._account)
        yield "GET", "/crm/v3/owners", self._authorised(self.owners.answer)
        yield "POST", "/__act/(?P<act>[a-z_]+)", self.acts.answer

    def limit_reply(self, fault: Fault) -> Reply:
        """Return HubSpot's 429."""
        return answers.too_fast("TEN_SECONDLY_ROLLING", fault.retry_after)

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        """Carry out a batch of which every third row fails."""
        self._is_failing = True
        try:
            return carry_out(request)
        finally:
            self._is_failing = False

    def seed(self, world: World) -> None:
        """Take over the world's people as contacts."""
        for person in world.people:
            self._last_id = max(self._last_id, person.id)
            created, changed = person.created, person.modified
            values: dict[str, str | None] = {
                "email": person.email.strip().lower(),
                "lastname": person.lastname,
                "firstname": person.firstname,
                "company": person.company,
                "phone": person.phone,
                "state": person.state,
                "jobtitle": person.jobtitle,
                "lifecyclestage": person.lifecycle,
                "hubspotscore": str(person.score),
                "hs_analytics_source": person.source,
                "hs_email_optout": "true" if person.opted_out else "false",
            }
            kept = {name: value or None for name, value in values.items()}
            stamps = int(created.timestamp() * 1000), int(changed.timestamp() * 1000)
            self.stores["contacts"].put(Row(person.id, kept, *stamps))

    def dump(self) -> object:
        """Return the whole account as JSON."""
        return {
            "last_id": self._last_id,
            "stores": {name: store.dump() for name, store in self.stores.items()},
            "links": self.links.dump(),
        }

    def load(self, state: Any) -> None:  # noqa: ANN401 - whatever was dumped
        """Take over a dumped account; search sees it at once."""
        self._last_id = state["last_id"]
        self.stores.clear()
        for stream in standard().keys() - state["stores"].keys():
            self._open(stream, standard()[stream])  # of a state before it was known
        for stream, dumped in state["stores"].items():
            properties = [Property(**one) for one in dumped["properties"]]
            store = self._open(stream, {one.name: one for one in properties}, lag=0)
            for record_id, *rest in dumped["rows"]:
                store.put(Row(record_id, *rest))
            store.merged = dict(map(tuple, dumped["merged"]))
            store.lag = self._lag
        self.links.load(state["links"])

    def store(self, stream: str) -> Store:
        """Return a type's store; custom object types come into being when named.

        Raises:
            UnknownTypeError: no such object type.
        """
        stream = _TYPES.get(stream, stream)
        if stream not in self.stores:
            if not stream.startswith(("2-", "p_")):
                raise UnknownTypeError(stream)
            self._open(stream, custom())
        return self.stores[stream]

    def next_id(self) -> int:
        """Return an id nobody has."""
        self._last_id += 1
        return self._last_id

    def writer(self, stream: str) -> Writer:
        """Return what writes to a type."""
        store = self.store(stream)
        required = (
            *ALWAYS_REQUIRED.get(store.name, ()),
            *self._required.get(store.name, ()),
        )
        return Writer(store, self.clock, self.next_id, required)

    def _open(
        self, stream: str, properties: dict[str, Property], lag: float | None = None
    ) -> Store:
        late = self._lag if lag is None else lag
        store = Store(stream, properties, self.clock, late)
        store.told = self.hooks.watch(stream)
        self.stores[stream] = store
        self._searchers[stream] = Searcher(store)
        return store

    def _authorised(self, function: Answering) -> Answering:
        def checked(request: Request) -> Reply:
            if request.headers.get("authorization") != f"Bearer {self.token}":
                words = "Authentication credentials not found or not valid."
                return answers.error(401, words, "INVALID_AUTHENTICATION")
            is_search = request.path.endswith("/search")
            if (limited := self._throttled(is_search=is_search)) is not None:
                return limited
            try:
                reply = function(request)
            except (BadSearchError, BadBatchError, TooManyError) as error:
                return answers.error(400, str(error), "VALIDATION_ERROR")
            except UnknownTypeError as error:
                words = f"Unable to infer object type from: {error}"
                return answers.error(400, words, "VALIDATION_ERROR")
            except (KeyError, TypeError, ValueError, AttributeError):
                return answers.error(400, "Invalid input JSON", "VALIDATION_ERROR")
            if not is_search:
                reply.headers = {**reply.headers, **self._limit_headers()}
            return reply

        return checked

    def _throttled(self, *, is_search: bool) -> Reply | None:
        if self._rate_limits is None:
            return None
        now = self.clock()
        for window, seconds, most in (
            ("search", 1.0, self._rate_limits[1]),
            ("", 10.0, self._rate_limits[0]),
        ):
            if window and not is_search:
                continue
            recent = self._recent[window]
            while recent and recent[0] <= now - seconds:
                recent.popleft()
            if len(recent) >= most:
                policy = "SECONDLY" if window else "TEN_SECONDLY_ROLLING"
                return answers.too_fast(policy, None)
        for window in ("search", "") if is_search else ("",):
            self._recent[window].append(now)
        return None

    def _limit_headers(self) -> dict[str, str]:
        most = self._rate_limits[0] if self._rate_limits else 190
        return {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(most - len(self._recent[""])),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": str(_DAILY),
            "X-HubSpot-RateLimit-Daily-Remaining": str(_DAILY),
        }

    def _list(self, request: Request) -> Reply:
        store = self.store(request.args["stream"])
        size = int(request.param("limit", "10"))
        if not 0 < size <= _PAGE_CAP:
            return answers.error(
                400, f"limit must be at most {_PAGE_CAP}", "VALIDATION_ERROR"
            )
        names = store.names(_listed(request.param("properties")))
        if request.param("archived") == "true":
            rows = [row for row in store.rows.values() if row.archived]
            return Reply(200, {"results": [row.shown(names) for row in rows]})
        rows, following = store.page(int(request.param("after", "0")), size)
        body: dict[str, object] = {"results": [row.shown(names) for row in rows]}
        if following is not None:
            link = f"{request.path}?after={following}"
            body["paging"] = {"next": {"after": str(following), "link": link}}
        return Reply(200, body)

    def _search(self, request: Request) -> Reply:
        store = self.store(request.args["stream"])
        is_dated = request.args["version"].startswith("objects")
        body = _object(request)
        if len(request.body.decode()) > _SEARCH_BODY_CAP:
            words = f"The request must not exceed {_SEARCH_BODY_CAP} characters"
            raise BadSearchError(words)
        answer = self._searchers[store.name].answer(body, all_keys=is_dated)
        return Reply(200, answer)

    def _get(self, request: Request) -> Reply:
        store = self.store(request.args["stream"])
        row = store.live(int(request.args["id"]))
        if row is None:
            return answers.error(404, "resource not found", "OBJECT_NOT_FOUND")
        names = store.names(_listed(request.param("properties")))
        return Reply(200, row.shown(names))

    def _read(self, request: Request) -> Reply:
        store, body = self.store(request.args["stream"]), _object(request)
        inputs, key = body["inputs"], str(body.get("idProperty") or "")
        self.writer(store.name).check_batch("create", inputs)
        if key and key not in store.key_names():
            words = f"Property {key} is not a unique property"
            return answers.error(400, words, "VALIDATION_ERROR")
        if not key and not all(str(one["id"]).isdigit() for one in inputs):
            return answers.error(400, "an id is no number", "VALIDATION_ERROR")
        names = store.names(list(body.get("properties") or ()))
        found: dict[int, Row] = {}
        missing: list[str] = []
        for asked in (str(one["id"]) for one in inputs):
            row = store.by_key(key, asked) if key else store.live(int(asked))
            if row is None:
                missing.append(asked)
            else:
                found[row.id] = row
        asked_history = [str(one) for one in body.get("propertiesWithHistory") or ()]
        if asked_history and len(inputs) > _MOST_WITH_HISTORY:
            words = f"at most {_MOST_WITH_HISTORY} inputs with propertiesWithHistory"
            return answers.error(400, words, "VALIDATION_ERROR")
        results: list[object] = []
        for row in reversed(found.values()):
            past = {name: store.history(row, name) for name in asked_history}
            more = {"propertiesWithHistory": past} if asked_history else {}
            results.append(row.shown(names, **more))
        errors = [answers.not_found(missing)] if missing else []
        return batch_reply(results, errors, 200, self._is_dated(request))

    def _write(self, request: Request) -> Reply:
        return write_batch(
            self.writer(request.args["stream"]),
            request.args["verb"],
            _object(request)["inputs"],
            refusals=self.refusals,
            is_dated=self._is_dated(request),
            is_failing=self._is_failing,
        )

    def _archive(self, request: Request) -> Reply:
        stream, inputs = request.args["stream"], _object(request)["inputs"]
        self.writer(stream).check_batch("create", inputs)
        for one in inputs:
            self.acts.archive(stream, str(one["id"]))
        return Reply(204)

    def _read_links(self, request: Request) -> Reply:
        near, far = self._ends(request)
        results, errors = self.links.read(near, far, _object(request)["inputs"])
        return Reply(207 if errors else 200, answers.batch(results, errors))

    def _create_links(self, request: Request) -> Reply:
        near, far = self._ends(request)
        for one in _object(request)["inputs"]:
            ids = int(one["from"]["id"]), int(one["to"]["id"])
            kinds = [kind.get("associationTypeId") for kind in one.get("types") or ()]
            primary = bool(_PRIMARY_KINDS.intersection(kinds))
            self.links.join((near, ids[0]), (far, ids[1]), primary=primary)
        return Reply(201, answers.batch([], []))

    def _ends(self, request: Request) -> tuple[str, str]:
        args = request.args
        return self.store(args["near"]).name, self.store(args["far"]).name

    def _properties(self, request: Request) -> Reply:
        properties = self.store(request.args["stream"]).properties
        return Reply(200, {"results": [one.described() for one in properties.values()]})

    def _add_property(self, request: Request) -> Reply:
        store, body = self.store(request.args["stream"]), _object(request)
        made = Property(
            str(body["name"]),
            str(body["type"]),
            tuple(str(one["value"]) for one in body.get("options") or ()),
            unique=bool(body.get("hasUniqueValue")),
            label=str(body.get("label") or ""),
        )
        if made.name in store.properties:
            words = f"A property named '{made.name}' already exists."
            return answers.error(409, words, "OBJECT_ALREADY_EXISTS")
        store.properties[made.name] = made
        return Reply(201, made.described())

    def _account(self, request: Request) -> Reply:  # noqa: ARG002 - says nothing
        body = {
            "portalId": self.portal_id,
            "accountType": "STANDARD",
            "timeZone": "Asia/Tokyo",
            "companyCurrency": "JPY",
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
        return Reply(200, body)

    @staticmethod
    def _is_dated(request: Request) -> bool:
        return request.args["version"].startswith("objects")


class UnknownTypeError(ValueError):
    """No such object type."""


def _listed(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _object(request: Request) -> dict[str, Any]:
    body = request.json()
    if not isinstance(body, dict):
        raise TypeError(body)
    return body
