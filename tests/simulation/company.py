"""A company whose syncs run as several processes at once, on either database."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tasuki.demo.login import log_in_to_freee
from tasuki.project import LEASE_VARIABLE, LEDGER_VARIABLE
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import ENVIRONMENT
from tasuki.sandbox.server import Reply, Request, SandboxServer
from tests.simulation.office import CUSTOMERS, INVOICES, LEADS, Office

_NUMBERS = count(1)
_PATIENCE = 60.0


class Process:
    """A `tasuki` command in a process of its own."""

    def __init__(
        self, company: "Company", act: str, arguments: tuple[str, ...]
    ) -> None:
        self._runner = company.runner
        self._log = company.folder / f"process{next(_NUMBERS)}.log"
        project = ("-p", str(company.folder))
        self.pid = self._runner.start(
            self._log, company.environment, act, *project, *arguments
        )
        self._told: dict[str, Any] = {}

    def end(self) -> int | None:
        """Wait for its end; returns its exit code, None when it was killed."""
        if not self._told:
            self._told = self._runner.wait(self.pid)
        code: int | None = self._told["code"]
        return code

    def said(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def until_stopped(self) -> None:
        until(lambda: self.state() == "T")

    def state(self) -> str:
        return state_of(self.pid)

    def lives(self) -> bool:
        return self.state() not in {"", "Z", "X"}


class Company(Office):
    """An office whose ledger may be moved to PostgreSQL."""

    environment: dict[str, str]
    logs_in = False

    def on(self, url: str) -> None:
        """Keep the ledger there; "" for the project's own SQLite file."""
        self.environment = {LEDGER_VARIABLE: url, LEASE_VARIABLE: "120"}

    @property
    def url(self) -> str:
        return self.environment[LEDGER_VARIABLE]

    def new_day(self) -> None:
        super().new_day()
        if self.url:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute("DROP SCHEMA IF EXISTS public CASCADE")
                connection.execute("CREATE SCHEMA public")
        if self.logs_in:
            log_in_to_freee(self.folder)

    def morning(self) -> None:
        """Begin a day on which every account is a partner already."""
        self.new_day()
        for name in (INVOICES, CUSTOMERS):
            assert self.sync(name).end() in {0, 1}

    def sync(self, mapping: str, act: str = "") -> Process:
        """Start a run of a sync."""
        return self.command("run", mapping, "--yes-really", "100000", act=act)

    def command(self, *arguments: str, act: str = "") -> Process:
        return Process(self, act, arguments)

    def ledger(self, query: str) -> list[tuple[Any, ...]]:
        if not self.url:
            return super().ledger(query)
        with psycopg.connect(self.url, autocommit=True) as connection:
            try:
                return connection.execute(query).fetchall()  # type: ignore[arg-type]
            except psycopg.errors.UndefinedTable:
                return []

    def holder(self, mapping: str) -> int:
        """Return the number of the process that works on a sync, 0 for none."""
        found = self.ledger(
            f"select pid from lease where name = 'sync:{mapping}' and owner <> ''"
        )
        return int(found[0][0]) if found else 0

    def stop(self, pid: int) -> None:
        """Stop a process, outside of any transaction."""
        while True:
            os.kill(pid, signal.SIGSTOP)
            until(lambda: state_of(pid) == "T")
            if self._is_at_rest():
                return
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.05)

    def _is_at_rest(self) -> bool:
        """Say that nobody is inside a transaction that writes."""
        if self.url:
            idle = "select 1 from pg_stat_activity where state like 'idle in trans%'"
            return not self.ledger(idle)
        path = self.folder / ".tasuki/ledger.db"
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            other.execute("ROLLBACK")
        return True

    def slowly(self) -> None:
        """Let every answer of importance take its time."""
        for system, path in (("freee", "/invoices$"), ("salesforce", "composite")):
            fault = Fault(Kind.DRIP, path=path, times=0, seconds=0.15)
            self.plant(system, fault)

    def finish_all(self) -> None:
        """Run every sync in peace until nothing is open."""
        for _ in range(6):
            for name in (LEADS, INVOICES):
                assert self.sync(name).end() in {0, 1}
            if not self.open_intents():
                return
        raise AssertionError(self.open_intents())

    def everything(self) -> dict[str, list[tuple[str, ...]]]:
        """Return what the systems hold, without ids and times."""
        names = {
            ("salesforce", "Lead"): ("HubSpot_Contact_Id__c", "Email", "Company"),
            ("freee", "invoices"): ("subject", "partner_code", "total_amount", "memo"),
        }
        return {
            table: sorted(
                tuple(str(row.get(name)) for name in fields)
                for row in self.rows(system, table)
            )
            for (system, table), fields in names.items()
        }

    def act(self, name: str) -> None:
        """Do something at freee's screens."""
        url = self.rehearsal.servers["freee"].url
        httpx.post(f"{url}/__act/{name}", json={}).raise_for_status()

    def renewals(self) -> int:
        """Return how often freee was asked for tokens (also in vain)."""
        return self.rehearsal.servers["freee"].total("POST /public_api/token")

    @contextmanager
    def by_login(self) -> Iterator[None]:
        """Let freee be used by a login instead of a fixed token."""
        path = self.folder / "connections.yaml"
        usual = path.read_text()
        fixed = 'flow: token, token: "${FREEE_TOKEN}"'
        login = (
            'flow: oauth, client_id: "${FREEE_ID}", client_secret: "${FREEE_SECRET}"'
        )
        path.write_text(usual.replace(fixed, login))
        values = {**ENVIRONMENT, **self.environment}
        env_file = self.folder / ".env"
        env_file.write_text("".join(f"{k}={v}\n" for k, v in values.items() if v))
        self.logs_in = True
        try:
            yield
        finally:
            self.logs_in = False
            path.write_text(usual)
            env_file.unlink()

    @contextmanager
    def watching(
        self, system: str, see: Callable[[Request, Callable[[], Reply]], Reply]
    ) -> Iterator[None]:
        """Let `see` stand between a stand-in's door and its counter."""
        server: SandboxServer = self.rehearsal.servers[system]
        inside = server.carry_out
        server.carry_out = lambda request: see(request, lambda: inside(request))  # type: ignore[method-assign]
        try:
            yield
        finally:
            del server.carry_out  # type: ignore[attr-defined]


def state_of(pid: int) -> str:
    """Return a process's state as the kernel has it; "" when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[0]


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
