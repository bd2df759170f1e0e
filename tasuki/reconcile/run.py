"""Reconciling a sync once: both sides swept, compared, and mended where asked."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasuki.engine.ids import new_id
from tasuki.engine.run import run_sync
from tasuki.engine.shrunken import confirm_gone, is_unusual
from tasuki.engine.start import position_since
from tasuki.engine.sync import Options, Sync
from tasuki.engine.tally import RunReport
from tasuki.ledger import Lease, LeaseHeldError
from tasuki.ledger.rows import text_time
from tasuki.model.errors import (
    ConfigError,
    LedgerError,
    ShrunkenError,
    TasukiError,
)
from tasuki.model.record import Page
from tasuki.reconcile.absent import Absent
from tasuki.reconcile.beside import Beside
from tasuki.reconcile.book import Book
from tasuki.reconcile.finding import Reconciliation
from tasuki.reconcile.frame import Frame
from tasuki.reconcile.prediction import predicted_calls
from tasuki.reconcile.repair import Repairs
from tasuki.reconcile.scratch import Scratch
from tasuki.reconcile.suspects import Suspects

_SLACK = timedelta(minutes=10)  # clocks differ, and changes show late
_SAMPLE_PART = 200
_MOST_BY_ID = 2_000  # beyond, reading everything costs no more calls


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of a reconciliation.

    Attributes:
        repair: Mend what is safe to mend.
        since: Only what changed at the source since then.
        sample: Only so many linked records, drawn at random; 0 for all.
        show: Findings of each kind to keep in full.
        accept_empty: A person's word that a side that shrank is meant.
        allow: A person's word for the run of a repair, as `--yes-really`.
        lease_seconds: How long this may be silent before another may take over.
    """

    repair: bool = False
    since: datetime | None = None
    sample: int = 0
    show: int = 100
    accept_empty: bool = False
    allow: int | None = None
    lease_seconds: float = 120.0

    def is_whole(self) -> bool:
        """Say whether all records of both sides are looked at."""
        return self.since is None and not self.sample


def reconcile_sync(
    sync: Sync,
    wish: Wish | None = None,
    on_prediction: Callable[[dict[str, int]], None] | None = None,
) -> Reconciliation:
    """Compare both sides of a sync and return what differs.

    A system that becomes unusable ends it early: `state` is then `stopped`, `error`
    says why, and nothing was repaired.

    Args:
        sync: The opened sync.
        wish: What is wanted.
        on_prediction: Told the calls by connection, before the first page is read.

    Raises:
        LeaseHeldError: another one, or with `repair` a run, is under way.
        ConfigError: the source cannot be read from a moment of our choice.
    """
    wish = wish or Wish()
    ledger, began = sync.ledger, sync.clock.now()
    report = Reconciliation(sync.id, new_id(began), began)
    leases = [ledger.acquire_lease(f"reconcile:{sync.id}", wish.lease_seconds)]
    try:
        if wish.repair:
            leases.append(ledger.acquire_lease(f"sync:{sync.id}", wish.lease_seconds))
        ledger.start_run(report.run_id, sync.id, "reconcile")
        ids = _compare(sync, wish, report, leases, on_prediction)
        if wish.repair:
            ledger.release_lease(leases.pop())  # the run takes it itself
            _run(sync, wish, report, ids)
    except (LeaseHeldError, ConfigError):
        raise
    except TasukiError as error:
        report.state = "stopped"
        report.error, report.remedy = str(error), error.remedy
        report.exit_code = error.exit_code
    finally:
        for lease in leases:
            with suppress(LedgerError):  # then it runs out by itself
                ledger.release_lease(lease)
    return _closed(sync, report)


def _closed(sync: Sync, report: Reconciliation) -> Reconciliation:
    report.calls = sync.calls.counts()
    if report.exit_code == 0 and report.left_over():
        report.exit_code = 1
    calls = {f"{c}:{kind}": n for (c, kind), n in report.calls.items()}
    counts = report.as_json()
    del counts["findings"], counts["after"]
    with suppress(LedgerError):
        sync.ledger.finish_run(report.run_id, report.state, counts, calls, report.error)
    return report


def _compare(
    sync: Sync,
    wish: Wish,
    report: Reconciliation,
    leases: list[Lease],
    on_prediction: Callable[[dict[str, int]], None] | None,
) -> list[str] | None:
    """Compare, and mend the ledger; returns the ids a run must see, None for all."""
    frame = Frame.of(sync, whole=wish.is_whole())
    report.swept = frame.facts is not None
    report.predicted = predicted_calls(frame, wish.sample)
    if on_prediction is not None:
        on_prediction(report.predicted)
    with closing(Scratch()) as scratch:
        book = Book(report, scratch, wish.show)
        beside = Beside(frame, scratch, book, _edge(sync))
        if frame.facts is not None:
            beside.lay_down(lambda: _renew(leases))
        for page in _source_pages(frame, wish):
            _renew(leases)
            beside.page(page.records)
        _finish(sync, wish, beside)
        _renew(leases)
        if not wish.repair:
            return []
        repairs = Repairs(beside, leases[-1], report.run_id)
        repairs.mend()
        ids: dict[str, None] = {}
        for part in repairs.to_run():
            ids |= dict.fromkeys(part)
            if len(ids) > _MOST_BY_ID:
                return None
        return list(ids)


def _finish(sync: Sync, wish: Wish, beside: Beside) -> None:
    """Look at what only one side has shown."""
    absent = Absent(beside)
    if wish.is_whole():
        if not wish.accept_empty:
            _be_plausible(sync, beside)
        absent.sources()
    elif not wish.accept_empty:
        _be_there(sync, beside)
    if beside.frame.facts is not None and wish.is_whole():
        absent.strangers()
        absent.look_alikes()
    Suspects(beside).judge_all()


def _be_plausible(sync: Sync, beside: Beside) -> None:
    """Stop where a side suddenly lacks most of what is known to be there."""
    known = sync.ledger.count_links(sync.id)
    if is_unusual(beside.linked, known):
        unread: list[str] = []
        for part in sync.ledger.live_links(sync.id):
            unread += beside.scratch.not_here([link.source_id for link in part])
            if len(unread) >= _SAMPLE_PART:
                break
        confirm_gone(sync, unread, beside.linked, known)
    _be_there(sync, beside)


def _be_there(sync: Sync, beside: Beside) -> None:
    if is_unusual(beside.linked - beside.lost, beside.linked):
        shown = beside.linked - beside.lost
        what = f"shows {shown:,} of {beside.linked:,} known counterparts"
        raise ShrunkenError(str(sync.mapping.destination), what)


def _source_pages(frame: Frame, wish: Wish) -> Iterator[Page]:
    sync, query = frame.sync, frame.query()
    source = sync.source.source
    if wish.sample:
        ids = sync.ledger.sample_links(sync.id, wish.sample)
        for start in range(0, len(ids), _SAMPLE_PART):
            part = ids[start : start + _SAMPLE_PART]
            records = source.fetch(query, part)
            yield Page([one for one in records if not one.deleted], "")
        return
    cursor = None
    if wish.since is not None:
        cursor = position_since(sync, wish.since)
    yield from source.read(query, cursor)


def _edge(sync: Sync) -> datetime | None:
    began = text_time(sync.ledger.last_run_began(sync.id))
    return began - _SLACK if began else None


def _renew(leases: list[Lease]) -> None:
    for lease in leases:
        lease.renew()


def _run(sync: Sync, wish: Wish, report: Reconciliation, ids: list[str] | None) -> None:
    """Let a normal run deal with what has to be sent."""
    if ids == []:
        return
    options = (
        Options(full=True, allow=wish.allow, accept_empty=wish.accept_empty)
        if ids is None
        else Options(only=tuple(ids), allow=wish.allow, accept_empty=wish.accept_empty)
    )
    after: RunReport = run_sync(sync, options)
    report.after = after.as_json()
    if after.error:
        report.state, report.error = after.state, after.error
        report.remedy, report.exit_code = after.remedy, after.exit_code
