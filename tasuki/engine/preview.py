"""What a run would do: the same decisions, nothing sent, nothing recorded."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tasuki import plan
from tasuki.engine.both_sides import CONFLICT
from tasuki.engine.cost import ConnectionCost, Meter, costs, total_seconds
from tasuki.engine.departed import is_closing
from tasuki.engine.forecast import Forecast, Refusal, refusals_of
from tasuki.engine.foresight import begin_at, turns_ahead
from tasuki.engine.gate import NO_SIZE, Gate, Size
from tasuki.engine.masking import masked
from tasuki.engine.restored import Distrust
from tasuki.engine.sync import Options, Sync
from tasuki.engine.turn import Accept, Relink, StillDead, StillInDoubt, Turn
from tasuki.ledger.backup import RESTORED
from tasuki.mapping import Faulty, Waiting
from tasuki.model.errors import RemoteError
from tasuki.model.record import RecordRef

OnTurns = Callable[[Sequence[Turn]], None]
"""Told the turns as they are decided; not those that would be looked up first."""

REMAPPED = "mapping_changed"
"""The reason of an update that only the mapping's change makes."""


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
    mapping classes as personal stand as `***`. `refusals` says what the destination's
    schema would refuse of it.
    """

    ref: str
    action: str
    reason: str = ""
    target: str = ""
    fields: tuple[FieldChange, ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(slots=True)
class Preview:
    """What a run would do in all.

    Attributes:
        changes: The first of them, as many as were asked for.
        counts: By action.
        reasons: By (action, reason).
        calls: What the run would cost: pages read, look-ups made, batches written.
        costs: The same by connection, and how long its limits make it take.
        refused: Records that the destination would refuse as they are.
        refusals: Why, by (cause, field, value that a picklist lacks).
        forecast: Why refusals could not be foretold; "" where they were.
        resent: Records that are sent only because the mapping has changed.
        resent_fields: In which fields, by field.
        guarded: What guards count of it.
        guard: What a guard will stop the run for; "" for nothing.
    """

    sync: str
    full: bool
    changes: list[PlannedChange] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: dict[str, int] = field(default_factory=dict)
    costs: list[ConnectionCost] = field(default_factory=list)
    refused: int = 0
    refusals: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    forecast: str = ""
    resent: int = 0
    resent_fields: Counter[str] = field(default_factory=Counter)
    guarded: Size = NO_SIZE
    guard: str = ""

    @property
    def seconds(self) -> float:
        """How long the connections' limits alone make the run take."""
        return total_seconds(self.costs)

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
            "costs": [one.as_json() for one in self.costs],
            "seconds": round(self.seconds, 1),
            "guard": self.guard,
            "resent": {
                "records": self.resent,
                "fields": dict(self.resent_fields.most_common()),
            },
            "would_be_refused": {
                "records": self.refused,
                "causes": [
                    {"cause": c, "field": f, "value": v, "count": n}
                    for (c, f, v), n in self.refusals.most_common()
                ],
                "not_looked_at": self.forecast,
            },
            "changes": [
                {
                    "ref": one.ref,
                    "action": one.action,
                    "reason": one.reason,
                    "target": one.target,
                    "fields": {f.name: [f.old, f.new] for f in one.fields},
                    "refusals": list(one.refusals),
                }
                for one in self.changes
            ],
        }


def preview_sync(
    sync: Sync,
    options: Options | None = None,
    *,
    show: int = 50,
    sample: int = 0,
    on_turns: OnTurns | None = None,
    gone: frozenset[str] = frozenset(),
) -> Preview:
    """Decide about everything a run would, in bulk reads, and change nothing.

    Args:
        sync: The opened sync.
        options: As for a run.
        show: How many changes to keep in full.
        sample: Stop after this many records; 0 for all.
        on_turns: Told all turns that the run would act upon at once.
        gone: Fields that the destination has lost, and would refuse.
    """
    options = options or Options()
    position = begin_at(sync, options)
    result = Preview(sync.id, position is None)
    meter = Meter(sync)
    look = _Look(sync, result, show, meter, Gate.of(sync, options))
    look.forecast = look.described(gone)
    distrust = Distrust.of(sync)
    for turns in turns_ahead(sync, options, position, sample):
        known = [turn for turn in turns if not distrust.concerns(turn)]
        if on_turns is not None:
            on_turns(known)
        look.take(turns, {id(turn) for turn in known})
    look.close()
    return result


@dataclass(slots=True)
class _Look:
    """One preview under way."""

    sync: Sync
    result: Preview
    show: int
    meter: Meter
    gate: Gate
    forecast: Forecast | None = None

    def described(self, gone: frozenset[str]) -> Forecast | None:
        """Ask the destination for its schema, once."""
        sync = self.sync
        try:
            with self.meter.aside():
                schema = sync.destination.describe(sync.mapping.destination.stream)
        except RemoteError as error:
            self.result.forecast = str(error)
            return None
        return Forecast(schema, gone)

    def take(self, turns: Sequence[Turn], known: set[int]) -> None:
        """Count these turns; keep the first changes in full."""
        result = self.result
        left = max(0, self.show - len(result.changes))
        with self.meter.aside():
            old = _present_values(self.sync, turns, left)
        for turn in turns:
            change = _change(self.sync, turn, old)
            if id(turn) not in known:
                change = replace(change, reason=RESTORED)
            elif isinstance(turn.verdict, plan.Create | plan.Update):
                self.gate.count(turn.verdict, archiving=turn.archiving)
            elif is_closing(turn):
                self.gate.let_go()
            if _is_remapped(self.sync, turn):
                change = replace(change, reason=change.reason or REMAPPED)
                result.resent += 1
                result.resent_fields.update(change_names(turn))
            found = refusals_of(self.forecast, turn)
            if found:
                change = replace(change, refusals=tuple(one.words for one in found))
                self._refused(found)
            _note(result, change, self.show)

    def _refused(self, found: Sequence[Refusal]) -> None:
        self.result.refused += 1
        for one in found:
            value = ""
            if one.value:
                shown = masked(self.sync.mapping, {one.field: one.value})
                value = str(shown[one.field])
            self.result.refusals[one.cause, one.field, value] += 1

    def close(self) -> None:
        """Say what it costs, and whether a guard will stop it."""
        result, gate = self.result, self.gate
        result.guarded = Size(gate.creates, gate.changes, gate.deletes)
        result.guard = gate.words() if gate.is_unusual() else ""
        creates, updates = result.counts["create"], result.counts["update"]
        result.costs = costs(self.sync, self.meter.counted(), creates, updates)
        for cost in result.costs:
            for kind, count in cost.calls.items():
                result.calls[kind] = result.calls.get(kind, 0) + count


def change_names(turn: Turn) -> Sequence[str]:
    """Return the fields that an update sends."""
    return list(turn.verdict.fields) if isinstance(turn.verdict, plan.Update) else []


def _is_remapped(sync: Sync, turn: Turn) -> bool:
    """Say whether an update is made by the mapping's change and not by the source's.

    A record at a version that was dealt with before has not changed itself. What it
    includes may have; nobody keeps what that was.
    """
    link = turn.link
    return bool(
        isinstance(turn.verdict, plan.Update)
        and link is not None
        and link.version
        and link.version == turn.record.version
        and link.revision != sync.mapping.revision
    )


def _present_values(
    sync: Sync, turns: Sequence[Turn], most: int
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
            reason = "attach" if attaching else "archive" if turn.archiving else ""
            reason = reason or (CONFLICT if turn.contest else "")
            return PlannedChange(ref, "update", reason, f"{home}/{target_id}", shown)
        case plan.Attach(stream, target_id) | Relink(stream, target_id):
            return PlannedChange(ref, "attach", target=f"{stream}/{target_id}")
        case plan.Unchanged() | Accept():
            return PlannedChange(ref, "unchanged", CONFLICT if turn.contest else "")
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
