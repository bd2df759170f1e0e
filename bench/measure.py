"""What a process costs, by the kernel's own account."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Cost:
    """One finished process.

    Attributes:
        cpu: Seconds, user and system, of all its threads and children.
        wall: Seconds from start to end.
        peak: Largest resident size in MB.
        said: The JSON that it printed last.
    """

    cpu: float
    wall: float
    peak: float
    said: Mapping[str, Any]


def run(module: str, *arguments: str, environment: Mapping[str, str]) -> Cost:
    """Run `python -m module` to its end; raises RuntimeError when it fails."""
    begun = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - begun
    if child.returncode:
        msg = f"{module} {' '.join(arguments)} ended with {child.returncode}\n{said}"
        raise RuntimeError(msg)
    last = said.strip().splitlines()[-1]
    # This process stays small on purpose: a child's peak begins with its parent's.
    return Cost(
        usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, json.loads(last)
    )


class Stands:
    """The stand-ins' process."""

    def __init__(self, count: int) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "bench.stands", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.urls: dict[str, str] = self._answer()

    def ask(self, line: str) -> Any:
        """Give an order and return the answer."""
        assert self._child.stdin is not None
        self._child.stdin.write(f"{line}\n")
        self._child.stdin.flush()
        return self._answer()

    def calls(self) -> int:
        """Return the calls since the last reset but for logins."""
        counted = self.ask("calls")
        return sum(
            number
            for routes in counted.values()
            for route, number in routes.items()
            if "oauth2" not in route
        )

    def _answer(self) -> Any:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            msg = f"the stand-ins ended with {self._child.wait()}"
            raise RuntimeError(msg)
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(timeout=30)
