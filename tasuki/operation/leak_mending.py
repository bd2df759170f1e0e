"""Mending a leak where the hub can: by the syncs themselves, under their own keys.

Nothing is written but by a run of a mapping: a second `mend` of one finding finds the
intent of the first, so no invoice is made twice.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.insight.leak.rule import Mending, rules
from tasuki.ledger import Ledger
from tasuki.ledger.findings import StoredFinding
from tasuki.model.errors import ConfigError
from tasuki.model.record import HUB
from tasuki.project import Project

_NEWS: Final = (
    *("created", "updated", "attached", "written_back", "skipped"),
    *("held", "waiting", "dead", "in_doubt"),
)


@dataclass(slots=True)
class Mended:
    """What was done about a finding.

    Attributes:
        key: The finding.
        ref: The record that it is about.
        runs: The reports of the runs, in order.
        archived: Documents that were archived.
    """

    key: str
    ref: str = ""
    runs: list[dict[str, Any]] = field(default_factory=list)
    archived: int = 0

    @property
    def exit_code(self) -> int:
        """Return the worst of the runs; 1 where the record was done already."""
        worst = max((int(one["exit_code"]) for one in self.runs), default=0)
        return worst or int(self.was_done_already)

    @property
    def was_done_already(self) -> bool:
        """Whether the hub held the record as done: its invoice was cancelled, say.

        Of a sync that is itself the finding its run is the mending, whatever it met.
        """
        return (
            bool(self.ref)
            and any(one["unchanged"] for one in self.runs)
            and not any(one[outcome] for one in self.runs for outcome in _NEWS)
        )

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return {"key": self.key, "runs": self.runs, "archived": self.archived}


def mend(project: Project, ledger: Ledger, one: StoredFinding) -> Mended:
    """Do what the hub may do about a finding; the next sweep closes it.

    Raises:
        ConfigError: only a person can mend it, or no mapping that is in use does.
    """
    done = Mended(one.key, one.ref)
    match rules()[one.rule].mending:
        case Mending.ARCHIVE:
            for mapping in project.mappings:
                if mapping.model.archives:
                    done.archived += len(project.archive.sweep(ledger, mapping))
        case Mending.RETRY:
            sync, _, record_id = one.subject.partition(":")
            letters = ledger.dead_letters(sync, limit=10_000)
            ledger.replay([x.id for x in letters if x.source_id == record_id])
            done.runs.append(_run(project, ledger, sync, record_id))
        case Mending.RUN:
            for sync, record_id in _turns(project, ledger, one):
                done.runs.append(_run(project, ledger, sync, record_id))
        case Mending.NONE:
            rule = rules()[one.rule]
            raise ConfigError(one.key, "only a person can mend this", rule.remedy_en)
    return done


def _turns(
    project: Project, ledger: Ledger, one: StoredFinding
) -> list[tuple[str, str]]:
    """Return the mappings to run, and for which record; "" for what is due anyway."""
    if not one.ref:  # a sync that has not succeeded for long is itself the finding
        return [(project.mappings[one.subject].id, "")]
    stream, _, record_id = one.ref.rpartition("/")
    listed = project.leaks.mend.get(one.rule, {}).get(stream, ())
    there = project.connections.keys() | {HUB}
    used = {fact.sync for fact in ledger.sync_facts()}
    turns = [
        (name, record_id if str(mapping.source) == stream else "")
        for name in listed
        if name in used and name in project.mappings
        for mapping in (project.mappings[name],)
        if {mapping.source.connection, mapping.destination.connection} <= there
    ]
    if not turns:
        what = f"no mapping that is in use mends {one.rule} for {stream}"
        remedy = "Name one under `mend` in mappings/leaks.yaml, and run it once."
        raise ConfigError(one.key, what, remedy)
    return turns


def _run(project: Project, ledger: Ledger, name: str, record_id: str) -> dict[str, Any]:
    sync = project.open_sync(project.mappings[name], ledger)
    try:
        only = (record_id,) if record_id else ()
        return run_sync(sync, Options(only=only)).as_json()
    finally:
        sync.close()
