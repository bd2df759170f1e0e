"""Running one cell: the real engine and transport, a ledger in a file, HTTP between."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tasuki.connector import Wire
from tasuki.engine.explain import explain
from tasuki.engine.run import run_sync
from tasuki.engine.sync import Options, Sync
from tasuki.engine.tally import Ending, RunReport
from tasuki.ledger import Ledger
from tasuki.ledger.tables import Stored
from tasuki.model.policy import RetryPolicy, Timeouts
from tasuki.ports import System, Token
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.server import SandboxServer
from tasuki.testing import FakeStream, FakeSystem, ManualClock, temporary_ledger
from tasuki.transport.calls import Calls
from tests.simulation.matrix.columns import (
    COLUMNS,
    EARLIER,
    RECORDS,
    REGISTRY,
    Column,
    Found,
)
from tests.simulation.matrix.rows import (
    ATTEMPTS,
    DNS,
    GONE,
    LAG,
    LAG_ROW,
    PARTIAL,
    REFUSED,
    ROWS,
    Row,
    applies,
)

POLICY = RetryPolicy(attempts=ATTEMPTS, throttled_attempts=ATTEMPTS, total=120.0)
HOUR = 3700.0
_MOST_RUNS = 6
_NOT_COUNTED = {"auth", "set-up"}


@dataclass
class Cell:
    """What came of one fault at one system.

    Attributes:
        runs: Every run's report, until nothing was left over.
        calls: Calls to the system, tokens apart.
        quiet_writes: Writes of one more run, at the end.
        there: Counterparts by source id at the end.
        sent: Records that the ledger has a counterpart for.
        held: Records held for a person, with the words.
        dead: Records with a dead letter.
        open: Intents that nobody has settled.
        said: Everything a person can read of it.
        fired: How often the stand-in lied.
    """

    runs: list[RunReport] = field(default_factory=list)
    calls: int = 0
    quiet_writes: int = 0
    there: Found = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)
    open: int = 0
    said: str = ""
    fired: int = 0

    def effects(self, source_id: str) -> int:
        """Return how often a record's counterpart is there."""
        return len(self.there.get(source_id, ()))


class Theatre:
    """One stage of an hour or a week: stand-in, source, ledger, clock."""

    def __init__(
        self, row: Row, column: Column, ledger: Ledger, clock: ManualClock
    ) -> None:
        self.row, self.column, self.ledger, self.clock = row, column, ledger, clock
        given = {column.late_index: LAG} if row is LAG_ROW and column.late_index else {}
        self.stand_in: Any = column.stand_in(clock, **given)
        self.server = SandboxServer(self.stand_in, later=clock.later)
        self.source = FakeSystem(clock, FakeStream("orders"), name="crm")
        self.calls = Calls()

    def put(self, names: Sequence[str]) -> None:
        """Let records be entered at the source."""
        for number, one in enumerate(names, 1):
            self.source.put(
                "orders", one, name=one, amount=str(number * 100),
                lines=[{"what": "作業", "price": str(number * 100)}],
            )  # fmt: skip

    def plant(self, *, lasting: bool) -> list[Fault]:
        """Let the stand-in lie as the row says."""
        fault = self.row.fault(self.column, lasting=lasting)
        if fault is None:
            return []
        if self.row is PARTIAL and not self.column.partial:
            # Where no batch fails in part, the second of three requests does.
            fault = Fault(Kind.ERROR_BEFORE, path=self.column.paths, skip=1, status=503)
        self.server.faults.plant(fault)
        return [fault]

    @contextmanager
    def opened(self, address: str = "") -> Iterator[Sync]:
        """Open the sync as a process of its own would."""
        connector = REGISTRY.get(self.column.connector)
        url = address or self.server.url
        asked = {"connector": connector.name, "base_url": url, **self.column.settings}
        if "company_id" in asked:
            asked |= {"accounts_url": self.server.url}
        settings = connector.settings.model_validate(asked)
        wire = Wire(
            connector.name, self.clock,
            self.ledger.budget(connector.name, connector.limits(settings), POLICY.total),
            self.ledger.tokens(connector.name), self.calls, POLICY, Timeouts(1.0, 0.15 if self.row.kind is Kind.HANG_AFTER else 5.0),
        )  # fmt: skip
        system: System = connector.open(settings, wire)
        try:
            yield Sync(
                self.column.mapping, self.source, system, self.ledger, self.clock,
                self.calls, threads=False,
            )  # fmt: skip
        finally:
            system.close()

    def run(self, address: str = "") -> RunReport:
        """Run once, and let an hour pass."""
        with self.opened(address) as sync:
            report = run_sync(sync, Options(lease_seconds=60))
        self.clock.advance(HOUR)
        return report

    def log_in(self) -> None:
        """Give the connection the tokens of a person's first login, where it has any."""
        if self.column.connector == "freee":
            body = self.stand_in.accounts._pair().body
            self.ledger.tokens("freee").save(
                Token(body["access_token"], body["refresh_token"])
            )

    def spent(self) -> int:
        """Return the calls to the system so far."""
        return sum(
            n
            for (_, kind), n in self.calls.counts().items()
            if kind not in _NOT_COUNTED
        )

    def writes(self) -> int:
        return self.calls.counts()[self.column.connector, "write"]


def play(
    row: Row, column: Column, ledger: Ledger, clock: ManualClock, *, lasting: bool
) -> Cell:
    """Let the fault strike, heal it, and run until nothing is left to do."""
    theatre = Theatre(row, column, ledger, clock)
    with theatre.server, _listening() as heard:
        theatre.log_in()
        if row.earlier:
            theatre.put(EARLIER)
            theatre.run()
        theatre.put(RECORDS)
        if row is GONE:
            theatre.run()
            _disappear(theatre)
        faults = theatre.plant(lasting=lasting)
        before = theatre.spent()
        cell = Cell([theatre.run(_address(row))])
        cell.fired = sum(fault.fired for fault in faults)
        if lasting:
            theatre.server.faults.clear()
        while _unfinished(theatre, cell) and len(cell.runs) < _MOST_RUNS:
            cell.runs.append(theatre.run())
        cell.calls = theatre.spent() - before
        writes = theatre.writes()
        theatre.run()
        cell.quiet_writes = theatre.writes() - writes
    _look(theatre, cell, heard)
    return cell


def _address(row: Row) -> str:
    """Return where the first run looks for the system, if not where it is."""
    if row is DNS:
        return "http://tasuki.invalid"
    return "http://127.0.0.1:9" if row is REFUSED else ""


def _disappear(theatre: Theatre) -> None:
    """Change the first record, and delete its counterpart; without one, the record."""
    delete = theatre.column.delete
    if delete is None:
        theatre.source.delete("orders", RECORDS[0])
        return
    theatre.source.put("orders", RECORDS[0], name="changed", amount="999")
    (link,) = theatre.ledger.links("matrix", [RECORDS[0]]).values()
    delete(theatre.stand_in, link.destination_id)


def _unfinished(theatre: Theatre, cell: Cell) -> bool:
    last = cell.runs[-1]
    waiting = last.tally.ended[Ending.DEFERRED] + last.tally.ended[Ending.IN_DOUBT]
    return bool(
        last.state != "done" or waiting or theatre.ledger.open_intents("matrix")
    )


def _look(theatre: Theatre, cell: Cell, heard: list[str]) -> None:
    ledger, column = theatre.ledger, theatre.column
    cell.there = column.counterparts(theatre.stand_in)
    cell.sent = ledger.link_targets("matrix", RECORDS)
    last = ledger.last_decisions("matrix", RECORDS)
    cell.held = {
        k: f"{d.reason}: {d.detail}" for k, d in last.items() if d.outcome == "held"
    }
    cell.skipped = {k: d.reason for k, d in last.items() if d.outcome == "skipped"}
    cell.dead = [row.source_id for row in ledger.dead_letters()]
    cell.open = len(ledger.open_intents("matrix"))
    told = [moment.words for one in RECORDS for moment in explain(ledger, one).moments]
    kept = [
        f"{row.error_code} {row.error_words}"
        for rows in ledger.intents_of("matrix", RECORDS).values() for row in rows
    ]  # fmt: skip
    cell.said = "\n".join([*(run.error for run in cell.runs), *told, *kept, *heard])


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    ear, log = _Ear(), logging.getLogger("tasuki")
    before = log.level
    log.addHandler(ear)
    log.setLevel(logging.INFO)
    try:
        yield ear.heard
    finally:
        log.setLevel(before)
        log.removeHandler(ear)


def wanted() -> list[tuple[Row, Column, bool]]:
    """Return every cell there is: row, column, and whether the fault lasts."""
    return [
        (row, column, lasting)
        for row in ROWS
        for lasting in (False, True)
        for column in COLUMNS
        if (row.lasts if lasting else row.once) and not applies(row, column)
    ]


@dataclass
class Stage:
    """A ledger in a file and a clock, used for one cell after the other."""

    ledger: Ledger
    clock: ManualClock

    def play(self, row: Row, column: Column, *, lasting: bool) -> Cell:
        """Run a cell on the ledger, emptied."""
        with self.ledger._database.writing() as connection:
            for table in Stored.metadata.tables.values():
                connection.execute(table.delete())
        return play(row, column, self.ledger, self.clock, lasting=lasting)


@contextmanager
def stage() -> Iterator[Stage]:
    """Open a ledger for cells."""
    clock = ManualClock()
    with temporary_ledger(clock) as ledger:
        yield Stage(ledger, clock)


def every_cell() -> dict[tuple[str, str, bool], Cell]:
    """Run the whole matrix."""
    with stage() as one:
        return {
            (row.title, column.name, lasting): one.play(row, column, lasting=lasting)
            for row, column, lasting in wanted()
        }
