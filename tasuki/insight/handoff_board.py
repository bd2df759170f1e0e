"""How handoffs stand now: late or nearly so, whose turn it is, and whose fault.

Lateness is a plain comparison of stored times. A delay is the hub's own where the
customer waited for the hub, and would not be late without that; else it is people's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from tasuki.insight.handoff import NOTHING_DONE, Passage, Stuck
from tasuki.insight.handoff_round import State
from tasuki.insight.handoff_rule import ROUND_ROBIN, Person, Rule, SalesModel, Step
from tasuki.ledger.handoffs import Handoff


class Standing(StrEnum):
    """How a handoff stands against its agreed time."""

    ON_TIME = "on_time"
    NEAR = "near"
    BREACHED = "breached"
    MET = "met"
    LATE = "late"
    NOT_COUNTED = "not_counted"


class Cause(StrEnum):
    """Whose delay it is."""

    PEOPLE = "people"
    HUB = "hub"


class Why(StrEnum):
    """What the customer waits for, or waited for."""

    RECEIVER = "receiver"
    DEAD = "dead"
    HELD = "held"
    IN_DOUBT = "in_doubt"
    NO_RUN = "no_run"
    NOT_SENT = "not_sent"
    SENT_LATE = "sent_late"


TROUBLED: Final = frozenset({Standing.NEAR, Standing.BREACHED, Standing.LATE})
_ANSWERED: Final = frozenset({State.ACCEPTED, State.REJECTED})
_WHY: Final = {"dead": Why.DEAD, "held": Why.HELD, "in_doubt": Why.IN_DOUBT}


class Due(NamedTuple):
    """A step of the escalation: whom to tell, or whom to propose, from when on."""

    at: datetime
    tell: str
    person: Person | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A handoff as it stands.

    Attributes:
        who: Whose turn it is, where the file knows the person.
        why: What the customer waits for; None where nothing is late.
        late_by: So much beyond the agreed time, as its unit counts it.
        steps: The escalation's steps that are due, while it is open; none while the
            hub has not sent the customer on.
        following: The step after those.
        by_new_rule: Whether model.yaml has changed since the row was made.
        unexplained: Rejected without one of the agreed reasons.
    """

    row: Handoff
    standing: Standing
    who: Person | None = None
    cause: Cause | None = None
    why: Why | None = None
    stuck: Stuck | None = None
    hub_took: timedelta = timedelta(0)
    late_by: timedelta = timedelta(0)
    steps: tuple[Due, ...] = ()
    following: Due | None = None
    by_new_rule: bool = False
    unexplained: bool = False


class Looked(NamedTuple):
    """What the ledger knows beside the rows.

    Attributes:
        passages: What the hub did, by subject.
        last_runs: When the last whole run of each mapping began.
    """

    passages: Mapping[str, Passage] = {}
    last_runs: Mapping[str, datetime] = {}


def standing_of(row: Handoff, now: datetime) -> Standing:
    """Compare a handoff's stored times."""
    state = State(row.state)
    if state is State.OPEN:
        if row.due_at < now:
            return Standing.BREACHED
        return Standing.NEAR if row.warn_at <= now else Standing.ON_TIME
    if state not in _ANSWERED or row.closed_at is None:
        return Standing.NOT_COUNTED
    return Standing.LATE if row.closed_at > row.due_at else Standing.MET


def judge(
    model: SalesModel, rows: Sequence[Handoff], looked: Looked, now: datetime
) -> list[Judged]:
    """Judge handoffs; those of a rule that the file has no more are left out."""
    turns: dict[str, int] = {}
    found = []
    for row in rows:
        rule = model.rule(row.handoff)
        if rule is None:
            continue
        turn = turns[row.handoff] = turns.get(row.handoff, -1) + 1
        passage = looked.passages.get(row.subject, NOTHING_DONE)
        found.append(_Judge(model, rule, looked, now).judge(row, passage, turn))
    return found


@dataclass(frozen=True, slots=True)
class _Judge:
    model: SalesModel
    rule: Rule
    looked: Looked
    now: datetime

    def judge(self, row: Handoff, passage: Passage, turn: int) -> Judged:
        standing = standing_of(row, self.now)
        who = self._who(row)
        is_rejected = row.state == State.REJECTED
        told = Judged(
            row,
            standing,
            who,
            by_new_rule=row.rule_hash != self.rule.hash,
            unexplained=is_rejected
            and bool(self.rule.reasons)
            and row.reason not in self.rule.reasons,
        )
        if standing not in TROUBLED:
            return told
        until = row.closed_at or self.now
        why, stuck, took = self._why(row, passage, until)
        # Nobody is reminded of what has not reached them.
        is_there = why in {Why.RECEIVER, Why.SENT_LATE}
        steps, following = self._steps(row, turn) if is_there else ((), None)
        return Judged(
            row,
            standing,
            who,
            cause=Cause.PEOPLE if why is Why.RECEIVER else Cause.HUB,
            why=why,
            stuck=stuck,
            hub_took=took,
            late_by=max(timedelta(0), self._time(row.due_at, until)),
            steps=steps,
            following=following,
            by_new_rule=told.by_new_rule,
            unexplained=told.unexplained,
        )

    def _who(self, row: Handoff) -> Person | None:
        """Return whose turn it is: the owner, if of the receiving department."""
        named = self.model.person(row.source, row.closed_by or row.owner)
        if named and row.taker in named.departments:
            return named
        people, manager = self.model.people, self.model.department(row.taker).manager
        return people.get(self.rule.owner) or people.get(manager)

    def _time(self, start: datetime, end: datetime) -> timedelta:
        return self.model.hours.elapsed(start, end, self.rule.within.unit)

    def _why(
        self, row: Handoff, passage: Passage, until: datetime
    ) -> tuple[Why, Stuck | None, timedelta]:
        """Return what it waits for, and how long the hub had it."""
        carriers = self.rule.carriers
        nothing = timedelta(0)
        if not carriers:
            return Why.RECEIVER, None, nothing
        sent = passage.sent_by(carriers)
        if sent is None:
            took = self._time(row.opened_at, until)
            return *self._kept_back(row, passage), took
        if sent <= row.opened_at:
            return Why.RECEIVER, None, nothing
        took = self._time(row.opened_at, min(sent, until))
        allowed = self._time(row.opened_at, row.due_at)
        needed = self._time(row.opened_at, until) - took
        is_ours = needed <= allowed and took > nothing
        return (Why.SENT_LATE if is_ours else Why.RECEIVER), None, took

    def _kept_back(self, row: Handoff, passage: Passage) -> tuple[Why, Stuck | None]:
        carriers = self.rule.carriers
        if row.state != State.OPEN:  # people took it without us
            is_refused = any(one.mapping in carriers for one in passage.skips)
            return (Why.RECEIVER if is_refused else Why.NOT_SENT), None
        stuck = [one for one in passage.stuck if one.mapping in carriers]
        if stuck:
            worst = min(stuck, key=lambda one: (one.kind != "dead", one.since))
            return _WHY[worst.kind], worst
        runs = [self.looked.last_runs.get(one) for one in carriers]
        if not any(ran is not None and ran >= row.opened_at for ran in runs):
            return Why.NO_RUN, None
        return Why.NOT_SENT, None

    def _steps(self, row: Handoff, turn: int) -> tuple[tuple[Due, ...], Due | None]:
        if row.state != State.OPEN:
            return (), None
        steps = [self._due(row, step, turn) for step in self.rule.steps]
        steps.sort(key=lambda one: one.at)
        passed = tuple(one for one in steps if one.at < self.now)
        coming = next((one for one in steps if one.at >= self.now), None)
        return passed, coming

    def _due(self, row: Handoff, step: Step, turn: int) -> Due:
        at = row.due_at
        if step.after is not None:
            at = self.model.hours.after(at, step.after)
        return Due(at, step.tell, self._told(row, step.tell, turn))

    def _told(self, row: Handoff, role: str, turn: int) -> Person | None:
        if role == "owner":
            return self._who(row)
        if role == "manager":
            department = self.model.department(row.taker)
            return self.model.people.get(department.manager)
        if role == ROUND_ROBIN:
            owner = self._who(row)
            others = [one for one in self.model.members(row.taker) if one != owner]
            return others[turn % len(others)] if others else None
        return self.model.people.get(role)


def worst_first(judged: Iterable[Judged]) -> list[Judged]:
    """Return handoffs in the order in which somebody should look at them."""
    order = list(Standing)
    rank = {Standing.BREACHED: 0, Standing.NEAR: 1, Standing.ON_TIME: 2}
    return sorted(
        judged,
        key=lambda one: (
            rank.get(one.standing, len(rank) + order.index(one.standing)),
            one.row.due_at,
            one.row.id,
        ),
    )
