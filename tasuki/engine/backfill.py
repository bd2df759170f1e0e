"""Backfills: a mapping's whole source, cut into parts that run beside each other.

The plan stands in the ledger. Whoever comes, on whichever machine, takes a part that is
neither finished nor held; a part whose process was killed is such a one, and goes on
from its own cursor. The lease of a part is what keeps two from working on it.
"""

from collections.abc import Iterator
from dataclasses import replace

from tasuki.engine.part import PLAN, Part, cursor_of, end_of, passed_of
from tasuki.engine.progress import Backfill, read_backfill
from tasuki.engine.run import run_sync
from tasuki.engine.start import note_account
from tasuki.engine.sync import Options, Sync
from tasuki.engine.tally import RunReport
from tasuki.ledger import LeaseHeldError, encode, lease_name
from tasuki.ledger.rows import text_time, time_text
from tasuki.model.errors import ConfigError, GuardError
from tasuki.ports import Accounted, Rewinding, Splitting

MOST_PARTS = 1_000
_PLANNING = "backfill:"


def plan_backfill(
    sync: Sync, parts: int, allow: int | None, lease_seconds: float, *, anew: bool
) -> Backfill:
    """Return the backfill that is planned, or plan one: the source gives its ranges.

    Args:
        sync: The opened sync.
        parts: How many ranges to cut the source into.
        allow: A person's word that so many creates or changes are meant.
        lease_seconds: How long the planning may be silent.
        anew: Also when one was planned before: that one is forgotten. So is one for
            another account, or for the mapping as it was.

    Raises:
        ConfigError: the source cannot be read in ranges, or `parts` is no such number.
        GuardError: the mapping guards its runs, and fewer records were allowed.
        LeaseHeldError: a run of this sync, or another planning, is under way.
    """
    _check(sync, parts)
    ledger = sync.ledger
    # Whole runs and parts are kept out while the plan changes under them.
    lease = ledger.acquire_lease(lease_name(sync.id), lease_seconds)
    try:
        found = read_backfill(ledger, sync.id)
        if found is not None and not anew and _is_usable(sync, found):
            return found
        began = time_text(sync.clock.now())
        spans = _splitting(sync).split(sync.mapping.query(), parts)
        _guard(sync, sum(count for _, count in spans), allow)
        plan = {
            "began": began,
            "account": _account(sync),
            "allow": allow,
            "parts": [[*span, count] for span, count in spans],
        }
        most = max(len(spans), len(found.parts) if found else 0)
        note_account(sync, lease, "")
        with ledger.transaction(lease) as tx:
            for number in range(1, most + 1):
                for part in (cursor_of(number), passed_of(number), end_of(number)):
                    tx.forget_cursor(sync.id, part)
            tx.put_cursor(sync.id, PLAN, encode(plan), sync.mapping.revision)
    finally:
        ledger.release_lease(lease)
    planned = read_backfill(ledger, sync.id)
    assert planned is not None  # noqa: S101 - stored a moment ago
    return planned


def run_part(
    sync: Sync, backfill: Backfill, number: int, options: Options
) -> RunReport:
    """Run one part to its end, from where it stands.

    Raises:
        LeaseHeldError: somebody works on it, or a whole run is under way.
        ConfigError: the plan is for another account or another number of parts.
    """
    if not 1 <= number <= len(backfill.parts):
        what = f"there is no part {number}"
        remedy = f"The backfill has parts 1 to {len(backfill.parts)}."
        raise ConfigError(sync.id, what, remedy)
    if not _is_usable(sync, backfill):
        what = "the mapping, or the account, is not that of the planned backfill"
        remedy = f"Plan it anew: `tasuki backfill {sync.id} --again`."
        raise ConfigError(sync.id, what, remedy)
    state = backfill.parts[number - 1]
    source = _splitting(sync)
    begun = sync.ledger.cursor(sync.id, cursor_of(number)) is not None
    part = Part(
        number,
        len(backfill.parts),
        state.span,
        lambda record_id: source.holds(state.span, record_id),
        state.passed if begun else 0,
    )
    report = run_sync(sync, replace(options, part=part, allow=backfill.allow))
    finish_backfill(sync, options.lease_seconds)
    return report


def finish_backfill(sync: Sync, lease_seconds: float) -> bool:
    """Let ordinary runs go on where the finished backfill began; say whether it has.

    A sync that had a cursor before keeps it: what it says is older, and loses nothing.
    """
    ledger, source = sync.ledger, sync.source.source
    backfill = read_backfill(ledger, sync.id)
    if backfill is None or not backfill.is_done:
        return False
    stored = ledger.cursor(sync.id)
    known = stored is not None and stored.revision == sync.mapping.revision
    moment = text_time(backfill.began)
    if known or moment is None or not isinstance(source, Rewinding):
        return True
    position = source.cursor_at(sync.mapping.source.stream, moment)
    if position is None:
        return True
    try:
        lease = ledger.acquire_lease(lease_name(sync.id), lease_seconds)
    except LeaseHeldError:  # whoever holds it ends after us, and does this then
        return True
    try:
        with ledger.transaction(lease) as tx:
            tx.put_cursor(sync.id, "", position, sync.mapping.revision)
    finally:
        ledger.release_lease(lease)
    return True


def run_free_parts(
    sync: Sync, backfill: Backfill, options: Options
) -> Iterator[RunReport]:
    """Run the parts that nobody works on, one after the other, until none is left.

    Several processes may do so at once; a part that another one took is passed over.
    """
    tried: set[int] = set()
    while True:
        now = read_backfill(sync.ledger, sync.id) or backfill
        waiting = [one for one in now.free() if one.number not in tried]
        if not waiting:
            return
        # Not all begin with the same one: whoever comes later starts further on.
        chosen = waiting[len(tried) % len(waiting)]
        tried.add(chosen.number)
        try:
            yield run_part(sync, now, chosen.number, options)
        except LeaseHeldError:
            continue


def _is_usable(sync: Sync, found: Backfill) -> bool:
    same = found.revision == sync.mapping.revision
    return same and found.account == _account(sync)


def _check(sync: Sync, parts: int) -> None:
    if not 1 <= parts <= MOST_PARTS:
        what = f"{parts} is no number of parts"
        raise ConfigError(sync.id, what, f"Take 1 to {MOST_PARTS}, e.g. --parts 8.")
    _splitting(sync)


def _splitting(sync: Sync) -> Splitting:
    source = sync.source.source
    if not isinstance(source, Splitting):
        what = f"{sync.mapping.source} cannot be read in parts"
        remedy = f"Read it in one piece: `tasuki run {sync.id} --full`."
        raise ConfigError(sync.id, what, remedy)
    return source


def _guard(sync: Sync, counted: int, allow: int | None) -> None:
    """Ask for a person's word before a guarded mapping touches so many records."""
    guards = sync.mapping.model.guards
    if guards.creates is None and guards.change_share is None:
        return
    least = guards.creates or 0
    if counted > least and (allow is None or allow < counted):
        said = f"guard: {least}" if allow is None else f"allowed: {allow}"
        what = f"a backfill would read {counted} records ({said})"
        raise GuardError(sync.id, what, counted)


def _account(sync: Sync) -> str:
    return sync.source.account() if isinstance(sync.source, Accounted) else ""
