"""Anchors: (seq, head) of the chain, noted outside of the database once a day.

A chain does not show that its end was cut off, or that all of it was written anew by
somebody who knows how; a line in a file on another machine does.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple

from tasuki.model.errors import ConfigError

_KEYS = {"at": str, "head": str, "seq": int}
_REMEDY = (
    "Give the file that `tasuki archive anchor` writes; a damaged line is evidence: "
    "keep a copy, then compare it with another copy."
)


class Anchor(NamedTuple):
    """How long the chain was at a time, and the hash of its last entry."""

    seq: int
    head: str
    at: str


def read_anchors(path: Path) -> list[Anchor]:
    """Return the anchors of a file, oldest first; none where there is no file.

    Raises:
        ConfigError: a line is no anchor.
    """
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = enumerate(text.splitlines(), start=1)
    return [_read(line, f"{path}:{number}") for number, line in lines if line.strip()]


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Add an anchor to the end of a file; it is on the disk afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(anchor._asdict(), sort_keys=True) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(line: str, where: str) -> Anchor:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or any(
        not isinstance(found.get(name), kind) for name, kind in _KEYS.items()
    ):
        raise ConfigError(where, "this is no anchor", _REMEDY)
    return Anchor(found["seq"], found["head"], found["at"])
