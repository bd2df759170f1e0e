"""A project's folder, stand-ins in this process, and a runner of real processes."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, ClassVar, Self

import psycopg

from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.faults import Fault
from tasuki.sandbox.rehearsal import ENVIRONMENT, SYSTEMS, Rehearsal

ROOT = Path(__file__).parents[2]
QUIET = 0.3
_POLICY = "{{attempts: 5, first: 0.02, factor: 2, ceiling: 0.2, total: 60, settle: {settle}}}\n"
_MOST_RUNS = 60
_TOKEN = 'flow: token, token: "${FREEE_TOKEN}"'
LEADS = "lead.hubspot-salesforce"
CUSTOMERS = "customer.salesforce-freee"
INVOICES = "invoice.salesforce-freee"


def _copy(path: Path, target: Path) -> None:
    """Copy mapping files without their inline tests, which only cost time here."""
    if path.is_dir():
        shutil.copytree(path, target)
    else:
        target.write_text(path.read_text().partition("\ntests:\n")[0] + "\n")


def _run(mapping: str) -> list[str]:
    return ["run", mapping, "--yes-really", "100000"]


class Runner:
    """The process that forks and kills; see `runner.py`."""

    def __init__(self, folder: Path, name: str = "runs", ledger_url: str = "") -> None:
        own = {"TASUKI_LEDGER_URL": ledger_url} if ledger_url else {}
        self.log = folder / f"{name}.log"
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/simulation/runner.py")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT, **own, "PYTHONPATH": str(ROOT)},
        )

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def warm_up(self, *commands: list[str]) -> None:
        told = self._ask({"warm_up": commands})
        assert set(told["codes"]) <= {0, 1}
        assert not told["threads"], "a fork would inherit locks"

    def _ask(self, order: dict[str, object]) -> dict[str, Any]:
        self._say(order)
        return self._hear()

    def _say(self, order: dict[str, object]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def run(self, *arguments: str, delay: float | None = None) -> dict[str, Any]:
        self.begin(*arguments, delay=delay)
        return self.end()

    def begin(self, *arguments: str, delay: float | None = None) -> None:
        self._say({"arguments": arguments, "delay": delay, "log": str(self.log)})

    def end(self) -> dict[str, Any]:
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the runner has died"
        return json.loads(line)

    def start(
        self, log: Path, environment: Mapping[str, str], act: str, *arguments: str
    ) -> int:
        """Start a process beside others; returns its number."""
        order = {"arguments": arguments, "log": str(log), "act": act}
        started = self._ask({"start": {**order, "environment": dict(environment)}})
        return int(started["pid"])

    def wait(self, pid: int) -> dict[str, Any]:
        return self._ask({"wait": pid})

    def stop(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout
        self._process.stdout.close()


@dataclass
class Tally:
    """What the kills hit."""

    kills: int = 0
    runs: int = 0
    mid_run: int = 0  # the killed process had the lease and had not given it back
    sending: int = 0  # kills with at least one write under way
    writes_under_way: int = 0
    in_doubt: int = 0
    seconds: float = 0.0
    codes: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills in {self.runs} runs; {self.mid_run} hit a run at work, "
            f"{self.sending} with writes under way ({self.writes_under_way} rows), "
            f"{self.in_doubt} left some in doubt; exit codes {dict(self.codes)}"
        )


class Office:
    """The systems, the project's folder, and the runs."""

    systems: ClassVar[Sequence[str]] = SYSTEMS
    chain: ClassVar[Sequence[str]] = (LEADS, INVOICES, CUSTOMERS, INVOICES)
    """What is run once at the start, so that every import is done."""

    def __init__(
        self,
        folder: Path,
        people: int,
        deals: int,
        won: int,
        settle: int = 20,
        ledger_url: str = "",
    ) -> None:
        self.folder = folder
        self.ledger_url = ledger_url
        self.rehearsal = Rehearsal(Registry(ROOT), systems=self.systems)
        self.world = demo_world(people=people, deals=deals, won=won)
        self.rehearsal.start(self.world)
        (folder / "mappings").mkdir()
        names = ("standard", "money", "patient", "hasty")
        (folder / "mappings/policies.yaml").write_text(
            "".join(f"{name}: {_POLICY.format(settle=settle)}" for name in names)
        )
        for path in (ROOT / "mappings").glob("*"):
            if path.name != "policies.yaml" and not path.name.startswith("."):
                _copy(path, folder / "mappings" / path.name)
        text = self.rehearsal.connections_yaml()
        text = text.replace("quiet_seconds: 5 ", f"quiet_seconds: {QUIET} ")
        text = re.sub('flow: oauth, [^}]*}[^}]*}"', _TOKEN, text)
        (folder / "connections.yaml").write_text(text)
        self._first = folder / "first_morning.json"
        self.rehearsal.save(self._first)
        self.usual: dict[str, float] = {}
        self.runner = Runner(folder, ledger_url=ledger_url)
        self._chain = [["-p", str(folder), *_run(name)] for name in self.chain]
        self.runner.warm_up(*self._chain)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.runner.stop()
        self.rehearsal.stop()

    # -- days --------------------------------------------------------------------------

    def new_day(self) -> None:
        """Put everything back to the first morning, with an empty ledger."""
        for server in self.rehearsal.servers.values():
            server.faults.clear()
        self.rehearsal.load(self._first)
        shutil.rmtree(self.folder / ".tasuki", ignore_errors=True)
        if self.ledger_url:
            with psycopg.connect(self.ledger_url) as connection:
                connection.execute("DROP SCHEMA public CASCADE")
                connection.execute("CREATE SCHEMA public")

    def plant(self, system: str, *faults: Fault) -> None:
        self.rehearsal.servers[system].faults.plant(*faults)

    def run(
        self, mapping: str, delay: float | None = None, runner: Runner | None = None
    ) -> dict[str, Any]:
        own = runner or self.runner
        return own.run("-p", str(self.folder), *_run(mapping), delay=delay)

    def begin(self, mapping: str) -> None:
        self.runner.begin("-p", str(self.folder), *_run(mapping))

    @contextmanager
    def second_runner(self) -> Iterator[Runner]:
        """Give another process that starts runs; its first ones find nothing to do."""
        runner = Runner(self.folder, "second", self.ledger_url)
        try:
            runner.warm_up(["-p", str(self.folder), "plan", INVOICES])
            yield runner
        finally:
            runner.stop()

    def until_done(self, mapping: str, random: Random, tally: Tally) -> None:
        """Run and kill, again and again, until a run ends by itself with nothing open.

        Delays are drawn from the usual length of a run, which is learned: machines
        differ, and this one may be busy.
        """
        for _ in range(_MOST_RUNS):
            usual = self.usual.setdefault(mapping, 0.5)
            before = self._fence(mapping)
            told = self.run(mapping, delay=random.uniform(0.3, 1.0) * usual)
            tally.runs += 1
            if told["killed"]:
                self.usual[mapping] = usual * 1.04
                tally.kills += 1
                self._count(tally, at_work=self._fence(mapping) > before)
                continue
            self.usual[mapping] = told["seconds"]
            tally.codes[told["code"]] += 1
            assert told["code"] in {0, 1}, self.runner.log.read_text()[-3000:]
            if not self.open_intents():
                return
        self.finish(mapping)

    def finish(self, mapping: str) -> None:
        """Run in peace until nothing is open."""
        for _ in range(10):
            told = self.run(mapping)
            assert told["code"] in {0, 1}, self.runner.log.read_text()[-3000:]
            if not self.open_intents():
                return
        raise AssertionError(self.open_intents())

    def _fence(self, mapping: str) -> int:
        """Return how often a run of this mapping has taken the lease."""
        query = f"select fence from lease where name = 'sync:{mapping}' and owner <> ''"
        found = self.ledger(query)
        return int(found[0][0]) if found else 0

    def _count(self, tally: Tally, *, at_work: bool) -> None:
        states = Counter(state for state, _ in self.open_intents())
        tally.mid_run += at_work
        tally.sending += bool(states["sending"])
        tally.writes_under_way += states["sending"]
        tally.in_doubt += bool(states["in_doubt"])

    # -- looking -----------------------------------------------------------------------

    def ledger(self, query: str) -> list[tuple[Any, ...]]:
        if self.ledger_url:
            return self._postgres(query)
        path = self.folder / ".tasuki/ledger.db"
        if not path.exists():
            return []  # killed before there was one
        connection = sqlite3.connect(path)
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # killed before there were any
                return []
            raise
        finally:
            connection.close()

    def _postgres(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.ledger_url) as connection:
            try:
                return connection.execute(query).fetchall()
            except psycopg.errors.UndefinedTable:
                return []  # killed before there were any

    def open_intents(self) -> list[tuple[str, str]]:
        return self.ledger(
            "select state, sync from intent where state in ('planned','sending','in_doubt')"
        )

    def links(self, sync: str) -> dict[str, str]:
        return dict(
            self.ledger(
                "select source_id, destination_id from link "
                f"where state = 'live' and sync = '{sync}'"
            )
        )

    def last_counts(self) -> dict[str, Any]:
        (text,) = self.ledger(
            "select counts from run order by started_at desc, id desc limit 1"
        )[0]
        return json.loads(text)

    def rows(self, system: str, table: str) -> list[dict[str, Any]]:
        """Return the living rows of a stand-in's table."""
        sandbox: Any = self.rehearsal.servers[system].sandbox
        with self.rehearsal.servers[system].lock:
            if system == "freee":
                return [dict(row) for row in getattr(sandbox, table).rows.values()]
            rows = list(sandbox.dump()["tables"][table])
        return [row for row in rows if not row.get("IsDeleted")]
