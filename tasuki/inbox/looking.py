"""Looking at hinted records: a sync runs for these and no others."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options
from tasuki.engine.tally import Ending, RunReport
from tasuki.inbox.opened import OpenedSyncs
from tasuki.ledger import LeaseHeldError
from tasuki.model.errors import RemoteError, TasukiError
from tasuki.model.unforeseen import trace, unforeseen

log = logging.getLogger("tasuki.drain")

MOST_TRIES = 6
"""Times that a record may spoil a run before its hints are given up; from `ALONE` on it
is looked at by itself, so that it takes nobody along."""
ALONE = 4
_TOGETHER = 5_000
_STEP = 3  # bits for each try, 5000, 625, 78, 9; as much more after each success
_MOST_FAILED = 2
"""Parts that a system may fail in before the others are left for later. One alone may
be a record's doing."""
_LEASE_AGAIN = 1.0
_UNREACHABLE = RemoteError.exit_code


class Trouble(NamedTuple):
    """Why a record's turn did not end.

    Attributes:
        words: Of the error.
        remedy: What to do.
        is_theirs: A record of this part may be to blame; else system, ledger or guard.
        wait: Seconds until it is worth another try; None: by the number of tries.
    """

    words: str
    remedy: str
    is_theirs: bool
    wait: float | None = None


@dataclass(slots=True)
class Looked:
    """What became of one sync's records."""

    reports: list[RunReport] = field(default_factory=list)
    troubles: dict[str, Trouble] = field(default_factory=dict)

    def waiting(self) -> int:
        """Return how many records wait for a parent."""
        return sum(report.tally.ended[Ending.WAITING] for report in self.reports)


def look(opened: OpenedSyncs, name: str, tries: Mapping[str, int]) -> Looked:
    """Run a sync for these records.

    Args:
        opened: The syncs.
        name: Of the mapping.
        tries: How often each record has spoilt a run; the more, the fewer together.
    """
    looked = Looked()
    left = sorted(tries, key=lambda one: tries[one])
    failed, grown = 0, 0
    while left:
        size = max(_size(tries[left[0]]), grown if tries[left[0]] < ALONE else 0)
        part, left = left[:size], left[size:]
        trouble = _run(opened, name, part, looked)
        if trouble is None:
            grown = min(_TOGETHER, size << _STEP)
            continue
        looked.troubles |= dict.fromkeys(part, trouble)
        failed, grown = failed + (not trouble.is_theirs), 0
        if trouble.wait is not None or failed == _MOST_FAILED:
            looked.troubles |= dict.fromkeys(left, trouble)
            break
    if looked.troubles:
        opened.let_go(name)
    return looked


def _size(tries: int) -> int:
    """Return how many records of so many tries run together."""
    return max(1, _TOGETHER >> (_STEP * tries))


def _run(
    opened: OpenedSyncs, name: str, ids: Sequence[str], looked: Looked
) -> Trouble | None:
    seconds = opened.project.lease_seconds
    try:
        options = Options(only=tuple(ids), lease_seconds=seconds)
        report = run_sync(opened.sync(name), options)
    except LeaseHeldError as error:
        return Trouble(str(error), error.remedy, is_theirs=False, wait=_LEASE_AGAIN)
    except TasukiError as error:
        is_theirs = error.exit_code != _UNREACHABLE
        return Trouble(str(error), error.remedy, is_theirs)
    except Exception as error:  # noqa: BLE001 - one sync's mistake is not the others'
        log.error(trace(error).rstrip())  # noqa: TRY400 - without the error's own words
        told = unforeseen(name, error)
        return Trouble(str(told), told.remedy, is_theirs=True)
    looked.reports.append(report)
    if report.state == "done":
        return None
    is_theirs = report.state != "refused" and report.exit_code != _UNREACHABLE
    return Trouble(report.error, report.remedy, is_theirs)
