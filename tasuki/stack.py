"""Processes of a local stack: started, watched, and stopped without leftovers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Self

import httpx

from tasuki.model.errors import ConfigError

SERVER_SETTINGS = {
    # Task runs are recorded one by one by default, and SQLite is blocked meanwhile.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    # Flow runs are kept for ever by default.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "DO_NOT_TRACK": "1",
}
_GRACE = 10.0  # seconds between asking a process to end and ending it


def free_port(wanted: int = 0) -> int:
    """Return `wanted` if nobody listens there, else a port the system chooses."""
    for port in dict.fromkeys((wanted, 0)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    where = "127.0.0.1"
    what = "no port is free"
    raise ConfigError(where, what)


@dataclass(slots=True)
class Process:
    """One started process; its output goes to `log`."""

    name: str
    popen: "subprocess.Popen[bytes]"
    log: Path

    def ended(self) -> int | None:
        """Return its exit code, None while it runs."""
        return self.popen.poll()

    def stop(self) -> None:
        """End it and everything it started."""
        if self.popen.poll() is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.popen.pid, number)
            except ProcessLookupError:
                break
            try:
                self.popen.wait(_GRACE)
            except subprocess.TimeoutExpired:
                continue
            break

    def tail(self, lines: int = 5) -> str:
        """Return the last lines of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])


@dataclass(slots=True)
class Stack:
    """Processes of one local stack; as a context they end with it.

    Attributes:
        place: Folder for logs and Prefect's own database.
    """

    place: Path
    processes: list[Process] = field(default_factory=list)
    api_url: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Return what every process of the stack is given."""
        own = {"PREFECT_HOME": str(self.place / "prefect"), **SERVER_SETTINGS}
        if self.api_url:
            own["PREFECT_API_URL"] = self.api_url
        return own

    def start(
        self, name: str, command: Sequence[str], more: Mapping[str, str] | None = None
    ) -> Process:
        """Start a process in a group of its own."""
        logs = self.place / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        log = logs / f"{name}.log"
        with log.open("wb") as file:
            popen = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment, **(more or {})},
                start_new_session=True,
            )
        process = Process(name, popen, log)
        self.processes.append(process)
        return process

    def start_prefect(self, port: int = 4200) -> Process:
        """Start a Prefect server on loopback; `wait_for_prefect` says when it is up."""
        port = free_port(port)
        command = [sys.executable, "-m", "prefect", "server", "start"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        self.api_url = f"http://127.0.0.1:{port}/api"
        # The pages ask port 4200 for their data unless they are told otherwise.
        own_pages = {
            "PREFECT_SERVER_UI_API_URL": self.api_url,
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(self.place / "prefect-ui"),
        }
        return self.start("prefect-server", command, own_pages)

    @property
    def ui_url(self) -> str:
        """Return where the Prefect UI is."""
        return self.api_url.removesuffix("/api")

    def wait_for_prefect(self, seconds: float = 180.0) -> None:
        """Wait until the server answers.

        Raises:
            ConfigError: it ended, or did not answer in time; says where its log is.
        """
        server = next(p for p in self.processes if p.name == "prefect-server")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if server.ended() is not None:
                break
            if _answers(f"{self.api_url}/health"):
                return
            time.sleep(0.25)  # noqa: TID251 - waiting for a real process
        what = f"the Prefect server did not start: {server.tail(1)}"
        raise ConfigError(str(server.log), what, "Look at the log named above.")

    def stop(self) -> None:
        """End every process, the last one started first."""
        while self.processes:
            self.processes.pop().stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == HTTPStatus.OK
    except httpx.TransportError:
        return False
