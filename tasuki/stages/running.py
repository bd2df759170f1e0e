"""Doing a stage's work in the ledger and the systems; nothing here knows Prefect."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tasuki.engine.preview import preview_sync
from tasuki.engine.run import run_sync
from tasuki.engine.span import Span, changed_within
from tasuki.engine.sync import Options, Sync
from tasuki.engine.tally import RunReport, Tally
from tasuki.ledger import Ledger, RunRow
from tasuki.model.language import Language, one_of
from tasuki.project import Project
from tasuki.stages.leftover import NOTHING, LeftOver, left_over, started_text
from tasuki.stages.parameters import RunOptions
from tasuki.stages.words import OUTCOMES

Report = dict[str, Any]

_SHOWN = 30
_ALMOST = 99.0
_PAST = 20


class Done(NamedTuple):
    """What a run did, or would do, and what waits for people after it."""

    report: Report
    left: LeftOver = NOTHING


@dataclass(slots=True)
class Watched:
    """How far a run has come, written by its thread and read beside it.

    Attributes:
        expected: How many records it will read, where that is known; else 0.
    """

    expected: int = 0
    read: int = 0
    ended: int = 0

    def note(self, tally: Tally) -> None:
        """Take the sums after a page."""
        self.read, self.ended = tally.read, sum(tally.ended.values())

    def percent(self) -> float:
        """Return how much is done, never all of it before the end.

        Of what is expected; where nobody knows, of what has been read so far.
        """
        whole = max(self.expected, self.read)
        return min(_ALMOST, 100 * self.ended / whole) if whole else 0.0

    def line(self, language: Language) -> str:
        """Return it in words."""
        read = one_of(OUTCOMES["read"], language)
        done = one_of(("完了", "done"), language)
        return f"{read} {self.read:,} / {done} {self.ended:,}"


def run_once(mapping: str, wish: RunOptions, watched: Watched) -> Done:
    """Run a sync of this project, or look at what it would do."""
    project = Project()
    with project.open_ledger() as ledger:
        sync = project.open_sync(project.mappings[mapping], ledger)
        with closing(sync):
            if wish.dry_run:
                return Done(_looked_at(sync, wish))
            return _run(project, ledger, sync, wish, watched)


def _run(
    project: Project, ledger: Ledger, sync: Sync, wish: RunOptions, watched: Watched
) -> Done:
    options = options_of(sync, wish)
    if options is None:
        return Done(_nothing_to_do(sync))
    options = replace(options, lease_seconds=project.lease_seconds)
    watched.expected = len(options.only) or _last_full(ledger, sync, options)
    sync.on_page = watched.note
    started = started_text(sync)
    report = run_sync(sync, options).as_json()
    return Done(report, left_over(sync, report, started, options.only))


def options_of(sync: Sync, wish: RunOptions) -> Options | None:
    """Return the engine's options of a wish; None where no record is meant by it."""
    only = tuple(wish.records)
    if wish.since or wish.until:
        only = changed_within(sync, Span(wish.since, wish.until))
        if not only:  # which would mean all of them
            return None
    return Options(full=wish.full, only=only, allow=wish.allow)


def command_options(wish: RunOptions) -> str | None:
    """Return a wish as options of `tasuki run`; None where it has none for days."""
    if wish.since or wish.until:
        return None
    parts = [f" --only {one}" for one in wish.records]
    parts += [" --full"] if wish.full else []
    parts += [f" --yes-really {wish.allow}"] if wish.allow else []
    return "".join(parts)


def _nothing_to_do(sync: Sync) -> Report:
    now = sync.clock.now()
    report = RunReport(sync.id, "-", now, Tally(), finished_at=now)
    report.calls = sync.calls.counts()
    report.minimum_calls = report.calls_made()
    return report.as_json()


def _looked_at(sync: Sync, wish: RunOptions) -> Report:
    options = options_of(sync, wish)
    if options is None:
        empty: Report = {"counts": {}, "reasons": [], "calls": {}, "changes": []}
        return {"sync": sync.id, "full": False, **empty}
    return preview_sync(sync, options, show=_SHOWN).as_json()


def _last_full(ledger: Ledger, sync: Sync, options: Options) -> int:
    """Return how many records a run that reads everything read last; 0 if unknown."""
    if not options.full and ledger.cursor(sync.id) is not None:
        return 0
    return max(
        (int(row.counts.get("read", 0)) for row in _full(ledger, sync)), default=0
    )


def _full(ledger: Ledger, sync: Sync) -> Iterator[RunRow]:
    return (row for row in ledger.runs(sync.id, limit=_PAST) if row.counts.get("full"))
