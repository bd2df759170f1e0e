"""Collecting: what the systems and the ledger tell of stages goes into the ledger.

Each entry of stages.yaml is read from where it was left; what is told twice is there
once, so a collector that dies anywhere only reads some pages again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.journey_book import restored, stored
from tasuki.insight.journey_file import Stages
from tasuki.insight.journey_model import RecordsModel, WrittenModel
from tasuki.insight.journey_telling import Confirmed, Known, Teller, told_by_write
from tasuki.ledger import Lease, Ledger, decode
from tasuki.ledger.rows import time_text
from tasuki.ledger.stage_events import ConfirmedWrite, StoredFact
from tasuki.model.errors import CursorExpiredError, RemoteError
from tasuki.model.record import Past, Query, StreamRef
from tasuki.ports import Accounted, Clock, Remembering, System

_LEASE: Final = "collect"
_PART: Final = "journey"
_LOOK_BACK: Final = timedelta(minutes=10)
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ENDS: Final = frozenset({Stage.WON, Stage.LOST})

Open = Callable[[str], System]


@dataclass(slots=True)
class Collected:
    """What one entry of stages.yaml gave.

    Attributes:
        name: The entry's.
        read: Records, or writes of the hub's own, that were looked at.
        changes: Values that a history told of.
        events: New stage events.
        error: Why it ended early; what was read until then is kept.
        remedy: What helps.
    """

    name: str
    read: int = 0
    changes: int = 0
    events: int = 0
    error: str = ""
    remedy: str = ""
    exit_code: int = field(default=0, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        found = {"name": self.name, "read": self.read, "changes": self.changes}
        return {**found, "events": self.events, "error": self.error}


class Collector:
    """Reads every entry whose connection is there, each from where it was left."""

    def __init__(
        self,
        ledger: Ledger,
        stages: Stages,
        clock: Clock,
        open_system: Open,
        *,
        lease_seconds: float = 120.0,
    ) -> None:
        self._ledger = ledger
        self._stages = stages
        self._clock = clock
        self._open = open_system
        self._seconds = lease_seconds

    def run(
        self, connections: Iterable[str], mappings: Iterable[str]
    ) -> list[Collected]:
        """Collect once; a system that cannot be read keeps no other from it.

        Args:
            connections: Those that are connected; entries of others are passed over.
            mappings: Those that are there.

        Raises:
            LeaseHeldError: another one collects now.
        """
        there, known = set(connections), set(mappings)
        lease = self._ledger.acquire_lease(_LEASE, self._seconds)
        try:
            found = [
                self._of_records(name, rule, lease)
                for name, rule in self._stages.records.items()
                if StreamRef.parse(rule.read).connection in there
            ]
            found += [
                self._of_writes(name, rule, lease)
                for name, rule in self._stages.written.items()
                if name in known
            ]
        finally:
            self._ledger.release_lease(lease)
        return found

    def _of_records(self, name: str, rule: RecordsModel, lease: Lease) -> Collected:
        done = Collected(name)
        system: System | None = None
        try:
            system = self._open(StreamRef.parse(rule.read).connection)
            self._read(name, rule, system, lease, done)
        except RemoteError as error:
            done.error, done.remedy = str(error), error.remedy
            done.exit_code = error.exit_code
        finally:
            if system is not None:
                system.close()
        return done

    def _read(
        self,
        name: str,
        rule: RecordsModel,
        system: System,
        lease: Lease,
        done: Collected,
    ) -> None:
        account = system.account() if isinstance(system, Accounted) else ""
        revision = _revision(rule, account)
        teller = Teller(rule, self._clock.now())
        stream = StreamRef.parse(rule.read).stream
        query = Query(stream, teller.fields, rule.where)
        left = self._ledger.cursor(_cursor(name), _PART)
        cursor = left.position if left and left.revision == revision else None
        tracked = tuple(rule.history)
        for past in _pasts(system, query, tracked, cursor):
            events = [e for record in past.records for e in teller.events(record)]
            events += teller.changes(past.changes)
            known = [f for record in past.records for f in teller.facts(record)]
            done.read += len(past.records)
            done.changes += len(past.changes)
            connection = StreamRef.parse(rule.read).connection
            done.events += self._add(events, known, connection)
            self._keep(name, past.cursor, revision, lease)

    def _of_writes(self, name: str, rule: WrittenModel, lease: Lease) -> Collected:
        """Take what the hub itself wrote, a little back: commits may come late."""
        done = Collected(name)
        revision = _revision(rule, "")
        left = self._ledger.cursor(_cursor(name), _PART)
        since = left.position if left and left.revision == revision else ""
        start = datetime.fromisoformat(since) - _LOOK_BACK if since else _EVER
        events: list[StageEvent] = []
        known: list[Known] = []
        observed = self._clock.now()
        for row in self._ledger.stages().confirmed(name, time_text(start)):
            told, more = told_by_write(rule, _confirmed(row), observed)
            events += told
            known += more
            since = row.done_at
            done.read += 1
        done.events = self._add(events, known, "hub")
        if since:
            self._keep(name, since, revision, lease)
        return done

    def _add(
        self, events: Sequence[StageEvent], known: Sequence[Known], source: str
    ) -> int:
        kept = self._without_idle_reopenings(events)
        at = time_text(self._clock.now())
        facts = [StoredFact(*one, source, at) for one in dict.fromkeys(known)]
        return self._ledger.stages().add([stored(one) for one in kept], facts)

    def _without_idle_reopenings(
        self, events: Sequence[StageEvent]
    ) -> list[StageEvent]:
        """Return the events without those that open what was not closed.

        A history tells every state of a deal; that it is open means that it was opened
        again only where it had been closed before.
        """
        asked = {one.subject for one in events if one.stage is Stage.REOPENED}
        if not asked:
            return list(events)
        before = map(restored, self._ledger.stages().events_of(sorted(asked)))
        closed: dict[str, list[datetime]] = {}
        for one in (*before, *events):
            if one.stage in _ENDS:
                closed.setdefault(one.subject, []).append(one.entered_at)
        return [
            one
            for one in events
            if one.stage is not Stage.REOPENED
            or any(at < one.entered_at for at in closed.get(one.subject, ()))
        ]

    def _keep(self, name: str, cursor: str, revision: str, lease: Lease) -> None:
        with self._ledger.transaction(lease) as tx:
            tx.put_cursor(_cursor(name), _PART, cursor, revision)


def _pasts(
    system: System, query: Query, tracked: Sequence[str], cursor: str | None
) -> Iterator[Past]:
    """Yield records and changes; everything again where the cursor has expired."""
    try:
        yield from _from(system, query, tracked, cursor)
    except CursorExpiredError:
        yield from _from(system, query, tracked, None)


def _from(
    system: System, query: Query, tracked: Sequence[str], cursor: str | None
) -> Iterator[Past]:
    source = system.source
    if isinstance(source, Remembering):
        yield from source.past(query, tracked, cursor)
        return
    for page in source.read(query, cursor):
        yield Past(page.records, [], page.cursor)


def _confirmed(row: ConfirmedWrite) -> Confirmed:
    at = datetime.fromisoformat(row.done_at)
    created = row.operation == "create"
    payload = decode(row.payload or "{}")
    return Confirmed(
        row.id, row.source_id, row.destination_id or "", created, payload, at
    )


def _cursor(name: str) -> str:
    return f"stages:{name}"


def _revision(rule: RecordsModel | WrittenModel, account: str) -> str:
    """Return what changes with the entry: then everything is read again."""
    text = f"{account}\0{rule.model_dump_json()}"
    return blake2b(text.encode(), digest_size=8).hexdigest()
