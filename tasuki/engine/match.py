"""Finding counterparts in few calls.

A batch is looked up with one call for each (stream, field). When that has cost as many
calls as reading every key of the stream would, the keys are read once and kept
(hashed) for a while: at most twice the cheapest possible, without knowing how many
records will come. A stream that holds nothing is not asked at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from tasuki.model.write import Candidate
from tasuki.ports import Clock, Counting, Destination

WORTH_COUNTING = 50  # values in one look-up
KEYS_PER_CALL = 2_000
MOST_KEYS = 50_000  # kept in memory, ~100 bytes each
STALE_SECONDS = 600.0


def key_hash(value: str) -> int:
    """Return a 64-bit hash of a match value; text compares without case."""
    digest = blake2b(value.casefold().encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(slots=True)
class _Stream:
    """What is known about one (stream, field) during a run."""

    calls: int = 0
    size: int | None = None
    sized_at: float = 0.0
    keys: dict[int, list[str]] | None = None
    keys_at: float = 0.0


@dataclass(slots=True)
class Finder:
    """Looks up match values at one destination, cheaply, for one run."""

    destination: Destination
    clock: Clock
    _known: dict[tuple[str, str], _Stream] = field(default_factory=dict)

    def find(
        self, stream: str, name: str, values: Iterable[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return the candidates for each value that somebody has."""
        asked = sorted(set(values))
        if not asked:
            return {}
        known = self._known.setdefault((stream, name), _Stream())
        if len(asked) >= WORTH_COUNTING:
            self._size_up(stream, known)
        fresh = self.clock.monotonic() - known.sized_at <= STALE_SECONDS
        if known.size == 0 and fresh:
            return {}
        if self._keys_pay_off(known):
            self._read_keys(stream, name, known)
        if known.keys is not None:
            return _from_keys(stream, asked, known.keys)
        known.calls += -(-len(asked) // 200)
        found = self.destination.find(stream, name, asked)
        folded = {value.casefold(): rows for value, rows in found.items()}
        return {v: folded[v.casefold()] for v in asked if v.casefold() in folded}

    def _size_up(self, stream: str, known: _Stream) -> None:
        if not isinstance(self.destination, Counting):
            return
        now = self.clock.monotonic()
        if known.size is None or now - known.sized_at > STALE_SECONDS:
            for (other, _), twin in self._known.items():
                is_fresh = now - twin.sized_at <= STALE_SECONDS
                if other == stream and twin.size is not None and is_fresh:
                    known.size, known.sized_at = twin.size, twin.sized_at
                    return
            known.size = self.destination.count(stream)
            known.sized_at = now
            known.keys = None

    def _keys_pay_off(self, known: _Stream) -> bool:
        if known.keys is not None:
            if self.clock.monotonic() - known.keys_at <= STALE_SECONDS:
                return False
            known.keys = None
            known.calls = 0
        if known.size is None or known.size > MOST_KEYS:
            return False
        return known.calls >= -(-known.size // KEYS_PER_CALL)

    def _read_keys(self, stream: str, name: str, known: _Stream) -> None:
        assert isinstance(self.destination, Counting)  # noqa: S101 - sized before
        keys: dict[int, list[str]] = {}
        for candidate in self.destination.keys(stream, [name]):
            value = candidate.fields.get(name)
            if value not in {None, ""}:
                keys.setdefault(key_hash(str(value)), []).append(candidate.id)
        known.keys = keys
        known.keys_at = self.clock.monotonic()


def _from_keys(
    stream: str, asked: Iterable[str], keys: Mapping[int, list[str]]
) -> dict[str, list[Candidate]]:
    return {
        value: [Candidate(one, stream) for one in ids]
        for value in asked
        if (ids := keys.get(key_hash(value)))
    }
