"""An HTTP server for stand-ins that can also misbehave below HTTP.

Every stand-in answers, beside its vendor's API:
`GET /__stats` (calls by route), `GET|POST|DELETE /__faults`, `GET|PUT /__state`,
`POST /__reset` (empties the counters), `POST /__act/…` (a person's doing, as the
stand-in offers it).
"""

import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from tasuki.sandbox.faults import Fault, Faults, Kind


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
        self, sandbox: Sandbox, port: int = 0, host: str = "127.0.0.1"
    ) -> None:
        self.sandbox = sandbox
        self.faults = Faults()
        self.lock = threading.RLock()
        self.calls: Counter[str] = Counter()
        self._routes = [
            (method, re.compile(pattern), pattern, function)
            for method, pattern, function in sandbox.routes()
        ]
        self._server = _Server((host, port), _handler_for(self))
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

    def start(self) -> "SandboxServer":
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

    def __enter__(self) -> "SandboxServer":
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
                request.args = found.groupdict()
                with self.lock:
                    if not text.startswith(_ACT):
                        self.calls[f"{method} {text}"] += 1
                    return function(request)
        with self.lock:
            self.calls[f"{request.method} (unknown)"] += 1
        return Reply(404, {"message": f"no such path: {request.method} {request.path}"})

    def later(self, seconds: float, request: Request) -> None:
        """Carry a request out after its connection has died."""
        timer = threading.Timer(seconds, self.carry_out, [request])
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def control(self, request: Request) -> Reply:
        """Answer the `/__…` paths."""
        match request.method, request.path:
            case "GET", "/__stats":
                with self.lock:
                    calls = dict(self.calls)
                body = {"calls": calls, "total": sum(calls.values())}
                return Reply(200, body | {"faults": self.faults.report()})
            case "POST", "/__faults":
                asked = request.json()
                for one in asked if isinstance(asked, list) else [asked]:
                    self.faults.plant(Fault(**one))
                return Reply(200, self.faults.report())
            case "DELETE", "/__faults":
                self.faults.clear()
                return Reply(200, [])
            case "POST", "/__reset":
                with self.lock:
                    self.calls.clear()
                return Reply(200, {})
            case "GET", "/__state":
                with self.lock:
                    return Reply(200, self.sandbox.dump())
            case "PUT", "/__state":
                with self.lock:
                    self.sandbox.load(request.json())
                return Reply(200, {})
            case "POST", path if path.startswith(_ACT):
                return self.carry_out(request)
        return Reply(404, {"message": "no such control path"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that went away (killed on purpose)."""


def _handler_for(server: SandboxServer) -> type[BaseHTTPRequestHandler]:
    class Exchange(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 120

        def setup(self) -> None:
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            request = Request(
                self.command,
                unquote(parts.path),
                parse_qs(parts.query, keep_blank_values=True),
                {k.lower(): v for k, v in self.headers.items()},
                self.rfile.read(length),
            )
            if request.path.startswith("/__"):
                self._answer(server.control(request))
                return
            fault = server.faults.strike(request.method, parts.path)
            if fault is None:
                self._answer(server.carry_out(request))
            else:
                _misbehave(self, server, request, fault)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

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

    return Exchange


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"


def _misbehave(  # noqa: C901, PLR0912 - one case per kind of fault
    exchange: "BaseHTTPRequestHandler",
    server: SandboxServer,
    request: Request,
    fault: Fault,
) -> None:
    answer = exchange._answer  # type: ignore[attr-defined]  # noqa: SLF001
    die = exchange._die  # type: ignore[attr-defined]  # noqa: SLF001
    match fault.kind:
        case Kind.RESET_BEFORE:
            die()
        case Kind.RESET_AFTER:
            server.carry_out(request)
            die()
        case Kind.HANG_BEFORE | Kind.HANG_AFTER:
            if fault.kind is Kind.HANG_AFTER:
                server.carry_out(request)
            time.sleep(fault.seconds)  # noqa: TID251 - a stand-in's real time
            die()
        case Kind.ERROR_BEFORE:
            answer(Reply(fault.status, {"message": "planted error"}))
        case Kind.ERROR_AFTER:
            server.carry_out(request)
            answer(Reply(fault.status, {"message": "planted error"}))
        case Kind.THROTTLE:
            wait = fault.retry_after
            headers = {} if wait is None else {"retry-after": f"{wait:g}"}
            answer(Reply(429, {"message": "planted rate limit"}, headers))
        case Kind.LIMIT_403:
            answer(server.sandbox.limit_reply(fault))
        case Kind.TRUNCATE:
            answer(server.carry_out(request), cut=0.5)
        case Kind.NOT_JSON:
            server.carry_out(request)
            answer(Reply(200, "<html>gateway</html>"))
        case Kind.WRONG_TYPE:
            answer(server.carry_out(request), content_type="text/html")
        case Kind.DRIP:
            answer(server.carry_out(request), drip=fault.seconds)
        case Kind.LATE_COMMIT:
            server.later(fault.seconds, request)
            die()
        case Kind.PARTIAL:
            with server.lock:
                answer(server.sandbox.partial(request, server.carry_out))
        case Kind.UNAUTHORISED:
            answer(Reply(401, {"message": "planted: token expired"}))
