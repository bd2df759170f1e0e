"""What a reconciliation finds, and how it is counted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What can be wrong between two sides."""

    MISSING = "missing"  # qualifies at the source, no counterpart
    EXTRA = "extra"  # claims a source record that is gone or does not qualify
    DRIFTED = "drifted"  # a field of ours has another value
    DUPLICATED = "duplicated"  # two counterparts for one, or one for two
    UNLINKED = "unlinked"  # the counterpart is there, the ledger does not know it
    LEDGER_ONLY = "ledger_only"  # a link whose two sides are gone


class Repair(StrEnum):
    """What may be done about a finding without a person."""

    NONE = ""
    RUN = "run"  # the record gets a turn in a normal run
    LINK = "link"  # the link is made again; no call
    RESEND = "resend"  # the ledger learns what stands there; then a turn in a run
    DROP = "drop"  # the link is kept as history only
    HOLD = "hold"  # nothing is sent before a person has looked


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One field: what stands there, and what should."""

    name: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. No value of a field that the mapping classes as personal.

    Attributes:
        kind: What is wrong.
        source_id: The source record, "" where none is known.
        targets: Ids at the destination.
        reason: Why, in a few words; counted.
        remedy: What a person does; "" where `--repair` does it.
        repair: What `--repair` does.
        fields: For drifted ones.
    """

    kind: Kind
    source_id: str
    targets: tuple[str, ...] = ()
    reason: str = ""
    remedy: str = ""
    repair: Repair = Repair.NONE
    fields: tuple[FieldDrift, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "kind": self.kind.value,
            "source": self.source_id,
            "targets": list(self.targets),
            "reason": self.reason,
            "remedy": self.remedy,
            "repair": self.repair.value,
            "fields": {f.name: [f.old, f.new] for f in self.fields},
        }

    @classmethod
    def of_json(cls, value: Mapping[str, object]) -> "Finding":
        """Return what `as_json` wrote."""
        fields, targets = value["fields"], value["targets"]
        assert isinstance(fields, dict)  # noqa: S101 - written above
        assert isinstance(targets, list)  # noqa: S101
        return cls(
            Kind(str(value["kind"])),
            str(value["source"]),
            tuple(targets),
            str(value["reason"]),
            str(value["remedy"]),
            Repair(str(value["repair"])),
            tuple(FieldDrift(n, old, new) for n, (old, new) in fields.items()),
        )


@dataclass(slots=True)
class Reconciliation:
    """What one reconciliation saw and did.

    Attributes:
        predicted: Calls by connection, said before the first page was read.
        source_records: Records read at the source.
        counterparts: Records met at the destination.
        agree: Pairs that are as they should be.
        counts: Findings by kind; `reasons` by kind and reason.
        accounted: Differences that are as they should be, by reason: records that wait
            for a parent, changed since the last run, or whose counterpart a person has
            deleted.
        findings: The first of each kind, as many as were asked for.
        repaired: What `--repair` did, by kind of repair.
        after: The report of the run that a repair ended with, as plain values.
        swept: The destination was read whole; otherwise only what is linked was
            looked at, and extras and duplicates cannot be seen.
    """

    sync: str
    run_id: str
    began: datetime
    predicted: dict[str, int] = field(default_factory=dict)
    calls: dict[tuple[str, str], int] = field(default_factory=dict)
    source_records: int = 0
    counterparts: int = 0
    agree: int = 0
    counts: Counter[Kind] = field(default_factory=Counter)
    reasons: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    accounted: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    repairable: int = 0
    repaired: Counter[Repair] = field(default_factory=Counter)
    after: dict[str, object] | None = None
    swept: bool = True
    partial: str = ""
    state: str = "done"
    error: str = ""
    remedy: str = ""
    exit_code: int = 0

    def left_over(self) -> int:
        """Return how many differences are left for a person or a `--repair`."""
        if self.after is None and not self.repaired:
            return sum(self.counts.values())
        left = sum(self.counts.values()) - self.repairable
        after = self.after or {}
        return left + int(str(after.get("left_over") or 0))

    def calls_made(self) -> int:
        """Return all calls but those for tokens and set-up."""
        return sum(n for (_, k), n in self.calls.items() if k not in {"auth", "set-up"})

    def as_json(self) -> dict[str, object]:
        """Return plain values for `--json`, the ledger and artifacts."""
        reasons: dict[str, dict[str, int]] = {}
        for (kind, reason), count in self.reasons.most_common():
            reasons.setdefault(kind.value, {})[reason] = count
        return {
            "sync": self.sync,
            "run": self.run_id,
            "state": self.state,
            "began": self.began.isoformat(),
            "swept": self.swept,
            "partial": self.partial,
            "source_records": self.source_records,
            "counterparts": self.counterparts,
            "agree": self.agree,
            "counts": {kind.value: self.counts[kind] for kind in Kind},
            "reasons": reasons,
            "accounted": dict(self.accounted),
            "findings": [one.as_json() for one in self.findings],
            "repaired": {kind.value: n for kind, n in self.repaired.items()},
            "after": self.after,
            "left_over": self.left_over(),
            "predicted_calls": self.predicted,
            "calls": {f"{c}:{kind}": n for (c, kind), n in sorted(self.calls.items())},
            "calls_made": self.calls_made(),
            "error": self.error,
            "remedy": self.remedy,
            "exit_code": self.exit_code,
        }
