"""Three-way: what was sent last, what we say now, and what stands over there.

Only where both sides changed a field since is there a conflict; otherwise the side
that changed wins. Fields that say `owner: newest` or `on_conflict: hold` are compared,
in one call for a page; two more tell when, and only for the conflicts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tasuki import plan
from tasuki.engine.owners import unanswered
from tasuki.engine.sync import Sync
from tasuki.engine.turn import Turn
from tasuki.ledger.rows import encode
from tasuki.model.likeness import is_alike, is_blank
from tasuki.ports import Dated, System

CONFLICT = "both_changed"


@dataclass(slots=True)
class _Contest:
    """One update, and the fields of it that both sides have changed."""

    turn: Turn
    update: plan.Update
    conflicts: list[str] = field(default_factory=list)
    theirs: set[str] = field(default_factory=set)
    """Fields that are not written: the same already, or the other side wins."""

    def decided(self) -> None:
        """Leave the other side's fields out; they count as seen from now on."""
        turn, update = self.turn, self.update
        if not self.theirs:
            return
        fields = update.fields
        if turn.link is not None and not update.attaching:
            seen = {n: plan.stored(fields[n]) for n in self.theirs}
            turn.link = turn.link._replace(sent_text=encode(turn.link.sent | seen))
        left = {n: v for n, v in fields.items() if n not in self.theirs}
        linked = turn.link is not None and not update.attaching
        gone = linked and not left
        turn.verdict = plan.Unchanged() if gone else replace(update, fields=left)


def compare_sides(sync: Sync, turns: Sequence[Turn]) -> None:
    """Decide the fields of updates that both sides may have changed."""
    compared = sync.mapping.compared
    if not compared:
        return
    contests = [
        _Contest(turn, turn.verdict)
        for turn in turns
        if isinstance(turn.verdict, plan.Update)
        and not turn.archiving
        and not compared.keys().isdisjoint(turn.verdict.fields)
    ]
    if not contests:
        return
    present = sync.destination.destination.fetch(
        sync.mapping.destination.stream,
        sorted({one.update.target_id for one in contests}),
        sorted({n for one in contests for n in one.update.fields if n in compared}),
    )
    sent = unanswered(sync, [one.turn for one in contests])
    for one in contests:
        there = present.get(one.update.target_id)
        if there is not None:  # who is gone is told so when it is written
            _look(one, compared, there, sent.get(one.turn.record.id, ()))
    _settle(sync, [one for one in contests if one.conflicts])
    for one in contests:
        if not isinstance(one.turn.verdict, plan.Hold):
            one.decided()


def _look(
    one: _Contest,
    compared: Iterable[str],
    there: Mapping[str, object],
    sent: Sequence[Mapping[str, object]],
) -> None:
    """Tell what only we changed from what both sides did."""
    link = one.turn.link
    told = link.sent if link is not None else {}
    for name in compared:
        if name not in one.update.fields:
            continue
        ours, theirs = one.update.fields[name], there.get(name)
        before = [row[name] for row in (told, *sent) if name in row]
        if is_alike(ours, theirs):
            one.theirs.add(name)
        elif not before and (is_blank(ours) or is_blank(theirs)):
            if is_blank(ours):  # a blank that was never sent is no change
                one.theirs.add(name)
        elif not any(is_alike(theirs, row) for row in before):
            one.conflicts.append(name)


def _settle(sync: Sync, contests: Sequence[_Contest]) -> None:
    rules = sync.mapping.model.fields
    timed = []
    for one in contests:
        held = [n for n in one.conflicts if rules[n].on_conflict == "hold"]
        if held:
            _hold(sync, one, held)
        elif any(rules[name].owner == "newest" for name in one.conflicts):
            timed.append(one)
    if timed:
        _newest(sync, timed)


def _hold(sync: Sync, one: _Contest, names: Sequence[str], why: str = "") -> None:
    """Ask a person whose value counts."""
    detail = ", ".join(sorted(names)) + why
    if one.update.attaching or one.turn.link is None:
        home = str(sync.mapping.destination)
        found = (plan.Counterpart(home, one.update.target_id, "match"),)
        one.turn.verdict = plan.Hold(CONFLICT, detail, found, ("attach",))
    else:
        one.turn.verdict = plan.Hold(CONFLICT, detail, choices=("send", "accept"))


def _newest(sync: Sync, contests: Sequence[_Contest]) -> None:
    """Let the side win that changed a field last.

    Systems tell their times in whole seconds or finer, so seconds are compared; within
    one second the side wins whose `connection/stream` comes first in the alphabet, the
    same one whichever way runs.
    """
    mapping = sync.mapping
    made_of, rules = mapping.compared, mapping.model.fields
    names = sorted({n for one in contests for n in one.conflicts})
    read = sorted({source for name in names for source in made_of[name]})
    ids = [one.turn.record.id for one in contests]
    here = _times(sync.source, mapping.source.stream, ids, read)
    targets = [one.update.target_id for one in contests]
    there = _times(sync.destination, mapping.destination.stream, targets, names)
    ours_first = str(mapping.source) < str(mapping.destination)
    for one in contests:
        record = one.turn.record
        own, other = here.get(record.id, {}), there.get(one.update.target_id, {})
        untold, told_of = [], []
        for name in one.conflicts:
            if rules[name].owner != "newest":
                continue
            told = [own[source] for source in made_of[name] if source in own]
            ours = max(told, default=record.modified)
            theirs = other.get(name)
            if ours is None or theirs is None:
                untold.append(name)
                continue
            one_second, other_second = _second(ours), _second(theirs)
            tie = one_second == other_second and not ours_first
            newer_there = one_second < other_second or tie
            if newer_there:
                one.theirs.add(name)
            told_of.append(f"{name} newer {'there' if newer_there else 'here'}")
        one.turn.contest = ", ".join(told_of)
        if untold:
            _hold(sync, one, untold, " (when it changed is not known)")


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _times(
    system: System, stream: str, ids: Sequence[str], fields: Sequence[str]
) -> Mapping[str, Mapping[str, datetime]]:
    if not isinstance(system, Dated):
        return {}
    return system.changed_at(stream, list(dict.fromkeys(ids)), fields)
