"""Finding the counterparts of records that have no link yet, a page at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from tasuki import plan
from tasuki.engine.match import Finder
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.mapping import CompiledMapping, MatchStep, MatchValue, Payload
from tasuki.model.record import StreamRef
from tasuki.model.write import WriteClass, WriteFacts


@dataclass(slots=True)
class Made:
    """A payload that awaits its decision, and how its counterpart may be found."""

    turn: Turn
    payload: Payload
    steps: Sequence[MatchValue] = ()


@dataclass(slots=True)
class Search:
    """Looks for counterparts by the mapping's match steps.

    Attributes:
        creating: Hashes of match values to source ids: creates taken in, not finished.
    """

    sync: Sync
    finder: Finder
    creating: Mapping[str, str] = field(default_factory=dict)
    _home: str = field(init=False)
    _natural: str = field(init=False)

    def __post_init__(self) -> None:
        mapping = self.sync.mapping
        destination = self.sync.destination.destination
        self._home = str(mapping.destination)
        self._natural = natural_field(
            mapping, destination.facts(mapping.destination.stream)
        )

    def is_natural(self, counterpart: plan.Counterpart) -> bool:
        """Say whether a create would find this one by its key, and not make another."""
        is_home = counterpart.stream == self._home
        return bool(self._natural) and is_home and counterpart.step == self._natural

    def natural_key(self, made: Made) -> tuple[str, str] | None:
        """Return (field, value) of the first match step, if it can be upserted by."""
        natural = self._natural
        for step, value in made.steps:
            if natural and step.field == natural and not step.attach:
                return step.field, value
        return None

    def counterparts(
        self, unlinked: Sequence[Made]
    ) -> dict[str, list[plan.Counterpart]]:
        """Walk the match steps in order; a record leaves at the first that finds."""
        mapping = self.sync.mapping
        found: dict[str, list[plan.Counterpart]] = {
            made.turn.record.id: [
                plan.Counterpart(self._home, made.turn.earlier, "earlier create")
            ]
            for made in unlinked
            if made.turn.earlier
        }
        twins, under_way = self._twins(unlinked)
        found |= {source_id: [twin] for source_id, twin in under_way.items()}
        for step in mapping.match_steps:
            asking = [
                (made.turn.record.id, value.value)
                for made in unlinked
                if made.turn.record.id not in found
                for value in made.steps
                if value.step == step
            ]
            if not asking:
                continue
            if step.link:
                hits = self._by_reverse_link(step.link, asking)
            elif self._upsert_answers(step):
                continue
            else:
                hits = self._by_field(step.stream, step.field, asking)
            for source_id, ids in hits.items():
                found[source_id] = self._as_counterparts(step, source_id, ids)
        for source_id, twin in twins.items():
            found.setdefault(source_id, [twin])
        return found

    def _upsert_answers(self, step: MatchStep) -> bool:
        """Say whether the create itself will find the counterpart (natural key)."""
        mapping = self.sync.mapping
        return (
            mapping.write.value == "upsert"
            and step.stream == mapping.destination.stream
            and step.field == self._natural
        )

    def _by_reverse_link(
        self, other: str, asking: Iterable[tuple[str, str]]
    ) -> dict[str, list[str]]:
        by_value = {value: source_id for source_id, value in asking}
        rows = self.sync.ledger.reverse_links(other, list(by_value))
        return {by_value[value]: [source] for value, source in rows.items()}

    def _by_field(
        self, stream: str, name: str, asking: Iterable[tuple[str, str]]
    ) -> dict[str, list[str]]:
        asking = list(asking)
        rows = self.finder.find(stream, name, (value for _, value in asking))
        return {
            source_id: [candidate.id for candidate in rows[value]]
            for source_id, value in asking
            if rows.get(value)
        }

    def _as_counterparts(
        self, step: MatchStep, source_id: str, ids: Sequence[str]
    ) -> list[plan.Counterpart]:
        mapping = self.sync.mapping
        stream = str(StreamRef(mapping.destination.connection, step.stream))
        owners: Mapping[str, str] = {}
        if not step.attach:
            owners = self.sync.ledger.reverse_links(self.sync.id, ids)
        name = step.field or f"link {step.link}"
        return [
            plan.Counterpart(
                stream,
                one,
                name,
                taken_by=owner if (owner := owners.get(one)) != source_id else None,
                attach_only=step.attach,
            )
            for one in ids
        ]

    def _twins(
        self, unlinked: Sequence[Made]
    ) -> tuple[dict[str, plan.Counterpart], dict[str, plan.Counterpart]]:
        """Find records with the match value of another one that we sent ourselves.

        The destination may not show it yet (late index), and the same page may hold
        both: the earlier one goes, the later one is held. What this run has not
        finished creating is told apart: the destination may show it already, but the
        ledger does not know yet whose it is.

        Returns:
            The twins of known records, and those of records under way.
        """
        hashes = {h for made in unlinked for h in made.turn.match_hashes}
        owners = dict(self.sync.ledger.match_keys(self.sync.id, list(hashes)))
        known: dict[str, plan.Counterpart] = {}
        under_way: dict[str, plan.Counterpart] = {}
        for made in unlinked:
            own = made.turn.record.id
            for one in made.turn.match_hashes:
                pending = self.creating.get(one, own)
                owner = owners.setdefault(one, own) if pending == own else pending
                if owner != own:
                    twins = known if pending == own else under_way
                    by = next(
                        (v.step.field for v in made.steps if match_hash(v) == one),
                        plan.BY_KEY,
                    )
                    twins[own] = plan.Counterpart(
                        self._home, plan.UNSEEN, by, taken_by=owner
                    )
        return known, under_way


def natural_field(mapping: CompiledMapping, facts: WriteFacts) -> str:
    """Return the destination field that creates are keyed by; "" for none.

    It is the first match step on the destination's own stream.
    """
    if facts.create_class is not WriteClass.UPSERT:
        return ""
    for step in mapping.match_steps:
        own = step.stream == mapping.destination.stream
        if own and not step.link and not step.attach:
            return step.field
    return ""


def match_hash(one: MatchValue) -> str:
    """Return what a match value is remembered by: equal without regard to case."""
    text = f"{one.step.stream}\0{one.step.field}\0{one.value.casefold()}"
    return blake2b(text.encode(), digest_size=8).hexdigest()
