"""Which process this is, and whether another one on this machine still lives."""

import os
import socket
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Whereabouts(NamedTuple):
    """A process, told apart from every other, also from a later one with its number.

    Attributes:
        host: Its name, for people.
        machine: Boot and process-number space; "" where the system does not say.
        pid: Process number.
        born: When it started, in the kernel's own count; "" where unknown.
    """

    host: str
    machine: str
    pid: int
    born: str


def here() -> Whereabouts:
    """Return this process."""
    pid = os.getpid()
    return Whereabouts(socket.gethostname(), _machine(), pid, _born(pid) or "")


def is_gone(holder: Whereabouts) -> bool:
    """Say whether the holder has certainly ended; False where one cannot know."""
    if not holder.machine or holder.machine != _machine():
        return False
    return _born(holder.pid) != holder.born


def is_alive(holder: Whereabouts) -> bool:
    """Say whether the holder certainly lives; False where one cannot know."""
    if not holder.machine or holder.machine != _machine():
        return False
    return _born(holder.pid) == holder.born


@cache
def _machine() -> str:
    # Containers of one host share its boot id, but not its process numbers.
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        numbers = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    return f"{boot} {numbers}"


def _born(pid: int) -> str | None:
    """Return the start time of a living process (proc(5): field 22 of stat)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    state, started = fields[0], fields[19]
    return None if state in {"Z", "X"} else started
