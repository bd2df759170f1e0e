"""Syncs that stay opened between two looks at the inbox, as the project's files say."""

from collections.abc import Collection, Sequence
from pathlib import Path

from tasuki.engine.sync import Sync
from tasuki.ledger import Ledger
from tasuki.mapping import CompiledMapping
from tasuki.project import Project

_KEPT_SECONDS = 600.0
"""Opened systems remember schemas: now and then they are to ask again."""
_FILES = ("mappings", "connectors", "connections.yaml")

_Seen = tuple[tuple[str, int, int], ...]


class OpenedSyncs:
    """A project's syncs, opened when asked for; files that change are read anew.

    A consumer that went on with the mapping of yesterday would undo what runs of today
    have written.
    """

    def __init__(self, project: Project, ledger: Ledger) -> None:
        self.project = project
        self.ledger = ledger
        self._opened: dict[str, Sync] = {}
        self._since = project.clock.monotonic()
        self._files = _state(project.root)

    def refresh(self) -> None:
        """Read the project anew where a file has changed.

        Raises:
            TasukiError: the files say something impossible now.
        """
        state = _state(self.project.root)
        now = self.project.clock.monotonic()
        if state != self._files:
            self.close()
            old = self.project
            self.project = Project(
                old.root, clock=old.clock, environment=old.environment
            )
            self._files = state
        elif now - self._since > _KEPT_SECONDS:
            self.close()
        self.project.read_all()

    def readers(self, connection: str, stream: str) -> list[str]:
        """Return the mappings that a hint of this stream starts, parents first."""
        known = self.project.connections.get(connection)
        webhook = known.settings.webhook if known else None
        chosen = webhook.mappings if webhook else None
        return [
            mapping.id
            for mapping in self._may_start(chosen)
            if mapping.source == (connection, stream)
            if chosen is None or mapping.id in chosen
        ]

    def _may_start(self, chosen: Collection[str] | None) -> Sequence[CompiledMapping]:
        """Return the mappings of connected systems, and those asked for by name."""
        used = self.project.used
        if chosen is None:
            return used
        return [m for m in self.project.mappings.in_order() if m.id in chosen]

    def mapping(self, name: str) -> CompiledMapping:
        """Return a mapping of the project."""
        return self.project.mappings[name]

    def sync(self, name: str) -> Sync:
        """Return a mapping with both of its systems opened, its calls uncounted."""
        sync = self._opened.get(name)
        if sync is None:
            sync = self.project.open_sync(self.mapping(name), self.ledger)
            self._opened[name] = sync
        sync.calls.start_over()
        return sync

    def let_go(self, name: str) -> None:
        """Close a sync; the next use opens it anew."""
        sync = self._opened.pop(name, None)
        if sync is not None:
            sync.source.close()
            sync.destination.close()

    def close(self) -> None:
        """Close every sync."""
        for name in list(self._opened):
            self.let_go(name)
        self._since = self.project.clock.monotonic()


def _state(root: Path) -> _Seen:
    """Return what changes when one of the project's files does."""
    found = []
    for name in _FILES:
        path = root / name
        for one in (path, *(path.rglob("*") if path.is_dir() else ())):
            if one.is_file() and one.suffix != ".pyc":
                facts = one.stat()
                found.append((str(one), facts.st_mtime_ns, facts.st_size))
    return tuple(sorted(found))
