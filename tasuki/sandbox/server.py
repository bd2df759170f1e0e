"""An HTTP server for stand-ins that can also misbehave below HTTP.

Every stand-in answers, beside its vendor's API:
`GET /__stats` (calls by route), `GET|POST|DELETE /__faults`, `GET|PUT /__state`,
`POST /__reset` (empties the counters), `POST /__act/…` (a person's doing, as the
stand-in offers it). What can be planted as a fault is listed in `faults.Kind`.
"""

import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from tasuki.sandbox.faults import Fault, Faults, Kind, doubled


@dataclass(slots=True)
class Request:
    """One request as a stand-in sees it; `path` is percent-decoded."""

    method: str
    path: str
    params: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    args: Mapping[str, str] = field(default_factory=dict)
    """Named groups of the route's pattern."""
    route: str = ""

    def json(self) -> object:
        """Return the decoded body; raises ValueError when it is not JSON."""
        return orjson.loads(self.body)

    def form(self) -> dict[str, str]:
        """Return a form-encoded body."""
        return {k: v[-1] for k, v in parse_qs(self.body.decode()).items()}

    def param(self, name: str, default: str = "") -> str:
        """Return one query parameter."""
        values = self.params.get(name)
        return values[-1] if values else default


@dataclass(slots=True)
class Reply:
    """One answer; a dict or list becomes JSON, a str text."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, str]:
        """Return the body's bytes and content type."""
        if self.body is None:
            return b"", "application/json;charset=UTF-8"
        if isinstance(self.body, bytes):
            return self.body, "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode(), "text/plain;charset=UTF-8"
        return orjson.dumps(self.body, default=str), "application/json;charset=UTF-8"


Route = tuple[str, str, Callable[[Request], Reply]]

_ACT = "/__act/"  # what a person does in the vendor's screens: never counted or struck


class Sandbox(Protocol):
    """A stand-in: routes over a state. One lock is held during each request."""

    name: str

    def routes(self) -> Iterable[Route]:
        """Return (method, full-match pattern with named groups, function)."""

    def limit_reply(self, fault: Fault) -> Reply:
        """Return the vendor's own way of saying "too fast" (403 or otherwise)."""

    def partial(self, request: Request, carry_out: Callable[[Request], Reply]) -> Reply:
        """Carry out a batch so that some of its rows fail, as the vendor answers."""

    def dump(self) -> object:
        """Return the whole state as JSON."""

    def load(self, state: object) -> None:
        """Take over a dumped state."""


class SandboxServer:
    """Serves one stand-in on loopback until it is stopped."""

    def __init__(
        self,
        sandbox: Sandbox,
        port: int = 0,
        host: str = "127.0.0.1",
        later: Callable[[float, Callable[[], None]], None] | None = None,
    ) -> None:
        """Make a server; `later` does things after so many seconds (None: real)."""
        self.sandbox = sandbox
        self._later = later or self._in_real_time
        self._told: dict[str, Reply] = {}
        self.faults = Faults()
        self.lock = threading.RLock()
        self.calls: Counter[str] = Counter()
        self._routes = [
            (method, re.compile(pattern), pattern, function)
            for method, pattern, function in sandbox.routes()
        ]
        self._server = _Server((host, port), self)
        self._thread: threading.Thread | None = None
        self._timers: list[threading.Timer] = []

    @property
    def port(self) -> int:
        """Return the port in use."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Serve from a thread of its own."""
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"sandbox-{self.sandbox.name}",
            daemon=True,
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and forget late commits."""
        for timer in self._timers:
            timer.cancel()
        self._server.shutdown()
        self._server.server_close()
        if self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def total(self, pattern: str = "") -> int:
        """Return how many calls reached routes whose `METHOD pattern` matches."""
        with self.lock:
            return sum(n for key, n in self.calls.items() if re.search(pattern, key))

    def carry_out(self, request: Request) -> Reply:
        """Route a request to the stand-in."""
        for method, pattern, text, function in self._routes:
            if method == request.method and (found := pattern.fullmatch(request.path)):
                request.args, request.route = found.groupdict(), f"{method} {text}"
                with self.lock:
                    if not text.startswith(_ACT):
                        self.calls[request.route] += 1
                    reply = function(request)
                    if method != "GET" and reply.status < HTTPStatus.BAD_REQUEST:
                        self._told[request.route] = reply
                    return reply
        with self.lock:
            self.calls[f"{request.method} (unknown)"] += 1
        return Reply(404, {"message": f"no such path: {request.method} {request.path}"})

    def stale(self, request: Request) -> Reply:
        """Carry a request out, and return what the one before was answered."""
        with self.lock:
            told = dict(self._told)
            reply = self.carry_out(request)
            return told.get(request.route, reply)

    def later(self, seconds: float, request: Request) -> None:
        """Carry a request out after its connection has died."""

        def act() -> None:
            self.carry_out(request)

        self._later(seconds, act)

    def _in_real_time(self, seconds: float, action: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def control(self, request: Request) -> Reply:
        """Answer the `/__…` paths."""
        if request.path.startswith(_ACT):
            return self.carry_out(request)
        answers: Mapping[str, Callable[[Request], Reply]] = {
            "/__stats": self._counted,
            "/__reset": self._reset,
            "/__faults": self._plant,
            "/__state": self._state,
        }
        answer = answers.get(request.path)
        return answer(request) if answer else Reply(404, {"message": "no such path"})

    def _counted(self, _: Request) -> Reply:
        with self.lock:
            calls = dict(self.calls)
        body = {"calls": calls, "total": sum(calls.values())}
        return Reply(200, body | {"faults": self.faults.report()})

    def _reset(self, _: Request) -> Reply:
        with self.lock:
            self.calls.clear()
        return Reply(200, {})

    def _state(self, request: Request) -> Reply:
        with self.lock:
            if request.method == "GET":
                return Reply(200, self.sandbox.dump())
            self.sandbox.load(request.json())
        return Reply(200, {})

    def _plant(self, request: Request) -> Reply:
        if request.method == "DELETE":
            self.faults.clear()
            return Reply(200, [])
        if request.method == "POST":
            asked: Any = request.json()
            for one in asked if isinstance(asked, list) else [asked]:
                self.faults.plant(Fault(**one))
        return Reply(200, self.faults.report())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: SandboxServer) -> None:
        self.owner = owner
        super().__init__(address, _Exchange)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that went away (killed on purpose)."""


class _Exchange(BaseHTTPRequestHandler):
    """Requests of one client, one after the other."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 120

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client went away: half a request is none
            self.close_connection = True
            return
        request = Request(
            self.command,
            unquote(parts.path),
            parse_qs(parts.query, keep_blank_values=True),
            {k.lower(): v for k, v in self.headers.items()},
            body,
        )
        owner = self.server.owner
        if request.path.startswith("/__"):
            self._answer(owner.control(request))
            return
        fault = owner.faults.strike(request.method, parts.path)
        if fault is None:
            self._answer(owner.carry_out(request))
        else:
            self._misbehave(request, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _misbehave(self, request: Request, fault: Fault) -> None:
        owner = self.server.owner
        if fault.kind in _DONE_UNTOLD:
            owner.carry_out(request)
        refusal = _refusal(owner.sandbox, fault)
        if refusal is not None:
            self._answer(refusal)
            return
        match fault.kind:
            case Kind.TRUNCATE:
                self._answer(owner.carry_out(request), cut=0.5)
            case Kind.WRONG_TYPE:
                self._answer(owner.carry_out(request), content_type="text/html")
            case Kind.DRIP:
                self._answer(owner.carry_out(request), drip=fault.seconds)
            case Kind.PARTIAL:
                with owner.lock:
                    self._answer(owner.sandbox.partial(request, owner.carry_out))
            case Kind.STALE:
                self._answer(owner.stale(request))
            case Kind.TWICE:
                reply = owner.carry_out(request)
                self._answer(replace(reply, body=doubled(reply.body)))
            case Kind.LATE_COMMIT:
                owner.later(fault.seconds, request)
                self._die()
            case Kind.HANG_BEFORE | Kind.HANG_AFTER:
                time.sleep(fault.seconds)  # noqa: TID251 - a stand-in's real time
                self._die()
            case _:
                self._die()

    def _answer(
        self,
        reply: Reply,
        *,
        cut: float = 1.0,
        drip: float = 0.0,
        content_type: str = "",
    ) -> None:
        body, kind = reply.encoded()
        lines = [
            f"HTTP/1.1 {reply.status} {_phrase(reply.status)}",
            f"content-type: {content_type or kind}",
            f"content-length: {len(body)}",
            f"date: {self.date_time_string()}",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
        ]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        sent = body[: int(len(body) * cut)]
        if drip:
            self._drip(head + sent, drip)
        else:
            self.wfile.write(head + sent)
        if cut < 1.0:
            self._die()

    def _drip(self, message: bytes, seconds: float) -> None:
        steps = 20
        size = max(1, len(message) // steps)
        for start in range(0, len(message), size):
            self.wfile.write(message[start : start + size])
            self.wfile.flush()
            time.sleep(seconds / steps)  # noqa: TID251 - a stand-in's real time

    def _die(self) -> None:
        """Reset the connection: no FIN, no answer."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: `/__stats` counts."""


_DONE_UNTOLD = frozenset(
    {Kind.RESET_AFTER, Kind.HANG_AFTER, Kind.ERROR_AFTER, Kind.NOT_JSON}
)


def _refusal(sandbox: Sandbox, fault: Fault) -> Reply | None:
    """Return the whole answer of a fault that still gives one."""
    match fault.kind:
        case Kind.ERROR_BEFORE | Kind.ERROR_AFTER:
            return Reply(fault.status, {"message": "planted error"})
        case Kind.THROTTLE:
            wait = fault.retry_after
            headers = {} if wait is None else {"retry-after": f"{wait:g}"}
            return Reply(429, {"message": "planted rate limit"}, headers)
        case Kind.LIMIT_403:
            return sandbox.limit_reply(fault)
        case Kind.NOT_JSON:
            return Reply(200, "<html>gateway</html>")
        case Kind.ERRORS_200:
            words = "planted error"
            return Reply(200, {"errors": [{"message": words, "messages": [words]}]})
        case Kind.UNAUTHORISED:
            return Reply(401, {"message": "planted: token expired"})
        case _:
            return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
