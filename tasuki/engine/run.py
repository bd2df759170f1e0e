"""Running a sync once: the lease, the books, and what a person is told."""

from contextlib import suppress

from tasuki.engine.collector import rare_collections
from tasuki.engine.course import Course
from tasuki.engine.ids import new_id
from tasuki.engine.sync import Options, Sync
from tasuki.engine.tally import RunReport, Tally
from tasuki.model.errors import (
    GuardError,
    LeaseLostError,
    LedgerError,
    TasukiError,
)


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
    lease = sync.ledger.acquire_lease(f"sync:{sync.id}", options.lease_seconds)
    report = RunReport(sync.id, run_id, sync.clock.now(), Tally())
    try:
        sync.ledger.start_run(run_id, sync.id, "only" if options.only else "run")
        with rare_collections():
            Course(sync, options, lease, report).go()
    except LeaseLostError as error:
        _note(report, error)
        return _finished(sync, report)
    except TasukiError as error:
        _note(report, error)
    finally:
        with suppress(LedgerError):  # then it runs out by itself
            sync.ledger.release_lease(lease)
    _finished(sync, report)
    _close_books(sync, report)
    return report


def _note(report: RunReport, error: TasukiError) -> None:
    report.state = "refused" if isinstance(error, GuardError) else "stopped"
    report.error = str(error)
    report.remedy = error.remedy
    report.exit_code = error.exit_code


def _finished(sync: Sync, report: RunReport) -> RunReport:
    report.finished_at = sync.clock.now()
    report.calls = sync.calls.counts()
    if report.exit_code == 0 and report.left_over():
        report.exit_code = 1
    return report


def _close_books(sync: Sync, report: RunReport) -> None:
    calls = {f"{c}:{kind}": n for (c, kind), n in report.calls.items()}
    try:
        sync.ledger.finish_run(
            report.run_id, report.state, report.as_json(), calls, report.error
        )
    except LedgerError as error:
        if not report.error:
            _note(report, error)
