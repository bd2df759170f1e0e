"""What became of a handoff, read from stage events alone.

A round begins with the entry of the stage that opens the handoff, and ends when the
customer is accepted or given back. Told again while it is open, it is the same round;
entered anew after having been given back, it is another one.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.handoff_rule import Condition, Rule


class State(StrEnum):
    """How a handoff stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    AT_GATE = "rejected_at_gate"
    OUT_OF_SCOPE = "out_of_scope"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


_BACK: Final = frozenset({Stage.RECYCLED, Stage.DISQUALIFIED})
_OVER: Final = frozenset({Stage.LOST, Stage.REOPENED, Stage.CHURNED})
_RANK: Final = {stage: rank for rank, stage in enumerate(Stage)}


class SentAt(NamedTuple):
    """When the mappings of a condition sent the customer on; None: not yet."""

    condition: Condition
    at: datetime | None


class Round(NamedTuple):
    """One handoff of one subject.

    Attributes:
        opened: The first entry of the opening stage.
        told_by: Every event that told of it, as `connection:event`.
        state: open, accepted, rejected or withdrawn.
    """

    opened: StageEvent
    told_by: frozenset[str]
    state: State = State.OPEN
    closed_at: datetime | None = None
    closed_by: str = ""
    reason: str = ""


def event_key(event: StageEvent) -> str:
    """Return what an event is known by."""
    return f"{event.source}:{event.source_event}"


def in_order(events: Iterable[StageEvent]) -> list[StageEvent]:
    """Return events by time; at one instant in the stages' own order."""
    return sorted(
        events,
        key=lambda e: (e.entered_at, _RANK[e.stage], e.source, e.source_event),
    )


def rounds_of(
    rule: Rule,
    own: Sequence[StageEvent],
    family: Sequence[StageEvent],
    sent: Sequence[SentAt] = (),
) -> list[Round]:
    """Return the rounds of one subject.

    Args:
        rule: Of the handoff.
        own: The subject's events, in order.
        family: Those and the events of what followed from it (a person's deals, their
            invoices): any of them may show that it was accepted.
        sent: For the conditions that mappings fulfil.
    """
    found = []
    began: datetime | None = None
    for told, end in _spans(rule, own):
        openings = [one for one in told if one.stage is rule.stage]
        if openings:
            opened = Round(openings[0], frozenset(map(event_key, openings)))
            found.append(_closed(rule, opened, (began, end), family, sent))
        began = end.entered_at if end else None
    return found


def _spans(
    rule: Rule, own: Sequence[StageEvent]
) -> Iterator[tuple[list[StageEvent], StageEvent | None]]:
    """Yield what happened up to each time the customer was given back."""
    accepting = {one.stage for one in rule.accept}
    ends = (_BACK | _OVER | {rule.back_to}) - accepting - {rule.stage}
    span: list[StageEvent] = []
    for event in own:
        if event.stage in ends:
            yield span, event
            span = []
        else:
            span.append(event)
    yield span, None


def _closed(
    rule: Rule,
    opened: Round,
    between: tuple[datetime | None, StageEvent | None],
    family: Sequence[StageEvent],
    sent: Sequence[SentAt],
) -> Round:
    began, end = between
    last = end.entered_at if end else None
    seen = [
        event
        for event in family
        if (began is None or event.entered_at > began)
        and (last is None or event.entered_at <= last)
    ]
    at, by = _accepted(rule, seen, sent)
    if at is not None and (last is None or at <= last):
        at = max(at, opened.opened.entered_at)
        return opened._replace(state=State.ACCEPTED, closed_at=at, closed_by=by)
    if end is None:
        return opened
    is_back = end.stage in _BACK or end.stage is rule.back_to
    return opened._replace(
        state=State.REJECTED if is_back else State.WITHDRAWN,
        closed_at=end.entered_at,
        closed_by=end.actor,
        reason=end.reason,
    )


def _accepted(
    rule: Rule, seen: Sequence[StageEvent], sent: Sequence[SentAt]
) -> tuple[datetime | None, str]:
    """Return when the conditions were met, and by whom."""
    times: list[tuple[datetime, str] | None] = []
    known = {one.condition: one.at for one in sent}
    for condition in rule.accept:
        if condition.stage is None:
            at = known.get(condition)
            times.append((at, "") if at else None)
        else:
            entered = (e for e in seen if e.stage is condition.stage)
            first = next(entered, None)
            times.append((first.entered_at, first.actor) if first else None)
    met = [one for one in times if one is not None]
    if not met or (rule.needs_all and len(met) < len(times)):
        return None, ""
    return max(met) if rule.needs_all else min(met)
