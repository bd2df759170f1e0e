"""Programs that run beside each other and end together: servers, workers, stand-ins.

Every one gets a session of its own, so that a Ctrl-C in the terminal reaches only us
and we end the others in order, with everything they have started.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import httpx

from tasuki.model.errors import ConfigError, TasukiError
from tasuki.ports import Clock

SERVER_SETTINGS: Mapping[str, str] = {
    # One event at a time, as is the default, SQLite lags minutes behind 2,000 tasks
    # and answers 503 meanwhile; in batches it catches up within seconds.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    # Without this, flow runs are kept for ever (90 days then).
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
"""Settings of a Prefect server for one machine; a user's own come before them."""

SERVER_SECRET = "PREFECT_SERVER_API_AUTH_STRING"  # noqa: S105 - a variable's name
CLIENT_SECRET = "PREFECT_API_AUTH_STRING"  # noqa: S105 - a variable's name
_LOOPBACK = "127.0.0.1"
_LOOK_AGAIN = 0.25
_FIRST_START_SECONDS = 180.0  # with its migrations, on a slow machine
_GRACE_SECONDS = 15.0
_LAST_LINES = 3
_DEAD = frozenset({"Z", "X"})  # ended, and not yet collected by their parent


class StackError(TasukiError):
    """One of the programs could not start, or has ended by itself."""

    exit_code = 3

    def __init__(self, where: str, what: str, remedy: str) -> None:
        super().__init__(where, what, remedy)
        self.where = where
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Child:
    """One started program."""

    name: str
    program: subprocess.Popen[bytes]
    log: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def last_words(self) -> str:
        """Return the last lines of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        spoken = [line.strip() for line in lines if line.strip()]
        return " / ".join(spoken[-_LAST_LINES:]) or "it said nothing"


@dataclass(slots=True)
class Stack:
    """Programs started in order and ended in the opposite one.

    Use it as a context: nothing is left behind, whatever happens inside.

    Attributes:
        root: The folder they run in.
        logs: The folder of their logs, one file each.
        environment: What they all see.
        clock: Time for waiting.
    """

    root: Path
    logs: Path
    environment: Mapping[str, str]
    clock: Clock
    children: list[Child] = field(default_factory=list)
    prefect: Mapping[str, str] = field(default_factory=dict)
    """What a program needs to reach the server that was started here."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
    ) -> Child:
        """Start a Python module of this environment: `start("x", ["prefect", …])`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        log.unlink(missing_ok=True)
        program = self._open(arguments, environment or {}, log)
        child = Child(name, program, log, tuple(arguments), environment or {})
        self.children.append(child)
        return child

    def restart(self, fallen: Child) -> Child:
        """Start a program again that has ended by itself, in its old place."""
        end_all(descendants(fallen.program.pid))
        program = self._open(fallen.arguments, fallen.environment, fallen.log)
        child = replace(fallen, program=program)
        self.children[self.children.index(fallen)] = child
        return child

    def _open(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> "subprocess.Popen[bytes]":
        with log.open("ab") as file:
            return subprocess.Popen(  # noqa: S603 - our own arguments
                [sys.executable, "-m", *arguments],
                cwd=self.root,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_server(self, home: Path, port: int) -> str:
        """Start a Prefect server on loopback; return its API's address once it is up.

        Args:
            home: Its `PREFECT_HOME`: database, profiles, storage.
            port: Of API and screens.
        """
        be_free(port)
        home.mkdir(parents=True, exist_ok=True)
        api = f"http://{_LOOPBACK}:{port}/api"
        settings = dict(SERVER_SETTINGS) | {
            name: value
            for name, value in self.environment.items()
            if name in SERVER_SETTINGS
        }
        own = {
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": api,
            # The screens ask port 4200 unless told otherwise, and are written out with
            # that address: beside the package, two servers would share one copy.
            "PREFECT_SERVER_UI_API_URL": api,
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui"),
            **settings,
        }
        arguments = ["server", "start", "--host", _LOOPBACK, "--port", str(port)]
        child = self.start("prefect-server", ["prefect", *arguments], own)
        self.wait_for(child, lambda: answers(f"{api}/health"), _FIRST_START_SECONDS)
        self.prefect = {name: own[name] for name in ("PREFECT_HOME", "PREFECT_API_URL")}
        return api

    def start_worker(self, home: Path, api: str, pool: str) -> Child:
        """Start a worker that runs flows as processes; return once it polls."""
        own = {
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": api,
            "TASUKI_PROJECT": str(self.root),
        }
        secret = self.environment.get(CLIENT_SECRET, "")
        arguments = ["worker", "start", "--pool", pool, "--type", "process"]
        child = self.start("prefect-worker", ["prefect", *arguments], own)
        self.wait_for(
            child, lambda: _is_polling(api, pool, secret), _FIRST_START_SECONDS
        )
        return child

    def wait_for(
        self, child: Child, is_ready: Callable[[], bool], seconds: float
    ) -> None:
        """Wait until a program is ready.

        Raises:
            StackError: it ended instead, or time is up.
        """
        end = self.clock.monotonic() + seconds
        while not is_ready():
            self.raise_fallen()
            if self.clock.monotonic() > end:
                what = f"not ready within {seconds:.0f} seconds ({child.last_words()})"
                raise StackError(child.name, what, f"Look at {child.log}.")
            self.clock.sleep(_LOOK_AGAIN)

    def raise_fallen(self) -> None:
        """Raise StackError when a program has ended by itself."""
        for child in self.children:
            code = child.program.poll()
            if code is not None:
                what = f"ended by itself, code {code} ({child.last_words()})"
                raise StackError(child.name, what, f"Look at {child.log}.")

    def watch(self) -> None:
        """Wait until a program ends by itself, which raises StackError."""
        while True:
            self.raise_fallen()
            self.clock.sleep(_LOOK_AGAIN)

    def stop(self) -> None:
        """End every program, the last started first, and all that they started."""
        while self.children:
            child = self.children.pop()
            theirs = descendants(child.program.pid)
            _signal(child.program.pid, signal.SIGTERM)
            try:
                child.program.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                theirs |= descendants(child.program.pid)
            for pid in {child.program.pid, *theirs}:
                _signal(pid, signal.SIGKILL)
            child.program.wait()
            self._wait_until_gone(theirs)

    def _wait_until_gone(self, pids: set[int]) -> None:
        end = self.clock.monotonic() + _GRACE_SECONDS
        while pids & _parents().keys() and self.clock.monotonic() < end:
            self.clock.sleep(_LOOK_AGAIN / 5)


def end_all(pids: set[int]) -> None:
    """End programs that a fallen one has left behind."""
    for pid in pids:
        _signal(pid, signal.SIGKILL)


def free_port(wanted: int = 0) -> int:
    """Return `wanted` if nobody listens there, else a port the system chooses."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((_LOOPBACK, port))
                return int(probe.getsockname()[1])
    where, what = _LOOPBACK, "no port is free"
    raise ConfigError(where, what, "End some of the programs that listen.")


def be_free(port: int) -> None:
    """Raise ConfigError when a port of loopback is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            what = "another program has this port"
            where = f"{_LOOPBACK}:{port}"
            raise ConfigError(
                where, what, "End it, or choose another: --port N."
            ) from None


def answers(url: str) -> bool:
    """Say whether an address answers well."""
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.HTTPError:
        return False


def _is_polling(api: str, pool: str, secret: str = "") -> bool:
    user, _, password = secret.partition(":")
    try:
        url = f"{api}/work_pools/{pool}/workers/filter"
        auth = (user, password) if secret else None
        answer = httpx.post(url, json={}, auth=auth, timeout=5)
    except httpx.HTTPError:
        return False
    return answer.is_success and any(w["status"] == "ONLINE" for w in answer.json())


def _signal(pid: int, number: int) -> None:
    """Signal a program and its group; one that has ended already is well."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def descendants(pid: int) -> set[int]:
    """Return the programs a program has started, and theirs (also in other groups).

    Prefect runs each flow in a session of its own, which a group's signal misses.
    """
    parents = _parents()
    found: set[int] = set()
    waiting = {pid}
    while waiting:
        waiting = {one for one, parent in parents.items() if parent in waiting} - found
        found |= waiting
    return found


def _parents() -> dict[int, int]:
    """Return the parent of every living program (proc(5), else ps)."""
    proc = Path("/proc")
    if not (proc / "self" / "stat").exists():
        listed = subprocess.run(
            ["/bin/ps", "-A", "-o", "pid=,ppid="],
            capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
        pairs = (line.split() for line in listed.splitlines())
        return {int(pid): int(parent) for pid, parent in pairs}
    found: dict[int, int] = {}
    for path in proc.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            rest = path.read_text("utf-8", "replace").rpartition(")")[2].split()
            if rest[0] not in _DEAD:
                found[int(path.parent.name)] = int(rest[1])
    return found


@contextmanager
def until_told() -> Iterator[None]:
    """End the body at Ctrl-C or SIGTERM without an error.

    A second signal is ignored while the body puts things away.
    """

    def stop(_: int, __: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
