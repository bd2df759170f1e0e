"""Deciding: what one record's payload means for the destination. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from tasuki.mapping.result import Payload

Mode = Literal["upsert", "once", "update_only", "create_only"]
OnChange = Literal["update", "hold"]
UNSEEN = "?"
"""The id of a counterpart that is known to be there, and not by what id."""

BY_KEY = "business key"
"""The step of a counterpart that was found by the record's own claim."""

_UPDATING = frozenset({"upsert", "update_only"})


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger's link says about a record's counterpart.

    `doubtful` fields were written without an answer: their value is not known.
    """

    stream: str
    id: str
    sent: Mapping[str, object]
    fingerprint: str
    doubtful: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A record at the destination that a match step or a reverse link found.

    `taken_by` is the id of another source record that is linked to it already;
    `attach_only` marks a counterpart of another kind (a Contact for a Lead): linked,
    never written to.
    """

    stream: str
    id: str
    step: str
    taken_by: str | None = None
    attach_only: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """No counterpart: make one."""

    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Update:
    """Write these fields to the counterpart; `attaching` links it first."""

    target_id: str
    fields: Mapping[str, object]
    attaching: bool = False


@dataclass(frozen=True, slots=True)
class Attach:
    """Link to a counterpart that is not written to."""

    stream: str
    target_id: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The destination has all of it already."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Not for this handoff, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A person decides, and about what.

    Attributes:
        reason: Why, in one word.
        detail: About what, for people.
        candidates: The counterparts in question.
        choices: What a person may decide beside leaving the record out.
        about: What the question is about, where that is more than the candidates.
    """

    reason: str
    detail: str = ""
    candidates: tuple[Counterpart, ...] = ()
    choices: tuple[str, ...] = ()
    about: str = ""


Change = Create | Update | Attach | Unchanged | Skip | Hold


@dataclass(frozen=True, slots=True)
class Rules:
    """What a mapping says about writing.

    Attributes:
        mode: `upsert`, `once`, `update_only` or `create_only`.
        on_change: What a changed payload does to something already sent.
        home: The stream (`connection/stream`) the mapping writes to.
    """

    mode: Mode
    on_change: OnChange
    home: str


def decide_linked(
    payload: Payload, fingerprint: str, known: Known, rules: Rules
) -> Change:
    """Decide about a record whose counterpart is known."""
    if known.stream != rules.home:
        return Unchanged()  # attached to another kind of record: never written to
    same = fingerprint == known.fingerprint and not known.doubtful
    if same or rules.mode == "create_only":
        return Unchanged()
    changed = changed_fields(payload, known.sent, known.doubtful)
    if not changed:
        return Unchanged()
    if rules.on_change == "hold":
        choices = ("accept",) if rules.mode == "once" else ("send", "accept")
        return Hold("changed_after_sent", ", ".join(sorted(changed)), choices=choices)
    return Update(known.id, changed)


def changed_fields(
    payload: Payload,
    sent: Mapping[str, object],
    doubtful: frozenset[str] = frozenset(),
) -> dict[str, object]:
    """Return the fields an update may send whose value is not what was last sent.

    A blank that was never sent is no change; a doubtful field always is one.
    """
    return {
        name: value
        for name, value in payload.for_update().items()
        if name in doubtful or stored(value) != sent.get(name)
    }


def stored(value: object) -> object:
    """Return a payload value in the form that the ledger gives it back."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {name: stored(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [stored(one) for one in value]
    return value


def decide_unlinked(
    payload: Payload, counterparts: Sequence[Counterpart], rules: Rules
) -> Change:
    """Decide about a record whose counterpart is not known yet.

    `counterparts` are those of the first match step that found any.
    """
    if not counterparts:
        if rules.mode == "update_only":
            return Skip("no_counterpart")
        return Create(payload.for_create())
    everything, create = tuple(counterparts), _creating(rules)
    if len(counterparts) > 1:
        found = ", ".join(f"{c.stream}/{c.id}" for c in counterparts[:5])
        detail = f"{counterparts[0].step}: {found}"
        return Hold("ambiguous_match", detail, everything, ("attach", *create))
    (one,) = counterparts
    if one.attach_only:
        return Attach(one.stream, one.id)
    if one.taken_by is not None:
        return duplicate(one, rules)
    if rules.mode in {"create_only", "once"}:
        detail = f"{one.stream}/{one.id}"
        return Hold("exists_already", detail, everything, ("attach", *create))
    return Update(one.id, payload.for_update(), attaching=True)


def duplicate(one: Counterpart, rules: Rules) -> Hold:
    """Return the hold of a record whose counterpart another record has already."""
    own = ("own",) if one.id != UNSEEN and rules.mode in _UPDATING else ()
    detail = f"{one.stream}/{one.id} ← {one.taken_by}"
    create = () if one.step == BY_KEY else _creating(rules)
    return Hold("duplicate_record", detail, (one,), (*own, *create))


def _creating(rules: Rules) -> tuple[str, ...]:
    return () if rules.mode == "update_only" else ("create",)
