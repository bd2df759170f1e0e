"""A system in memory: what it is told, it does; what goes wrong is scripted.

Source and destination look at the same streams, so what one sync writes another one
reads, and a write-back comes back as a change.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tasuki.model.record import FieldFacts, Schema
from tasuki.ports import Check, Destination, Source
from tasuki.testing.clock import ManualClock
from tasuki.testing.destination import FakeDestination
from tasuki.testing.source import FakeSource
from tasuki.testing.store import FakeStore, FakeStream


class FakeSystem(FakeStore):
    """One connection's system, in memory; see `FakeStore` for what a test may do."""

    def __init__(
        self, clock: ManualClock, *streams: FakeStream, name: str = "fake"
    ) -> None:
        super().__init__(clock, *streams, name=name)
        self.account_name = f"the one of {name}"
        self.source: Source = FakeSource(self)
        self.destination: Destination = FakeDestination(self)

    def describe(self, stream: str) -> Schema:
        """Return the fields that some record has, or that the stream's rules name."""
        self.refuse(self.begin("describe", stream), stream)
        own = self.streams[stream]
        names = {n for row in own.rows.values() for n in row.fields}
        names |= {*own.required, *own.options}
        facts = {
            name: FieldFacts(
                name,
                type="picklist" if name in own.options else "text",
                required=name in own.required,
                options=own.options.get(name, ()),
            )
            for name in sorted(names)
        }
        return Schema(stream, facts)

    def doctor(self) -> Iterator[Check]:
        """Say that all is well."""
        yield Check("fake", ok=True, words="in memory")

    def record_url(self, stream: str, record_id: str) -> str | None:
        """Return an address that names the record."""
        return f"fake://{self.name}/{stream}/{record_id}"

    def changed_at(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, datetime]]:
        """Return when fields changed, or when their records did."""
        self.refuse(self.begin("times", stream), stream)
        own = self.streams[stream]
        found: dict[str, dict[str, datetime]] = {}
        for row in (r for r in own.alive() if r.id in set(ids)):
            if own.dates == "nothing":
                break
            times = row.field_times if own.dates == "fields" else {}
            told = {name: times.get(name, row.touched) for name in fields}
            found[row.id] = {n: at for n, at in told.items() if at is not None}
        return found

    def account(self) -> str:
        """Return the account's name; a test may set another."""
        return self.account_name

    def close(self) -> None:
        """Keep everything: there is nothing to give back."""
