"""A project's folder, and the one place where everything is put together.

A project has the top level of this repository: `connections.yaml`, `mappings/`,
`connectors/`, `flows/`. What it lacks is taken from what is shipped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tasuki.archive.content import ContentStore
from tasuki.archive.terms import Terms
from tasuki.clock import TOKYO, SystemClock
from tasuki.connections import Connection, load_connections
from tasuki.connector import Wire
from tasuki.engine.archiving import Archiving
from tasuki.engine.sync import Sync
from tasuki.environment import with_env_file
from tasuki.keys import Keys
from tasuki.ledger import Ledger
from tasuki.mapping import CompiledMapping
from tasuki.mapping.load import MappingSet, load_mappings
from tasuki.mapping.policy_file import standard_policy
from tasuki.mapping.problem import nearest
from tasuki.mapping.settings_file import VARIABLE as SETTINGS_VARIABLE
from tasuki.model.errors import ConfigError, MappingError
from tasuki.model.policy import Limit, RetryPolicy, Timeouts
from tasuki.model.record import HUB
from tasuki.model.retention import Retention
from tasuki.ports import Clock, System
from tasuki.registry import Registry, shipped_root
from tasuki.retention import load_retention, load_terms
from tasuki.transport.calls import Calls

if TYPE_CHECKING:
    from tasuki.alert.load import Alerts
    from tasuki.engine.prints import Printed
    from tasuki.insight.handoff_look import Board
    from tasuki.insight.handoff_rule import SalesModel
    from tasuki.insight.journey_collect import Collector
    from tasuki.insight.journey_file import Stages
    from tasuki.insight.leak.setting import LeakSettings
    from tasuki.paper.values import Issuer
    from tasuki.rendering import Renderer

LEDGER_VARIABLE = "TASUKI_LEDGER_URL"
PROJECT_VARIABLE = "TASUKI_PROJECT"
LEASE_VARIABLE = "TASUKI_LEASE_SECONDS"
_LEASE = 120.0
_LEAST_LEASE = 1.0
_PLACE = ".tasuki"
_READ = (
    "mappings", "stages", "model", "connections", "retention", "archive_terms",
    "alerts", "known_issuer", "leaks",
)  # fmt: skip
_ROUNDING = ("price_mode", "tax_rounding", "line_rounding")


class Project:
    """A project's folder, read when asked."""

    def __init__(
        self,
        root: Path | None = None,
        *,
        clock: Clock | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take the folder given, else TASUKI_PROJECT, else the current one.

        Without an `environment` this process's own is taken, and the project's `.env`
        behind it.
        """
        outer = os.environ if environment is None else environment
        chosen = root or outer.get(PROJECT_VARIABLE) or "."
        self.root = Path(chosen).resolve()
        self.environment: Mapping[str, str] = (
            with_env_file(self.root, outer) if environment is None else environment
        )
        self.clock: Clock = clock or SystemClock()
        self.registry = Registry(self.root)

    @property
    def place(self) -> Path:
        """Return the folder for everything that is not in version control."""
        return self.root / _PLACE

    def today(self) -> date:
        """Return today's date in Tokyo."""
        return self.clock.now().astimezone(TOKYO).date()

    @cached_property
    def connections(self) -> dict[str, Connection]:
        """The project's connections (MappingError with every problem)."""
        return load_connections(self.root, self.registry, self.environment)

    @cached_property
    def mappings(self) -> MappingSet:
        """The project's mappings, the shipped ones behind them."""
        return load_mappings(
            self._mapping_folders(),
            today=self.today,
            environment=self.environment.get(SETTINGS_VARIABLE, ""),
        )

    @cached_property
    def alerts(self) -> Alerts:
        """Who is told what (MappingError with every problem of the file)."""
        from tasuki.alert.load import load_alerts

        return load_alerts(self._mapping_folders(), self.root, self.environment)

    @cached_property
    def stages(self) -> Stages:
        """Where stages are told of (MappingError with every problem of the file)."""
        from tasuki.insight.journey_file import read_stages

        return read_stages(self._mapping_folders())

    @cached_property
    def model(self) -> SalesModel:
        """Departments and handoffs, as model.yaml says (MappingError with problems)."""
        from tasuki.insight.handoff_file import Around, load_model

        handoffs = {one.id: one.model.handoff for one in self.mappings}
        functions, facts = self.mappings.around.functions, self.stages.facts
        around = Around(functions, handoffs, facts)
        return load_model(self._mapping_folders(), around)

    @cached_property
    def _usual_policy(self) -> RetryPolicy:
        return standard_policy(self._mapping_folders())

    def _mapping_folders(self) -> list[Path]:
        own, shipped = self.root / "mappings", shipped_root() / "mappings"
        folders = dict.fromkeys(f.resolve() for f in (own, shipped))
        return [folder for folder in folders if folder.is_dir()]

    @property
    def used(self) -> tuple[CompiledMapping, ...]:
        """The mappings whose systems are both connected, parents first.

        A shipped mapping of a system that the company lacks goes unused; the mappings
        of billing plans are run by name only, beside or in place of the direct ones;
        so are those that say `use: by_name`.
        """
        there = self.connections.keys()
        return tuple(
            one
            for one in self.mappings.in_order()
            if {one.source.connection, one.destination.connection} <= there
            and one.model.use == "always"
        )

    @cached_property
    def renderer(self) -> Renderer:
        """What its connections would send for a row, made without a call."""
        from tasuki.rendering import Renderer

        return Renderer(self.root, self.registry, self.environment)

    @cached_property
    def retention(self) -> Retention:
        """How long the ledger keeps things (MappingError with every problem)."""
        return load_retention(self.root)

    @cached_property
    def archive_terms(self) -> Terms:
        """How documents are archived (MappingError with every problem)."""
        return load_terms(self.root, self.place / "archive")

    @cached_property
    def issuer(self) -> Issuer:
        """Who bills (ConfigError without issuer.yaml, MappingError with problems)."""
        from tasuki.issuer import load_issuer

        return load_issuer(self.root)

    @property
    def known_issuer(self) -> Issuer | None:
        """Who bills; None where the project does not say it."""
        from tasuki.issuer import FILE as ISSUER_FILE

        return self.issuer if (self.root / ISSUER_FILE).is_file() else None

    def rounding_modes(self, mapping: CompiledMapping) -> dict[str, object]:
        """Return how the settings of a mapping's destination say that it rounds."""
        name = mapping.destination.connection
        if self._is_the_hub(name):
            return {}
        settings = self.connection(name).settings
        found = {one: getattr(settings, one, None) for one in _ROUNDING}
        return {name: value for name, value in found.items() if value}

    @cached_property
    def leaks(self) -> LeakSettings:
        """Where leaks are looked for (MappingError with every problem)."""
        from tasuki.insight.leak.setting import load_leaks

        there = self._mapping_folders()
        return load_leaks(there, self.mappings.around.functions)

    @property
    def archive(self) -> Archiving:
        """Return where documents are archived."""
        return Archiving(ContentStore(self.archive_terms.folder), self.archive_terms)

    def read_all(self) -> tuple[MappingSet, dict[str, Connection]]:
        """Read mappings and connections, and see that all other files can be read.

        Raises:
            MappingError: Every problem of every file.
            ConfigError: There is no connections.yaml.
        """
        problems: list[str] = []
        for name in _READ:
            if name == "model" and problems:
                continue  # it stands on mappings and stages, which cannot be read
            try:
                getattr(self, name)
            except MappingError as error:
                problems += [one for one in error.problems if one not in problems]
        if problems:
            raise MappingError(tuple(problems))
        return self.mappings, self.connections

    def connection(self, name: str) -> Connection:
        """Return a connection, or raise ConfigError with the nearest name."""
        if name not in self.connections:
            listed = f"There are: {', '.join(self.connections)}."
            what = f"there is no connection '{name}'"
            remedy = nearest(name, self.connections, listed)
            raise ConfigError("connections.yaml", what, remedy)
        return self.connections[name]

    def accounts(self) -> dict[str, str]:
        """Return the accounts that the connections lead to, where they tell."""
        asked = {
            name: one.connector.account(one.settings)
            for name, one in self.connections.items()
            if one.connector.account
        }
        return {name: account for name, account in asked.items() if account}

    @property
    def ledger_url(self) -> str:
        """Return where the ledger is."""
        given = self.environment.get(LEDGER_VARIABLE)
        return given or f"sqlite:///{self.place / 'ledger.db'}"

    @property
    def keys(self) -> Keys:
        """Return where the keys are that seal stored tokens."""
        return Keys(self.place, self.environment)

    @property
    def lease_seconds(self) -> float:
        """Return how long a run may be silent before another may take over."""
        given = self.environment.get(LEASE_VARIABLE)
        if not given:
            return _LEASE
        try:
            seconds = float(given)
        except ValueError:
            seconds = 0.0
        if not _LEAST_LEASE <= seconds < float("inf"):
            remedy = f"Write seconds, {_LEAST_LEASE:g} at least, for example 120."
            raise ConfigError(LEASE_VARIABLE, f"'{given}' is no time", remedy)
        return seconds

    def open_ledger(self) -> Ledger:
        """Open the ledger, creating or upgrading it when needed."""
        keys = self.keys.read()
        ledger = Ledger.open(self.ledger_url, self.clock, secret_key=keys)
        # A key of this machine's own would not open what another one has sealed.
        if not keys and not ledger.sealed_tokens():
            ledger.use_keys(self.keys.make())
        return ledger

    def open_system(
        self,
        name: str,
        ledger: Ledger,
        calls: Calls,
        policy: RetryPolicy | None = None,
        *,
        money: bool = False,
    ) -> System:
        """Open a connection's system; makes no call. Calls of money flows go first.

        `hub` is the hub itself, in the ledger, unless connections.yaml has another.
        """
        if self._is_the_hub(name):
            from tasuki.hub import HubSystem

            return HubSystem(ledger.billing(), self.clock)
        connection = self.connection(name)
        settings = connection.settings
        policy = policy or self._usual_policy
        ledger.remember_connection(
            name, connection.connector.name, self.accounts().get(name, "")
        )
        wire = Wire(
            connection=name,
            clock=self.clock,
            budget=ledger.budget(name, self._limits(name), policy.total, money=money),
            tokens=ledger.tokens(name),
            calls=calls,
            policy=policy,
            timeouts=Timeouts(settings.timeouts.connect, settings.timeouts.read),
        )
        return connection.connector.open(settings, wire)

    def open_sync(self, mapping: CompiledMapping, ledger: Ledger) -> Sync:
        """Open both systems of a mapping, and those that it looks up in."""
        calls = Calls()
        source, destination = mapping.source, mapping.destination
        money = mapping.write.value == "once"

        def system(connection: str) -> System:
            return self.open_system(
                connection, ledger, calls, mapping.policy, money=money
            )

        opened = system(source.connection)
        other = opened
        if destination.connection != source.connection:
            other = system(destination.connection)
        asked = {one.stream.connection for one in mapping.lookups.values()}
        asked -= {source.connection, destination.connection}
        others = {name: system(name) for name in sorted(asked)}
        names = (source.connection, destination.connection)
        limits = {name: self._limits(name) for name in names}
        archive = self.archive if mapping.model.archives else None
        from tasuki.engine.rivals import rivals_of

        rivals = rivals_of(mapping, self.mappings)
        return Sync(
            mapping, opened, other, ledger, self.clock, calls, others,
            limits=limits, archive=archive, rivals=rivals,
        )  # fmt: skip

    def print_missing(self, mapping: CompiledMapping, ledger: Ledger) -> Printed:
        """Archive the PDFs that a sync's documents lack."""
        from tasuki.engine.prints import Terms, print_missing

        terms = Terms(self.known_issuer, self.rounding_modes(mapping), self.today())
        return print_missing(
            ledger,
            mapping,
            self.archive,
            terms,
            lambda: closing(self.open_sync(mapping, ledger)),
        )

    def handoffs(self, ledger: Ledger, since: datetime | None = None) -> Board:
        """Bring the ledger's handoffs up to date and return how they stand; no calls.

        Args:
            ledger: Opened.
            since: Leave out what was closed before this.
        """
        from tasuki.insight.handoff_look import look_at_handoffs

        sources = {
            one.id: one.source
            for one in self.mappings
            if one.source.connection in self.connections
        }
        now, teams = self.clock.now(), self.stages.teams
        return look_at_handoffs(
            ledger, self.model, sources, now, since=since, teams=teams
        )

    def collector(self, ledger: Ledger, calls: Calls) -> Collector:
        """Return what reads the stages of customers' journeys into the ledger."""
        from tasuki.insight.journey_collect import Collector

        return Collector(
            ledger,
            self.stages,
            self.clock,
            lambda name: self.open_system(name, ledger, calls),
            lease_seconds=self.lease_seconds,
        )

    def _limits(self, name: str) -> tuple[Limit, ...]:
        if self._is_the_hub(name):
            return ()
        connection = self.connection(name)
        return connection.connector.limits(connection.settings)

    def _is_the_hub(self, name: str) -> bool:
        return name == HUB and HUB not in self.connections
