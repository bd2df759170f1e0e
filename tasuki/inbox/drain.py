"""The consumer: reads the inbox, and lets every sync look at the records it hints at.

A record is read once for all of its hints, in whatever order they came, and what is
written follows from what it is now. Hints are done after the outcomes are durable; a
scheduled run beside it holds the sync's lease, and the hints wait for it.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tasuki.inbox.looking import ALONE, MOST_TRIES, Looked, Trouble, look
from tasuki.inbox.opened import OpenedSyncs
from tasuki.ledger import LeaseHeldError, Ledger
from tasuki.ledger.inbox import Delay, HintRow
from tasuki.model.errors import TasukiError
from tasuki.project import Project

log = logging.getLogger("tasuki.drain")

LEASE = "inbox"
LOOK_AGAIN = 0.2
"""Seconds between two looks at an empty inbox: one index look-up each."""
_GATHER = timedelta(seconds=0.25)
"""One act of a person makes several events; they come within moments."""
_GATHER_BUSY = timedelta(seconds=0.6)
"""While more and more comes, a record is read less often for the same events."""
_BUSY_SECONDS = 1.0
_MOST = 5_000
_THREADS = 4
_LONGEST_WAIT = 60.0


@dataclass(slots=True)
class Drained:
    """What a drain has done, in numbers."""

    hints: int = 0
    records: int = 0
    done: int = 0
    ignored: int = 0
    delayed: int = 0
    dead: int = 0
    waiting: int = 0
    """Left in the inbox at the end."""
    outcomes: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)

    def add(self, looked: Looked) -> None:
        """Add up a sync's reports."""
        for report in looked.reports:
            for ending, count in report.tally.ended.items():
                self.outcomes[ending.value] += count
            for (connection, kind), count in report.calls.items():
                self.calls[f"{connection}:{kind}"] += count

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        counted = {"outcomes": self.outcomes, "calls": self.calls}
        numbers = ("hints", "records", "done", "ignored", "delayed", "dead", "waiting")
        return {name: getattr(self, name) for name in numbers} | {
            name: {key: count for key, count in sorted(values.items()) if count}
            for name, values in counted.items()
        }


class Drain:
    """Empties the inbox of one project; close it at the end."""

    def __init__(self, project: Project, ledger: Ledger) -> None:
        self._clock = project.clock
        self._ledger = ledger
        self._lease_seconds = project.lease_seconds
        self._opened = OpenedSyncs(project, ledger)
        self._failures: Counter[str] = Counter()
        """Rounds in a row in which a sync could not look, whoever is to blame."""
        self.drained = Drained()

    def close(self) -> None:
        """Close what was opened."""
        self._opened.close()

    def once(self, patience: float = 30.0) -> Drained:
        """Look until nothing waits, or only what has to wait longer than `patience`.

        The inbox is read again after every round, so a hint that came meanwhile is
        looked at as well.

        Raises:
            TasukiError: the ledger or the project's files cannot be used.
        """
        end = self._clock.monotonic() + patience
        while True:
            busy = self._round(self._clock.now())
            left = self._ledger.inbox_backlog().waiting
            if not left or (not busy and self._clock.monotonic() > end):
                self.drained.waiting = left
                return self.drained
            if not busy:
                self._clock.sleep(LOOK_AGAIN)

    def follow(
        self, stopped: Callable[[], bool], told: Callable[[Drained], None]
    ) -> None:
        """Look whenever a hint comes, until stopped; a round that began is finished.

        Whatever is wrong with ledger or files is logged and waited for.

        Args:
            stopped: Asked between two rounds.
            told: Given the numbers of every round that did something.
        """
        failures, last = 0, float("-inf")
        while not stopped():
            self.drained = Drained()
            is_calm = self._clock.monotonic() - last > _BUSY_SECONDS
            gather = _GATHER if is_calm else _GATHER_BUSY
            try:
                busy = self._round(self._clock.now() - gather)
                failures = 0
            except TasukiError as error:
                failures += 1
                if failures == 1:
                    log.error("hints wait: %s\n  %s", error, error.remedy)  # noqa: TRY400 - no trace
                self._wait(stopped, _backoff(failures))
                continue
            if busy:
                last = self._clock.monotonic()
                told(self.drained)
            else:
                self._clock.sleep(LOOK_AGAIN)

    def _wait(self, stopped: Callable[[], bool], seconds: float) -> None:
        end = self._clock.monotonic() + seconds
        while not stopped() and self._clock.monotonic() < end:
            self._clock.sleep(LOOK_AGAIN)

    def _round(self, before: datetime) -> bool:
        """Look at what was due before a time; say whether there was anything."""
        if not self._ledger.has_due_hints(before):
            return False
        try:
            lease = self._ledger.acquire_lease(LEASE, self._lease_seconds)
        except LeaseHeldError:
            return False  # another consumer does the work
        try:
            rows = self._ledger.due_hints(before, _MOST)
            self._look_at([*rows, *self._ledger.same_records(rows)])
        finally:
            self._ledger.release_lease(lease)
        return bool(rows)

    def _look_at(self, rows: Sequence[HintRow]) -> None:
        self._opened.refresh()
        readers = self._readers(rows)
        self._ledger.close_hints([r.id for r in rows if not readers[r.id]], "ignored")
        wanted: dict[str, dict[str, int]] = defaultdict(dict)
        for row in rows:
            for name in readers[row.id]:
                tries = wanted[name].get(row.record_id, 0)
                wanted[name][row.record_id] = max(tries, row.attempts)
        looked = self._looked(wanted)
        self._look_at_parents(looked)
        self._settle(rows, readers, looked)
        self.drained.hints += len(rows)
        places = {(r.connection, r.stream, r.record_id) for r in rows if readers[r.id]}
        self.drained.records += len(places)

    def _readers(self, rows: Sequence[HintRow]) -> dict[int, list[str]]:
        """Return for each hint the syncs that still have to look."""
        known: dict[tuple[str, str], list[str]] = {}
        found: dict[int, list[str]] = {}
        for row in rows:
            place = (row.connection, row.stream)
            if place not in known:
                known[place] = self._opened.readers(*place)
            names = known[place]
            found[row.id] = [n for n in names if not row.syncs or n in row.syncs]
        return found

    def _looked(self, wanted: Mapping[str, Mapping[str, int]]) -> dict[str, Looked]:
        """Run the syncs, parents first; those of one level at the same time."""
        looked: dict[str, Looked] = {}
        left = dict(wanted)
        while left:
            level = [n for n in left if not left.keys() & set(self._after(n))]
            with ThreadPoolExecutor(min(_THREADS, len(level))) as threads:
                parts = [left.pop(name) for name in level]
                done = threads.map(
                    lambda name, part: look(self._opened, name, part), level, parts
                )
                looked |= dict(zip(level, done, strict=True))
        return looked

    def _after(self, name: str) -> Sequence[str]:
        return self._opened.mapping(name).after

    def _look_at_parents(self, looked: Mapping[str, Looked]) -> None:
        """Let parents come that hinted records wait for, then look at these again."""
        for name in [name for name, one in looked.items() if one.waiting()]:
            for parent in self._after(name):
                if wanted := self._ledger.wanted(parent):
                    self.drained.add(look(self._opened, parent, _untried(wanted)))
            if ready := self._ledger.ready_after_wait(name):
                self.drained.add(look(self._opened, name, _untried(ready)))

    def _settle(
        self,
        rows: Sequence[HintRow],
        readers: Mapping[int, Sequence[str]],
        looked: Mapping[str, Looked],
    ) -> None:
        for name, one in looked.items():
            self.drained.add(one)
            self._failures[name] = self._failures[name] + 1 if one.troubles else 0
        done: list[int] = []
        delays: list[Delay] = []
        for row in rows:
            troubles = {
                name: trouble
                for name in readers[row.id]
                if (trouble := looked[name].troubles.get(row.record_id))
            }
            if troubles:
                delays.append(self._delay(row, troubles))
            elif readers[row.id]:
                done.append(row.id)
        self._ledger.close_hints(done)
        self._ledger.delay_hints(delays)
        dead = sum(delay.due_at is None for delay in delays)
        self.drained.done += len(done)
        self.drained.ignored += len(rows) - len(done) - len(delays)
        self.drained.dead += dead
        self.drained.delayed += len(delays) - dead

    def _delay(self, row: HintRow, troubles: Mapping[str, Trouble]) -> Delay:
        worst = max(troubles.values(), key=lambda one: one.is_theirs)
        tries = row.attempts
        if worst.wait is not None:
            seconds = worst.wait
        elif worst.is_theirs:
            tries += 1
            seconds = _backoff(tries)
        else:  # smaller parts next time: it may be a record's doing after all
            tries = max(tries, min(tries + 1, ALONE - 1))
            seconds = _backoff(max(self._failures[name] for name in troubles))
        is_over = worst.is_theirs and tries >= MOST_TRIES
        due = None if is_over else self._clock.now() + timedelta(seconds=seconds)
        names = sorted(troubles)
        return Delay([row.id], names, tries, due, worst.words, worst.remedy)


def _untried(ids: Sequence[str]) -> dict[str, int]:
    return dict.fromkeys(ids, 0)


def _backoff(times: int) -> float:
    return min(_LONGEST_WAIT, 2.0 ** min(times, 10))
