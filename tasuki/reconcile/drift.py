"""The drift report: live schemas beside those last seen, and who will fail for it."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from tasuki.engine.preview import Preview, preview_sync
from tasuki.engine.sync import Sync
from tasuki.ledger.rows import decode, encode
from tasuki.model.errors import LedgerError, RemoteError
from tasuki.model.record import StreamRef
from tasuki.ports import System
from tasuki.reconcile.schema_drift import (
    CAUSES,
    Drift,
    Seen,
    drifts,
    facts_of,
    kept,
)

_LEASE_SECONDS = 60.0
_HERE, _THERE = "seen_here", "seen_there"
"""The parts of a sync's cursor that hold the schemas as they were last seen."""


@dataclass(slots=True)
class DriftReport:
    """What one mapping's systems have changed, and which records will fail.

    Attributes:
        since: When the schemas were last seen (ISO); "" for the first time.
        drifts: What has changed since.
        pending: Records that wait to be created or changed.
        failing: Those of them that the destination would refuse.
        refusals: Why, by (cause, field, value): also what no change explains.
    """

    sync: str
    since: str = ""
    drifts: list[Drift] = field(default_factory=list)
    pending: int = 0
    failing: int = 0
    refusals: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    error: str = ""
    remedy: str = ""
    exit_code: int = 0

    def as_json(self) -> dict[str, object]:
        """Return plain values; `explained` refusals are those of a change."""
        known = {_refused_by(one) for one in self.drifts}
        return {
            "sync": self.sync,
            "since": self.since,
            "changes": [
                {
                    "stream": one.stream,
                    "field": one.field,
                    "kind": one.kind,
                    "before": one.before,
                    "after": one.after,
                    "harmless": one.is_harmless,
                    "pending": one.pending,
                }
                for one in self.drifts
            ],
            "pending": self.pending,
            "failing": self.failing,
            "refusals": [
                {
                    "cause": c,
                    "field": f,
                    "value": v,
                    "count": n,
                    "explained": (c, f, v) in known,
                }
                for (c, f, v), n in self.refusals.most_common()
            ],
            "error": self.error,
            "remedy": self.remedy,
            "exit_code": self.exit_code,
        }


@dataclass(frozen=True, slots=True)
class _Side:
    """One system of a sync, and what the mapping relies on there."""

    part: str
    system: System
    ref: StreamRef
    names: tuple[str, ...]
    written: bool


def report_drift(sync: Sync, *, accept: bool = False) -> DriftReport:
    """Compare the live schemas with those last seen, and with what waits to be sent.

    What cannot make a record fail is told once. What can is told every time until it
    is undone, or a person accepts it; the first look only remembers.

    Args:
        sync: The opened sync.
        accept: From now on, what is there now is what was seen.
    """
    report = DriftReport(sync.id)
    try:
        seen = [_look(side, sync, report, accept=accept) for side in _sides(sync)]
        gone = frozenset(
            one.field
            for one in report.drifts
            if one.kind == "gone" and one.stream == str(sync.mapping.destination)
        )
        _pending(report, preview_sync(sync, show=0, gone=gone))
    except RemoteError as error:
        report.error, report.remedy = str(error), error.remedy
        report.exit_code = error.exit_code
        return report
    _remember(sync, dict(seen))
    harmful = any(not one.is_harmless for one in report.drifts)
    report.exit_code = int(report.failing > 0 or (harmful and not accept))
    return report


def _sides(sync: Sync) -> tuple[_Side, _Side]:
    mapping, query = sync.mapping, sync.mapping.query()
    read = (*query.fields, *(relation for relation, _ in query.include.values()))
    roots = tuple(dict.fromkeys(name.partition(".")[0] for name in read))
    return (
        _Side(_HERE, sync.source, mapping.source, roots, written=False),
        _Side(
            _THERE,
            sync.destination,
            mapping.destination,
            tuple(mapping.fields),
            written=True,
        ),
    )


def _look(
    side: _Side, sync: Sync, report: DriftReport, *, accept: bool
) -> tuple[str, Seen]:
    """Note one side's drift; returns what counts as seen from now on."""
    schema = side.system.describe(side.ref.stream)
    now = facts_of(schema, side.names, written=side.written)
    stored = sync.ledger.cursor(sync.id, side.part)
    if stored is None:
        return side.part, now
    before: Mapping[str, Any] = decode(stored.position)
    report.since = report.since or stored.updated_at
    found = drifts(
        str(side.ref), before, now, schema.fields.keys(), written=side.written
    )
    report.drifts += found
    return side.part, now if accept else kept(before, now, found)


def _pending(report: DriftReport, ahead: Preview) -> None:
    """Say how many of those that wait will fail, and because of which change."""
    report.pending = ahead.counts["create"] + ahead.counts["update"]
    report.failing, report.refusals = ahead.refused, ahead.refusals
    report.drifts = [
        replace(one, pending=ahead.refusals.get(_refused_by(one), 0))
        for one in report.drifts
    ]


def _refused_by(drift: Drift) -> tuple[str, str, str]:
    value = drift.before if drift.kind == "value_gone" else ""
    return CAUSES.get(drift.kind, ""), drift.field, value


def _remember(sync: Sync, seen: Mapping[str, Seen]) -> None:
    ledger, revision = sync.ledger, sync.mapping.revision
    texts = {part: encode(facts) for part, facts in seen.items()}
    stored = {part: ledger.cursor(sync.id, part) for part in texts}
    if all(row and row.position == texts[part] for part, row in stored.items()):
        return
    lease = ledger.acquire_lease(f"drift:{sync.id}", _LEASE_SECONDS)
    try:
        with ledger.transaction(lease) as tx:
            for part, text in texts.items():
                tx.put_cursor(sync.id, part, text, revision)
    finally:
        with suppress(LedgerError):  # then it runs out by itself
            ledger.release_lease(lease)
