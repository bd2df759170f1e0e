"""A saved plan: a file that says what a run may do, and nothing of any person.

One line of JSON for people and for the run, one line for each record that would be
sent or linked (its id, what would be done, a keyed digest), and a last line that seals
them with a key of the project: a file of another project, or one that somebody has
touched, is none.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from tasuki.model.errors import ConfigError

VALID = timedelta(hours=24)
_FORM = 1
_SEAL = b"seal "
_SIZE = 16
_AGAIN = "Make a new plan with `tasuki plan MAPPING --save FILE`, and look at it."


class Act(NamedTuple):
    """What would be done about one record: nothing of it can be read off the digest."""

    id: str
    action: str
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a plan is about.

    Attributes:
        sync: The mapping's id.
        revision: The mapping's content then.
        position: A digest of how far the source had been read; "" from the beginning.
        full: Everything is read.
        only: These records and no others.
        since: Only what changed since then (ISO), "" otherwise.
        made_at: When it was made (ISO).
        valid_until: When it ceases to be valid (ISO).
        counts: Records by action, for people.
        creates: Creates, as guards count them.
        changes: Changes, as guards count them.
    """

    sync: str
    revision: str
    position: str
    full: bool
    only: tuple[str, ...]
    since: str
    made_at: str
    valid_until: str
    counts: dict[str, int]
    creates: int
    changes: int


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan as it was read from a file whose seal is whole.

    Attributes:
        id: Tells this plan from every other.
        key: The derived key of its digests.
    """

    path: Path
    head: Head
    id: str
    key: bytes

    @property
    def name(self) -> str:
        """The file's name, as messages begin."""
        return self.path.name

    @property
    def since(self) -> datetime | None:
        """The moment whose changes it is about, where it is."""
        return datetime.fromisoformat(self.head.since) if self.head.since else None

    def acts(self) -> Iterator[Act]:
        """Yield what was planned, as the file says."""
        with self.path.open("rb") as lines:
            next(lines)
            for line in lines:
                if not line.startswith(_SEAL):
                    yield Act._make(orjson.loads(line))


def plan_key(secret: bytes) -> bytes:
    """Return the key for plans that follows from a key of the project."""
    return blake2b(secret, digest_size=32, person=b"tasuki plan").digest()


def position_digest(position: str | None, key: bytes) -> str:
    """Return what stands for a cursor in a file; "" for the beginning."""
    if position is None:
        return ""
    return blake2b(position.encode(), digest_size=_SIZE, key=key).hexdigest()


def write_plan(path: Path, head: Head, acts: Iterable[Act], key: bytes) -> None:
    """Write a plan in one step; the file appears whole or not at all.

    Raises:
        ConfigError: there is something at that path, or it cannot be written.
    """
    if path.exists():
        what, remedy = "exists already", "Give another name, or remove it first."
        raise ConfigError(str(path), what, remedy)
    try:
        handle, part = tempfile.mkstemp(".part", ".plan.", path.parent)
        with os.fdopen(handle, "wb") as file:
            seal = blake2b(digest_size=_SIZE, key=key)
            for line in _lines(head, acts):
                seal.update(line)
                file.write(line)
            file.write(_SEAL + seal.hexdigest().encode() + b"\n")
    except OSError as error:
        raise ConfigError(str(path), _words(error), "Choose another place.") from None
    try:
        Path(part).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(part).unlink()
        raise ConfigError(str(path), _words(error), "Choose another place.") from None


def _lines(head: Head, acts: Iterable[Act]) -> Iterator[bytes]:
    yield orjson.dumps({"tasuki_plan": _FORM, **asdict(head)}) + b"\n"
    for act in acts:
        yield orjson.dumps(list(act)) + b"\n"


def read_plan(path: Path, keys: Sequence[bytes], now: datetime) -> SavedPlan:
    """Read a plan's head, and see that the whole file is as it was written.

    Args:
        path: The file.
        keys: The project's keys; each may have sealed it.
        now: For its age.

    Raises:
        ConfigError: it is no plan, another project's, touched, or too old.
    """
    where, again = path.name, _AGAIN
    derived = [plan_key(one) for one in keys]
    try:
        head = _head(path)
        found, seal = _sealed(path, derived)
    except OSError as error:
        raise ConfigError(where, _words(error), again) from None
    if head is None or not seal:
        raise ConfigError(where, "is no saved plan", again)
    if found is None:
        what = "was made with another project's key, or changed since it was made"
        raise ConfigError(where, what, again)
    if datetime.fromisoformat(head.valid_until) <= now:
        what = f"was made at {head.made_at[:16]}Z and is valid for 24 hours"
        raise ConfigError(where, what, again)
    return SavedPlan(path, head, seal, found)


def _head(path: Path) -> Head | None:
    with path.open("rb") as lines:
        first = lines.readline()
    try:
        content: Any = orjson.loads(first)
        if content.pop("tasuki_plan") != _FORM:
            return None
        return Head(**content | {"only": tuple(content["only"])})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _sealed(path: Path, keys: Sequence[bytes]) -> tuple[bytes | None, str]:
    """Return the key that seals the file as it is, and what its last line says."""
    seals = [blake2b(digest_size=_SIZE, key=one) for one in keys]
    last = b""
    with path.open("rb") as lines:
        for line in lines:
            if last.startswith(_SEAL):
                return None, "more"  # something stands behind the seal
            if not line.startswith(_SEAL):
                for seal in seals:
                    seal.update(line)
            last = line
    told = last.removeprefix(_SEAL).strip().decode("ascii", "replace")
    if not last.startswith(_SEAL):
        return None, ""
    for key, seal in zip(keys, seals, strict=True):
        if compare_digest(seal.hexdigest().encode(), told.encode()):
            return key, told
    return None, told


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
