"""An address for Prometheus and for whoever asks whether we are well."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tasuki.ledger import Ledger
from tasuki.model.errors import ConfigError, TasukiError
from tasuki.model.unforeseen import unforeseen
from tasuki.operation.metrics import CONTENT_TYPE, exposition
from tasuki.operation.picture import take_picture
from tasuki.project import Project

_PLAIN = "text/plain; charset=utf-8"


@contextmanager
def serve_metrics(
    project: Project, ledger: Ledger, host: str, port: int
) -> Iterator[str]:
    """Serve `/metrics`, `/health/live` and `/health/ready`; yield the address.

    Ready means that the ledger answers. One answer is made at a time: asking more
    often makes nobody wait for the ledger but whoever asks.

    Raises:
        ConfigError: the port is taken.
    """
    turn = threading.Lock()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._say(*_metrics(project, ledger, turn))
                case "/health/live":
                    self._say(HTTPStatus.OK, _PLAIN, b"alive\n")
                case "/health/ready":
                    self._say(*_ready(ledger, turn))
                case _:
                    self._say(HTTPStatus.NOT_FOUND, _PLAIN, b"try /metrics\n")

        def _say(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet: an answer every few seconds is no news."""

    try:
        server = ThreadingHTTPServer((host, port), Answer)
    except OSError as error:
        remedy = "End the other program, or choose another: --port N."
        where, what = f"{host}:{port}", f"cannot listen ({error.strerror})"
        raise ConfigError(where, what, remedy) from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _metrics(
    project: Project, ledger: Ledger, turn: threading.Lock
) -> tuple[HTTPStatus, str, bytes]:
    try:
        with turn:
            return (
                HTTPStatus.OK,
                CONTENT_TYPE,
                exposition(take_picture(project, ledger)),
            )
    except TasukiError as error:
        return _unwell(error)
    except Exception as error:  # noqa: BLE001 - who asks is told, whatever it is
        return _unwell(unforeseen("metrics", error))


def _ready(ledger: Ledger, turn: threading.Lock) -> tuple[HTTPStatus, str, bytes]:
    try:
        with turn:
            ledger.held_leases()
    except TasukiError as error:
        return _unwell(error)
    except Exception as error:  # noqa: BLE001 - who asks is told, whatever it is
        return _unwell(unforeseen("ledger", error))
    return HTTPStatus.OK, _PLAIN, b"ready\n"


def _unwell(error: TasukiError) -> tuple[HTTPStatus, str, bytes]:
    words = f"{error}\n".encode()
    return HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, words
