"""What a connection would send for a row, made without a call and without secrets.

Tests run where no credentials are: what connections.yaml takes from the environment and
is not there stands as a word of its own, and a project without that file is shown what
the connector sends by default.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tasuki.connections import Connection, load_connections
from tasuki.model.errors import ConfigError
from tasuki.model.record import StreamRef
from tasuki.model.write import Request, Write
from tasuki.registry import Registry

_UNSET = "1"  # what every kind of setting can read: text, numbers, secrets


class _Stand(Mapping[str, str]):
    """An environment in which every variable has a value."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        return self._environment.get(name, _UNSET)

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)


class Renderer:
    """Renders rows as a project's connections would send them."""

    def __init__(
        self, root: Path, registry: Registry, environment: Mapping[str, str]
    ) -> None:
        self._root = root
        self._registry = registry
        self._environment = environment
        self._connections: Mapping[str, Connection] | None = None

    def __call__(self, stream: StreamRef, write: Write) -> Request:
        """Return the request that a row becomes.

        Raises:
            UnrenderedError: the system would refuse the row.
            ConfigError: the connector cannot say, or there is no such connection.
            MappingError: connections.yaml is wrong.
        """
        known = self._known()
        if stream.connection in known:
            one = known[stream.connection]
            connector, settings = one.connector, one.settings
        else:
            connector = self._registry.get(stream.connection)
            settings = connector.settings.model_construct()
        if connector.render is None:
            what = f"the connector '{connector.name}' cannot say what it would send"
            remedy = "Expect `create` or `update` instead of `request`."
            where = str(stream)
            raise ConfigError(where, what, remedy)
        return connector.render(settings, stream.stream, write)

    def _known(self) -> Mapping[str, Connection]:
        if self._connections is None:
            self._connections = {}
            if (self._root / "connections.yaml").is_file():
                environment = _Stand(self._environment)
                self._connections = load_connections(
                    self._root, self._registry, environment
                )
        return self._connections
