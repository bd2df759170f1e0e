"""The keys that seal the secrets of the ledger: several open, the first one seals."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_urlsafe

KEY_VARIABLE = "TASUKI_SECRET_KEY"
FILE = "secret.key"
SHORTEST_KEY = 16


def new_key() -> str:
    """Return a new key: 256 bits, fit for an environment variable."""
    return token_urlsafe(32)


class Keys:
    """Where a project's keys are: the environment's variable, else a file.

    The variable holds keys separated by commas, the file one a line; the newest stands
    first.
    """

    def __init__(self, place: Path, environment: Mapping[str, str]) -> None:
        self.path = place / FILE
        self._given = environment.get(KEY_VARIABLE, "")

    def is_given(self) -> bool:
        """Say whether the environment gives the keys."""
        return bool(self._given)

    def read(self) -> tuple[bytes, ...]:
        """Return the keys, the one that seals first; nothing where there is none."""
        if self._given:
            parts = [part.strip() for part in self._given.split(",") if part.strip()]
            if len(parts) == 1 or min(map(len, parts), default=0) < SHORTEST_KEY:
                return (self._given.encode(),)
            # A pass phrase may have held a comma before a list could be given.
            return tuple(part.encode() for part in [*parts, self._given])
        if not self.path.is_file():
            return ()
        return tuple(line for line in self.path.read_bytes().splitlines() if line)

    def make(self) -> tuple[bytes, ...]:
        """Return the file's keys; a machine without any gets its own."""
        if not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self._written((new_key().encode(),))
            with suppress(FileExistsError):
                # A link: of two processes that start at once, one gives the key, and
                # nobody sees a half-written one.
                self.path.hardlink_to(part)
            part.unlink()
        return self.read()

    def put(self, keys: tuple[bytes, ...]) -> None:
        """Replace the file's keys in one step."""
        self._written(keys).replace(self.path)

    def _written(self, keys: tuple[bytes, ...]) -> Path:
        """Write keys to a file of their own, for its owner only."""
        handle, name = tempfile.mkstemp(".part", f".{FILE}.", self.path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(b"\n".join(keys) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return Path(name)
