"""What stands in a project's mappings folder, and no mapping names."""

from collections.abc import Iterator
from pathlib import Path

from tasuki.mapping.files import (
    POLICIES,
    SETTINGS,
    folder_files,
    keys_of,
    optional_document,
)
from tasuki.mapping.load import MappingSet
from tasuki.mapping.origins import named_in, origins
from tasuki.mapping.problem import Problem, Problems

_FOLDERS = (
    ("fields", "fields", (".yaml",)),
    ("list", "lists", (".txt", ".csv")),
    ("lookup", "lookups", (".csv", ".yaml")),
    ("values", "values", (".yaml", ".csv")),
)
_FILES = (("setting", SETTINGS), ("policy", POLICIES))
_REMEDY = "Take it out, or see whether a mapping means it by another name."


def unused(folder: Path, mappings: MappingSet, shipped: Path) -> tuple[Problem, ...]:
    """Return what no mapping names: tables, lists, field sets, settings, policies.

    Args:
        folder: The project's own `mappings` folder.
        mappings: All that is loaded, shipped mappings among it.
        shipped: The shipped folder; copies of what stands there may go unused.
    """
    named = _named(mappings) | _standing(shipped)
    found = []
    for kind, under, endings in _FOLDERS:
        for file, path in folder_files([folder], under, endings).items():
            if (kind, path.stem) not in named:
                found.append(Problem(file, 1, 1, "no mapping names it", _REMEDY))
    for kind, file in _FILES:
        problems = Problems()  # read before, without any
        document = optional_document(folder, file, problems)
        keys = keys_of(document, problems) if document is not None else ()
        for name in keys:
            if document is not None and (kind, name) not in named:
                what = f"no mapping names the {kind} '{name}'"
                found.append(document.key_problem((name,), what, _REMEDY))
    return tuple(found)


def _standing(folder: Path) -> frozenset[tuple[str, str]]:
    found = {
        (kind, path.stem)
        for kind, under, endings in _FOLDERS
        for path in folder_files([folder], under, endings).values()
    }
    for kind, file in _FILES:
        problems = Problems()
        document = optional_document(folder, file, problems)
        keys = keys_of(document, problems) if document is not None else ()
        found |= {(kind, name) for name in keys}
    return frozenset(found)


def _named(mappings: MappingSet) -> frozenset[tuple[str, str]]:
    return frozenset(_each_named(mappings))


def _each_named(mappings: MappingSet) -> Iterator[tuple[str, str]]:
    yield "policy", "standard"
    for mapping in mappings:
        for origin in origins(mappings.loaded(mapping.id), mappings.around):
            yield origin.kind, origin.name
    for lookup in mappings.around.record_lookups.values():
        if lookup.where is not None:
            yield from named_in(lookup.where)
