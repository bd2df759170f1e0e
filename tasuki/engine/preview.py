"""What a run would do: the same decisions, nothing sent, nothing recorded."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from tasuki import plan
from tasuki.engine.again import fetched, held, open_again
from tasuki.engine.decide import Decider
from tasuki.engine.masking import masked
from tasuki.engine.restored import Distrust
from tasuki.engine.start import usable_position
from tasuki.engine.sync import Options, Sync
from tasuki.engine.turn import Accept, Relink, StillDead, StillInDoubt, Turn
from tasuki.ledger.backup import RESTORED
from tasuki.mapping import Faulty, Waiting
from tasuki.model.record import Page, RecordRef


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an update: what stands there now and what would."""

    name: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What would become of one record.

    `action` is one of create, update, attach, unchanged, skip, hold, wait, dead and
    in_doubt; `reason` says why where that is a question. Values of fields that the
    mapping classes as personal stand as `***`.
    """

    ref: str
    action: str
    reason: str = ""
    target: str = ""
    fields: tuple[FieldChange, ...] = ()


@dataclass(slots=True)
class Preview:
    """What a run would do in all.

    Attributes:
        changes: The first of them, as many as were asked for.
        counts: By action.
        reasons: By (action, reason).
        calls: What the run would cost: pages read, look-ups made, batches written.
    """

    sync: str
    full: bool
    changes: list[PlannedChange] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "sync": self.sync,
            "full": self.full,
            "counts": dict(self.counts),
            "reasons": [
                {"action": a, "reason": r, "count": n}
                for (a, r), n in self.reasons.most_common()
            ],
            "calls": self.calls,
            "changes": [
                {
                    "ref": one.ref,
                    "action": one.action,
                    "reason": one.reason,
                    "target": one.target,
                    "fields": {f.name: [f.old, f.new] for f in one.fields},
                }
                for one in self.changes
            ],
        }


def preview_sync(
    sync: Sync, options: Options | None = None, *, show: int = 50, sample: int = 0
) -> Preview:
    """Decide about everything a run would, in bulk reads, and change nothing.

    Args:
        sync: The opened sync.
        options: As for a run.
        show: How many changes to keep in full.
        sample: Stop after this many records; 0 for all.
    """
    options = options or Options()
    position = None if options.full else usable_position(sync)
    result = Preview(sync.id, position is None)
    decider = Decider.of(sync)
    for row in sync.ledger.open_intents(sync.id):
        if row.operation == "write_back":
            continue
        if (
            sync.settles_first()
            and row.operation == "create"
            and row.state != "planned"
        ):
            decider.unsettled.add(row.source_id)
        else:
            decider.open_intents.setdefault(row.source_id, []).append(row)
    distrust = Distrust.of(sync)
    creating: dict[str, str] = {}
    decider.search.creating = creating
    pages = _pages(sync, options, position, decider)
    for number, page in enumerate(_limited(pages, sample)):
        turns = decider.page(page.records, number)
        for turn in turns:
            if isinstance(turn.verdict, plan.Create):
                creating |= dict.fromkeys(turn.match_hashes, turn.record.id)
        old = _present_values(sync, turns, max(0, show - len(result.changes)))
        for turn in turns:
            change = _change(sync, turn, old)
            if distrust.concerns(turn):
                change = replace(change, reason=RESTORED)
            _note(result, change, show)
    _cost(sync, result)
    return result


def _pages(
    sync: Sync, options: Options, position: str | None, decider: Decider
) -> Iterator[Page]:
    """Yield what a run would decide about: the ledger's choice, then what is read."""
    again = list(options.only) or open_again(sync, decider, held(sync))
    versions: dict[str, str] = {}
    for page in fetched(sync, again):
        versions |= {one.id: one.version for one in page.records if one.version}
        yield page
    if options.only:
        return
    for page in sync.source.source.read(sync.mapping.query(), position):
        new = [one for one in page.records if versions.get(one.id) != one.version]
        yield Page(new, page.cursor)


def _limited(pages: Iterator[Page], sample: int) -> Iterator[Page]:
    left = sample
    for page in pages:
        if sample and len(page.records) > left:
            yield Page(list(islice(page.records, left)), page.cursor)
            return
        left -= len(page.records)
        yield page
        if sample and left <= 0:
            return


def _present_values(
    sync: Sync, turns: list[Turn], most: int
) -> Mapping[str, Mapping[str, object]]:
    """Read what stands at the destination now, for the updates that are shown."""
    wanted: dict[str, set[str]] = {}
    for turn in turns:
        if isinstance(turn.verdict, plan.Update) and len(wanted) < most:
            wanted[turn.verdict.target_id] = set(turn.verdict.fields)
    if not wanted:
        return {}
    names = sorted(set().union(*wanted.values()))
    stream = sync.mapping.destination.stream
    return sync.destination.destination.fetch(stream, sorted(wanted), names)


def _note(result: Preview, change: PlannedChange, show: int) -> None:
    result.counts[change.action] += 1
    if change.reason:
        result.reasons[change.action, change.reason] += 1
    if len(result.changes) < show and change.action != "unchanged":
        result.changes.append(change)


def _change(
    sync: Sync, turn: Turn, old: Mapping[str, Mapping[str, object]]
) -> PlannedChange:
    ref = str(RecordRef(*sync.mapping.source, turn.record.id))
    home = sync.mapping.destination
    match turn.verdict:
        case plan.Create(fields):
            shown = _shown(sync, fields, {})
            return PlannedChange(ref, "create", fields=shown)
        case plan.Update(target_id, fields, attaching):
            shown = _shown(sync, fields, old.get(target_id, {}))
            reason = "attach" if attaching else ""
            return PlannedChange(ref, "update", reason, f"{home}/{target_id}", shown)
        case plan.Attach(stream, target_id) | Relink(stream, target_id):
            return PlannedChange(ref, "attach", target=f"{stream}/{target_id}")
        case plan.Unchanged() | Accept():
            return PlannedChange(ref, "unchanged")
        case plan.Skip(reason):
            return PlannedChange(ref, "skip", reason)
        case plan.Hold(reason, detail):
            return PlannedChange(ref, "hold", reason, detail)
        case Waiting(other, source_id):
            return PlannedChange(ref, "wait", other, source_id)
        case Faulty(where, cause, words, _):
            return PlannedChange(ref, "dead", cause, f"{where}: {words}")
        case StillDead(cause, words):
            return PlannedChange(ref, "dead", cause, words)
        case StillInDoubt():
            return PlannedChange(ref, "in_doubt")


def _shown(
    sync: Sync, fields: Mapping[str, object], old: Mapping[str, object]
) -> tuple[FieldChange, ...]:
    hidden = masked(sync.mapping, fields)
    return tuple(
        FieldChange(
            name,
            old.get(name)
            if hidden[name] == value
            else ("***" if name in old else None),
            hidden[name],
        )
        for name, value in fields.items()
    )


def _cost(sync: Sync, result: Preview) -> None:
    facts = sync.destination.destination.facts(sync.mapping.destination.stream)
    for (_, kind), count in sync.calls.counts().items():
        if kind in {"read", "look-up"}:
            result.calls[kind] = result.calls.get(kind, 0) + count
    creates, updates = result.counts["create"], result.counts["update"]
    size = facts.batch_size
    result.calls["write"] = -(-creates // size) - (-updates // size)
    if sync.mapping.model.write_back:
        back = sync.source.destination.facts(sync.mapping.source.stream).batch_size
        result.calls["write-back"] = -(-creates // back)
