"""A project's folder, and the one place where everything is put together.

A project has the top level of this repository: `connections.yaml`, `mappings/`,
`connectors/`, `flows/`. What it lacks is taken from what is shipped.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import cached_property
from pathlib import Path
from secrets import token_bytes

from tasuki.clock import TOKYO, SystemClock
from tasuki.connections import Connection, load_connections
from tasuki.connector import Wire
from tasuki.engine.sync import Sync
from tasuki.environment import with_env_file
from tasuki.ledger import Ledger
from tasuki.mapping import CompiledMapping
from tasuki.mapping.load import MappingSet, load_mappings
from tasuki.mapping.problem import nearest
from tasuki.mapping.settings_file import VARIABLE as SETTINGS_VARIABLE
from tasuki.model.errors import ConfigError, MappingError
from tasuki.model.policy import RetryPolicy, Timeouts
from tasuki.ports import Clock, System
from tasuki.registry import Registry, shipped_root
from tasuki.transport.calls import Calls

LEDGER_VARIABLE = "TASUKI_LEDGER_URL"
KEY_VARIABLE = "TASUKI_SECRET_KEY"
PROJECT_VARIABLE = "TASUKI_PROJECT"
_PLACE = ".tasuki"


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
        own, shipped = self.root / "mappings", shipped_root() / "mappings"
        folders = list(dict.fromkeys(f.resolve() for f in (own, shipped)))
        return load_mappings(
            [f for f in folders if f.is_dir()],
            today=self.today,
            environment=self.environment.get(SETTINGS_VARIABLE, ""),
        )

    def read_all(self) -> tuple[MappingSet, dict[str, Connection]]:
        """Read mappings and connections.

        Raises:
            MappingError: Every problem of every file.
            ConfigError: There is no connections.yaml.
        """
        problems: list[str] = []
        for read in (lambda: self.mappings, lambda: self.connections):
            try:
                read()
            except MappingError as error:
                problems += error.problems
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

    @property
    def ledger_url(self) -> str:
        """Return where the ledger is."""
        given = self.environment.get(LEDGER_VARIABLE)
        return given or f"sqlite:///{self.place / 'ledger.db'}"

    def open_ledger(self) -> Ledger:
        """Open the ledger, creating or upgrading it when needed."""
        return Ledger.open(self.ledger_url, self.clock, secret_key=self._secret_key())

    def _secret_key(self) -> bytes:
        """Return the key that seals tokens: the environment's, else a file's."""
        given = self.environment.get(KEY_VARIABLE)
        if given:
            return given.encode()
        path = self.place / "secret.key"
        if not path.is_file():
            self.place.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                # O_EXCL: of two processes that start at once, one writes the key.
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as file:
                    file.write(token_bytes(32).hex().encode())
                    file.flush()
                    os.fsync(file.fileno())
        return path.read_bytes()

    def open_system(
        self, name: str, ledger: Ledger, calls: Calls, policy: RetryPolicy | None = None
    ) -> System:
        """Open a connection's system; makes no call."""
        connection = self.connection(name)
        settings = connection.settings
        policy = policy or RetryPolicy()
        wire = Wire(
            connection=name,
            clock=self.clock,
            budget=ledger.budget(
                name, connection.connector.limits(settings), policy.total
            ),
            tokens=ledger.tokens(name),
            calls=calls,
            policy=policy,
            timeouts=Timeouts(settings.timeouts.connect, settings.timeouts.read),
        )
        return connection.connector.open(settings, wire)

    def open_sync(self, mapping: CompiledMapping, ledger: Ledger) -> Sync:
        """Open both systems of a mapping."""
        calls = Calls()
        source, destination = mapping.source, mapping.destination
        opened = self.open_system(source.connection, ledger, calls, mapping.policy)
        other = opened
        if destination.connection != source.connection:
            other = self.open_system(
                destination.connection, ledger, calls, mapping.policy
            )
        return Sync(mapping, opened, other, ledger, self.clock, calls)
