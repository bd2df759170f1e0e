"""Deciding about a page: look everything up in bulk, then one pure decision each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from tasuki import plan
from tasuki.engine.earlier import doubtful_fields, made_earlier
from tasuki.engine.match import Finder
from tasuki.engine.owners import respect_owners
from tasuki.engine.sync import Identity, Sync
from tasuki.engine.turn import Relink, StillDead, StillInDoubt, Turn, Verdict
from tasuki.ledger.rows import DecisionRow, IntentRow, LinkRow
from tasuki.mapping import (
    CompiledMapping,
    Faulty,
    MatchStep,
    MatchValue,
    Payload,
    Skip,
    fingerprint,
)
from tasuki.model.record import Record, StreamRef
from tasuki.model.write import WriteClass, WriteFacts

_UNREPEATABLE = frozenset({WriteClass.MARKER, WriteClass.NONE})
_NO_KEY = "Fill the fields that `key` reads at the source."
_NO_NATURAL_KEY = "Make the first match step a unique field of the destination."


@dataclass(slots=True)
class _Facts:
    """What the ledger knows about a page."""

    links: Mapping[str, LinkRow]
    previous: Mapping[str, DecisionRow]
    parents: Mapping[str, Mapping[str, str]]


@dataclass(slots=True)
class _Made:
    """A payload that awaits its decision, and how its counterpart may be found."""

    turn: Turn
    payload: Payload
    steps: Sequence[MatchValue] = ()


@dataclass(slots=True)
class Decider:
    """Decides about pages of one run."""

    sync: Sync
    finder: Finder
    open_intents: dict[str, list[IntentRow]] = field(default_factory=dict)
    """Never-finished intents of earlier runs, by source id: replaced when decided."""
    unsettled: set[str] = field(default_factory=set)
    """Source ids with a write in doubt: not decided until it has been looked up."""
    wanted: frozenset[str] | None = None
    """Source ids that may be created where the mapping creates only what is wanted."""
    replayed: frozenset[str] = frozenset()
    """Source ids of dead letters that a person wants tried again."""
    creating: Mapping[str, str] = field(default_factory=dict)
    """Hashes of match values to source ids: creates taken in and not finished."""
    attaching: dict[str, str] = field(default_factory=dict)
    """Counterparts that records of this run were attached to, by their ids."""
    _facts: WriteFacts = field(init=False)
    _rules: plan.Rules = field(init=False)
    _natural: str = field(init=False)
    _home: str = field(init=False)
    _source: str = field(init=False)
    _route: str = field(init=False)

    def __post_init__(self) -> None:
        # The same for every record: worked out once, not for each.
        mapping = self.sync.mapping
        destination = self.sync.destination.destination
        self._facts = destination.facts(mapping.destination.stream)
        self._home = str(mapping.destination)
        self._source = str(mapping.source)
        self._route = f"{mapping.destination}|{mapping.source}"
        self._rules = plan.Rules(
            mode=mapping.write.value,
            on_change=mapping.on_change.value,
            home=self._home,
        )
        self._natural = self._natural_of(mapping)

    @classmethod
    def of(cls, sync: Sync) -> "Decider":
        """Return a decider that knows what other syncs wait for."""
        wanted = None
        if sync.mapping.model.creates == "wanted":
            wanted = frozenset(sync.ledger.wanted(sync.id))
        finder = Finder(sync.destination.destination, sync.clock)
        replayed = frozenset(sync.ledger.replayed(sync.id))
        return cls(sync, finder, wanted=wanted, replayed=replayed)

    def page(self, records: Sequence[Record], number: int) -> list[Turn]:
        """Return one turn for each record, in order."""
        facts = self._look_up(records)
        turns: list[Turn] = []
        unlinked: list[_Made] = []
        for record in records:
            turn = self._open(record, number, facts)
            made = self._make(turn, facts)
            if made is not None:
                unlinked.append(made)
            turns.append(turn)
        unlinked = self._leave_dead(turns, unlinked)
        unlinked = [made for made in unlinked if self._identify(made)]
        earlier = made_earlier(self.sync, turns)
        for turn in turns:
            turn.earlier = earlier.get(turn.record.id, "")
        if unlinked:
            self._find_counterparts(unlinked)
        respect_owners(self.sync, turns)
        return turns

    def _leave_dead(self, turns: Sequence[Turn], unlinked: list[_Made]) -> list[_Made]:
        """Leave dead letters alone whose payload would be refused again.

        Another payload, another revision of the mapping, or a person's replay is what
        it takes to send one again.
        """
        suspects = {
            turn.record.id: turn
            for turn in turns
            if turn.previous is not None
            and turn.previous.outcome == "dead"
            and turn.payload is not None
            and turn.record.id not in self.replayed
        }
        if not suspects:
            return unlinked
        sent = self.sync.ledger.intents_of(self.sync.id, list(suspects))
        for source_id, rows in sent.items():
            turn, last = suspects[source_id], rows[-1]
            same = last.fingerprint == turn.fingerprint
            if last.state == "rejected" and same and last.revision == self._revision:
                turn.verdict = StillDead(last.error_code, last.error_words)
        return [m for m in unlinked if not isinstance(m.turn.verdict, StillDead)]

    @property
    def _revision(self) -> str:
        return self.sync.mapping.revision

    def _look_up(self, records: Sequence[Record]) -> _Facts:
        sync, ledger = self.sync, self.sync.ledger
        ids = [record.id for record in records]
        wanted: dict[str, set[str]] = defaultdict(set)
        for record in records:
            for other, source_id in sync.mapping.link_needs(record):
                wanted[other].add(source_id)
        return _Facts(
            links=ledger.links(sync.id, ids),
            previous=ledger.last_decisions(sync.id, ids),
            parents={
                other: ledger.link_targets(other, sorted(needed))
                for other, needed in wanted.items()
            },
        )

    def _open(self, record: Record, number: int, facts: _Facts) -> Turn:
        return Turn(
            record=record,
            page=number,
            verdict=plan.Unchanged(),
            link=facts.links.get(record.id),
            previous=facts.previous.get(record.id),
            open_intents=tuple(self.open_intents.pop(record.id, ())),
            replayed=record.id in self.replayed,
        )

    def _make(self, turn: Turn, facts: _Facts) -> _Made | None:
        """Decide what can be decided without the destination's help."""
        record, link = turn.record, turn.link
        early = self._early_verdict(turn)
        if early is not None:
            turn.verdict = early
            return None

        def target(other: str, source_id: str) -> str | None:
            return facts.parents.get(other, {}).get(source_id)

        result = self.sync.mapping.evaluate(record, target)
        if not isinstance(result, Payload):
            turn.verdict = (
                plan.Skip(result.reason) if isinstance(result, Skip) else result
            )
            return None
        turn.payload = result
        turn.fingerprint = fingerprint(result.fields)
        if link is not None:
            known = plan.Known(
                link.destination,
                link.destination_id,
                link.sent,
                link.fingerprint,
                doubtful_fields(turn),
            )
            turn.verdict = plan.decide_linked(
                result, turn.fingerprint, known, self._rules
            )
            return None
        steps = self.sync.mapping.match_values(record)
        if isinstance(steps, Faulty):
            turn.verdict = steps
            return None
        own = record.id  # a value that is the record's own id has no twin
        turn.match_hashes = tuple(
            match_hash(one)
            for one in steps
            if one.step.field and not one.step.attach and one.value != own
        )
        return _Made(turn, result, steps)

    def _early_verdict(self, turn: Turn) -> Verdict | None:
        record, link = turn.record, turn.link
        if record.id in self.unsettled:
            return StillInDoubt()
        if record.deleted:
            return plan.Skip("source_deleted")
        if record.outside:
            return plan.Skip("outside_where")
        if link is None:
            return None
        if link.state == "detached":
            return plan.Skip("counterpart_deleted")
        if self._is_known_version(record, link) and not turn.open_intents:
            return plan.Unchanged()
        return None

    def _is_known_version(self, record: Record, link: LinkRow) -> bool:
        """Say whether the record cannot have changed since it was last dealt with.

        Included records change without changing the record's own version.
        """
        mapping = self.sync.mapping
        return bool(
            record.version
            and record.version == link.version
            and link.revision == mapping.revision
            and not mapping.model.include
            and not mapping.asks_the_day
        )

    def _find_counterparts(self, unlinked: list[_Made]) -> None:
        unlinked = self._unclaimed(unlinked)
        found = self._counterparts(unlinked)
        for made in unlinked:
            verdict = plan.decide_unlinked(
                made.payload, found.get(made.turn.record.id, ()), self._rules
            )
            if self._is_unwanted(made.turn.record.id, verdict):
                verdict = plan.Skip("not_wanted")
            made.turn.verdict = self._sole(made.turn.record.id, verdict)

    def _unclaimed(self, unlinked: list[_Made]) -> list[_Made]:
        """Decide about those whose business key was used before; return the others."""
        by_claim: dict[str, list[_Made]] = defaultdict(list)
        for made in unlinked:
            if made.turn.identity.claim:
                by_claim[made.turn.identity.claim].append(made)
        holders = self.sync.ledger.claims(list(by_claim))
        decided: set[str] = set()
        for claim, several in by_claim.items():
            first = several[0].turn.record.id
            for made in several:
                own = made.turn.record.id
                verdict = _claimed(holders.get(claim), made.turn)
                if verdict is None and own != first:
                    # Two records of one page with one key: the second is no document.
                    verdict = plan.Hold("duplicate_record", f"{self._source}/{first}")
                if verdict is not None:
                    made.turn.verdict = verdict
                    decided.add(own)
        return [made for made in unlinked if made.turn.record.id not in decided]

    def _is_unwanted(self, source_id: str, verdict: plan.Change) -> bool:
        creating = isinstance(verdict, plan.Create)
        return creating and self.wanted is not None and source_id not in self.wanted

    def _sole(self, source_id: str, verdict: plan.Change) -> plan.Change:
        """Let only the first of two records attach to one counterpart.

        The ledger knows attachments once they are recorded; these are under way.
        """
        if not (isinstance(verdict, plan.Update) and verdict.attaching):
            return verdict
        owner = self.attaching.setdefault(verdict.target_id, source_id)
        if owner == source_id:
            return verdict
        home = self.sync.mapping.destination
        return plan.Hold("duplicate_record", f"{home}/{verdict.target_id} ← {owner}")

    def _identify(self, made: _Made) -> bool:
        """Give a record the names its create would go by; False: it has none."""
        mapping, turn = self.sync.mapping, made.turn
        if mapping.write.value == "update_only":
            return True
        claim = None
        if self._facts.create_class in _UNREPEATABLE:
            # Whatever the mapping says: such a create is never sent twice.
            claim = f"{self._route}|{turn.record.id}"
        if mapping.write.value == "once":
            key = mapping.key(turn.record)
            if not key:
                turn.verdict = Faulty(
                    "key", "key", "the business key is blank", _NO_KEY
                )
                return False
            claim = f"{self._route}|{key}"
        natural = self._natural_key(made)
        if self._facts.create_class is WriteClass.UPSERT and natural is None:
            words = f"{mapping.destination} is written by a natural key; there is none"
            turn.verdict = Faulty("match", "key", words, _NO_NATURAL_KEY)
            return False
        mark = mark_of(claim or f"{self._route}|{turn.record.id}")
        turn.identity = Identity(claim, mark, *(natural or ("", "")))
        return True

    def _natural_key(self, made: _Made) -> tuple[str, str] | None:
        """Return (field, value) of the first match step, if it can be upserted by."""
        natural = self._natural
        for step, value in made.steps:
            if natural and step.field == natural and not step.attach:
                return step.field, value
        return None

    def _natural_of(self, mapping: CompiledMapping) -> str:
        """Return the destination field that creates are keyed by; "" for none.

        It is the first match step on the destination's own stream.
        """
        if self._facts.create_class is not WriteClass.UPSERT:
            return ""
        for step in mapping.match_steps:
            own = step.stream == mapping.destination.stream
            if own and not step.link and not step.attach:
                return step.field
        return ""

    def _counterparts(
        self, unlinked: Sequence[_Made]
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
        self, unlinked: Sequence[_Made]
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
                    twins[own] = plan.Counterpart(
                        self._home, "?", "match", taken_by=owner
                    )
        return known, under_way


def _claimed(row: IntentRow | None, turn: Turn) -> Verdict | None:
    """Decide about a create whose business key was used before; None: still free."""
    if row is None or row.id in {one.id for one in turn.open_intents}:
        return None
    if row.source_id != turn.record.id:
        # Two records of the source with one business key: never two documents, and
        # never in silence that one of them has none.
        return plan.Hold("duplicate_record", f"{row.source}/{row.source_id}")
    if row.state == "confirmed" and row.destination_id:
        return Relink(row.destination, row.destination_id)
    if row.state == "held":
        return plan.Hold("in_doubt", row.error_words)
    return None if row.state == "planned" else StillInDoubt()


def match_hash(one: MatchValue) -> str:
    """Return what a match value is remembered by: equal without regard to case."""
    text = f"{one.step.stream}\0{one.step.field}\0{one.value.casefold()}"
    return blake2b(text.encode(), digest_size=8).hexdigest()


def mark_of(claim: str) -> str:
    """Return our mark: short, and equal for the same thing on every try."""
    return blake2b(claim.encode(), digest_size=10).hexdigest()
