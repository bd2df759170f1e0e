"""Deciding what one record's two sides say about each other. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasuki.model.likeness import is_same
from tasuki.reconcile.finding import Finding, Kind, Repair
from tasuki.reconcile.likeness import drift
from tasuki.reconcile.scratch import There

AGREES = "agrees"
SUSPECT = "suspect"

_LOOK = "Look at both in their own screens and keep one; Tasuki deletes nothing."
_CANCEL = (
    "If it should not be there, cancel it by hand; Tasuki cancels nothing by itself."
)
_GONE_DOCUMENT = (
    "It was deleted or cancelled by hand, and is never made again by itself: if it is "
    "still owed, bill it by hand; if not, let the record no longer qualify."
)
_ISSUED = "An issued document is not altered: correct it by hand, or at the source."


@dataclass(frozen=True, slots=True)
class Terms:
    """What a mapping says about its counterparts.

    Attributes:
        home: The stream (`connection/stream`) it writes to.
        is_money: Its documents are made once and never altered in silence.
        compares: Its fields stay ours after the create.
        hidden: Destination fields with personal values.
    """

    home: str
    is_money: bool
    compares: bool
    hidden: frozenset[str]


@dataclass(frozen=True, slots=True)
class Bond:
    """The ledger's link of a record: where to, and whether it is live."""

    stream: str
    id: str
    live: bool
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Sides:
    """What is known of one source record and of what may be its counterpart.

    Attributes:
        source_id: The record.
        refusal: Why it does not qualify; "" when it does.
        unmade: It qualifies, but its payload could not be made: nothing to compare.
        expected: Fields of ours as the destination would show them.
        told: What was sent last, likewise.
        bond: The link.
        linked: The link's counterpart; None when it is not there.
        claiming: Those that carry this record's key or mark.
        recent: It changed after the last run began: the next one sees to it.
    """

    source_id: str
    refusal: str = ""
    unmade: bool = False
    expected: Mapping[str, object] | None = None
    told: Mapping[str, object] | None = None
    bond: Bond | None = None
    linked: There | None = None
    claiming: Sequence[There] = ()
    recent: bool = False


Verdict = Finding | str
"""A finding; AGREES, SUSPECT, or the reason why a difference is as it should be."""


def judge(sides: Sides, terms: Terms) -> Verdict:
    """Decide about one record."""
    doubles = _live(sides, terms)
    if len(doubles) > 1:
        ids = tuple(one.id for one in doubles)
        # Its claim is taken all the same: a third one is never made.
        unknown = sides.bond is None or not sides.bond.live
        repair = Repair.LINK if unknown and terms.is_money else Repair.NONE
        words = "two counterparts for one record"
        return Finding(
            Kind.DUPLICATED, sides.source_id, ids, words, _LOOK, repair=repair
        )
    if sides.refusal:
        return _unqualified(sides, terms)
    bond = sides.bond
    if bond is None or not bond.live:
        return _unlinked(sides, terms)
    if bond.stream != terms.home:
        return AGREES if sides.linked else _lost(sides, terms)
    if bond.shared:
        words = "two records share one counterpart"
        remedy = "Merge the two at the source, or give one its own counterpart by hand."
        return Finding(Kind.DUPLICATED, sides.source_id, (bond.id,), words, remedy)
    if sides.linked is None or not sides.linked.live:
        return _lost(sides, terms)
    return _compared(sides, terms, sides.linked)


def _live(sides: Sides, terms: Terms) -> list[There]:
    found = {one.id: one for one in sides.claiming if one.live}
    linked, bond = sides.linked, sides.bond
    # What is attached to another kind of record may have been a lead of ours before.
    if linked and linked.live and bond and bond.live and bond.stream == terms.home:
        found.setdefault(linked.id, linked)
    return [found[one] for one in sorted(found, key=lambda i: (len(i), i))]


def _unqualified(sides: Sides, terms: Terms) -> Verdict:
    bond = sides.bond
    linked = sides.linked if bond is not None and bond.live else None
    strangers = [one for one in sides.claiming if one.live and one is not linked]
    if linked is not None and linked.live and not terms.is_money:
        return "no longer qualifies"
    present = linked if linked is not None and linked.live else None
    target = present or (strangers[0] if strangers else None)
    if target is None:
        return AGREES
    reason = f"the record does not qualify: {sides.refusal}"
    unknown = bond is None or not bond.live
    repair = Repair.LINK if unknown else Repair.NONE
    remedy = _CANCEL if terms.is_money else ""
    return Finding(Kind.EXTRA, sides.source_id, (target.id,), reason, remedy, repair)


def _unlinked(sides: Sides, terms: Terms) -> Verdict:
    """Decide about a record that the ledger knows no living counterpart of."""
    if sides.claiming:
        target = next((one for one in sides.claiming if one.live), sides.claiming[0])
        detached = sides.bond is not None
        reason = "link let go, counterpart there" if detached else "not in the ledger"
        if not target.live:
            reason = "cancelled, and not in the ledger"
        if terms.is_money or not detached:
            return Finding(
                Kind.UNLINKED,
                sides.source_id,
                (target.id,),
                reason,
                repair=Repair.LINK,
            )
    if sides.bond is not None:
        return "counterpart deleted by a person"
    return SUSPECT


def _lost(sides: Sides, terms: Terms) -> Verdict:
    """Decide about a record whose link leads nowhere."""
    assert sides.bond is not None  # noqa: S101 - the caller has looked
    target = (sides.bond.id,)
    if sides.claiming and not terms.is_money:
        words = "the link leads to a record that is gone, another one claims it"
        found = (sides.claiming[0].id,)
        return Finding(Kind.UNLINKED, sides.source_id, found, words, repair=Repair.LINK)
    if not terms.is_money:
        words = "counterpart deleted, merged or converted"
        return Finding(
            Kind.MISSING, sides.source_id, target, words, repair=Repair.RESEND
        )
    words = "document cancelled" if sides.linked else "document deleted"
    return Finding(Kind.MISSING, sides.source_id, target, words, _GONE_DOCUMENT)


def _compared(sides: Sides, terms: Terms, there: There) -> Verdict:
    if sides.unmade:
        return "cannot be made now"
    if not terms.compares or sides.expected is None:
        return AGREES
    told = sides.told or {}
    fields = drift(sides.expected, told, there.fields, terms.hidden)
    if not fields:
        return AGREES
    behind = all(
        not is_same(sides.expected.get(one.name), told.get(one.name)) for one in fields
    )
    if sides.recent and behind:
        return "changed since the last run"
    reason = "not sent yet" if behind else "changed at the destination"
    repair = Repair.NONE if terms.is_money else Repair.RESEND
    remedy = _ISSUED if terms.is_money else ""
    return Finding(
        Kind.DRIFTED, sides.source_id, (there.id,), reason, remedy, repair, fields
    )
