"""What a run will cost: calls by connection, and how long its limits make them take."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from tasuki.engine.sync import Sync
from tasuki.ledger.budget import Pace
from tasuki.model.policy import Limit

_COUNTED = ("read", "look-up", "probe")


class Share(NamedTuple):
    """How much of one quota a run uses: `calls` of `allowed` in `seconds`."""

    calls: int
    allowed: int
    seconds: float

    @property
    def percent(self) -> float:
        """The share, of 100."""
        return 100 * self.calls / self.allowed


@dataclass(frozen=True, slots=True)
class ConnectionCost:
    """The calls to one connection.

    Attributes:
        calls: By kind: read, look-up, write, write-back.
        seconds: How long its limits alone make them take, from a rested budget.
        quotas: The share of every limit that counts hours or days.
    """

    connection: str
    calls: Mapping[str, int]
    seconds: float = 0.0
    quotas: tuple[Share, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "connection": self.connection,
            "calls": dict(self.calls),
            "seconds": round(self.seconds, 1),
            "quotas": [one._asdict() for one in self.quotas],
        }


@dataclass(slots=True)
class Meter:
    """Counts the calls that a run would make as well, while they are made.

    Looking makes calls that a run does not (present values to show, the schema):
    they are made `aside`.
    """

    sync: Sync
    _before: Counter[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self._before = Counter(self.sync.calls.counts())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the calls made inside out of the count."""
        begun = Counter(self.sync.calls.counts())
        try:
            yield
        finally:
            self._before += Counter(self.sync.calls.counts()) - begun

    def counted(self) -> Counter[tuple[str, str]]:
        """Return the calls of a run until now, by connection and kind."""
        made = Counter(self.sync.calls.counts()) - self._before
        return Counter({key: n for key, n in made.items() if key[1] in _COUNTED})


def costs(
    sync: Sync, made: Mapping[tuple[str, str], int], creates: int, updates: int
) -> list[ConnectionCost]:
    """Return what a run will cost at each of its connections.

    Args:
        sync: The opened sync.
        made: The calls for reading and looking up, as the meter has counted them.
        creates: Records to be made.
        updates: Records to be changed.
    """
    mapping = sync.mapping
    source, destination = mapping.source, mapping.destination
    found = Counter(made)
    size = sync.destination.destination.facts(destination.stream).batch_size
    found[destination.connection, "write"] += _batches(creates, size)
    found[destination.connection, "write"] += _batches(updates, size)
    if mapping.model.write_back:
        back = sync.source.destination.facts(source.stream).batch_size
        found[source.connection, "write-back"] += _batches(creates, back)
    names = dict.fromkeys((source.connection, destination.connection))
    return [_cost(name, found, sync.limits.get(name, ())) for name in names]


def _cost(
    name: str, calls: Mapping[tuple[str, str], int], limits: tuple[Limit, ...]
) -> ConnectionCost:
    own = {kind: n for (where, kind), n in calls.items() if where == name and n}
    total = sum(own.values())
    paces = [(one, Pace.of(one)) for one in limits]
    seconds = max((_seconds(total, pace) for _, pace in paces), default=0.0)
    quotas = [
        Share(total, one.calls, one.seconds) for one, pace in paces if pace.is_quota
    ]
    return ConnectionCost(name, own, seconds, tuple(quotas))


def _seconds(calls: int, pace: Pace) -> float:
    """Return how long so many calls take at this pace after a rest."""
    return max(0, calls - pace.burst) * pace.interval


def _batches(rows: int, size: int) -> int:
    return -(-rows // size)


def total_seconds(found: list[ConnectionCost]) -> float:
    """Return how long the limits make a run take: its slowest connection's time."""
    return max((one.seconds for one in found), default=0.0)
