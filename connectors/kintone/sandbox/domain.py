"""The stand-in as a whole: routes, tokens, limits, and a person's doings."""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, Final

from tasuki.clock import SystemClock
from tasuki.ports import Clock
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.server import Reply, Request, Route
from tasuki.sandbox.world import World

from .answers import Refused, described, is_json_get, listed, refusal
from .forms import App, standard
from .hooks import Hooks
from .store import Row, Store
from .writing import put, row_values

_SPACE: Final = r"(?:/guest/\d+)?"
Api = Callable[[Store, dict[str, Any]], Reply]


class KintoneSandbox:
    """One domain.

    Args:
        user: Whose password is taken in place of tokens.
        password: That password.
        per_day: Calls that an app takes in a day; None: no limit.
        clock: For stamps.
    """

    name = "kintone"

    def __init__(
        self,
        *,
        user: str = "sandbox",
        password: str = "sandbox",  # noqa: S107 - of a stand-in
        per_day: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._login = f"{user}:{password}"
        self._per_day = per_day
        self._days: dict[tuple[int, str], int] = {}
        self.maintenance = False
        self.stores = {app.number: Store(app) for app in standard()}
        self.hooks = Hooks()

    def seed(self, world: World) -> None:
        """Begin with empty apps: records come with the work."""

    def routes(self) -> Iterable[Route]:
        """Return the routes of the API and of the person."""
        root = f"/k{_SPACE}/v1"
        yield "GET", f"{root}/records.json", self._guarded("view", listed)
        yield "POST", f"{root}/records.json", self._posted
        yield "PUT", f"{root}/records.json", self._guarded("edit", self._put)
        yield "GET", f"{root}/app/form/fields.json", self._guarded("", described)
        yield "POST", r"/__act/(?P<act>\w+)", self._act

    def limit_reply(self, fault: Fault) -> Reply:  # noqa: ARG002 - always the same
        """Answer that too many requests are under way."""
        return refusal("GAIA_TO04", "同時接続数の上限を超えています。", 429)

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        """Refuse the whole batch for its second row: kintone takes all or nothing."""
        body = request.json()
        rows = body.get("records") if isinstance(body, dict) else None
        if request.method != "PUT" or not isinstance(rows, list) or len(rows) < 2:  # noqa: PLR2004
            return carry_out(request)
        words = {"records[1].件名.value": ["planted refusal"]}
        return refusal("CB_VA01", "入力内容が正しくありません。", 400, words)

    def dump(self) -> object:
        """Return the whole state as JSON."""
        return {
            str(number): {
                "last": store.last,
                "fields": store.app.fields,
                "rows": [
                    [r.number, r.values, r.revision, r.created, r.updated]
                    for r in store.rows.values()
                ],
            }
            for number, store in self.stores.items()
        }

    def load(self, state: object) -> None:
        """Take over a dumped state."""
        if not isinstance(state, dict):
            msg = "the state of a kintone stand-in is an object"
            raise TypeError(msg)
        apps = {app.number: app for app in standard()}
        for number, one in state.items():
            app = apps.get(int(number)) or App(int(number), number, f"app{number}")
            app.fields = one["fields"]
            store = Store(app)
            for row in one["rows"]:
                store.put(Row(*row))
            store.last = one["last"]
            self.stores[int(number)] = store

    def _guarded(self, right: str, function: Api) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            if self.maintenance:
                page = "<html>メンテナンス中です</html>"
                headers = {"content-type": "text/html", "retry-after": "5"}
                return Reply(503, page, headers)
            try:
                asked = _asked(request)
                store = self._store(request, asked, right)
                return function(store, asked)
            except Refused as error:
                return refusal(error.code, error.words, error.status, error.details)

        return answer

    def _posted(self, request: Request) -> Reply:
        """Answer a POST that says it is a GET; adding without a key is refused here."""
        if request.headers.get("x-http-method-override") == "GET":
            return self._guarded("view", listed)(request)
        words = "the stand-in adds records by PUT with an updateKey only"
        return refusal("CB_IL02", words, 400)

    def _store(self, request: Request, asked: dict[str, Any], right: str) -> Store:
        app = str(asked.get("app") or "")
        store = self.stores.get(int(app)) if app.isdecimal() else None
        token = request.headers.get("x-cybozu-api-token")
        if token is None:
            if not self._is_user(request.headers.get("x-cybozu-authorization", "")):
                raise Refused("CB_WA01", "ログイン名またはパスワードが違います。", 401)
        elif store is not None and store.app.token not in token.split(","):
            words = "指定したAPIトークンは、アプリで生成されたトークンと異なります。"
            raise Refused("GAIA_IA02", words, 400)
        if store is None:
            words = f"指定したアプリ（id: {app}）が見つかりません。"
            raise Refused("GAIA_AP01", words, 404)
        if right and token is not None and right not in store.app.rights:
            raise Refused("GAIA_NO01", "APIトークンに権限がありません。", 403)
        self._count(store.app.number)
        return store

    def _is_user(self, header: str) -> bool:
        try:
            return base64.b64decode(header, validate=True).decode() == self._login
        except (binascii.Error, UnicodeDecodeError):
            return False

    def _count(self, number: int) -> None:
        today = (number, f"{self._clock.now():%Y-%m-%d}")
        self._days[today] = self._days.get(today, 0) + 1
        if self._per_day is not None and self._days[today] > self._per_day:
            words = "1日のAPIリクエスト数の上限を超えています。"
            raise Refused("GAIA_TO05", words, 429)

    def _put(self, store: Store, asked: dict[str, Any]) -> Reply:
        if asked.get("upsert") is True and "add" not in store.app.rights:
            raise Refused("GAIA_NO01", "APIトークンに権限がありません。", 403)
        return put(store, asked, self._clock.now())

    def _act(self, request: Request) -> Reply:
        """Do what a person does in kintone's screens; only that is told by webhook."""
        asked: Any = request.json()
        act = request.args["act"]
        if act == "subscribe":
            self.hooks.subscribe(asked["url"])
            return Reply(200, {})
        if act == "maintain":
            self.maintenance = bool(asked["on"])
            return Reply(200, {})
        store = self.stores.get(int(asked.get("app", 0)))
        if store is None:
            return Reply(404, {"message": "no such app"})
        return self._by_hand(act, store, asked)

    def _by_hand(self, act: str, store: Store, asked: dict[str, Any]) -> Reply:
        number, now = int(asked.get("id", 0)), self._clock.now()
        app = {"app": {"id": str(store.app.number), "name": store.app.name}}
        if act == "delete":
            done = store.remove(number)
            gone = {"type": "DELETE_RECORD", "recordId": str(number), **app}
            self.hooks.tell(gone)
            return Reply(200 if done else 404, {})
        values, problems = row_values(store, asked.get("record", {}))
        if problems or act not in {"add", "edit"}:
            return Reply(400, {"message": str(problems or act)})
        if act == "add":
            row, kind = store.create(values, now), "ADD_RECORD"
        elif number in store.rows:
            row, kind = store.update(number, values, now), "UPDATE_RECORD"
        else:
            return Reply(404, {"message": "no such record"})
        self.hooks.tell({"type": kind, "record": store.shown(row, ()), **app})
        return Reply(200, {"id": str(row.number), "revision": str(row.revision)})


def _asked(request: Request) -> dict[str, Any]:
    """Return what a request asks, from its address or its body."""
    if request.method == "GET":
        if is_json_get(request):
            raise Refused("CB_IL02", "不正なリクエストです。", 400)
        fields = [
            values[-1]
            for n, values in request.params.items()
            if n.startswith("fields[")
        ]
        single = {n: v[-1] for n, v in request.params.items() if "[" not in n}
        return {**single, "fields": fields}
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused("CB_IJ01", "不正なJSON文字列です。", 400)
    return body
