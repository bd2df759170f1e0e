"""Keeping a local stack up: the table of its parts, restarts, one stack a folder."""

import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tasuki.model.errors import ConfigError
from tasuki.ports import Clock
from tasuki.stack import Child, Stack, answers, be_free

_LOOPBACK = "127.0.0.1"
_READY_SECONDS = 60.0
_LOOK_AGAIN = 0.25
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_WELL_SECONDS = 60.0  # after so long, a fall is a new one


@dataclass(frozen=True, slots=True)
class StackPart:
    """A command of ours that a stack keeps running.

    Attributes:
        name: In status lines, and of its log.
        command: Of `tasuki`; a part whose command does not exist is left out.
        options: Of that command; `{port}` stands for its port.
        port: Where it listens; 0 for one that does not.
    """

    name: str
    command: str
    options: tuple[str, ...] = ()
    port: int = 0

    @property
    def url(self) -> str:
        """Return where it listens; "" for one that does not."""
        return f"http://{_LOOPBACK}:{self.port}" if self.port else ""

    def arguments(self, root: Path) -> list[str]:
        """Return what starts it, as a module and its arguments."""
        options = [one.format(port=self.port) for one in self.options]
        return ["tasuki.cli", "--project", str(root), self.command, *options]


def stack_parts(receiver_port: int, metrics_port: int) -> tuple[StackPart, ...]:
    """Return the parts of a stack beside Prefect's own, in the order of starting."""
    listening = ("--host", _LOOPBACK, "--port", "{port}")
    return (
        StackPart("consumer", "drain", ("--follow",)),
        StackPart("receiver", "receive", listening, receiver_port),
        StackPart("metrics", "metrics", listening, metrics_port),
    )


def known_parts(
    parts: Collection[StackPart], commands: Collection[str]
) -> list[StackPart]:
    """Return the parts whose command this version has."""
    return [part for part in parts if part.command in commands]


def start_part(stack: Stack, part: StackPart) -> Child:
    """Start one part and wait until it is ready.

    Raises:
        ConfigError: its port is taken.
        StackError: it ended, or is not ready in time.
    """
    if part.port:
        be_free(part.port)
    child = stack.start(part.name, part.arguments(stack.root), stack.prefect)
    ready = f"{part.url}/health/ready"
    stack.wait_for(child, lambda: not part.url or answers(ready), _READY_SECONDS)
    return child


@contextmanager
def only_here(place: Path) -> Iterator[None]:
    """Let one stack run in a folder at a time.

    Raises:
        ConfigError: another one runs there; its process is named.
    """
    place.mkdir(parents=True, exist_ok=True)
    path = place / "up.lock"
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            pid = file.read().strip() or "unknown"
            what = f"another `tasuki up` runs in this folder (process {pid})"
            remedy = f"Use that one, or end it first: kill {pid}."
            raise ConfigError(str(place.parent), what, remedy) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@dataclass(slots=True)
class Upkeep:
    """Starts fallen programs again, ever later while they keep falling.

    Attributes:
        stack: The programs.
        clock: Time.
        tell: Told one line for each fall and each restart.
    """

    stack: Stack
    clock: Clock
    tell: Callable[[str], None]
    _pauses: dict[str, float] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)

    def keep(self) -> None:
        """Keep everything up until somebody says stop."""
        while True:
            self.look()
            self.clock.sleep(_LOOK_AGAIN)

    def look(self) -> None:
        """Look at each program once."""
        now = self.clock.monotonic()
        for child in list(self.stack.children):
            code = child.program.poll()
            if code is None:
                self._begun.setdefault(child.name, now)
            elif child.name not in self._due:
                self._fallen(child, code, now)
            elif self._due[child.name] <= now:
                del self._due[child.name]
                self._begun[child.name] = now
                self.stack.restart(child)
                self.tell(f"{child.name}: started again")

    def _fallen(self, child: Child, code: int, now: float) -> None:
        stood = now - self._begun.get(child.name, now)
        before = 0.0 if stood >= _WELL_SECONDS else self._pauses.get(child.name, 0.0)
        pause = min(_LONGEST_PAUSE, before * 2 or _FIRST_PAUSE)
        self._pauses[child.name] = pause
        self._due[child.name] = now + pause
        said = child.last_words()
        again = f"again in {pause:g} s; log: {child.log}"
        self.tell(f"{child.name}: ended by itself, code {code} ({said}); {again}")
