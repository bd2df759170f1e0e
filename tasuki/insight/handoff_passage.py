"""What the hub did with the records behind handoffs, asked of the ledger in bulk."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.handoff import Passage, Skip, Stuck
from tasuki.ledger import Ledger
from tasuki.ledger.handoffs import HandoffBook
from tasuki.model.record import StreamRef

_MANY: Final = 2_000
_SKIPPED: Final = "skipped"
_LIVE: Final = frozenset({"sending", "in_doubt"})


class Carrier(NamedTuple):
    """A mapping that sends customers on: what it reads, and at which stages."""

    mapping: str
    source: StreamRef
    stages: frozenset[Stage]


def passages(
    ledger: Ledger,
    carriers: Collection[Carrier],
    told: Mapping[str, Sequence[StageEvent]],
    aliases: Mapping[str, str],
) -> dict[str, Passage]:
    """Return what the hub did, by subject.

    A subject's record at a mapping's source is the one with its id, where that
    connection told of the subject; so is one that was merged into it.

    Args:
        ledger: Asked a few questions for each mapping and 2,000 records.
        carriers: The mappings that count.
        told: The subjects' events.
        aliases: Who goes on as whom.
    """
    found: dict[str, _Gathered] = {}
    members = _members(told, aliases)
    for carrier in carriers:
        ids = {
            name: subject
            for subject, records in members.items()
            if any(event.stage in carrier.stages for event in told[subject])
            for connection, name in records
            if connection == carrier.source.connection
        }
        for part in _parts(sorted(ids)):
            _gather(ledger, carrier, part, ids, found)
    return {subject: one.passage() for subject, one in found.items()}


def last_runs(ledger: Ledger, mappings: Collection[str]) -> dict[str, datetime]:
    """Return when the last whole run of each mapping began."""
    began = {one: ledger.last_run_began(one) for one in mappings}
    return {one: datetime.fromisoformat(at) for one, at in began.items() if at}


class _Gathered:
    """What was found about one subject so far."""

    def __init__(self) -> None:
        self.sent: dict[str, datetime] = {}
        self.skips: list[Skip] = []
        self.stuck: list[Stuck] = []

    def passage(self) -> Passage:
        return Passage(self.sent, tuple(self.skips), tuple(self.stuck))


def _members(
    told: Mapping[str, Sequence[StageEvent]], aliases: Mapping[str, str]
) -> dict[str, set[tuple[str, str]]]:
    """Return the records behind each subject: (connection, id)."""
    found = {
        subject: {(event.source, _id(event.subject)) for event in events}
        for subject, events in told.items()
    }
    for gone, subject in aliases.items():
        if subject in found:
            connections = {connection for connection, _ in found[subject]}
            found[subject] |= {(one, _id(gone)) for one in connections}
    return found


def _id(subject: str) -> str:
    return subject.partition("/")[2]


def _gather(
    ledger: Ledger,
    carrier: Carrier,
    ids: Sequence[str],
    subjects: Mapping[str, str],
    found: dict[str, _Gathered],
) -> None:
    def of(name: str) -> _Gathered:
        return found.setdefault(subjects[name], _Gathered())

    mapping = carrier.mapping
    book: HandoffBook = ledger.handoffs()
    for name, at in book.sent_at(mapping, ids).items():
        sent = of(name).sent
        sent[mapping] = min(at, sent.get(mapping, at))
    for name, row in ledger.last_decisions(mapping, ids).items():
        if row.outcome == _SKIPPED:
            at = datetime.fromisoformat(row.decided_at)
            of(name).skips.append(Skip(mapping, row.reason, at))
    for name, one in _stuck(ledger, carrier, ids):
        of(name).stuck.append(one)


def _stuck(
    ledger: Ledger, carrier: Carrier, ids: Sequence[str]
) -> Iterator[tuple[str, Stuck]]:
    mapping = carrier.mapping

    def stuck(kind: str, name: str, words: str, since: str, remedy: str) -> Stuck:
        ref, at = f"{carrier.source}/{name}", datetime.fromisoformat(since)
        return Stuck(kind, mapping, ref, words, at, remedy)

    for name, letter in ledger.unsolved_letters(mapping, ids).items():
        shown = f"tasuki dead {letter.id}"
        yield name, stuck("dead", name, letter.cause, letter.first_at, shown)
    wanted = set(ids)
    for hold in ledger.holds(mapping):
        if hold.source_id in wanted:
            shown = f"tasuki held {hold.ref}"
            one = stuck("held", hold.source_id, hold.reason, hold.since, shown)
            yield hold.source_id, one
    for intent in ledger.open_intents(mapping, ids):
        if intent.state in _LIVE:
            shown = f"tasuki run {mapping}"
            at = intent.sent_at or intent.created_at
            one = stuck("in_doubt", intent.source_id, intent.state, at, shown)
            yield intent.source_id, one


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _MANY):
        yield ids[start : start + _MANY]
