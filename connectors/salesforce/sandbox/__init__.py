"""A stand-in of a Salesforce org: REST, SOQL, collections and Bulk 2.0.

Which module does what: `schema` the objects, `store` the rows, `checks` and `writing`
what the org refuses, `soql`, `conditions` and `query` questions, `bulk` jobs, `login`
sessions, `acts` what people do in its screens, `hooks` what it tells of that.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import orjson

from tasuki.clock import SystemClock
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import Reply, Request, Route
from tasuki.sandbox.world import World

from . import writing
from .acts import Acts
from .bulk import Jobs
from .checks import RequestError, RowError
from .describing import describe
from .hooks import Hooks
from .login import Login
from .query import Queries
from .schema import ENTITIES, Entity
from .store import Row, Store

Answers = Callable[[Request], Reply]
_COLLECTION = 200
_RETRIEVE = 2_000
_EVERY = 3  # row of a partial answer that fails


class SalesforceSandbox:
    """One org.

    Args:
        now: The org's clock; the machine's where none is given.
        client_id: Of the External Client App.
        client_secret: Of the External Client App.
        username: The user of the JWT flow.
        public_key: PEM of the JWT flow's certificate key; "" refuses every assertion.
        token_seconds: Life of a session.
        daily_limit: API calls allowed in a day.
        page_size: Records of a query page.
        open_locators: Query locators that stay open at once.
        bulk_seconds: How long a bulk job takes.
    """

    name = "salesforce"

    def __init__(  # noqa: PLR0913 - each a behaviour that tests turn on
        self,
        *,
        now: Callable[[], datetime] | None = None,
        client_id: str = "sandbox",
        client_secret: str = "sandbox",  # noqa: S107 - a stand-in's own
        username: str = "integration@example.co.jp",
        public_key: str = "",
        token_seconds: float = 7_200.0,
        daily_limit: int = 100_000,
        page_size: int = 2_000,
        open_locators: int = 10,
        bulk_seconds: float = 0.0,
        version: str = "67.0",
    ) -> None:
        self.store = Store(now or SystemClock().now)
        self._root = f"/services/data/v{version}"
        self.login = Login(
            self.store, (client_id, client_secret), username, public_key, token_seconds
        )
        self.queries = Queries(self.store, self._root, page_size, open_locators)
        self._bulk_seconds = bulk_seconds
        self.jobs = self._new_jobs()
        self.acts = Acts(self.store)
        self.hooks = Hooks()
        self.store.told = self.hooks.changed
        self._limit = daily_limit
        self._used = 0
        self.store.user = str(self._integration_user(username)["Id"])

    def _new_jobs(self) -> Jobs:
        def carry(
            entity: Entity, operation: str, external: str, rows: list[Row]
        ) -> list[dict[str, object]]:
            return writing.carry(self.store, entity, operation, external, rows)

        return Jobs(self.store, carry, self._bulk_seconds)

    def _integration_user(self, username: str) -> Row:
        return self.store.save(
            "User",
            {
                "Username": username,
                "LastName": "連携",
                "Email": username,
                "IsActive": True,
            },
        )

    def seed(self, world: World) -> None:
        """Fill the org with a company's customers; leads come by themselves."""
        self.acts.seed(world)

    def routes(self) -> Iterable[Route]:
        """Return every path of the API that is offered."""
        root = self._root.replace(".", r"\.")
        listed: list[tuple[str, str, Answers]] = [
            ("GET", "/query", lambda r: self._query(r, deleted=False)),
            ("GET", "/queryAll", lambda r: self._query(r, deleted=True)),
            ("GET", r"/(?:query|queryAll)/(?P<locator>[\w-]+)", self._more),
            (
                "PATCH",
                r"/composite/sobjects/(?P<object>\w+)/(?P<field>\w+)",
                self._upsert,
            ),
            ("PATCH", "/composite/sobjects", self._update),
            ("POST", r"/composite/sobjects/(?P<object>\w+)", self._retrieve),
            ("GET", r"/sobjects/(?P<object>\w+)/describe", self._describe),
            ("GET", "/limits", self._limits),
            ("POST", "/jobs/ingest", self._create_job),
            ("PUT", r"/jobs/ingest/(?P<job>\w+)/batches", self._upload),
            ("PATCH", r"/jobs/ingest/(?P<job>\w+)", self._change_job),
            ("GET", r"/jobs/ingest/(?P<job>\w+)", self._job),
            ("GET", r"/jobs/ingest/(?P<job>\w+)/(?P<file>\w+)", self._results),
        ]
        routes = [
            (method, root + pattern, self._guarded(answer))
            for method, pattern, answer in listed
        ]
        return [
            ("POST", "/services/oauth2/token", self.login.token),
            *routes,
            ("POST", r"/__act/(?P<act>\w+)", self._act),
        ]

    def _guarded(self, answer: Answers) -> Answers:
        """Check session and daily limit, and spell refusals as the vendor does."""

        def guarded(request: Request) -> Reply:
            if not self.login.admits(request):
                return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
            if self._used >= self._limit:
                return self.limit_reply(None)
            self._used += 1
            try:
                reply = answer(request)
            except RequestError as error:
                reply = _error(error.status, error.code, error.words)
            except ValueError:
                reply = _error(400, "JSON_PARSER_ERROR", "Unexpected character")
            usage = f"api-usage={self._used}/{self._limit}"
            reply.headers = {**reply.headers, "Sforce-Limit-Info": usage}
            return reply

        return guarded

    def limit_reply(self, fault: Fault | None) -> Reply:
        """Return 403 REQUEST_LIMIT_EXCEEDED, Salesforce's "too fast"."""
        words = "TotalRequests Limit exceeded."
        reply = _error(403, "REQUEST_LIMIT_EXCEEDED", words)
        if fault is not None and fault.retry_after is not None:
            reply.headers = {"retry-after": f"{fault.retry_after:g}"}
        return reply

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        """Carry out a collections call whose every third row meets a row lock."""
        body: Any = request.json() if request.path.startswith(self._root) else None
        if not isinstance(body, dict) or not isinstance(body.get("records"), list):
            return carry_out(request)
        kept = [r for i, r in enumerate(body["records"], 1) if i % _EVERY]
        count = len(body["records"])
        request.body = orjson.dumps({**body, "records": kept})
        reply = carry_out(request)
        if not isinstance(reply.body, list) or reply.status != 200:  # noqa: PLR2004
            return reply
        done = iter(reply.body)
        lock = RowError((), "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access")
        reply.body = [
            next(done) if i % _EVERY else lock.answer() for i in range(1, count + 1)
        ]
        return reply

    def _query(self, request: Request, *, deleted: bool) -> Reply:
        return Reply(200, self.queries.ask(request.param("q"), deleted=deleted))

    def _more(self, request: Request) -> Reply:
        return Reply(200, self.queries.more(request.args["locator"]))

    def _entity(self, name: str) -> Entity:
        entity = ENTITIES.get(name)
        if entity is None:
            words = "The requested resource does not exist"
            raise RequestError(404, "NOT_FOUND", words)
        return entity

    def _upsert(self, request: Request) -> Reply:
        entity = self._entity(request.args["object"])
        field = entity.fields.get(request.args["field"])
        if field is None or not field.id_lookup or not field.unique:
            words = "Provided external ID field does not exist or is not accessible: "
            raise RequestError(404, "NOT_FOUND", words + request.args["field"])
        rows, kinds = writing.rows_of(request.json(), _COLLECTION)
        if kinds != {entity.name}:
            words = "all records must be of the same type"
            raise RequestError(400, "INVALID_TYPE", words)
        return Reply(200, writing.upsert(self.store, entity, field.name, rows))

    def _update(self, request: Request) -> Reply:
        rows, kinds = writing.rows_of(request.json(), _COLLECTION)
        if len(kinds) > 1:
            words = "this stand-in takes one type of record a call"
            raise RequestError(400, "INVALID_TYPE", words)
        return Reply(200, writing.update(self.store, self._entity(kinds.pop()), rows))

    def _retrieve(self, request: Request) -> Reply:
        entity = self._entity(request.args["object"])
        body: Any = request.json()
        ids, fields = body["ids"], body["fields"]
        if len(ids) > _RETRIEVE:
            words = f"cannot retrieve more than {_RETRIEVE} records"
            raise RequestError(400, "EXCEEDED_ID_LIMIT", words)
        for name in fields:
            if name not in entity.fields:
                words = f"No such column '{name}' on entity '{entity.name}'"
                raise RequestError(400, "INVALID_FIELD", words)
        table = self.store.tables[entity.name]
        rows = [table.get(str(one)) for one in ids]
        base = f"{self._root}/sobjects/{entity.name}/"
        return Reply(200, [_shown(entity, base, row, fields) for row in rows])

    def _describe(self, request: Request) -> Reply:
        return Reply(200, describe(self._entity(request.args["object"])))

    def _limits(self, _request: Request) -> Reply:
        left = max(0, self._limit - self._used)
        return Reply(200, {"DailyApiRequests": {"Max": self._limit, "Remaining": left}})

    def _create_job(self, request: Request) -> Reply:
        body: Any = request.json()
        return Reply(200, self.jobs.create(body).shown())

    def _upload(self, request: Request) -> Reply:
        if not request.headers.get("content-type", "").startswith("text/csv"):
            words = "Content-Type must be text/csv"
            raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", words)
        self.jobs.upload(request.args["job"], request.body)
        return Reply(201)

    def _change_job(self, request: Request) -> Reply:
        body: Any = request.json()
        return Reply(200, self.jobs.change(request.args["job"], body["state"]).shown())

    def _job(self, request: Request) -> Reply:
        return Reply(200, self.jobs.get(request.args["job"]).shown())

    def _results(self, request: Request) -> Reply:
        return Reply(200, self.jobs.results(request.args["job"], request.args["file"]))

    def _act(self, request: Request) -> Reply:
        body: Any = request.json() if request.body else {}
        name = request.args["act"]
        if name == "expire_tokens":
            self.login.sessions.clear()
            return Reply(200, {})
        if name == "subscribe":
            return Reply(200, self.hooks.subscribe(**body))
        if name == "expire_locators":
            self.queries.forget()
            return Reply(200, {})
        try:
            return Reply(200, self.acts.act(name, body))
        except RequestError as error:
            return _error(error.status, error.code, error.words)
        except RowError as error:
            return _error(400, error.code, error.words)
        except KeyError as error:
            return _error(404, "NOT_FOUND", f"no such thing: {error}")

    def dump(self) -> object:
        """Return everything as JSON."""
        return {
            "tables": {k: _by_id(t.rows) for k, t in self.store.tables.items()},
            "user": self.store.user,
            "used": self._used,
            "jobs": self.jobs.dump(),
            "sessions": self.login.sessions,
            "waiting": self.acts.waiting,
        }

    def load(self, state: object) -> None:
        """Take over a dumped state; query locators are lost, as after two days."""
        kept: Any = state
        self.store.reset()
        for name, rows in kept["tables"].items():
            self.store.tables[name].load(rows)
        self.store.user = kept["user"]
        self._used = kept["used"]
        self.jobs.load(kept["jobs"])
        self.login.sessions = dict(kept["sessions"])
        self.acts.waiting = dict(kept["waiting"])
        self.queries.forget()


def _by_id(rows: dict[str, Row]) -> list[Row]:
    return [rows[one] for one in sorted(rows)]


def _error(status: int, code: str, words: str) -> Reply:
    return Reply(status, [{"message": words, "errorCode": code}])


def _shown(
    entity: Entity, base: str, row: Row | None, fields: list[str]
) -> dict[str, object] | None:
    if row is None or row.get("IsDeleted"):
        return None
    shown: dict[str, object] = {
        "attributes": {"type": entity.name, "url": f"{base}{row['Id']}"}
    }
    for name in fields:
        default = False if entity.fields[name].type == "boolean" else None
        shown[name] = row.get(name, default)
    return shown
