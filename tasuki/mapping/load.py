"""Reads the mapping files of a project: strictly, and all problems in one go."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from tasuki.formula import Function, builtin_functions
from tasuki.mapping.check import Loaded, check_file, check_together
from tasuki.mapping.compile import CompiledMapping, compile_mapping
from tasuki.mapping.model import MappingModel
from tasuki.mapping.policy_model import PolicyModel
from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.mapping.rules import Reader, Rules
from tasuki.mapping.tables import (
    Lookup,
    Surroundings,
    decode,
    read_list,
    read_lookup,
)
from tasuki.mapping.validate import validate
from tasuki.mapping.yaml_text import Document, read_yaml
from tasuki.model.errors import ConfigError
from tasuki.model.policy import RetryPolicy

POLICIES, SETTINGS = "policies.yaml", "settings.yaml"
NOT_MAPPINGS = frozenset({POLICIES, SETTINGS, "handoffs.yaml", "leaks.yaml"})
_SECRETS = ("secret", "token", "password", "api_key", "apikey", "private_key")


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

    def recompiled(self, name: str, today: Callable[[], date]) -> CompiledMapping:
        """Return a mapping whose `today()` is another."""
        table = builtin_functions(self.around.settings, self.around.lists, today)
        shipped = set(table.names)
        added = [f for f in self.around.functions if f.name not in shipped]
        around = Surroundings(
            functions=table.extended(added),
            policies=self.around.policies,
            lookups=self.around.lookups,
            lists=self.around.lists,
            settings=self.around.settings,
        )
        loaded = self._loaded[name]
        rules = Reader(loaded.document, around, Problems()).read(loaded.model)
        if rules is None:  # the same text was read before without a problem
            raise AssertionError(name)
        return compile_mapping(rules, around)


def load_mappings(
    folders: Sequence[Path],
    *,
    today: Callable[[], date],
    settings: Mapping[str, object] | None = None,
    functions: Sequence[Function] = (),
) -> MappingSet:
    """Read every mapping of these folders.

    A file in an earlier folder hides one of the same name in a later one, so that a
    project's own mappings, lists, lookups and policies come before the shipped ones.

    Args:
        folders: A project's `mappings`, then the shipped one.
        today: What `today()` gives, asked at each call.
        settings: Added to settings.yaml, and stronger.
        functions: A project's own functions.

    Raises:
        MappingError: All problems of all files.
    """
    problems = Problems()
    around = _surroundings(folders, today, settings or {}, functions, problems)
    all_loaded: dict[str, Loaded] = {}
    for file, path in _mapping_files(folders, problems).items():
        loaded = _load(file, path, around, problems)
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
    problems.raise_any()
    compiled = {
        name: compile_mapping(loaded.rules, around)
        for name, loaded in all_loaded.items()
        if loaded.rules is not None
    }
    return MappingSet(MappingProxyType(compiled), around, all_loaded)


def _surroundings(
    folders: Sequence[Path],
    today: Callable[[], date],
    settings: Mapping[str, object],
    functions: Sequence[Function],
    problems: Problems,
) -> Surroundings:
    lists = {
        path.stem: read_list(file, path.read_bytes(), problems)
        for file, path in _files(folders, "lists", (".txt", ".csv")).items()
    }
    lookups: dict[str, Lookup] = {}
    for file, path in _files(folders, "lookups", (".csv",)).items():
        lookup = read_lookup(path.stem, file, path.read_bytes(), problems)
        if lookup is not None:
            lookups[path.stem] = lookup
    policies: dict[str, RetryPolicy] = {"standard": RetryPolicy()}
    said: dict[str, object] = {}
    for folder in reversed(folders):
        policies |= _policies(folder, problems)
        said |= _settings(folder, problems)
    said |= settings
    table = builtin_functions(said, lists, today).extended(functions)
    return Surroundings(table, policies, lookups, lists, said)


def _files(
    folders: Sequence[Path], kind: str, endings: tuple[str, ...]
) -> dict[str, Path]:
    """Return files by the name that problems give them; the first folder wins."""
    found: dict[str, tuple[str, Path]] = {}
    for folder in folders:
        for path in sorted((folder / kind).glob("*")):
            if path.suffix in endings:
                name = f"{folder.name}/{kind}/{path.name}"
                found.setdefault(path.stem, (name, path))
    return dict(found.values())


def _mapping_files(folders: Sequence[Path], problems: Problems) -> dict[str, Path]:
    found: dict[str, tuple[str, Path]] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.y*ml")):
            file = f"{folder.name}/{path.name}"
            if path.suffix != ".yaml":
                problems.add(
                    Problem(file, 1, 1, "this file is not read", "Name it .yaml.")
                )
            elif path.name not in NOT_MAPPINGS:
                found.setdefault(path.stem, (file, path))
    return dict(found.values())


def _read(file: str, path: Path, problems: Problems) -> Document | None:
    text = decode(file, path.read_bytes(), problems)
    return None if text is None else read_yaml(file, text, problems)


def _load(
    file: str, path: Path, around: Surroundings, problems: Problems
) -> Loaded | None:
    document = _read(file, path, problems)
    if document is None:
        return None
    before = len(problems)
    model = validate(document, MappingModel, problems)
    if model is None:
        return None
    if not model.id:
        model = model.model_copy(update={"id": path.stem})
    rules = Reader(document, around, problems).read(model)
    loaded = Loaded(document, model, rules if len(problems) == before else None)
    check_file(Loaded(document, model, rules), around.policies, problems)
    return loaded


def _policies(folder: Path, problems: Problems) -> dict[str, RetryPolicy]:
    document = _optional(folder, POLICIES, problems)
    if document is None:
        return {}
    found = {}
    for name, value in _keys(document, problems).items():
        model = _policy(document, name, value, problems)
        if model is not None:
            found[name] = RetryPolicy(
                attempts=model.attempts,
                first=float(model.first),
                factor=float(model.factor),
                ceiling=float(model.ceiling),
                total=float(model.total),
                throttled_attempts=model.throttled_attempts,
                settle=float(model.settle),
            )
    return found


def _policy(
    document: Document, name: str, value: object, problems: Problems
) -> PolicyModel | None:
    if not isinstance(value, dict):
        what = "a policy holds keys and values"
        problems.add(document.problem((name,), what, "For example attempts: 5."))
        return None
    return validate(document.within(name), PolicyModel, problems)


def _settings(folder: Path, problems: Problems) -> dict[str, object]:
    document = _optional(folder, SETTINGS, problems)
    if document is None:
        return {}
    values = _keys(document, problems)
    for name in values:
        if any(word in name.casefold() for word in _SECRETS):
            what = f"'{name}' looks like a secret, and this file is shared"
            remedy = "Secrets belong into the environment or connections.yaml's store."
            problems.add(document.key_problem((name,), what, remedy))
    return dict(values)


def _optional(folder: Path, name: str, problems: Problems) -> Document | None:
    path = folder / name
    if not path.is_file():
        return None
    return _read(f"{folder.name}/{name}", path, problems)


def _keys(document: Document, problems: Problems) -> dict[str, object]:
    if isinstance(document.value, dict):
        return document.value
    problems.add(document.problem((), "the file holds keys and values"))
    return {}
