"""Reads the mapping files of a project: strictly, and all problems in one go."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from tasuki.formula import Function, FunctionTable, builtin_functions
from tasuki.mapping.check import Loaded, check_file, check_together
from tasuki.mapping.compile import CompiledMapping, compile_mapping
from tasuki.mapping.field_sets import Expansion, FieldSets, read_field_sets
from tasuki.mapping.files import (
    check_folders,
    folder_files,
    mapping_files,
    read_bytes,
    read_document,
)
from tasuki.mapping.model import MappingModel
from tasuki.mapping.own_functions import read_functions
from tasuki.mapping.pair import file_problems, pair_notices, pair_problems, pairs
from tasuki.mapping.policy_file import read_policies
from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.mapping.record_lookup import RecordLookup, read_record_lookup
from tasuki.mapping.rules import Reader, Rules
from tasuki.mapping.settings_file import Settings, read_settings
from tasuki.mapping.tables import Lookup, Surroundings, read_list, read_lookup
from tasuki.mapping.validate import validate
from tasuki.mapping.value_tables import ValueTable, put_in, read_value_tables
from tasuki.mapping.yaml_text import Document
from tasuki.model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class _Parts:
    """What mappings share: sets of fields, and tables of values."""

    sets: FieldSets
    tables: Mapping[str, ValueTable]


@dataclass(frozen=True, slots=True)
class MappingSet:
    """The compiled mappings of a project, by id.

    Attributes:
        mappings: By id, a project's own before the shipped ones.
        around: Functions, policies, lists, lookups and settings.
    """

    mappings: Mapping[str, CompiledMapping]
    around: Surroundings
    _loaded: Mapping[str, Loaded]

    def __iter__(self) -> Iterator[CompiledMapping]:
        return iter(self.mappings.values())

    def __len__(self) -> int:
        return len(self.mappings)

    def __contains__(self, name: object) -> bool:
        return name in self.mappings

    def __getitem__(self, name: str) -> CompiledMapping:
        """Return a mapping.

        Raises:
            ConfigError: There is none of that name; says the nearest.
        """
        if name not in self.mappings:
            listed = f"There is: {', '.join(self.mappings)}."
            what = f"there is no mapping '{name}'"
            msg = "mappings"
            raise ConfigError(msg, what, nearest(name, self.mappings, listed))
        return self.mappings[name]

    def in_order(self) -> tuple[CompiledMapping, ...]:
        """Return the mappings, each behind those it comes after."""
        placed: dict[str, CompiledMapping] = {}
        waiting = dict(self.mappings)
        while waiting:
            ready = [n for n, m in waiting.items() if placed.keys() >= set(m.after)]
            for name in ready:  # never empty: cycles were refused
                placed[name] = waiting.pop(name)
        return tuple(placed.values())

    def file(self, name: str) -> Document:
        """Return the text of a mapping's file."""
        return self._loaded[name].document

    def rules(self, name: str) -> Rules:
        """Return a mapping with its formulas read and still apart."""
        rules = self._loaded[name].rules
        if rules is None:  # a file with a problem is never in the set
            raise AssertionError(name)
        return rules

    def loaded(self, name: str) -> Loaded:
        """Return a mapping's file, model and rules."""
        return self._loaded[name]

    def notices(self) -> tuple[Problem, ...]:
        """Return what may be meant, and is worth a look."""
        return pair_notices(self._loaded)

    def recompiled(self, name: str, today: Callable[[], date]) -> CompiledMapping:
        """Return a mapping whose `today()` is another."""
        rules, table = self.rules_on(name, today)
        return compile_mapping(rules, replace(self.around, functions=table))

    def rules_on(
        self, name: str, today: Callable[[], date]
    ) -> tuple[Rules, FunctionTable]:
        """Return a mapping's rules, and the functions, with another `today()`."""
        table = builtin_functions(self.around.settings, self.around.lists, today)
        shipped = set(table.names)
        added = [f for f in self.around.functions if f.name not in shipped]
        table = table.extended(added)
        around = replace(self.around, functions=table)
        loaded = self._loaded[name]
        rules = Reader(loaded.document, around, Problems()).read(loaded.model)
        if rules is None:  # the same text was read before without a problem
            raise AssertionError(name)
        return rules, table


def load_mappings(
    folders: Sequence[Path],
    *,
    today: Callable[[], date],
    settings: Mapping[str, object] | None = None,
    functions: Sequence[Function] = (),
    environment: str = "",
) -> MappingSet:
    """Read every mapping of these folders.

    A file in an earlier folder hides one of the same name in a later one, so that a
    project's own mappings, lists, lookups and policies come before the shipped ones.

    Args:
        folders: A project's `mappings`, then the shipped one.
        today: What `today()` gives, asked at each call.
        settings: Added to settings.yaml, and stronger.
        functions: Further functions, beside those of functions.py.
        environment: Whose settings.NAME.yaml counts, beside settings.yaml.

    Raises:
        MappingError: All problems of all files.
    """
    problems = Problems()
    check_folders(folders, problems)
    said = read_settings(folders, environment, problems)
    said = replace(said, values={**said.values, **(settings or {})})
    around = _surroundings(folders, today, said, functions, problems)
    parts = _Parts(
        read_field_sets(folders, problems), read_value_tables(folders, problems)
    )
    all_loaded: dict[str, Loaded] = {}
    for file, path in mapping_files(folders, problems).items():
        loaded = _load(file, path, around, parts, problems)
        if loaded is None:
            continue
        name = loaded.model.id
        if name in all_loaded:
            other = all_loaded[name].document.file
            what = f"the id '{name}' is taken by {other}"
            problems.add(loaded.document.problem(("id",), what, "Choose another."))
            continue
        all_loaded[name] = loaded
    check_together(all_loaded, problems)
    problems.extend(pair_problems(all_loaded))
    problems.raise_any()
    compiled = {
        name: compile_mapping(loaded.rules, around)
        for name, loaded in all_loaded.items()
        if loaded.rules is not None
    }
    for name, pair in pairs(all_loaded).items():
        compiled[name] = replace(compiled[name], pair=pair)
    return MappingSet(MappingProxyType(compiled), around, all_loaded)


def _surroundings(
    folders: Sequence[Path],
    today: Callable[[], date],
    settings: Settings,
    functions: Sequence[Function],
    problems: Problems,
) -> Surroundings:
    lists: dict[str, tuple[str, ...]] = {}
    lookups: dict[str, Lookup] = {}
    places = {f"setting {name}": place for name, place in settings.places.items()}
    for file, path in folder_files(folders, "lists", (".txt", ".csv")).items():
        content = read_bytes(file, path, problems)
        lists[path.stem] = read_list(file, content or b"", problems)
        places[f"list {path.stem}"] = file
    of_lookups = folder_files(folders, "lookups", (".csv", ".yaml"))
    for file, path in of_lookups.items():
        places[f"lookup {path.stem}"] = file
        if path.suffix == ".csv":
            lookup = read_lookup(
                path.stem, file, read_bytes(file, path, problems), problems
            )
            lookups |= {path.stem: lookup} if lookup is not None else {}
    policies, of_policies = read_policies(folders, problems)
    table = builtin_functions(settings.values, lists, today).extended(functions)
    own = read_functions(folders, table, problems)
    whole = table.extended(own.functions)
    places |= {f"policy {name}": place for name, place in of_policies.items()}
    places |= {f"function {name}": place for name, place in own.places.items()}
    return Surroundings(
        functions=whole,
        policies=policies,
        lookups=lookups,
        record_lookups=_record_lookups(of_lookups, whole, problems),
        lists=lists,
        settings=settings.values,
        places=places,
        own_code=own.digest,
    )


def _record_lookups(
    files: Mapping[str, Path], table: FunctionTable, problems: Problems
) -> dict[str, RecordLookup]:
    """Read the lookups whose table is another system's records."""
    found: dict[str, RecordLookup] = {}
    for file, path in files.items():
        if path.with_suffix(".csv").is_file() and path.with_suffix(".yaml").is_file():
            what = f"'{path.stem}' is a CSV and a YAML file: which one is meant?"
            problems.add(Problem(file, 1, 1, what, "Rename one of them."))
        document = None
        if path.suffix == ".yaml":
            document = read_document(file, path, problems)
        if document is not None:
            lookup = read_record_lookup(path.stem, document, table, problems)
            found |= {path.stem: lookup} if lookup is not None else {}
    return found


def _load(
    file: str, path: Path, around: Surroundings, parts: _Parts, problems: Problems
) -> Loaded | None:
    document = read_document(file, path, problems)
    if document is None:
        return None
    before = len(problems)
    Expansion(document, parts.sets, problems).whole()
    tables = _put_tables(document, parts, problems)
    model = validate(document, MappingModel, problems)
    if model is None:
        return None
    if not model.id:
        model = model.model_copy(update={"id": path.stem})
    rules = Reader(document, around, problems).read(model)
    sound = rules if len(problems) == before else None
    check_file(Loaded(document, model, rules), around.policies, problems)
    problems.extend(file_problems(Loaded(document, model, rules)))
    return Loaded(document, model, sound, tables)


def _put_tables(
    document: Document, parts: _Parts, problems: Problems
) -> Mapping[str, str]:
    value = document.value
    fields = value.get("fields") if isinstance(value, dict) else None
    if not isinstance(fields, dict):
        return {}
    return put_in(document, ("fields",), fields, parts.tables, problems)
