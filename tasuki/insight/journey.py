"""Journeys: what happened to each subject, in order, and whom else it concerns.

Pure, and the same whatever the order in which events were learned of: late ones fall
into their place, merged subjects go on as one, a reopened deal is open again.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.journey_merge import Merged, survivors

LINKS: Final = ("person", "deal", "subscription", "company")
"""Facts whose value is another subject, the nearest relation first."""
_CLOSE: Final = frozenset({Stage.WON, Stage.LOST})
_RANK: Final = {stage: rank for rank, stage in enumerate(Stage)}


def known_at(events: Iterable[StageEvent], as_of: datetime) -> Iterator[StageEvent]:
    """Yield the events that had happened, and that we had learned of, at a moment."""
    for one in events:
        if one.observed_at <= as_of and one.entered_at <= as_of:
            yield one


class Step(NamedTuple):
    """The entry of a stage. Steps at one instant stand in the stages' own order."""

    at: datetime
    rank: int
    stage: Stage


class Fact(NamedTuple):
    """Something known of a subject; the last one of a name counts."""

    subject: str
    name: str
    value: str


class Journey:
    """What happened to one subject, and to all that were merged into it.

    Attributes:
        subject: As `kind/id`.
        steps: In order of time; a stage that was entered while there is one entry.
        first: When each stage was entered for the first time.
        outcome: `won` or `lost` as it stands; None while open or open again.
        closed_at: When that outcome came about.
    """

    __slots__ = ("closed_at", "first", "outcome", "steps", "subject")

    def __init__(self, subject: str, steps: list[Step]) -> None:
        if len(steps) > 1:
            steps.sort()
            again = [one.stage is after.stage for one, after in pairwise(steps)]
            if any(again):
                kept = zip(steps[1:], again, strict=True)
                steps = [steps[0], *(step for step, same in kept if not same)]
        self.subject = subject
        self.steps = steps
        self.first: dict[Stage, datetime] = {}
        self.outcome: Stage | None = None
        self.closed_at: datetime | None = None
        first = self.first
        for at, _, stage in steps:
            if stage not in first:
                first[stage] = at
        if not _CLOSE.isdisjoint(first):
            self._close()

    def _close(self) -> None:
        """Find the final outcome: the last that was not followed by a reopening."""
        for at, _, stage in self.steps:
            if stage is Stage.REOPENED:
                self.outcome = self.closed_at = None
            # Told again by another system, it is still the first of the two.
            elif stage in _CLOSE and stage is not self.outcome:
                self.outcome, self.closed_at = stage, at


class Journeys:
    """All journeys as they were known at one moment, and how they hang together."""

    def __init__(self, journeys: dict[str, Journey], facts: "Facts") -> None:
        self.by_subject = journeys
        self.facts = facts
        self._having: dict[Stage, list[Journey]] = {}
        self._near: dict[str, list[Journey]] = {}

    @classmethod
    def of(cls, events: Iterable[StageEvent], facts: Iterable[Fact] = ()) -> "Journeys":
        """Build them from events in any order.

        Args:
            events: The same event at most once (the ledger sees to that).
            facts: In the order in which they were learned.
        """
        entries = ((e.subject, e.stage, e.entered_at, e.into) for e in events)
        return cls.of_entries(entries, facts)

    @classmethod
    def of_entries(
        cls,
        entries: Iterable[tuple[str, Stage, datetime, str]],
        facts: Iterable[tuple[str, str, str]] = (),
    ) -> "Journeys":
        """Build them from (subject, stage, entered at, merged into)."""
        steps: dict[str, list[Step]] = {}
        merges: list[Merged] = []
        rank, merged = _RANK, Stage.MERGED
        for subject, stage, at, into in entries:
            if stage is merged:
                merges.append(Merged(subject, into, at))
                continue
            step = Step(at, rank[stage], stage)
            if subject in steps:
                steps[subject].append(step)
            else:
                steps[subject] = [step]
        alias = survivors(merges)
        for gone in alias.keys() & steps.keys():
            steps.setdefault(alias[gone], []).extend(steps.pop(gone))
        known = Facts(facts, alias)
        return cls({name: Journey(name, found) for name, found in steps.items()}, known)

    def __iter__(self) -> Iterator[Journey]:
        return iter(self.by_subject.values())

    def __len__(self) -> int:
        return len(self.by_subject)

    def having(self, stage: Stage) -> Sequence[Journey]:
        """Return the journeys that have entered a stage."""
        if not self._having:
            for journey in self.by_subject.values():
                for entered in journey.first:
                    self._having.setdefault(entered, []).append(journey)
        return self._having.get(stage, ())

    def split(self, value: Callable[[str], str]) -> dict[str, "Journeys"]:
        """Return the journeys by a value of their subjects, sorted by it, "" last.

        What came out of a journey stays known to it, in whichever part that lies.
        """
        parts: dict[str, dict[str, Journey]] = {}
        for name, journey in self.by_subject.items():
            parts.setdefault(value(name), {})[name] = journey
        ordered = sorted(parts, key=lambda one: (not one, one))
        return {one: _Part(self, parts[one]) for one in ordered}

    def get(self, subject: str) -> Journey | None:
        """Return a subject's journey, wherever it was merged into."""
        return self.by_subject.get(self.facts.survivor(subject))

    def followers(self, subject: str) -> Sequence[Journey]:
        """Return what came out of a journey: a person's deals, their invoices."""
        if not self.facts.is_followed(subject):
            return ()
        found = self._near.get(subject)
        if found is None:
            others = map(self.by_subject.get, self.facts.followers(subject))
            found = self._near[subject] = [one for one in others if one is not None]
        return found

    def reached(self, journey: Journey, stage: Stage) -> datetime | None:
        """Return when a stage was first entered, by the subject or what followed it."""
        found = journey.first.get(stage)
        for one in self.followers(journey.subject):
            at = one.first.get(stage)
            if at is not None and (found is None or at < found):
                found = at
        return found

    def entered(self, journey: Journey) -> AbstractSet[Stage]:
        """Return the stages that a subject, or what followed it, has reached."""
        near = self.followers(journey.subject)
        return journey.first.keys() | {stage for one in near for stage in one.first}

    def next_after(self, journey: Journey, at: int) -> Step | None:
        """Return what came next after a step, there or in what followed."""
        steps = journey.steps
        found = steps[at + 1] if at + 1 < len(steps) else None
        for one in self.followers(journey.subject):
            other = _after(one.steps, steps[at])
            if other is not None and (found is None or other < found):
                found = other
        return found


class _Part(Journeys):
    """Some of the journeys; relations are looked up among all."""

    def __init__(self, whole: Journeys, chosen: dict[str, Journey]) -> None:
        super().__init__(chosen, whole.facts)
        self._whole = whole

    def followers(self, subject: str) -> Sequence[Journey]:
        return self._whole.followers(subject)


def _after(steps: list[Step], step: Step) -> Step | None:
    at = bisect_left(steps, (step.at, step.rank + 1))
    return steps[at] if at < len(steps) else None


class Facts:
    """What is known of subjects, with merged ones as one, and their relations."""

    def __init__(
        self,
        facts: Iterable[tuple[str, str, str]] = (),
        alias: Mapping[str, str] | None = None,
    ) -> None:
        self._alias: Mapping[str, str] = alias or {}
        self._own: dict[str, dict[str, str]] = {}
        self._children: dict[str, list[str]] = {}
        own, survivor, linked = self._own, self._alias, dict[str, None]()
        for subject, name, value in facts:
            whose = survivor.get(subject, subject)
            known = own.get(whose)
            if known is None:
                known = own[whose] = {}
            if name in LINKS:
                known[name] = survivor.get(value, value)
                linked[whose] = None
            else:
                known[name] = value
        for subject in linked:
            for name in LINKS:
                if (parent := own[subject].get(name)) and parent != subject:
                    self._children.setdefault(parent, []).append(subject)

    def survivor(self, subject: str) -> str:
        """Return whom a subject goes on as; itself unless it was merged."""
        return self._alias.get(subject, subject)

    def get(self, subject: str, name: str) -> str:
        """Return a subject's own fact; "" where nothing is known."""
        return self._own.get(self.survivor(subject), {}).get(name, "")

    def about(self, subject: str, name: str) -> str:
        """Return a fact of a subject, or of those it belongs to, the nearest first."""
        waiting, seen = [self.survivor(subject)], set[str]()
        while waiting:
            here = waiting.pop(0)
            known = self._own.get(here, {})
            if known.get(name):
                return known[name]
            seen.add(here)
            above = (known[link] for link in LINKS if known.get(link))
            waiting += [one for one in above if one not in seen]
        return ""

    def subjects(self) -> Iterator[str]:
        """Yield every subject of which something is known."""
        return iter(self._own)

    def is_followed(self, subject: str) -> bool:
        """Say whether anything belongs to a subject."""
        return subject in self._children

    def followers(self, subject: str) -> Iterator[str]:
        """Yield what belongs to a subject, and what belongs to that; each once."""
        seen = {subject}
        waiting = list(self._children.get(subject, ()))
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                yield here
                waiting += self._children.get(here, ())
