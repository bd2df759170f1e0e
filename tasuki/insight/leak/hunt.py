"""Looking for leaks once: sweep, ask every rule, and keep what was found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_urlsafe
from typing import Final

from tasuki.clock import TOKYO
from tasuki.insight.leak.board import Board, Value
from tasuki.insight.leak.column import moment_text
from tasuki.insight.leak.ground import Ground
from tasuki.insight.leak.rule import Rule, rules
from tasuki.insight.leak.sweep import Sweep, Swept
from tasuki.ledger.findings import Met, StoredFinding
from tasuki.ports import Token

LEASE: Final = "leaks"
PLACE: Final = ":leaks"
"""Where the key of the board's hashes is kept, sealed, beside the logins' tokens."""
_KEY_BYTES: Final = 64
_OFF: Final = "switched off in leaks.yaml"


@dataclass(slots=True)
class Hunt:
    """What one look for leaks found.

    Attributes:
        began: When it began.
        findings: All that is open, the worst and dearest first.
        opened: Those that were not open before.
        closed: Those that are gone.
        not_looked: Rules that were not asked, and why.
        partly: Rules that some sources cannot tell of, and why.
        unread: Values that formulas could not make, by `table.column`.
        calls: Calls by `connection:kind`.
        records: Records read, by stream.
    """

    began: datetime
    findings: list[StoredFinding] = field(default_factory=list)
    opened: list[StoredFinding] = field(default_factory=list)
    closed: list[StoredFinding] = field(default_factory=list)
    not_looked: dict[str, str] = field(default_factory=dict)
    partly: dict[str, str] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    calls: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)

    def calls_made(self) -> int:
        """Return all calls but those for tokens and set-up."""
        passing = ("auth", "set-up")
        return sum(n for k, n in self.calls.items() if not k.endswith(passing))


def hunt(ground: Ground, *, lease_seconds: float = 600.0) -> Hunt:
    """Sweep, ask every rule that can be asked, and write what it found.

    A system that cannot be read makes its rules unasked, and closes nothing.

    Raises:
        LeaseHeldError: another one is under way.
        LedgerError: nothing was written.
    """
    ledger, began = ground.ledger, ground.clock.now()
    lease = ledger.acquire_lease(LEASE, lease_seconds)
    try:
        with closing(Board()) as board:
            swept = Sweep(ground, board, _key(ground)).run()
            result = Hunt(began, unread=swept.unread, records=dict(swept.records))
            result.not_looked, result.partly = why_not(ground, swept)
            met = _ask(ground, board, result)
        counts = ground.calls.counts()
        result.calls = {f"{name}:{kind}": n for (name, kind), n in counts.items()}
        looked = dict.fromkeys(rules(), "") | result.not_looked
        lease.renew()
        changed = ledger.put_sweep(met, looked, result.calls, began)
    finally:
        ledger.release_lease(lease)
    result.opened = in_order(changed.opened)
    result.closed = in_order(changed.closed)
    result.findings = in_order(ledger.findings())
    return result


def _ask(ground: Ground, board: Board, result: Hunt) -> list[Met]:
    settings, terms = ground.settings, parameters(ground)
    met: list[Met] = []
    for rule in rules().values():
        if rule.id in result.not_looked:
            continue
        severity = settings.severity(rule).value
        for row in board.ask(rule, terms):
            department = settings.department(rule, row.department).value
            link = ground.link(row.ref) or _link_of_deal(ground, board, row.ref)
            met.append(
                Met(
                    *(rule.id, row.subject, row.ref, severity),
                    *(department, row.yen, link),
                )
            )
    return met


def _link_of_deal(ground: Ground, board: Board, ref: str) -> str:
    """Return the page of the deal that a plan of the hub is about."""
    if not ref.startswith("hub/"):
        return ""
    query = "SELECT ref FROM origin WHERE board = 'deal' AND id = ?"
    found = next(board.rows(query, (ref.rpartition("/")[2],)), None)
    return ground.link(str(found[0])) if found else ""


def parameters(ground: Ground) -> Mapping[str, Value]:
    """Return what the rules' queries are given."""
    now = ground.clock.now()
    today = now.astimezone(TOKYO).date().isoformat()
    return {**ground.settings.thresholds, "now": moment_text(now), "today": today}


def why_not(ground: Ground, swept: Swept) -> tuple[dict[str, str], dict[str, str]]:
    """Return the rules that cannot be asked, and those that are asked in part."""
    reasons: dict[str, str] = {}
    partly: dict[str, str] = {}
    for rule in rules().values():
        if not ground.settings.is_on(rule):
            reasons[rule.id] = _OFF
            continue
        missing = [need for need in rule.needs if not _is_there(ground, swept, need)]
        failed = [words for need in rule.needs for words in _away(ground, swept, need)]
        blind, sees = _blind(ground, rule)
        if rule.id in swept.blind:
            reasons[rule.id] = swept.blind[rule.id]
        elif missing:
            reasons[rule.id] = f"no connected source for {', '.join(missing)}"
        elif failed:
            reasons[rule.id] = "; ".join(dict.fromkeys(failed))
        elif not sees:
            reasons[rule.id] = "; ".join(blind)
        elif blind:
            partly[rule.id] = "; ".join(blind)
    return reasons, partly


def _is_there(ground: Ground, swept: Swept, need: str) -> bool:
    """Say whether a table has a source; `xref:accounting` asks for such a system."""
    table, _, wanted = need.partition(":")
    if not wanted:
        return table not in swept.missing
    return bool(_holders(ground, wanted))


def _away(ground: Ground, swept: Swept, need: str) -> list[str]:
    """Say why a table is not whole; of `xref:accounting` only those systems count."""
    table, _, wanted = need.partition(":")
    if not wanted:
        return [swept.failed[table]] if table in swept.failed else []
    there = _holders(ground, wanted)
    return [words for name, words in swept.away.items() if name in there]


def _holders(ground: Ground, system: str) -> set[str]:
    """Return the connections that `links:` calls by a system's name."""
    return {
        mapping.destination.connection
        for sync, link in ground.settings.links.items()
        if link.system.partition(":")[0] == system and sync in ground.mappings
        for mapping in (ground.mappings[sync],)
        if ground.is_connected(mapping.destination)
        and ground.is_connected(mapping.source)
    }


def _blind(ground: Ground, rule: Rule) -> tuple[list[str], bool]:
    """Return why sources cannot tell of a rule, and whether the others can."""
    blind: list[str] = []
    sees = True
    for table in rule.needs:
        sources = [
            one
            for one in ground.settings.sources
            if one.table == table and ground.is_connected(one.stream)
        ]
        said = [one.blind[rule.id] for one in sources if rule.id in one.blind]
        blind += said
        sees = sees and (not said or len(said) < len(sources))
    return list(dict.fromkeys(blind)), sees


def in_order(findings: Sequence[StoredFinding]) -> list[StoredFinding]:
    """Return findings, the worst first, then the dearest, then the oldest."""
    order = ["critical", "high", "medium", "low"]
    return sorted(
        findings,
        key=lambda one: (
            order.index(one.severity),
            -(one.yen or 0),
            one.rule,
            one.opened_at,
            one.subject,
        ),
    )


def _key(ground: Ground) -> bytes:
    """Return the key of the board's hashes; it lasts, so that findings do."""
    store = ground.ledger.tokens(PLACE)
    found = store.load() or store.renew(None, lambda _: Token(token_urlsafe(32)))
    return found.access.encode()[:_KEY_BYTES]
