"""Running a sync once: the lease, the books, and what a person is told."""

import logging

from tasuki.engine.collector import rare_collections
from tasuki.engine.course import Course
from tasuki.engine.ids import new_id
from tasuki.engine.reviewed import close_due
from tasuki.engine.sync import Options, Sync
from tasuki.engine.tally import RunReport, Tally
from tasuki.ledger import Lease, lease_name
from tasuki.model.errors import (
    GuardError,
    LeaseLostError,
    LedgerError,
    PlanMovedError,
    TasukiError,
)
from tasuki.trace import run_named

log = logging.getLogger("tasuki.engine")


def run_sync(sync: Sync, options: Options | None = None) -> RunReport:
    """Run a sync once and return what it did.

    A system or ledger that becomes unusable ends the run early: the report's `state`
    is then `stopped` and `error` says why; nothing is lost, the next run goes on.

    Raises:
        LeaseHeldError: another run of this sync is under way.
        LedgerError: the ledger cannot even be opened for the run.
    """
    options = options or Options()
    run_id = new_id(sync.clock.now())
    name = lease_name(sync.id, options.kind)
    lease = sync.ledger.acquire_lease(name, options.lease_seconds)
    report = RunReport(sync.id, run_id, sync.clock.now(), Tally())
    try:
        sync.ledger.start_run(run_id, sync.id, options.kind)
        if sync.archive is not None:
            sync.archive.sweep(sync.ledger, sync.mapping)
        with rare_collections(), run_named(run_id, sync.id, options.kind):
            log.info("run begins")
            close_due(sync)
            Course(sync, options, lease, report).go()
            log.info("run ends: read %d, %s", report.tally.read, _said(report.tally))
    except TasukiError as error:
        _note(report, error)
    except BaseException as error:
        # A mistake of ours, or Ctrl-C: said in the books, and told upwards.
        report.state, report.error = "crashed", f"ended by {type(error).__name__}"
        _close_books(sync, lease, report)
        raise
    _finished(sync, report)
    _close_books(sync, lease, report)
    return report


def _note(report: RunReport, error: TasukiError) -> None:
    report.state = (
        "refused" if isinstance(error, GuardError | PlanMovedError) else "stopped"
    )
    report.error = str(error)
    report.remedy = error.remedy
    report.exit_code = error.exit_code


def _finished(sync: Sync, report: RunReport) -> None:
    report.finished_at = sync.clock.now()
    report.calls = sync.calls.counts()
    if report.exit_code == 0 and report.left_over():
        report.exit_code = 1


def _close_books(sync: Sync, lease: Lease, report: RunReport) -> None:
    """Tell the end of the run and give the lease back, both or neither."""
    calls = {f"{c}:{kind}": n for (c, kind), n in report.calls.items()}
    end = (report.run_id, report.state, report.as_json(), calls, report.error)
    ledger = sync.ledger
    try:
        try:
            with ledger.transaction(lease, report.run_id) as tx:
                tx.finish_run(*end)
                tx.add_totals(sync.id, _totals(sync, report))
                tx.give_back(lease)
        except LeaseLostError:
            # All that was done under the lease is recorded already; the run's own row
            # is nobody else's, and says that nothing more will come from here.
            ledger.finish_run(*end)
    except LedgerError as error:
        if not report.error:
            _note(report, error)


def _totals(sync: Sync, report: RunReport) -> dict[str, float]:
    """Return what a run adds to the sums that metrics are made of."""
    tally = report.tally
    seconds = (sync.clock.now() - report.started_at).total_seconds()
    amounts: dict[str, float] = {f"runs:{report.state}": 1, "seconds": seconds}
    amounts["read"] = tally.read
    for ending, count in tally.ended.items():
        amounts[f"outcome:{ending.value}"] = count
    for (connection, kind), count in report.calls.items():
        amounts[f"calls:{connection}:{kind}"] = count
    return amounts


def _said(tally: Tally) -> str:
    return ", ".join(f"{e.value} {n}" for e, n in sorted(tally.ended.items()) if n)
