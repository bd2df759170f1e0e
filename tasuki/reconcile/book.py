"""Taking findings down: counted all, shown the first, kept on disk for the repair."""

from collections import Counter
from dataclasses import dataclass, field

from tasuki.reconcile.finding import Finding, Kind, Reconciliation, Repair
from tasuki.reconcile.scratch import Scratch


@dataclass(slots=True)
class Book:
    """The findings of one reconciliation."""

    report: Reconciliation
    scratch: Scratch
    most: int
    _shown: Counter[Kind] = field(default_factory=Counter)

    def note(self, finding: Finding) -> None:
        """Take one finding down."""
        report = self.report
        report.counts[finding.kind] += 1
        report.reasons[finding.kind, finding.reason] += 1
        if finding.repair is not Repair.NONE:
            self.scratch.keep(finding.repair.value, finding.as_json())
            # One with a remedy stays a person's, whatever a repair does about it.
            report.repairable += not finding.remedy
        if self._shown[finding.kind] < self.most:
            self._shown[finding.kind] += 1
            report.findings.append(finding)
