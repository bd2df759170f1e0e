"""What is fixed for one reconciliation: the mapping's terms and the systems' facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tasuki.engine.claims import claim_of, mark_of
from tasuki.engine.counterparts import natural_field
from tasuki.engine.sync import Sync
from tasuki.mapping import Faulty, Payload
from tasuki.model.record import Query, Record
from tasuki.model.sweep import SweepFacts, SweepQuery
from tasuki.model.write import WriteClass
from tasuki.ports import Sweeping
from tasuki.reconcile.judge import Terms

_RECEIPT_ID = "receipt.id"
_CREATING = frozenset({"upsert", "once", "create_only"})


@dataclass(slots=True)
class Frame:
    """A sync, and how its counterparts are known.

    Attributes:
        sync: The opened sync.
        terms: What deciding needs to know.
        names: Destination fields to compare and to know counterparts by.
        key: The natural key's field; "" where there is none.
        facts: How the destination can be swept; None: only what is linked is looked at.
        told_back: The source field that was told the document's id ("" for none): proof
            that there was one, whatever became of the ledger and of the mark.
    """

    sync: Sync
    terms: Terms
    names: tuple[str, ...]
    key: str
    facts: SweepFacts | None
    told_back: str = ""

    @classmethod
    def of(cls, sync: Sync, *, whole: bool) -> "Frame":
        """Return the frame of a sync; not `whole`: without a sweep."""
        mapping, destination = sync.mapping, sync.destination.destination
        stream = mapping.destination.stream
        writing = destination.facts(stream)
        key = natural_field(mapping, writing)
        creating = mapping.write.value in _CREATING
        facts = None
        if isinstance(destination, Sweeping) and creating:
            found = destination.sweep_facts(stream)
            # Money is never judged by a part of the documents.
            facts = found if found.marks or (key and whole) else None
        names = [n for n, rule in mapping.model.fields.items() if rule.verb != "each"]
        names += [key] if key and key not in names else []
        is_money = sync.settles_first() or mapping.write.value == "once"
        terms = Terms(
            home=str(mapping.destination),
            is_money=is_money,
            compares=mapping.write.value != "create_only",
            hidden=mapping.pii,
        )
        told_back = _told_back(sync) if facts and facts.marks else ""
        return cls(sync, terms, tuple(names), key, facts, told_back)

    @property
    def stream(self) -> str:
        """The destination's stream."""
        return self.sync.mapping.destination.stream

    def has_marks(self) -> bool:
        """Say whether counterparts are known by marks rather than by a key."""
        return self.facts is not None and self.facts.marks

    def query(self) -> Query:
        """Return what to read of the source."""
        query = self.sync.mapping.query()
        if self.told_back and self.told_back not in query.fields:
            query = replace(query, fields=(*query.fields, self.told_back))
        return query

    def sweep_query(self) -> SweepQuery:
        """Return what to sweep for."""
        return SweepQuery(self.names, "" if self.has_marks() else self.key)

    def claim(self, record: Record) -> str | None:
        """Return the claim of a record's document; None where there is none."""
        create_class = self._create_class()
        try:
            return claim_of(self.sync.mapping, create_class, record) or None
        except Exception:  # noqa: BLE001 - a project's function may raise anything
            return None

    def mark(self, record: Record) -> str:
        """Return the mark that the record's document carries, "" for none."""
        claim = self.claim(record)
        return mark_of(claim) if claim else ""

    def key_of(self, record: Record) -> str:
        """Return the value that the record's counterpart is keyed by, "" for none."""
        if not self.key:
            return ""
        steps = self.sync.mapping.match_values(record)
        if isinstance(steps, Faulty):
            return ""
        for step, value in steps:
            if step.stream == self.stream and step.field == self.key:
                return value
        return ""

    def expected(self, payload: Payload) -> Mapping[str, object]:
        """Return the fields of a payload that stay ours, as they should be shown."""
        theirs = {*payload.on_create_only, *(payload.owners or {})}
        shown = self.shown(payload.fields)
        return {name: value for name, value in shown.items() if name not in theirs}

    def shown(self, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return fields as a sweep would show them."""
        destination = self.sync.destination.destination
        if isinstance(destination, Sweeping):
            return destination.shown(self.stream, fields)
        return {n: v for n, v in fields.items() if not isinstance(v, Mapping | list)}

    def fetch(
        self, stream: str, ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values of counterparts; without names elsewhere."""
        names = self.names if stream == self.stream else ()
        return self.sync.destination.destination.fetch(stream, ids, names)

    def _create_class(self) -> WriteClass:
        return self.sync.destination.destination.facts(self.stream).create_class


def _told_back(sync: Sync) -> str:
    """Return the source field that a write-back puts the counterpart's id into."""
    for name, formula in sync.mapping.model.write_back.items():
        if formula.removeprefix("=").strip() == _RECEIPT_ID:
            return name
    return ""
