"""Reads settings.yaml, and beside it the values of one environment.

`settings.production.yaml` holds what is different where TASUKI_ENV is `production`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tasuki.mapping.files import SETTINGS, keys_of, optional_document
from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.mapping.yaml_text import Document

VARIABLE = "TASUKI_ENV"
_SECRETS = ("secret", "token", "password", "api_key", "apikey", "private_key")
_SCALARS = (str, int, Decimal, type(None))


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a project in one environment.

    Attributes:
        values: By name.
        places: `file:line` of each.
        environment: Which one; "" for none.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""


def read_settings(
    folders: Sequence[Path], environment: str, problems: Problems
) -> Settings:
    """Read the settings of these folders; those of an earlier folder are stronger."""
    values: dict[str, object] = {}
    places: dict[str, str] = {}
    for folder in reversed(folders):
        document = optional_document(folder, SETTINGS, problems)
        if document is not None:
            _take(document, values, places, problems)
    if environment:
        _of_environment(folders, environment, values, places, problems)
    return Settings(values, places, environment)


def _of_environment(
    folders: Sequence[Path],
    environment: str,
    values: dict[str, object],
    places: dict[str, str],
    problems: Problems,
) -> None:
    name = f"settings.{environment}.yaml"
    documents = [optional_document(folder, name, problems) for folder in folders]
    if not any((folder / name).is_file() for folder in folders):
        others = sorted(
            {p.name[9:-5] for f in folders for p in f.glob("settings.?*.yaml")}
        )
        if others:  # a project that has such files means one of them
            what = f"{VARIABLE} is '{environment}', and there is no {name}"
            remedy = nearest(environment, others, f"There is: {', '.join(others)}.")
            problems.add(Problem(f"{folders[0].name}/{SETTINGS}", 1, 1, what, remedy))
    known = frozenset(values)
    for document in reversed(documents):
        if document is None:
            continue
        for unknown in keys_of(document, problems).keys() - known:
            what = f"{SETTINGS} has no '{unknown}'"
            listed = "A setting of one environment has a value in settings.yaml too."
            remedy = nearest(unknown, known, listed)
            problems.add(document.key_problem((unknown,), what, remedy))
        _take(document, values, places, problems)


def _take(
    document: Document,
    values: dict[str, object],
    places: dict[str, str],
    problems: Problems,
) -> None:
    for name, value in keys_of(document, problems).items():
        if any(word in name.casefold() for word in _SECRETS):
            what = f"'{name}' looks like a secret, and this file is shared"
            remedy = "Secrets belong into the environment or connections.yaml's store."
            problems.add(document.key_problem((name,), what, remedy))
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, _SCALARS) for item in items):
            what = "a setting is text, a number, true or false, or a list of these"
            remedy = "Give each value a setting of its own."
            problems.add(document.problem((name,), what, remedy))
            continue
        values[name] = value
        place = document.key_problem((name,), "")
        places[name] = f"{place.file}:{place.line}"
