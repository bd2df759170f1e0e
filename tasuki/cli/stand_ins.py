"""Serving stand-ins: where, filled with what, and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from tasuki.cli.new_project import PORTS
from tasuki.clock import TOKYO
from tasuki.connections import FILE
from tasuki.mapping.problem import Problems, nearest
from tasuki.mapping.yaml_text import read_yaml
from tasuki.model.errors import ConfigError
from tasuki.sandbox.demo_world import demo_world, many_people
from tasuki.sandbox.rehearsal import ALL_SYSTEMS, SYSTEMS, Rehearsal
from tasuki.sandbox.world import World

_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_SAVE_EVERY = 15.0


def chosen_systems(names: Sequence[str], root: Path) -> tuple[str, ...]:
    """Return the systems to stand in for: as named, else those of the project."""
    for name in names:
        if name not in ALL_SYSTEMS:
            what = f"there is no stand-in '{name}'"
            listed = f"There are: {', '.join(ALL_SYSTEMS)}."
            remedy = nearest(name, ALL_SYSTEMS, listed)
            where = "sandbox"
            raise ConfigError(where, what, remedy)
    ports = rehearsal_ports(root)
    own = tuple(name for name in ALL_SYSTEMS if name in ports)
    return tuple(names) or own or SYSTEMS


def rehearsal_ports(root: Path) -> dict[str, int]:
    """Return the ports of loopback that a project's connections speak to, by system.

    Empty for a project that is connected to real systems, or has no connections yet.
    Secrets are not needed for it: only addresses are read.
    """
    path = root / FILE
    if not path.is_file():
        return {}
    document = read_yaml(FILE, path.read_text(encoding="utf-8"), Problems())
    entries = document.value if document else None
    found: dict[str, int] = {}
    for entry in entries.values() if isinstance(entries, dict) else ():
        if not isinstance(entry, dict):
            continue
        system, url = entry.get("connector"), entry.get("base_url")
        if isinstance(system, str) and isinstance(url, str):
            parts = urlsplit(url)
            if parts.hostname in _LOOPBACK and parts.port:
                found[system] = parts.port
    return found


def asked_ports(text: str | None, root: Path) -> Mapping[str, int]:
    """Return the ports to serve at.

    Args:
        text: `hubspot=8911,freee=0`; 0 lets the machine choose. Those left out are the
            project's, else the usual ones.
        root: The project's folder.
    """
    ports = {**PORTS, **rehearsal_ports(root)}
    for part in text.split(",") if text else ():
        name, _, number = part.strip().partition("=")
        if name not in ALL_SYSTEMS or not number.isdigit():
            what = f"'{part.strip()}' is no system and port"
            remedy = f"Write --ports hubspot=8911,freee=0 of {', '.join(ALL_SYSTEMS)}."
            where = "sandbox"
            raise ConfigError(where, what, remedy)
        ports[name] = int(number)
    return ports


def asked_world(text: str, now: datetime) -> World | None:
    """Return the world to begin with: `demo`, `empty`, or `load:N` people."""
    today = now.astimezone(TOKYO).replace(second=0, microsecond=0)
    kind, _, number = text.partition(":")
    match kind:
        case "demo" if not number:
            return demo_world(today=today)
        case "empty" if not number:
            return None
        case "load" if number.isdigit():
            return World(today, list(many_people(int(number), today=today)))
    remedy = "Write demo, empty, or load:10000."
    where = "sandbox"
    raise ConfigError(where, f"there is no world '{text}'", remedy)


@dataclass(slots=True)
class Serving:
    """Stand-ins being served, their state kept in a file where one is named."""

    rehearsal: Rehearsal
    state: Path | None = None
    _saved_at: float = 0.0
    _saved_calls: int = -1

    def begin(self, text: str, now: datetime) -> None:
        """Start to serve: as saved, else with the world that was asked for."""
        try:
            if self.state is not None and self.state.is_file():
                self.rehearsal.start()
                self._load(self.state)
            else:
                self.rehearsal.start(asked_world(text, now))
        except OSError as error:
            self.rehearsal.stop()
            what = f"a stand-in cannot be served ({error.strerror})"
            remedy = "Another one may be running: end it, or choose --ports."
            where = "sandbox"
            raise ConfigError(where, what, remedy) from None

    def _load(self, state: Path) -> None:
        try:
            self.rehearsal.load(state)
        except (ValueError, KeyError, TypeError, AttributeError):
            self.rehearsal.stop()
            what = "this is no state of these stand-ins"
            remedy = "Remove it, or name another file."
            raise ConfigError(str(state), what, remedy) from None

    def keep(self, moment: float) -> None:
        """Save the state now and then, when something was asked since."""
        if self.state is None or moment - self._saved_at < _SAVE_EVERY:
            return
        self._saved_at = moment
        calls = self.rehearsal.calls()
        if calls != self._saved_calls:
            self._saved_calls = calls
            self.rehearsal.save(self.state)

    def end(self) -> None:
        """Save the state and stop serving."""
        if self.state is not None and self.rehearsal.servers:
            self.rehearsal.save(self.state)
        self.rehearsal.stop()

    def urls(self) -> dict[str, str]:
        """Return the address of every stand-in."""
        return {name: server.url for name, server in self.rehearsal.servers.items()}
