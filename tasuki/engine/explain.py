"""The story of one customer across systems, from the ledger alone."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from tasuki.ledger import Ledger
from tasuki.ledger.cancellations import CancellationRow
from tasuki.ledger.hold_rows import RulingRow
from tasuki.ledger.rows import DeadLetterRow, DecisionRow, IntentRow, LinkRow
from tasuki.ledger.rows import Story as Found

_MOST = 200  # records in one story


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the story. `at` is UTC text; `kind` sorts lines for the eye."""

    at: str
    kind: str
    """told, sent, written_back, decided, ruled, cancelled, dead, in_doubt, failed."""
    sync: str
    source: str
    target: str
    words: str


@dataclass(slots=True)
class Story:
    """Everything known about a record and those it is connected with."""

    asked: str
    refs: list[str] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "asked": self.asked,
            "records": self.refs,
            "moments": [
                {
                    "at": one.at,
                    "kind": one.kind,
                    "sync": one.sync,
                    "source": one.source,
                    "target": one.target,
                    "words": one.words,
                }
                for one in self.moments
            ],
        }


def explain(ledger: Ledger, asked: str) -> Story:
    """Return the story of `connection/stream/id`, or of an id alone.

    Links are followed in both directions, and so are the relations that mappings
    declare (a Lead and the Opportunity it was converted to).
    """
    story = Story(asked)
    seen: set[str] = set()
    waiting = deque([asked])
    while waiting and len(seen) < _MOST:
        ref = waiting.popleft()
        if ref in seen:
            continue
        seen.add(ref)
        known = _Known(ledger, ref)
        story.moments += known.moments
        story.refs += [one for one in known.refs if one not in story.refs]
        waiting.extend(known.refs)
    story.moments = sorted(
        dict.fromkeys(story.moments), key=lambda one: (one.at, one.kind)
    )
    return story


class _Known:
    """What the ledger knows about one id."""

    def __init__(self, ledger: Ledger, ref: str) -> None:
        parts = ref.split("/")
        record_id = parts[-1]
        self._stream = "/".join(parts[:2]) if len(parts) == 3 else ""  # noqa: PLR2004
        self.refs: list[str] = []
        self.moments: list[Moment] = []
        found = ledger.everything_about(record_id)
        mine = [link for link in found.links if self._is_mine(link, record_id)]
        for link in mine:
            self.refs += [
                f"{link.source}/{link.source_id}",
                f"{link.destination}/{link.destination_id}",
            ]
        syncs = {link.sync: link for link in mine}
        for intent in found.intents:
            if self._matches(intent.source, intent.source_id, record_id) or (
                self._matches(
                    intent.destination, intent.destination_id or "", record_id
                )
            ):
                self.moments.append(_of_intent(intent))
                self.refs.append(f"{intent.source}/{intent.source_id}")
        for decision in found.decisions:
            if decision.outcome == "sent" and not decision.reason:
                continue  # its intent says the same
            self.moments.append(_of_decision(decision, syncs.get(decision.sync)))
        for letter in found.dead_letters:
            self.moments.append(_of_letter(letter))
        for ruling in ledger.rulings_about(self._own_ids(found)):
            self.moments += _of_ruling(ruling, syncs.get(ruling.sync))
        for at, stream, kind, state in ledger.hints_about(record_id):
            if self._stream in {"", stream}:
                words = f"webhook: {kind} ({state})"
                told = Moment(at, "told", "", f"{stream}/{record_id}", "", words)
                self.moments.append(told)
        self._add_cancellations(ledger, record_id)
        self._add_relations(ledger, ref)

    @staticmethod
    def _own_ids(found: Found) -> list[str]:
        asked = {row.source_id for row in found.links}
        asked |= {row.source_id for row in found.decisions}
        return sorted(asked - {""})

    def _is_mine(self, link: LinkRow, record_id: str) -> bool:
        return self._matches(link.source, link.source_id, record_id) or self._matches(
            link.destination, link.destination_id, record_id
        )

    def _matches(self, stream: str, one: str, record_id: str) -> bool:
        return one == record_id and self._stream in {"", stream}

    def _add_cancellations(self, ledger: Ledger, record_id: str) -> None:
        for row in ledger.cancellations().about(record_id):
            if self._matches(row.source, row.source_id, record_id) or self._matches(
                row.destination, row.destination_id, record_id
            ):
                self.moments.append(_of_cancellation(row))

    def _add_relations(self, ledger: Ledger, ref: str) -> None:
        for row in ledger.relations(list(dict.fromkeys([ref, *self.refs]))):
            self.refs += [row.from_ref, row.to_ref]


def _of_intent(row: IntentRow) -> Moment:
    at = row.done_at or row.sent_at or row.created_at
    source = f"{row.source}/{row.source_id}"
    target = f"{row.destination}/{row.destination_id or '?'}"
    if row.operation == "write_back":
        kind = "written_back" if row.state == "confirmed" else row.state
        return Moment(at, kind, row.sync, source, target, ", ".join(row.payload))
    if row.state == "confirmed":
        verb = "created" if row.operation == "create" else "updated"
        return Moment(at, "sent", row.sync, source, target, _receipt_words(row, verb))
    words = f"{row.state}: {row.error_code} {row.error_words}".strip(": ")
    kind = "in_doubt" if row.state in {"sending", "in_doubt", "held"} else "failed"
    return Moment(at, kind, row.sync, source, target, words)


def _receipt_words(row: IntentRow, verb: str) -> str:
    receipt = row.receipt
    shown = [
        f"{name} {receipt[name]}"
        for name in ("invoice_number", "total_amount", "payment_status")
        if receipt.get(name) not in {None, ""}
    ]
    fields = ", ".join(row.payload) if row.operation == "update" else ""
    return "; ".join([verb, *shown] + ([fields] if fields else []))


def _of_decision(row: DecisionRow, link: LinkRow | None) -> Moment:
    source = f"{link.source}/{row.source_id}" if link else row.source_id
    said = f"{row.reason} {row.detail}"
    words = said if row.outcome == "sent" else f"{row.outcome}: {said}".strip(": ")
    return Moment(row.decided_at, "decided", row.sync, source, "", words)


def _of_ruling(row: RulingRow, link: LinkRow | None) -> Iterator[Moment]:
    """Yield what a person has decided, and what became of it."""
    source = f"{link.source}/{row.source_id}" if link else row.source_id
    words = f"{row.choice} ({row.reason}) by {row.who}: {row.why}"
    yield Moment(row.ruled_at, "ruled", row.sync, source, row.target, words)
    if row.outcome:
        by = f" by {row.ended_by}" if row.ended_by else ""
        ended = f"{row.outcome}{by}: {row.words}".rstrip(": ")
        yield Moment(row.ended_at, "ruled", row.sync, source, "", ended)


def _of_cancellation(row: CancellationRow) -> Moment:
    """Tell of an invoice that somebody had cancelled, and of what became of it."""
    source = f"{row.source}/{row.source_id}"
    target = f"{row.destination}/{row.destination_id}"
    kind = {"done": "cancelled", "failed": "failed"}.get(row.state, "in_doubt")
    said = f"{row.number}, {row.total}, by {row.who}: {row.why}"
    words = f"cancel {said} ({row.words or row.state})"
    return Moment(row.ended_at or row.asked_at, kind, row.sync, source, target, words)


def _of_letter(row: DeadLetterRow) -> Moment:
    words = f"{row.cause}: {row.words} → {row.remedy}"
    return Moment(row.last_at, "dead", row.sync, row.source_id, "", words)
