"""`.env` of a project: variables for this machine, behind those of the environment."""

import re
from collections.abc import Mapping
from pathlib import Path

from tasuki.model.errors import ConfigError

FILE = ".env"
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


def with_env_file(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment over what the project's `.env` says, where there is one.

    Raises:
        ConfigError: a line is no `NAME=value`; its value is not shown.
    """
    path = root / FILE
    if not path.is_file():
        return dict(environment)
    return read_env(path.read_text(encoding="utf-8")) | dict(environment)


def read_env(text: str) -> dict[str, str]:
    """Read lines of `NAME=value`; nothing in a value is expanded.

    Example:
        >>> read_env("# a comment" + chr(10) + "export TOKEN='a#b'")
        {'TOKEN': 'a#b'}
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        match = _LINE.fullmatch(bare)
        if match is None:
            remedy = "Write NAME=value, one a line."
            where = f"{FILE}:{number}:1"
            raise ConfigError(where, "this is no NAME=value", remedy)
        found[match[1]] = _bare(match[2].strip())
    return found


def _bare(value: str) -> str:
    for quote in ('"', "'"):
        if len(value) > 1 and value[0] == value[-1] == quote:
            return value[1:-1]
    return value.partition(" #")[0].rstrip()
