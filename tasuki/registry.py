"""Connectors by name: the project's own folder, then the shipped ones, then packages.

Nothing else in the product names a connector's module.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from tasuki.connector import Connector
from tasuki.mapping.problem import nearest
from tasuki.model.errors import ConfigError

_PACKAGE = Path(__file__).parent
GROUP = "tasuki.connectors"


def shipped_root() -> Path:
    """Return the folder that holds our `connectors`, `mappings` and `flows`.

    In an installed wheel that is `tasuki/shipped`, in a checkout its top level.
    """
    inside = _PACKAGE / "shipped"
    return inside if inside.is_dir() else _PACKAGE.parent


class Registry:
    """Finds connectors for one project."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._found: dict[str, Connector] = {}

    def names(self) -> list[str]:
        """Return every connector's name, sorted."""
        names = {path.name for folder in self._folders() for path in _inside(folder)}
        return sorted(names | {point.name for point in entry_points(group=GROUP)})

    def get(self, name: str) -> Connector:
        """Return a connector.

        Raises:
            ConfigError: there is none of that name, or its folder is not one.
        """
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def sandbox(self, name: str) -> type:
        """Return the class of a connector's stand-in.

        Raises:
            ConfigError: the connector has none.
        """
        where = self.get(name).sandbox
        if not where:
            raise ConfigError(f"connectors/{name}", "this connector has no stand-in")
        return self._class(name, where)

    def webhook(self, name: str) -> type:
        """Return the class that receives a connector's deliveries.

        Raises:
            ConfigError: the connector has none.
        """
        where = self.get(name).webhook
        if not where:
            what = "this connector receives no webhooks"
            remedy = "Take `webhook:` out of its connection; schedules read changes."
            raise ConfigError(f"connectors/{name}", what, remedy)
        return self._class(name, where)

    def _class(self, name: str, where: str) -> type:
        module_name, _, class_name = where.partition(":")
        package = self._module(name).__name__
        module = importlib.import_module(f".{module_name}", package)
        found: type = getattr(module, class_name)
        return found

    def _folders(self) -> list[Path]:
        folders = [self._root / "connectors", shipped_root() / "connectors"]
        return list(dict.fromkeys(folder.resolve() for folder in folders))

    def _find(self, name: str) -> Connector:
        module = self._module(name)
        connector = getattr(module, "CONNECTOR", None)
        if not isinstance(connector, Connector):
            where = module.__file__ or name
            raise ConfigError(where, "there is no CONNECTOR of type Connector")
        return connector

    def _module(self, name: str) -> ModuleType:
        for folder in self._folders():
            if (folder / name / "__init__.py").is_file():
                return _load(folder, name)
        for point in entry_points(group=GROUP, name=name):
            loaded = point.load()
            return loaded if isinstance(loaded, ModuleType) else _holder(loaded)
        known = self.names()
        listed = f"There are: {', '.join(known)}."
        raise ConfigError(
            "connections.yaml",
            f"there is no connector '{name}'",
            nearest(name, known, listed),
        )


def _inside(folder: Path) -> Iterator[Path]:
    return (path.parent for path in folder.glob("*/__init__.py"))


def _load(folder: Path, name: str) -> ModuleType:
    """Import a connector's folder, and be sure that it is that folder's."""
    if folder == (_PACKAGE / "shipped" / "connectors").resolve():
        return importlib.import_module(f"tasuki.shipped.connectors.{name}")
    if folder == (_PACKAGE.parent / "connectors").resolve():
        module = _checkout_module(folder, name)
        if module is not None:
            return module
    return _load_by_path(folder, name)


def _checkout_module(folder: Path, name: str) -> ModuleType | None:
    """Import `connectors.NAME` where that is this checkout's and nobody else's."""
    try:
        module = importlib.import_module(f"connectors.{name}")
    except ModuleNotFoundError as error:
        if error.name not in {"connectors", f"connectors.{name}"}:
            raise
        return None
    where = Path(module.__file__ or "").resolve()
    return module if where.is_relative_to(folder) else None


def _load_by_path(folder: Path, name: str) -> ModuleType:
    """Import a folder under a name of our own, so that it hides nothing."""
    full = f"tasuki_project.{name}"
    if "tasuki_project" not in sys.modules:
        sys.modules["tasuki_project"] = ModuleType("tasuki_project")
        sys.modules["tasuki_project"].__path__ = []
    path = folder / name
    spec = importlib.util.spec_from_file_location(
        full, path / "__init__.py", submodule_search_locations=[str(path)]
    )
    if spec is None or spec.loader is None:
        raise ConfigError(str(path), "this folder cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    spec.loader.exec_module(module)
    return module


def _holder(connector: object) -> ModuleType:
    module = ModuleType("tasuki_entry_point")
    module.CONNECTOR = connector  # type: ignore[attr-defined]
    return module
