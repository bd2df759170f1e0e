"""What there is to say about leaks: plain values and words, in Japanese or English."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import Any, Final

from tasuki.clock import TOKYO
from tasuki.insight.leak.hunt import Hunt, in_order
from tasuki.insight.leak.rule import Mending, rules
from tasuki.ledger import Ledger
from tasuki.ledger.findings import StoredFinding
from tasuki.ledger.rows import text_time, time_text
from tasuki.model.language import Language, one_of

_BOM: Final = "\ufeff"  # without it, Excel reads UTF-8 as something else
_COLUMNS: Final = (
    *("key", "severity", "department", "name", "yen", "ref", "link"),
    *("opened_at", "seen_at", "snoozed_until", "remedy", "command"),
)
SEVERITIES: Final[Mapping[str, tuple[str, str]]] = {
    "critical": ("緊急", "critical"),
    "high": ("高", "high"),
    "medium": ("中", "medium"),
    "low": ("低", "low"),
}
DEPARTMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "marketing": ("マーケティング", "marketing"),
    "inside_sales": ("インサイドセールス", "inside sales"),
    "field_sales": ("フィールドセールス", "field sales"),
    "back_office": ("バックオフィス", "back office"),
    "customer_success": ("カスタマーサクセス", "customer success"),
    "operations": ("システム運用", "operations"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which findings are meant; an empty part means all.

    Attributes:
        rules: Rules by id.
        severities: How bad.
        departments: Whose turn.
    """

    rules: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()

    def fits(self, one: StoredFinding) -> bool:
        """Say whether a finding is meant."""
        return (
            (not self.rules or one.rule in self.rules)
            and (not self.severities or one.severity in self.severities)
            and (not self.departments or one.department in self.departments)
        )


@dataclass(slots=True)
class LeakReport:
    """Leaks as they stand, after a sweep or as the ledger has them.

    Attributes:
        swept_at: When the last sweep ended; None where there was none.
        findings: Open ones that nobody lets rest, the worst first.
        resting: Open ones that a person lets rest.
        opened: Those that this sweep has met first.
        closed: Those that it has not met any more.
        not_looked: Rules that were not asked, and why.
        partly: Rules that some sources cannot tell of, and why.
        unread: Values that formulas could not make, by `table.column`.
        calls: Calls by `connection:kind`.
        calls_made: All calls but those for tokens and set-up.
    """

    swept_at: datetime | None = None
    findings: list[StoredFinding] = field(default_factory=list)
    resting: list[StoredFinding] = field(default_factory=list)
    opened: list[StoredFinding] = field(default_factory=list)
    closed: list[StoredFinding] = field(default_factory=list)
    not_looked: dict[str, str] = field(default_factory=dict)
    partly: dict[str, str] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    calls_made: int = 0

    @property
    def yen(self) -> int:
        """What is at risk, as far as it can be said; one deal may be at risk twice."""
        return sum(one.yen or 0 for one in self.findings)

    @property
    def exit_code(self) -> int:
        """1 while something critical is open."""
        return int(any(one.severity == "critical" for one in self.findings))

    def chosen(self, choice: Choice) -> "LeakReport":
        """Return the same about some of the findings only."""
        found = LeakReport(**{name: getattr(self, name) for name in self.__slots__})
        for name in ("findings", "resting", "opened", "closed"):
            setattr(found, name, [x for x in getattr(self, name) if choice.fits(x)])
        asked = choice.rules or rules().keys()
        found.not_looked = {k: v for k, v in self.not_looked.items() if k in asked}
        found.partly = {k: v for k, v in self.partly.items() if k in asked}
        return found

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "swept_at": self.swept_at.isoformat() if self.swept_at else None,
            "yen_at_risk": self.yen,
            "findings": [as_json(one) for one in self.findings],
            "resting": [as_json(one) for one in self.resting],
            "opened": [one.key for one in self.opened],
            "closed": [one.key for one in self.closed],
            "not_looked_for": self.not_looked,
            "looked_for_in_part": self.partly,
            "unread": self.unread,
            "calls": self.calls,
            "calls_made": self.calls_made,
        }


def of_hunt(found: Hunt, now: datetime) -> LeakReport:
    """Return the report of a sweep that has just ended."""
    report = _split(found.findings, now)
    report.swept_at = now
    report.opened, report.closed = found.opened, found.closed
    report.not_looked, report.partly = found.not_looked, found.partly
    report.unread, report.calls = dict(found.unread), found.calls
    report.calls_made = found.calls_made()
    return report


def of_ledger(ledger: Ledger, now: datetime) -> LeakReport:
    """Return what the ledger has; makes no call."""
    report = _split(in_order(ledger.findings()), now)
    last = ledger.last_leak_sweep()
    if last is not None:
        report.swept_at = text_time(last.finished_at)
        report.not_looked = {name: why for name, why in last.rules.items() if why}
        report.calls = last.calls
    return report


def _split(findings: Iterable[StoredFinding], now: datetime) -> LeakReport:
    report, at = LeakReport(), time_text(now)
    for one in findings:
        (report.resting if one.rests(at) else report.findings).append(one)
    return report


def as_json(one: StoredFinding) -> dict[str, Any]:
    """Return a finding as plain values, with what its rule says."""
    rule = rules()[one.rule]
    return {
        "key": one.key,
        "rule": one.rule,
        "subject": one.subject,
        "severity": one.severity,
        "department": one.department,
        "name_ja": rule.name_ja,
        "name_en": rule.name_en,
        "yen": one.yen,
        "ref": one.ref,
        "link": one.link,
        "opened_at": one.opened_at,
        "seen_at": one.seen_at,
        "snoozed_until": one.snoozed_until,
        "snooze_reason": one.snooze_reason,
        "snoozed_by": one.snoozed_by,
        "remedy_ja": rule.remedy_ja,
        "remedy_en": rule.remedy_en,
        "command": command_of(one),
    }


def command_of(one: StoredFinding) -> str:
    """Return the command that mends a finding, "" where only a person can."""
    if rules()[one.rule].mending is Mending.NONE:
        return ""
    return f"tasuki leaks mend {one.key}"


def csv_text(findings: Sequence[StoredFinding], language: Language) -> str:
    """Return findings as CSV that Excel reads."""
    text = StringIO()
    writer = csv.DictWriter(
        text, _COLUMNS, extrasaction="ignore", lineterminator="\r\n"
    )
    writer.writeheader()
    for one in findings:
        told = as_json(one)
        told["name"] = told[f"name_{language}"]
        told["remedy"] = told[f"remedy_{language}"]
        # A cell that begins with one of these is a formula to Excel.
        writer.writerow({k: _harmless(v) for k, v in told.items()})
    return _BOM + text.getvalue()


def _harmless(value: object) -> object:
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in "=+-@" else value


def table(
    findings: Sequence[StoredFinding], language: Language, most: int = 50
) -> list[tuple[str, ...]]:
    """Return the first findings as rows: how bad, what, who, yen, since, whose."""
    return [
        (
            one_of(SEVERITIES[one.severity], language),
            one.key,
            name_of(one, language),
            # Else the key says it already.
            "" if one.ref.endswith(one.subject) else one.ref,
            "" if one.yen is None else f"{one.yen:,}",
            local(one.opened_at),
            one_of(DEPARTMENTS[one.department], language),
        )
        for one in findings[:most]
    ]


def name_of(one: StoredFinding, language: Language) -> str:
    """Return the name of a finding's rule."""
    rule = rules()[one.rule]
    return one_of((rule.name_ja, rule.name_en), language)


def local(text: str) -> str:
    """Return a stored time as people in Japan read it."""
    return f"{datetime.fromisoformat(text).astimezone(TOKYO):%m-%d %H:%M}"
