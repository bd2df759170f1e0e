"""`connections.yaml`: which accounts a project is connected to.

Secrets stand there by reference only: `${NAME}` from the environment, or
`${file:path}` from a file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from tasuki.connector import ConnectionSettings, Connector
from tasuki.mapping.files import read_document
from tasuki.mapping.problem import Problems, nearest
from tasuki.mapping.references import References
from tasuki.mapping.yaml_text import Document
from tasuki.model.errors import ConfigError
from tasuki.registry import Registry

FILE = "connections.yaml"
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Connection:
    """One entry: its connector and its checked settings."""

    name: str
    connector: Connector
    settings: ConnectionSettings


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry, and the file that it stands in."""

    document: Document
    name: str


def load_connections(
    root: Path, registry: Registry, environment: Mapping[str, str]
) -> dict[str, Connection]:
    """Read a project's connections; every problem in one go.

    Raises:
        ConfigError: there is no such file.
        MappingError: all problems of it.
    """
    path = root / FILE
    if not path.is_file():
        remedy = "`tasuki init` writes one to begin with."
        raise ConfigError(str(path), "there is no such file", remedy)
    problems = Problems()
    document = read_document(FILE, path, problems)
    found: dict[str, Connection] = {}
    if document is not None:
        if not isinstance(document.value, dict) or not document.value:
            problems.add(document.problem((), "the file names connections"))
        else:
            for name, value in document.value.items():
                entry = _Entry(document, name)
                connection = _read(entry, value, registry, environment, root, problems)
                if connection is not None:
                    found[name] = connection
    problems.raise_any()
    return found


def _read(
    entry: _Entry,
    value: object,
    registry: Registry,
    environment: Mapping[str, str],
    root: Path,
    problems: Problems,
) -> Connection | None:
    document, name = entry.document, entry.name
    if not isinstance(value, dict) or not isinstance(value.get("connector"), str):
        remedy = f"For example {name}: {{connector: hubspot, auth: …}}."
        problems.add(
            document.problem((name,), "a connection names its connector", remedy)
        )
        return None
    try:
        connector = registry.get(value["connector"])
    except ConfigError as error:
        problems.add(document.problem((name, "connector"), error.what, error.remedy))
        return None
    references = References(document, environment, root, problems)
    resolved = references.resolve((name,), value)
    try:
        settings = connector.settings.model_validate(resolved)
    except ValidationError as error:
        _note(entry, connector, error, problems)
        return None
    for path in _secrets(settings, (name,)):
        references.refuse_clear(path, f"{name}_{path[-1]}".upper())
    return Connection(name, connector, settings)


def _note(
    entry: _Entry, connector: Connector, error: ValidationError, problems: Problems
) -> None:
    for one in error.errors(include_url=False, include_input=False):
        where = tuple(p for p in one["loc"] if not str(p).startswith("function-"))
        path = (entry.name, *where)
        if one["type"] == "extra_forbidden":
            known = list(dict.fromkeys([*_known_keys(connector.settings), "connector"]))
            remedy = nearest(str(where[-1]), known, f"Known keys: {', '.join(known)}.")
            what = f"unknown key '{where[-1]}'"
            problems.add(entry.document.key_problem(path, what, remedy))
            continue
        if one["type"] == "missing":
            what = f"'{where[-1]}' is missing"
            remedy = f"connectors/{connector.name}/README.md says what it takes."
            problems.add(entry.document.problem(path[:-1], what, remedy))
            continue
        what = one["msg"].removeprefix("Value error, ")
        named = ".".join(str(part) for part in where)
        problems.add(
            entry.document.problem(path, f"{named}: {what[:1].lower()}{what[1:]}")
        )


def _known_keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _secrets(
    model: BaseModel, path: tuple[str | int, ...]
) -> Iterator[tuple[str | int, ...]]:
    for name in type(model).model_fields:
        value: Any = getattr(model, name, _MISSING)
        if isinstance(value, SecretStr):
            if value.get_secret_value():
                yield (*path, name)
        elif isinstance(value, BaseModel):
            yield from _secrets(value, (*path, name))
