"""What a run is given: an opened sync and its options."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tasuki.archive.entry import Draft
from tasuki.engine.archiving import Archiving
from tasuki.engine.part import Part
from tasuki.engine.saved_plan import SavedPlan
from tasuki.engine.tally import Tally
from tasuki.ledger import Ledger
from tasuki.ledger.rows import ConfirmRow
from tasuki.mapping import CompiledMapping
from tasuki.model.policy import Limit
from tasuki.model.write import WriteClass
from tasuki.ports import Clock, System
from tasuki.transport.calls import Calls


@dataclass(slots=True)
class Sync:
    """A mapping with both of its systems opened, ready to run."""

    mapping: CompiledMapping
    source: System
    destination: System
    ledger: Ledger
    clock: Clock
    calls: Calls = field(default_factory=Calls)
    others: Mapping[str, System] = field(default_factory=dict)
    """Systems that the mapping only looks up in, by connection."""
    threads: bool = True
    """Read, decide and send at the same time; off for deterministic tests."""
    on_page: Callable[[Tally], None] | None = None
    """Told the sums after each page, for people who watch."""
    limits: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    """The rate limits of each connection, to foretell how long a run will take."""

    archive: Archiving | None = None
    """Where documents are archived; None where the mapping sends none."""
    rivals: frozenset[str] = frozenset()
    """Where other mappings make documents of the same records: `connection/stream`."""

    @property
    def id(self) -> str:
        """Return the mapping's id, under which everything is recorded."""
        return self.mapping.id

    def system(self, connection: str) -> System:
        """Return the opened system of a connection that the mapping reads or writes."""
        if connection == self.mapping.destination.connection:
            return self.destination
        if connection == self.mapping.source.connection:
            return self.source
        return self.others[connection]

    def close(self) -> None:
        """Give every system's sockets back."""
        for one in (self.source, self.destination, *self.others.values()):
            one.close()

    def archived(self, confirms: Sequence[ConfirmRow]) -> list[Draft]:
        """Store what these writes sent; return what their transaction must add."""
        if self.archive is None or not confirms:
            return []
        return self.archive.drafts(self.ledger, self.mapping, confirms)

    def settles_first(self) -> bool:
        """Say whether a create in doubt is settled before its record is decided again.

        By repeating it under its key (class A), by looking for its mark (C), or by a
        person (D). Only a natural key (B) makes the next create the same record,
        whatever it says.
        """
        facts = self.destination.destination.facts(self.mapping.destination.stream)
        return facts.create_class is not WriteClass.UPSERT


@dataclass(frozen=True, slots=True)
class Options:
    """How one run differs from the usual.

    Attributes:
        full: Read everything, not only what changed.
        only: Source ids: these records and no others; the cursor stays.
        since: Only what changed at the source since then; the cursor stays.
        plan: What the run may do, and nothing else, as it was saved.
        allow: A person's word that this many creates or updates are meant.
        accept_empty: A person's word that a system which lacks most of what was known
            is right.
        lease_seconds: How long this run may be silent before another may take over.
        part: This range of a backfill, and nothing else.
    """

    full: bool = False
    only: tuple[str, ...] = ()
    since: datetime | None = None
    plan: SavedPlan | None = None
    allow: int | None = None
    accept_empty: bool = False
    lease_seconds: float = 120.0
    part: Part | None = None

    @property
    def kind(self) -> str:
        """Return what the ledger calls such a run."""
        if self.part is not None:
            return self.part.kind
        return "only" if self.is_partial else "run"

    @property
    def cursor_part(self) -> str:
        """Return the part of the sync's cursor that such a run moves."""
        return self.part.cursor if self.part is not None else ""

    def holds(self, source_id: str) -> bool:
        """Say whether this run may look after a record that it has not read."""
        return self.part is None or self.part.holds(source_id)

    @property
    def reads_stream(self) -> bool:
        """Say whether this is a whole run, which looks after all of its sync."""
        return self.part is None and not self.is_partial

    @property
    def is_partial(self) -> bool:
        """Say whether a choice of records is meant, and the cursor stays."""
        return bool(self.only) or self.since is not None


class Identity(NamedTuple):
    """Names that an intent is recorded under."""

    claim: str | None
    mark: str
    key_field: str
    key_value: str


NO_IDENTITY = Identity(None, "", "", "")
