"""One line of what `tasuki doctor` says."""

from typing import NamedTuple

from tasuki.model.errors import ConfigError

EDIT = ConfigError.exit_code


class Finding(NamedTuple):
    """One line: where, what was looked at, whether it is well, and what to do."""

    where: str
    name: str
    ok: bool
    words: str
    remedy: str = ""
    exit_code: int = EDIT
