"""One record's turn in a run, from its page to its outcome."""

from dataclasses import dataclass

from tasuki import plan
from tasuki.engine.sync import NO_IDENTITY, Identity
from tasuki.ledger.hold_rows import RulingEndRow, RulingRow
from tasuki.ledger.rows import DecisionRow, IntentRow, LinkRow, encode
from tasuki.mapping import Faulty, Payload, Waiting
from tasuki.model.record import Record


@dataclass(frozen=True, slots=True)
class Relink:
    """The ledger knows the counterpart under another name; link to it again."""

    stream: str
    target_id: str


@dataclass(frozen=True, slots=True)
class StillInDoubt:
    """An earlier write of this record has not been looked up yet."""


@dataclass(frozen=True, slots=True)
class StillDead:
    """The destination refused this very payload before; nothing has changed since."""

    cause: str
    words: str


@dataclass(frozen=True, slots=True)
class Accept:
    """It has been dealt with over there: what the record says now counts as sent."""


Verdict = plan.Change | Waiting | Faulty | Relink | StillInDoubt | StillDead | Accept


@dataclass(slots=True)
class Turn:
    """A record, what was decided about it, and what the ledger knew before.

    Attributes:
        record: As read.
        page: The page it came with.
        verdict: What was decided.
        payload: What the mapping made of it, if it did.
        fingerprint: Of the payload; "" without one.
        identity: Claim, mark and natural key for a create.
        link: The stored link.
        previous: The last recorded decision.
        open_intents: Never-finished intents that this turn replaces.
        match_hashes: Hashes of the match values, to notice twins among our own.
        replayed: A person wants its dead letter tried again.
        moved: The counterpart moved once already during this turn.
        earlier: Id of a counterpart that a killed run has made for this record.
        sent_text: JSON of the fields under way, once their intent is made.
        ruling: A person's decision that the verdict carries out.
        ruling_end: What became of a ruling that the verdict does not carry out.
        doubt: The held write that the question is about, for `in_doubt`.
        yields: Source id of a record that gives its counterpart up to this one.
        contest: Fields that both sides changed, and which side was newer.
        archiving: The update puts the counterpart out of use: its record is deleted.
    """

    record: Record
    page: int
    verdict: Verdict
    payload: Payload | None = None
    fingerprint: str = ""
    identity: Identity = NO_IDENTITY
    link: LinkRow | None = None
    previous: DecisionRow | None = None
    open_intents: tuple[IntentRow, ...] = ()
    match_hashes: tuple[str, ...] = ()
    moved: bool = False
    replayed: bool = False
    earlier: str = ""
    sent_text: str = ""
    ruling: RulingRow | None = None
    ruling_end: RulingEndRow | None = None
    doubt: IntentRow | None = None
    yields: str = ""
    archiving: bool = False
    contest: str = ""


def sent_text(turn: Turn) -> str:
    """Return as JSON what the counterpart has been told in all."""
    if isinstance(turn.verdict, plan.Create) and turn.sent_text:
        return turn.sent_text  # nothing older to put it over: encoded already
    return encode(_sent(turn))


def _sent(turn: Turn) -> dict[str, object]:
    """Return what the counterpart has been told in all: the new over the old."""
    before = dict(turn.link.sent) if turn.link else {}
    verdict = turn.verdict
    if isinstance(verdict, plan.Create):
        return dict(verdict.fields)
    if isinstance(verdict, plan.Update):
        if not turn.archiving:
            return before | dict(verdict.fields)
        # What archives it is forgotten unless it is mapped: mapped values are sent
        # again when the record comes back.
        return before | {n: v for n, v in verdict.fields.items() if n in before}
    return before
