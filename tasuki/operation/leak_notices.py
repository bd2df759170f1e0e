"""Leaks as notices: each critical one by itself, the others as one for each rule.

What a sweep finds in bulk is told in bulk, so that a first look does not send hundreds.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from tasuki.alert.notice import Notice, Severity
from tasuki.insight.leak.report import command_of
from tasuki.insight.leak.rule import Rule, rules
from tasuki.ledger.findings import Findings, StoredFinding
from tasuki.ledger.rows import time_text

SOURCE: Final = "leak"
OVERDUE: Final = "L03"
"""The rule about handoffs: told by the handoffs themselves, who know why."""
_ALONE: Final = 10  # more than that of a rule, met first by one sweep, are told as one


class LeakNotices(NamedTuple):
    """What is told of leaks now.

    Attributes:
        found: What is open.
        hushed: Keys of what a person lets rest.
    """

    found: list[Notice]
    hushed: frozenset[str]


def of_leaks(
    book: Findings, now: datetime, handoffs: Collection[str] = ()
) -> LeakNotices:
    """Return what is told of the ledger's leaks.

    Args:
        book: The ledger's findings.
        now: The present.
        handoffs: Handoffs by id that are told of elsewhere.
    """
    listed = [
        one
        for one in book.findings()
        if one.rule in rules() and not (one.rule == OVERDUE and one.subject in handoffs)
    ]
    together = _met_together(book, listed)
    groups: dict[str, list[StoredFinding]] = {}
    resting: set[str] = set()
    at = time_text(now)
    for one in listed:
        key = _key(one, together)
        if one.rests(at):
            resting.add(key)
        else:
            groups.setdefault(key, []).append(one)
    found = [_notice(key, some) for key, some in groups.items()]
    return LeakNotices(found, frozenset(resting - groups.keys()))


def _met_together(
    book: Findings, listed: Iterable[StoredFinding]
) -> Counter[tuple[str, str]]:
    """Count, by rule and sweep, the critical leaks that were met first together.

    Those that are gone count too: a finding keeps its key while others are mended.
    """
    critical = [one for one in listed if one.severity == Severity.CRITICAL]
    if not critical:
        return Counter()
    first = datetime.fromisoformat(min(one.opened_at for one in critical))
    ever = book.findings(closed_since=first)
    return Counter((one.rule, one.opened_at) for one in ever)


def _key(one: StoredFinding, together: Counter[tuple[str, str]]) -> str:
    if one.severity != Severity.CRITICAL:
        return f"{SOURCE}/{one.rule}"
    if together[one.rule, one.opened_at] > _ALONE:
        return f"{SOURCE}/{one.rule}/at/{one.opened_at}"
    return f"{SOURCE}/{one.key}"


def _notice(key: str, found: Sequence[StoredFinding]) -> Notice:
    first, rule = found[0], rules()[found[0].rule]
    known = [one.yen for one in found if one.yen is not None]
    is_one = key == f"{SOURCE}/{first.key}"
    count_ja, count_en = ("", "") if is_one else _counts(len(found))
    command = command_of(first) if is_one else ""
    return Notice(
        key=key,
        severity=max((Severity(x.severity) for x in found), key=lambda x: x.rank),
        department=first.department,
        title_ja=f"{rule.name_ja}{count_ja}",
        title_en=f"{rule.name_en}{count_en}",
        body_ja=f"部門の間で止まっているものを見つけました（{rule.id}）。",
        body_en=f"{rule.why} ({rule.id})",
        opened_at=min(datetime.fromisoformat(one.opened_at) for one in found),
        yen=sum(known) if known else None,
        link=first.link if is_one else "",
        remedy_ja=_remedy(rule, rule.remedy_ja, command, "で一覧を見る"),
        remedy_en=_remedy(rule, rule.remedy_en, command, "lists them"),
    )


def _counts(count: int) -> tuple[str, str]:
    return f"：{count:,} 件", f": {count:,}"


def _remedy(rule: Rule, words: str, command: str, lists: str) -> str:
    if command:
        return f"{words} (`{command}`)"
    return f"{words} (`tasuki leaks list --rule {rule.id}` {lists})"
