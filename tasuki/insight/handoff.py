"""The life of handoffs: opened, accepted, given back, or stopped at the gate.

Pure: events and what the ledger holds go in, rows to add and to close come out. Who
looks twice finds nothing more to do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.handoff_round import (
    Round,
    SentAt,
    State,
    event_key,
    in_order,
    rounds_of,
)
from tasuki.insight.handoff_rule import Rule, SalesModel
from tasuki.insight.journey import Facts
from tasuki.insight.journey_merge import Merged, survivors
from tasuki.ledger.handoffs import Change, Handoff


class Skip(NamedTuple):
    """A mapping's last word about a record: not for this handoff, and why."""

    mapping: str
    reason: str
    at: datetime


class Stuck(NamedTuple):
    """What keeps the hub from sending a record on.

    Attributes:
        kind: dead, held or in_doubt.
        ref: The record, `connection/stream/id`.
        words: The cause or the reason.
        remedy: The command that shows it, or does something about it.
    """

    kind: str
    mapping: str
    ref: str
    words: str
    since: datetime
    remedy: str


class Passage(NamedTuple):
    """What the hub did with a subject's records.

    Attributes:
        sent: When each mapping sent it on.
        skips: Those that say it is not for them.
        stuck: What keeps it back.
    """

    sent: Mapping[str, datetime] = {}
    skips: tuple[Skip, ...] = ()
    stuck: tuple[Stuck, ...] = ()

    def sent_by(self, mappings: Iterable[str]) -> datetime | None:
        """Return when the first of some mappings sent it on."""
        return min((self.sent[m] for m in mappings if m in self.sent), default=None)


NOTHING_DONE = Passage()
_LOOK_BACK: Final = timedelta(days=30)
OWNER, TEAM, SOURCE, REASON = "owner", "team", "source", "reject_reason"
"""Names of facts that mean something to every handoff."""


class FactsOf(Mapping[str, object]):
    """The facts of one subject and of those it belongs to, as formulas read them."""

    def __init__(
        self, facts: Facts, subject: str, teams: Mapping[str, str] | None = None
    ) -> None:
        self._facts, self._subject, self._teams = facts, subject, teams or {}

    def __getitem__(self, name: str) -> object:
        found = self._facts.about(self._subject, name)
        if not found and name == TEAM:
            owner = self._facts.about(self._subject, OWNER)
            found = self._teams.get(owner, "")
        if not found:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class World:
    """What is known when handoffs are looked at.

    Attributes:
        passages: What the hub did, by subject.
        now: The present.
        teams: Team by owner, where the team is no fact of its own.
        began: When the hub began to watch; None where it has seen nothing yet.
    """

    events: Mapping[str, Sequence[StageEvent]]
    facts: Facts
    passages: Mapping[str, Passage]
    now: datetime
    teams: Mapping[str, str] = field(default_factory=dict)
    began: datetime | None = None

    def about(self, subject: str) -> "FactsOf":
        """Return what is known of a subject, by name."""
        return FactsOf(self.facts, subject, self.teams)

    def family(self, subject: str) -> list[StageEvent]:
        """Return the events of a subject, and of what followed from it."""
        own = self.events.get(subject, ())
        followers = list(self.facts.followers(subject))
        if not followers:
            return list(own)
        return in_order(
            [*own, *(e for one in followers for e in self.events.get(one, ()))]
        )

    def passage(self, subject: str) -> Passage:
        """Return what the hub did with a subject's records."""
        return self.passages.get(subject, NOTHING_DONE)


def by_subject(
    events: Iterable[StageEvent],
) -> tuple[dict[str, list[StageEvent]], dict[str, str]]:
    """Return events by subject, in order, merged subjects as one; and who is whom."""
    listed = list(events)
    merges = [e for e in listed if e.stage is Stage.MERGED]
    alias = survivors(Merged(e.subject, e.into, e.entered_at) for e in merges)
    found: dict[str, list[StageEvent]] = {}
    for event in listed:
        if event.stage is not Stage.MERGED:
            found.setdefault(alias.get(event.subject, event.subject), []).append(event)
    return {subject: in_order(told) for subject, told in found.items()}, alias


@dataclass(slots=True)
class Steps:
    """What is to be written: rows to add, and rows to close."""

    new: list[Handoff] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def follow(model: SalesModel, world: World, stored: Iterable[Handoff]) -> Steps:
    """Return what has become of every handoff since the rows were written."""
    known: dict[tuple[str, str], list[Handoff]] = {}
    for row in stored:
        known.setdefault((row.handoff, row.opened_by), []).append(row)
    steps = Steps()
    for rule in model.rules:
        follower = _Follower(model, rule, world, known, steps)
        for subject, own in world.events.items():
            if any(event.stage is rule.stage for event in own):
                follower.look_at(subject, own)
    return steps


@dataclass(slots=True)
class _Follower:
    """Follows one handoff's rule."""

    model: SalesModel
    rule: Rule
    world: World
    known: Mapping[tuple[str, str], Sequence[Handoff]]
    steps: Steps

    def look_at(self, subject: str, own: Sequence[StageEvent]) -> None:
        passage = self.world.passage(subject)
        sent = [
            SentAt(one, passage.sent_by(one.sent_by))
            for one in self.rule.accept
            if one.stage is None
        ]
        family = self.world.family(subject)
        for found in rounds_of(self.rule, own, family, sent):
            one = self._with_reason(subject, found)
            rows = [
                row
                for key in sorted(one.told_by)
                for row in self.known.get((self.rule.id, key), ())
            ]
            if rows:
                self._go_on(subject, one, sorted(rows, key=_by_opening))
            elif not self._is_before_the_start(one):
                row = self._created(subject, one)
                if not self._was_given_up(row):
                    self.steps.new.append(row)

    def _with_reason(self, subject: str, one: Round) -> Round:
        """Take the reason for giving back from the facts, where no event says it."""
        if one.state is not State.REJECTED or one.reason:
            return one
        return one._replace(reason=self.world.facts.about(subject, REASON))

    def _is_before_the_start(self, one: Round) -> bool:
        since = self.rule.since
        opened = one.opened.entered_at.astimezone(self.model.hours.zone)
        return since is not None and opened.date() < since

    def _was_given_up(self, row: Handoff) -> bool:
        """Say whether it was long open when the hub came: nobody waits for it any more.

        Else the first look calls every customer of the past overdue. `since` in
        model.yaml says otherwise.
        """
        began = self.world.began
        if began is None or self.rule.since is not None:
            return False
        return row.state == State.OPEN and row.opened_at < began - _LOOK_BACK

    def _created(self, subject: str, one: Round) -> Handoff:
        row = self._opened(subject, one, one.opened.entered_at, 0)
        about = self.world.about(subject)
        if not self.rule.is_in_scope(about):
            return row._replace(state=State.OUT_OF_SCOPE.value, closed_at=row.opened_at)
        failed, skip = self.rule.failed(about), self._skip(subject)
        if one.state is State.ACCEPTED:
            failed = failed or ((skip.reason,) if skip else ())
            return _with_end(row, one)._replace(failed=failed)
        if failed:
            return _at_gate(row, row.opened_at, failed)
        if skip:
            return _at_gate(row, skip.at, (skip.reason,))
        return _with_end(row, one)

    def _opened(self, subject: str, one: Round, at: datetime, times: int) -> Handoff:
        facts, event = self.world.facts, one.opened
        key = event_key(event)
        due, warn = self.model.due(self.rule, at)
        text = f"{self.rule.id}\0{key}\0{times}"
        return Handoff(
            id=blake2b(text.encode(), digest_size=12).hexdigest(),
            handoff=self.rule.id,
            subject=subject,
            opened_by=key,
            source=event.source,
            giver=self.rule.giver,
            taker=self.rule.taker,
            owner=facts.about(subject, OWNER) or event.actor,
            channel=facts.about(subject, SOURCE),
            opened_at=at,
            warn_at=warn,
            due_at=due,
            within=str(self.rule.within),
            rule_hash=self.rule.hash,
        )

    def _skip(self, subject: str) -> Skip | None:
        """Return why the mappings that carry it do not, where none of them has."""
        passage = self.world.passage(subject)
        if passage.sent_by(self.rule.carriers) is not None:
            return None
        skips = [one for one in passage.skips if one.mapping in self.rule.carriers]
        return min(skips, key=lambda one: one.at, default=None)

    def _go_on(self, subject: str, one: Round, rows: Sequence[Handoff]) -> None:
        first, row = rows[0], rows[-1]
        if first.opened_by != row.opened_by:  # of two subjects that are one now
            self._merge([each for each in rows if each.opened_by != first.opened_by])
            row = [each for each in rows if each.opened_by == first.opened_by][-1]
        match State(row.state):
            case State.OUT_OF_SCOPE | State.MERGED:
                return
            case State.AT_GATE:
                self._at_the_gate(subject, one, row, len(rows))
            case State.OPEN:
                skip = self._skip(subject)
                if one.state is State.OPEN and skip:
                    at = max(skip.at, row.opened_at)
                    self._change(row, _at_gate(row, at, (skip.reason,)))
                else:
                    self._change(row, _with_end(row, one))
            case _:
                if one.state is not State.OPEN:
                    after = _with_end(row, one)
                    # A reason that was known stays: the fact may be of a later time.
                    known = row.reason or after.reason
                    same = row.closed_at == after.closed_at
                    self._change(row, after._replace(reason=known) if same else after)

    def _at_the_gate(self, subject: str, one: Round, row: Handoff, times: int) -> None:
        """Let a row through that people took in spite of the gate, or that passes."""
        if one.state is State.ACCEPTED:
            self._change(row, _with_end(row, one))
            return
        about = self.world.about(subject)
        passes = not self.rule.failed(about) and self._skip(subject) is None
        if one.state is State.OPEN and passes:
            sent = self.world.passage(subject).sent_by(self.rule.carriers)
            at = max(sent or self.world.now, row.closed_at or row.opened_at)
            self.steps.new.append(self._opened(subject, one, at, times))

    def _merge(self, rows: Iterable[Handoff]) -> None:
        for row in rows:
            if row.state == State.OPEN:
                after = row._replace(state=State.MERGED.value, closed_at=self.world.now)
                self._change(row, after)

    def _change(self, before: Handoff, after: Handoff) -> None:
        if before != after:
            self.steps.changes.append(Change(before, after))


def _by_opening(row: Handoff) -> tuple[datetime, str]:
    return row.opened_at, row.id


def _with_end(row: Handoff, one: Round) -> Handoff:
    """Return a row that has ended as its round has; a row again opened no earlier."""
    closed = one.closed_at
    return row._replace(
        state=one.state.value,
        closed_at=max(closed, row.opened_at) if closed else None,
        closed_by=one.closed_by,
        reason=one.reason,
    )


def _at_gate(row: Handoff, at: datetime, failed: Sequence[str]) -> Handoff:
    return row._replace(
        state=State.AT_GATE.value,
        closed_at=max(at, row.opened_at),
        failed=tuple(failed),
    )
