"""What a sweep stands on: the ledger, the project's mappings, and opened systems."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tasuki.insight.leak.setting import LeakSettings
from tasuki.ledger import Ledger
from tasuki.ledger.handoffs import Handoff
from tasuki.mapping.load import MappingSet
from tasuki.model.record import StreamRef
from tasuki.ports import Clock, System
from tasuki.transport.calls import Calls


@dataclass(slots=True)
class Ground:
    """One project, opened for a sweep.

    Attributes:
        ledger: What was done.
        clock: Time.
        settings: What leaks.yaml says.
        mappings: The project's mappings.
        connected: The connections that there are.
        opened: Opens a connection's system; makes no call.
        calls: Counts the calls of the systems that it opened.
        handoffs: Brings the handoffs of model.yaml up to date and returns them all.
    """

    ledger: Ledger
    clock: Clock
    settings: LeakSettings
    mappings: MappingSet
    connected: frozenset[str]
    opened: Callable[[str], System]
    calls: Calls
    handoffs: Callable[[], Sequence[Handoff]] = tuple
    _systems: dict[str, System] = field(default_factory=dict)

    def system(self, connection: str) -> System:
        """Return a connection's system, opened once."""
        if connection not in self._systems:
            self._systems[connection] = self.opened(connection)
        return self._systems[connection]

    def link(self, ref: str) -> str:
        """Return the page of `connection/stream/id` in its system's screens, or ""."""
        connection, _, rest = ref.partition("/")
        stream, _, record_id = rest.partition("/")
        if connection not in self.connected or not record_id:
            return ""
        return self.system(connection).record_url(stream, record_id) or ""

    def is_connected(self, stream: StreamRef) -> bool:
        """Say whether a stream's connection is there."""
        return stream.connection in self.connected

    def close(self) -> None:
        """Give the systems' sockets back."""
        for system in self._systems.values():
            system.close()
