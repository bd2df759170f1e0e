"""Flows in a process of their own, and what a Prefect server saw of them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tasuki.sandbox.rehearsal import ENVIRONMENT
from tasuki.stack import Stack
from tests.end_to_end.relay import Report

ROOT = Path(__file__).parents[2]
_PATIENCE = 30.0


class Flows:
    """Runs flows in another process, and asks the server what it saw of them."""

    def __init__(self, process: "subprocess.Popen[str]", api_url: str) -> None:
        self._process = process
        self._api = httpx.Client(base_url=api_url, timeout=30)

    def close(self) -> None:
        """End the process."""
        self._api.close()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def run(self, flow: str, **parameters: object) -> list[Report]:
        """Run a flow that ends well."""
        told = self._ask(flow, parameters)
        assert "error" not in told, told
        return told["reports"]

    def fails(self, flow: str, **parameters: object) -> str:
        """Run a flow that ends badly; returns its words."""
        told = self._ask(flow, parameters)
        assert "reports" not in told, told
        return told["error"]

    def _ask(self, flow: str, parameters: dict[str, object]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        order = {"flow": flow, "parameters": parameters}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the runner has died"
        return json.loads(line)

    def seen(self, what: str, **wanted: object) -> list[dict[str, Any]]:
        """Return flow runs, task runs or artifacts, newest first."""
        order = {} if what == "artifacts" else {"sort": "EXPECTED_START_TIME_DESC"}
        asked = {"limit": 200} | order | wanted
        answer = self._api.post(f"/{what}/filter", json=asked)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def last(self, flow: str) -> dict[str, Any]:
        """Return the newest run of a flow."""
        return self.seen("flow_runs", flows={"name": {"any_": [flow]}})[0]

    def stages(self, run: dict[str, Any], count: int) -> list[str]:
        """Return the names of a run's stages; the server notes them a little later."""

        def names() -> list[str]:
            rows = self.seen("task_runs", flow_runs={"id": {"any_": [run["id"]]}})
            return [row["name"] for row in reversed(rows)]

        return until(names, lambda found: len(found) >= count)

    def events(self, prefix: str) -> list[dict[str, Any]]:
        """Return the events whose names begin so, newest first."""
        asked = {"filter": {"event": {"prefix": [prefix]}}, "limit": 50}
        answer = self._api.post("/events/filter", json=asked)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()["events"]

    def report(self, key: str) -> str:
        """Return the newest report under an artifact key."""
        answer = self._api.get(f"/artifacts/{key}/latest")
        assert answer.status_code == httpx.codes.OK, answer.text
        assert answer.json()["type"] == "markdown"
        return str(answer.json()["data"])


def until(look: Callable[[], Any], is_enough: Callable[[Any], bool]) -> Any:
    """Look again and again until it is enough, or patience ends."""
    deadline = time.monotonic() + _PATIENCE
    while not is_enough(found := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


@contextmanager
def running(place: Path, stack: Stack, **more: str) -> Iterator[Flows]:
    """Start the process that runs flows of the project at `place`."""
    given = {"TASUKI_PROJECT": str(place), "PREFECT_LOGGING_LEVEL": "ERROR"}
    environment = {**os.environ, **stack.prefect, **ENVIRONMENT, **given, **more}
    environment.pop("TASUKI_LEDGER_URL", None)
    environment["PYTHONPATH"] = str(ROOT)
    with (place / "runner.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/end_to_end/flow_runner.py")],
            cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True, env=environment,
        )  # fmt: skip
    flows = Flows(process, stack.prefect["PREFECT_API_URL"])
    try:
        yield flows
    finally:
        flows.close()
