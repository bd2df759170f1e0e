"""Where bad handoffs come from: what the gate and the receivers refused, by source.

The answer in figures to "the leads are bad" (「質の悪いリードばかりだ」).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from tasuki.insight.handoff_round import State
from tasuki.insight.kpi.figure import rate
from tasuki.ledger.handoffs import Handoff


@dataclass(slots=True)
class SourceLine:
    """The handoffs of one kind that came from one source; each customer once a round.

    Attributes:
        channel: Where the customers came from; "" for not known.
        entered: All of them, but for those outside of the pilot.
        gate: Those that the gate refused, by criterion; several may fail at once.
        at_gate: How many the gate refused.
        in_spite: Accepted by people although a criterion did not hold.
        rejected: Those that the receivers gave back, by reason; "" for none given.
    """

    handoff: str
    channel: str
    entered: int = 0
    at_gate: int = 0
    accepted: int = 0
    in_spite: int = 0
    waiting: int = 0
    gate: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def passed(self) -> int:
        """How many the gate let through."""
        return self.entered - self.at_gate

    @property
    def acceptance(self) -> Decimal | None:
        """The share of the accepted ones in all that were answered."""
        return rate(self.accepted, self.accepted + self.rejected.total())

    def to_json(self) -> dict[str, object]:
        """Return plain values; the rate as text with four places, null for none."""
        return {
            "handoff": self.handoff,
            "source": self.channel,
            "entered": self.entered,
            "refused_at_gate": self.at_gate,
            "gate_reasons": dict(self.gate.most_common()),
            "passed": self.passed,
            "accepted": self.accepted,
            "accepted_in_spite": self.in_spite,
            "rejected": self.rejected.total(),
            "reject_reasons": dict(self.rejected.most_common()),
            "waiting": self.waiting,
            "acceptance_rate": self.acceptance,
        }


_NOT_ENTERED = frozenset({State.OUT_OF_SCOPE, State.MERGED})


def by_source(rows: Iterable[Handoff]) -> list[SourceLine]:
    """Count handoffs by source, the most refused first.

    A customer that passed the gate later counts as passed: the last row of each entry
    is the one that counts.
    """
    last: dict[tuple[str, str], Handoff] = {}
    for row in rows:
        key = (row.handoff, row.opened_by)
        if key not in last or last[key].opened_at <= row.opened_at:
            last[key] = row
    lines: dict[tuple[str, str], SourceLine] = {}
    for row in last.values():
        if State(row.state) not in _NOT_ENTERED:
            place = (row.handoff, row.channel)
            line = lines.setdefault(place, SourceLine(*place))
            _count(line, row)
    return sorted(
        lines.values(),
        key=lambda one: (
            one.handoff,
            -(one.at_gate + one.rejected.total()),
            one.channel,
        ),
    )


def _count(line: SourceLine, row: Handoff) -> None:
    line.entered += 1
    match State(row.state):
        case State.AT_GATE:
            line.at_gate += 1
            line.gate.update(row.failed)
        case State.ACCEPTED:
            line.accepted += 1
            line.in_spite += bool(row.failed)
        case State.REJECTED:
            line.rejected[row.reason] += 1
        case State.OPEN:
            line.waiting += 1
        case _:
            pass
