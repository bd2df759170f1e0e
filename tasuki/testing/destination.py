"""The writing half of a fake system."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tasuki.model.errors import (
    ConfigError,
    RejectedError,
    RemoteError,
    TransientError,
)
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import (
    Candidate,
    Confirmed,
    Deferred,
    InDoubt,
    Outcome,
    Rejected,
    Sighting,
    Write,
    WriteClass,
    WriteFacts,
)
from tasuki.testing.faults import FakeFault, Lie
from tasuki.testing.store import FakeStore, FakeStream, value_of

_LOST = {Lie.LOST_BEFORE, Lie.LOST_AFTER, Lie.LATE}
_CAREFUL = {WriteClass.MARKER, WriteClass.NONE}


class FakeDestination:
    """Writes as the stream's write class demands; it can also count."""

    def __init__(self, system: FakeStore) -> None:
        self._system = system

    def facts(self, stream: str) -> WriteFacts:
        """Return how the stream wants to be written to."""
        return self._system.streams[stream].facts()

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Send rows in one call, or one by one where a create is not repeatable."""
        own = self._system.streams[stream]
        if own.write_class not in _CAREFUL:
            return self._send(own, writes, fence)
        outcomes: list[Outcome] = []
        for place, write in enumerate(writes):
            try:
                outcomes += self._send(own, [write], fence)
            except RejectedError as error:
                outcomes.append(Rejected(write.ref, error.code, error.answer))
            except RemoteError as error:
                if not outcomes:
                    raise
                # What is done stays told; the rest was certainly not done.
                rest = writes[place:]
                outcomes += [Deferred(w.ref, error.code, error.answer) for w in rest]
                break
        return outcomes

    def _send(
        self, stream: FakeStream, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        system = self._system
        system.clock.sleep(stream.slow)
        fence()
        try:
            fault = system.begin("write", stream.name)
        except BaseException:
            if stream.name in system.dies_late:
                self._later(system.dies_late[stream.name], stream, writes)
            raise
        if fault is None and _is_malformed(stream, writes):
            raise system.error(Lie.REJECTED, stream.name)
        if fault is None and len(writes) > stream.batch_size:
            return self._bulk(stream, writes)
        if fault is None or fault.lie.name.startswith("ROW_"):
            outcomes = self._carry_out(stream, writes, fault)
            system.on_step(f"after write {system.name}/{stream.name}")
            return outcomes
        return self._lost(stream, writes, fault)

    def _bulk(self, stream: FakeStream, writes: Sequence[Write]) -> list[Outcome]:
        """Hand a job over and wait for it; it goes on when its sender dies."""
        system, told = self._system, list[Outcome]()
        sent = list(writes)
        system.clock.later(
            stream.bulk_seconds,
            lambda: told.extend(self._carry_out(stream, sent, None)),
        )
        system.on_step(f"waiting for bulk {system.name}/{stream.name}")
        system.clock.sleep(stream.bulk_seconds)
        system.on_step(f"after bulk {system.name}/{stream.name}")
        return told

    def _lost(
        self, stream: FakeStream, writes: Sequence[Write], fault: FakeFault
    ) -> list[Outcome]:
        if fault.lie not in _LOST:
            raise self._system.error(fault.lie, stream.name)
        if fault.lie is Lie.LOST_AFTER:
            self._carry_out(stream, writes, None)
        if fault.lie is Lie.LATE:
            self._later(fault.seconds, stream, writes)
        self._system.on_step(f"lost write {self._system.name}/{stream.name}")
        if stream.write_class in _CAREFUL:
            return [InDoubt(write.ref, "no answer") for write in writes]
        where = f"{self._system.name}/{stream.name}"
        raise TransientError(where, "no answer", fault.lie.value)

    def _later(
        self, seconds: float, stream: FakeStream, writes: Sequence[Write]
    ) -> None:
        sent = list(writes)
        self._system.clock.later(
            seconds, lambda: void(self._carry_out(stream, sent, None))
        )

    def _carry_out(
        self, stream: FakeStream, writes: Sequence[Write], fault: FakeFault | None
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for place, write in enumerate(writes, 1):
            lie = fault.lie if fault and place % fault.nth == 0 else None
            if lie is Lie.ROW_REJECTED:
                outcomes.append(Rejected(write.ref, "PLANTED", "this row is refused"))
            elif lie is Lie.ROW_DEFERRED:
                outcomes.append(Deferred(write.ref, "UNABLE_TO_LOCK_ROW", "busy"))
            else:
                outcome = self._system.change(stream, write)
                if lie is not Lie.ROW_UNTOLD:
                    outcomes.append(outcome)
        return outcomes

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return the records whose field equals a value, once the index has them."""
        system, own = self._system, self._system.streams[stream]
        system.refuse(system.begin("find", stream), stream)
        oldest = system.clock.monotonic() - own.index_lag
        found = {
            value: [
                Candidate(row.id, stream, {field: value_of(row, field)})
                for row in own.having(field, value)
                if row.born <= oldest
            ]
            for value in values
        }
        system.on_step(f"after find {system.name}/{stream}")
        return {value: rows for value, rows in found.items() if rows}

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values of these records."""
        system = self._system
        system.refuse(system.begin("fetch", stream), stream)
        asked = set(ids)
        found = {
            row.id: {name: value_of(row, name) for name in fields}
            for row in system.streams[stream].alive()
            if row.id in asked
        }
        system.on_step(f"after fetch {system.name}/{stream}")
        return found

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        """Look for the marks of these writes."""
        system, own = self._system, self._system.streams[stream]
        system.refuse(system.begin("probe", stream), stream)
        if own.write_class is WriteClass.KEY:
            return []  # it knows keys, and no search by them
        if own.write_class is not WriteClass.MARKER:
            where = f"{system.name}/{stream}"
            raise ConfigError(where, "its records carry no marks")
        seen = [_sighting(own, write) for write in writes]
        system.on_step(f"after probe {system.name}/{stream}")
        return seen

    def count(self, stream: str) -> int:
        """Return the number of records."""
        self._system.refuse(self._system.begin("count", stream), stream)
        return sum(1 for _ in self._system.streams[stream].alive())

    def keys(self, stream: str, fields: Sequence[str]) -> Iterator[Candidate]:
        """Yield every record with these fields."""
        system = self._system
        system.refuse(system.begin("keys", stream), stream)
        for row in list(system.streams[stream].alive()):
            yield Candidate(row.id, stream, {n: value_of(row, n) for n in fields})

    def sweep_facts(self, stream: str) -> SweepFacts:
        """Return how the stream can be swept."""
        own = self._system.streams[stream]
        marks = own.write_class is WriteClass.MARKER
        return SweepFacts(own.page_size, marks, own.alike)

    def sweep(self, stream: str, query: SweepQuery) -> Iterator[Sequence[Swept]]:
        """Yield every record, a page at a time."""
        system, own = self._system, self._system.streams[stream]
        names = {*query.fields, *own.alike}
        rows = list(own.alive())
        for start in range(0, max(1, len(rows)), own.page_size):
            system.refuse(system.begin("sweep", stream), stream)
            yield [
                Swept(
                    row.id,
                    {name: value_of(row, name) for name in names},
                    (row.mark,) if row.mark else (),
                    live=not row.cancelled,
                )
                for row in rows[start : start + own.page_size]
                if not query.key or value_of(row, query.key)
            ]

    def shown(
        self,
        stream: str,  # noqa: ARG002 - all show what they were sent
        fields: Mapping[str, object],
    ) -> Mapping[str, object]:
        """Return the fields as they are."""
        return dict(fields)


def _is_malformed(stream: FakeStream, writes: Sequence[Write]) -> bool:
    return any(
        write.fields.get(name) == value
        for write in writes
        for name, value in stream.malformed.items()
    )


def _sighting(stream: FakeStream, write: Write) -> Sighting:
    """Return the records with the write's mark; without one, those that look alike."""
    found, alike = [], []
    for row in stream.alive():
        answer = {"id": row.id, "number": f"N-{row.id}"}
        seen = Confirmed(write.ref, row.id, answer=answer)
        if row.mark == write.mark:
            found.append(seen)
        elif not row.mark and row.fields == write.fields:
            alike.append(seen)
    return Sighting(write.ref, tuple(found), () if found else tuple(alike))


def void(_: object) -> None:
    """Drop a value where only the effect is wanted."""
