"""Deciding about a page: look everything up in bulk, then one pure decision each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tasuki import plan
from tasuki.engine.agreeing import look_again
from tasuki.engine.both_sides import compare_sides
from tasuki.engine.by_hand import hold_made_by_hand
from tasuki.engine.claims import claim_of, mark_hash, mark_of, route_of
from tasuki.engine.counterparts import Made, Search, match_hash
from tasuki.engine.departed import on_deleted, reopened
from tasuki.engine.earlier import doubtful_fields, made_earlier
from tasuki.engine.holding import doubt_of, keep_questions
from tasuki.engine.lookups import Lookups
from tasuki.engine.match import Finder
from tasuki.engine.owners import respect_owners
from tasuki.engine.reviewed import review
from tasuki.engine.rivals import not_elsewhere
from tasuki.engine.ruled import Rulings
from tasuki.engine.shared import YIELDED_LINK, hold_sharers
from tasuki.engine.sync import Identity, Sync
from tasuki.engine.turn import Relink, StillDead, StillInDoubt, Turn, Verdict
from tasuki.engine.two_way import leave_echoes, shared_link, ways_back
from tasuki.engine.unmapped import clear_unmapped
from tasuki.ledger.rows import BackRow, DecisionRow, IntentRow, LinkRow
from tasuki.mapping import Faulty, Payload, Skip, fingerprint
from tasuki.model.record import Record
from tasuki.model.write import Operation, WriteClass, WriteFacts

_UNDECIDED = plan.Unchanged()
_NO_KEY = "Fill the fields that `key` reads at the source."
_NO_NATURAL_KEY = "Make the first match step a unique field of the destination."


@dataclass(slots=True)
class _Facts:
    """What the ledger knows about a page."""

    links: Mapping[str, LinkRow]
    previous: Mapping[str, DecisionRow]
    parents: Mapping[str, Mapping[str, str]]
    forgotten: frozenset[str]
    backs: Mapping[str, BackRow]

    def target(self, other: str, source_id: str) -> str | None:
        """Return the counterpart's id that another sync has linked to a record."""
        return self.parents.get(other, {}).get(source_id)


@dataclass(slots=True)
class Decider:
    """Decides about pages of one run."""

    sync: Sync
    search: Search
    lookups: Lookups
    rulings: Rulings
    open_intents: dict[str, list[IntentRow]] = field(default_factory=dict)
    """Never-finished intents of earlier runs, by source id: replaced when decided."""
    unsettled: set[str] = field(default_factory=set)
    """Source ids with a write in doubt: not decided until it has been looked up."""
    wanted: frozenset[str] | None = None
    """Source ids that may be created where the mapping creates only what is wanted."""
    replayed: frozenset[str] = frozenset()
    """Source ids of dead letters that a person wants tried again."""
    suppresses: bool = False
    """Some records are of persons who were erased, and are passed over."""
    attaching: dict[str, str] = field(default_factory=dict)
    """Counterparts that records of this run were attached to, by their ids."""
    looks_around: bool = True
    """Look for documents made by hand before any is made."""
    _facts: WriteFacts = field(init=False)
    _rules: plan.Rules = field(init=False)
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
        self._route = route_of(mapping)
        self._rules = plan.Rules(
            mode=mapping.write.value,
            on_change=mapping.on_change.value,
            home=self._home,
        )

    @classmethod
    def of(cls, sync: Sync) -> "Decider":
        """Return a decider that knows what other syncs wait for."""
        wanted = None
        if sync.mapping.model.creates == "wanted":
            wanted = frozenset(sync.ledger.wanted(sync.id))
        search = Search(sync, Finder(sync.destination.destination, sync.clock))
        replayed = frozenset(sync.ledger.replayed(sync.id))
        return cls(
            sync,
            search,
            Lookups(sync),
            Rulings.of(sync),
            wanted=wanted,
            replayed=replayed,
            suppresses=sync.ledger.suppresses(),
        )

    def page(self, records: Sequence[Record], number: int) -> list[Turn]:
        """Return one turn for each record, in order."""
        facts = self._look_up(records)
        turns = [self._open(record, number, facts) for record in records]
        if self.sync.mapping.asked:
            new = [one for one in turns if self._early_verdict(one) is None]
            open_ = [o.record for o in new if o.record.id not in facts.forgotten]
            self.lookups.prepare(open_, facts.target)
        found = (self._make(turn, facts) for turn in turns)
        unlinked = [made for made in found if made is not None]
        keep_questions(self.sync, turns)
        unlinked = self._leave_dead(turns, unlinked)
        tries = self._earlier_tries(unlinked)
        unlinked = [made for made in unlinked if self._identify(made, tries)]
        earlier = made_earlier(self.sync, turns)
        for turn in turns:
            turn.earlier = earlier.get(turn.record.id, "")
        if unlinked:
            self._find_counterparts(unlinked)
            if self.looks_around:
                hold_made_by_hand(self.sync, [made.turn for made in unlinked])
        leave_echoes(self.sync, turns, facts.backs)
        hold_sharers(self.sync, turns)
        clear_unmapped(self.sync, turns)
        compare_sides(self.sync, turns)
        look_again(self.sync, turns)
        review(self.sync, turns)
        self.rulings.apply(turns)
        respect_owners(self.sync, turns)
        return turns

    def _leave_dead(self, turns: Sequence[Turn], unlinked: list[Made]) -> list[Made]:
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
        links = ledger.links(sync.id, ids)
        return _Facts(
            links=links,
            previous=ledger.last_decisions(sync.id, ids),
            parents={
                other: ledger.link_targets(other, sorted(needed))
                for other, needed in wanted.items()
            },
            forgotten=(
                ledger.suppressed(self._source, ids) if self.suppresses else frozenset()
            ),
            backs=ways_back(sync, ids, links) if sync.mapping.pair else {},
        )

    def _open(self, record: Record, number: int, facts: _Facts) -> Turn:
        link = facts.links.get(record.id)
        if link is None and record.id in facts.backs:
            link = shared_link(self.sync, record.id, facts.backs[record.id])
        return Turn(
            record=record,
            page=number,
            verdict=_UNDECIDED,
            link=link,
            previous=facts.previous.get(record.id),
            open_intents=tuple(self.open_intents.pop(record.id, ())),
            replayed=record.id in self.replayed,
        )

    def _make(self, turn: Turn, facts: _Facts) -> Made | None:
        """Decide what can be decided without the destination's help."""
        mapping, record = self.sync.mapping, turn.record
        if record.id in facts.forgotten:
            turn.verdict = plan.Skip("forgotten")
            return None
        early = self._early_verdict(turn)
        if early is not None:
            turn.verdict = early
            return None
        link = turn.link

        result = mapping.evaluate(record, facts.target, self.lookups.found)
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
        return Made(turn, result, steps)

    def _early_verdict(self, turn: Turn) -> Verdict | None:
        record, link = turn.record, turn.link
        if record.id in self.unsettled:
            return StillInDoubt()
        if record.deleted:
            return on_deleted(self.sync, turn)
        if record.outside:
            return plan.Skip("outside_where")
        if link is None:
            return None
        turn.link = link = reopened(link)
        if link.state == "detached":
            return plan.Skip("counterpart_deleted")
        if link.state == YIELDED_LINK:
            return plan.Skip("counterpart_yielded")
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
            and not mapping.asked
        )

    def _find_counterparts(self, unlinked: list[Made]) -> None:
        unlinked = not_elsewhere(self.sync, self._unclaimed(unlinked))
        found = self.search.counterparts(unlinked)
        for made in unlinked:
            verdict = plan.decide_unlinked(
                made.payload, found.get(made.turn.record.id, ()), self._rules
            )
            if self._is_unwanted(made.turn.record.id, verdict):
                verdict = plan.Skip("not_wanted")
            verdict = self._sole(made.turn.record.id, verdict)
            made.turn.verdict = self._creatable(verdict)

    def _creatable(self, verdict: plan.Change) -> plan.Change:
        """Offer no create where the destination would find a candidate by its key."""
        if not isinstance(verdict, plan.Hold) or "create" not in verdict.choices:
            return verdict
        if not any(self.search.is_natural(one) for one in verdict.candidates):
            return verdict
        choices = tuple(one for one in verdict.choices if one != "create")
        return replace(verdict, choices=choices)

    def _unclaimed(self, unlinked: list[Made]) -> list[Made]:
        """Decide about those whose business key was used before; return the others."""
        by_claim: dict[str, list[Made]] = defaultdict(list)
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
        one = plan.Counterpart(self._home, verdict.target_id, "match", taken_by=owner)
        return plan.duplicate(one, self._rules)

    def _earlier_tries(self, unlinked: Sequence[Made]) -> Mapping[str, int]:
        """Return how many creates of each record are over, where keys are per create.

        A vendor remembers its refusal under the key, too, and takes the key with
        nothing else but what it came with first: every create has a key of its own.
        Those in doubt keep theirs and do not come here.
        """
        if self._facts.create_class is not WriteClass.KEY:
            return {}
        ids = [made.turn.record.id for made in unlinked]
        sent = self.sync.ledger.intents_of(self.sync.id, ids)
        return {
            source_id: sum(row.operation == Operation.CREATE for row in rows)
            for source_id, rows in sent.items()
        }

    def _identify(self, made: Made, tries: Mapping[str, int]) -> bool:
        """Give a record the names its create would go by; False: it has none."""
        mapping, turn = self.sync.mapping, made.turn
        if mapping.write.value == "update_only":
            return True
        claim = claim_of(mapping, self._facts.create_class, turn.record)
        if claim == "":
            words = "the business key is blank"
            turn.verdict = Faulty("key", "key", words, _NO_KEY)
            return False
        natural = self.search.natural_key(made)
        if self._facts.create_class is WriteClass.UPSERT and natural is None:
            words = f"{mapping.destination} is written by a natural key; there is none"
            turn.verdict = Faulty("match", "key", words, _NO_NATURAL_KEY)
            return False
        mark = ""
        if self._facts.create_class is not WriteClass.UPSERT:  # its key is mark enough
            name = claim or f"{self._route}|{turn.record.id}"
            again = tries.get(turn.record.id, 0)
            mark = mark_of(f"{name}|{again}" if again else name)
        if self._facts.create_class is WriteClass.MARKER:
            # A document that was found with this mark when links were made again.
            turn.match_hashes = (*turn.match_hashes, mark_hash(mark))
        turn.identity = Identity(claim, mark, *(natural or ("", "")))
        return True


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
        turn.doubt = row
        return doubt_of(row, row.error_words)
    return None if row.state == "planned" else StillInDoubt()
