"""Looks at all handoffs: reads what was told, writes what became of them, judges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.handoff import Passage, World, by_subject, follow
from tasuki.insight.handoff_board import Judged, Looked, Standing, judge, worst_first
from tasuki.insight.handoff_gate import SourceLine, by_source
from tasuki.insight.handoff_passage import Carrier, last_runs, passages
from tasuki.insight.handoff_rule import SalesModel
from tasuki.insight.journey import Fact, Facts
from tasuki.ledger import Ledger
from tasuki.ledger.handoffs import Handoff
from tasuki.ledger.rows import text_time, time_text
from tasuki.ledger.stage_events import StoredEvent
from tasuki.model.record import StreamRef

_ALWAYS = frozenset(
    {
        Stage.MERGED,
        Stage.RECYCLED,
        Stage.DISQUALIFIED,
        Stage.LOST,
        Stage.REOPENED,
        Stage.CHURNED,
        # They tell in which systems somebody is known, and by which id.
        Stage.LEAD,
        Stage.SQL,
    }
)


@dataclass(frozen=True, slots=True)
class Board:
    """All handoffs as they stand at one moment.

    Attributes:
        judged: Those of model.yaml, the most pressing first.
        sources: What the gate and the receivers refused, by source.
        orphans: Open ones of handoffs that model.yaml has no more.
        told: How many stage events there are to go by.
    """

    now: datetime
    judged: tuple[Judged, ...]
    sources: tuple[SourceLine, ...]
    orphans: tuple[Handoff, ...]
    told: int

    def count(self, standing: Standing) -> int:
        """Return how many stand like this."""
        return sum(one.standing is standing for one in self.judged)


def look_at_handoffs(
    ledger: Ledger,
    model: SalesModel,
    sources: Mapping[str, StreamRef],
    now: datetime,
    *,
    since: datetime | None = None,
    teams: Mapping[str, str] | None = None,
) -> Board:
    """Bring the ledger's handoffs up to date and return how they stand.

    Safe to run twice at once: whoever is second finds the rows of the first.

    Args:
        ledger: Read for events and for what the hub did; handoffs are written.
        model: What model.yaml says.
        sources: What each mapping in use reads.
        now: The present.
        since: Leave out of the answer what was closed before this.
        teams: Team by owner, for those of whom no team is known as a fact.
    """
    book = ledger.handoffs()
    read = map(_event, book.events(_stages(model)))
    listed = [event for event in read if event.entered_at <= now]
    told, aliases = by_subject(listed)
    first = ledger.stages().first_observed()
    began = None if first is None else text_time(first)
    facts = Facts(map(Fact._make, ledger.stages().facts(time_text(now))), aliases)
    carriers = list(_carriers(model, sources))
    done = passages(ledger, carriers, told, aliases)
    steps = follow(
        model, World(told, facts, done, now, teams or {}, began), book.rows()
    )
    book.keep(steps.new, steps.changes)
    rows = [row for row in book.rows() if not _is_past(row, since)]
    done = _of_rows(rows, done, aliases)
    looked = Looked(done, last_runs(ledger, {one.mapping for one in carriers}))
    return Board(
        now=now,
        judged=tuple(worst_first(judge(model, rows, looked, now))),
        sources=tuple(by_source(rows)),
        orphans=tuple(
            row
            for row in rows
            if row.state == "open" and model.rule(row.handoff) is None
        ),
        told=len(listed),
    )


def _stages(model: SalesModel) -> list[str]:
    """Return the stages whose events matter to these handoffs."""
    found = set(_ALWAYS)
    for rule in model.rules:
        found.add(rule.stage)
        found |= {one.stage for one in rule.accept if one.stage}
        found |= {rule.back_to} if rule.back_to else set()
    return sorted(found)


def _carriers(model: SalesModel, sources: Mapping[str, StreamRef]) -> Iterator[Carrier]:
    """Yield the mappings in use that carry a handoff, or show that it was accepted."""
    stages: dict[str, set[Stage]] = {}
    for rule in model.rules:
        named = {*rule.carriers, *(m for one in rule.accept for m in one.sent_by)}
        for mapping in named & sources.keys():
            stages.setdefault(mapping, set()).add(rule.stage)
    for mapping, of_rules in sorted(stages.items()):
        yield Carrier(mapping, sources[mapping], frozenset(of_rules))


def _of_rows(
    rows: list[Handoff], found: Mapping[str, Passage], aliases: Mapping[str, str]
) -> dict[str, Passage]:
    """Return what was found by the subjects that rows name, merged ones too."""
    asked = {row.subject: aliases.get(row.subject, row.subject) for row in rows}
    return {name: found[one] for name, one in asked.items() if one in found}


def _is_past(row: Handoff, since: datetime | None) -> bool:
    return since is not None and row.closed_at is not None and row.closed_at < since


def _event(row: StoredEvent) -> StageEvent:
    return StageEvent(
        subject=row.subject,
        stage=Stage(row.stage),
        entered_at=datetime.fromisoformat(row.entered_at),
        observed_at=datetime.fromisoformat(row.observed_at),
        source=row.source,
        source_event=row.source_event,
        actor=row.actor,
        reason=row.reason,
        into=row.into,
    )
