"""Shared sets of fields: `include: [address]` among the fields of a mapping.

A set is a file of mappings/fields/: the same lines as under `fields:`. They take the
place where `include` stands, so that later fields may read them by `result.`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tasuki.mapping.files import folder_files, keys_of, read_document
from tasuki.mapping.problem import Problems, nearest
from tasuki.mapping.yaml_text import Document
from tasuki.mapping.yaml_text import Path as Place

KEY = "include"
_FORM = "Write include: [set], or include: [{set: name, without: [Field]}]."

FieldSets = Mapping[str, Document]


def read_field_sets(folders: Sequence[Path], problems: Problems) -> FieldSets:
    """Read every set of mappings/fields/, by its file's stem."""
    found: dict[str, Document] = {}
    for file, path in folder_files(folders, "fields", (".yaml",)).items():
        document = read_document(file, path, problems)
        if document is not None:
            keys_of(document, problems)
            found[path.stem] = document
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Fields as they are written: the file, where in it, and the sets around them."""

    home: Document
    there: Place
    within: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()


class Expansion:
    """Puts the fields of sets into one mapping's document."""

    def __init__(self, document: Document, sets: FieldSets, problems: Problems) -> None:
        self._document = document
        self._sets = sets
        self._problems = problems

    def whole(self) -> None:
        """Expand every `include` of the mapping."""
        value = self._document.value
        if isinstance(value, dict) and isinstance(value.get("fields"), dict):
            place = _Place(self._document, ("fields",))
            value["fields"] = self._expanded(value["fields"], ("fields",), place)

    def _expanded(
        self, fields: Mapping[str, object], path: Place, place: _Place
    ) -> dict[str, object]:
        made: dict[str, object] = {}
        self._into(made, fields, path, place)
        return made

    def _into(
        self,
        made: dict[str, object],
        fields: Mapping[str, object],
        path: Place,
        place: _Place,
    ) -> set[str]:
        """Put fields into `made`, in order; returns the names that were left out.

        Args:
            made: What stands at `path` in the mapping, once expanded.
            fields: The lines as written.
            path: Where they belong in the mapping.
            place: Where they are written.
        """
        left_out = set()
        for name, rule in fields.items():
            there = (*place.there, name)
            if name == KEY and isinstance(rule, list):
                for index, entry in enumerate(rule):
                    at = replace(place, there=(*there, index))
                    left_out |= self._set(made, entry, path, at)
            elif name in place.without:
                left_out.add(name)
            else:
                self._put(made, name, rule, path, replace(place, there=there))
        return left_out

    def _put(
        self,
        made: dict[str, object],
        name: str,
        rule: object,
        path: Place,
        place: _Place,
    ) -> None:
        where = (*path, name)
        if name in made:
            first = self._document.key_problem(where, "")
            what = f"'{name}' is written twice (first in {first.file}:{first.line})"
            remedy = f"Keep one; {{set: …, without: [{name}]}} takes a set without it."
            self._problems.add(place.home.own_key(place.there, what, remedy))
            return
        if place.home is not self._document:
            self._document.graft(where, place.home, place.there)
        if isinstance(rule, dict) and isinstance(rule.get("fields"), dict):
            inner = _Place(place.home, (*place.there, "fields"), place.within)
            below = self._expanded(rule["fields"], (*where, "fields"), inner)
            rule = {**rule, "fields": below}
        made[name] = dict(rule) if isinstance(rule, dict) else rule

    def _set(
        self, made: dict[str, object], entry: object, path: Place, at: _Place
    ) -> set[str]:
        """Put the fields of one set into `made`."""
        name, without = _named(entry)
        document = self._found(name, at)
        if name is None or document is None:
            return set()
        written = document.value if isinstance(document.value, dict) else {}
        inner = _Place(document, (), (*at.within, name), at.without | without)
        left_out = self._into(made, written, path, inner)
        for unknown in sorted(without - left_out):
            what = f"the set '{name}' has no field '{unknown}'"
            remedy = nearest(unknown, written)
            self._problems.add(at.home.problem(at.there, what, remedy))
        return left_out

    def _found(self, name: str | None, at: _Place) -> Document | None:
        """Return the file of a set, or note why there is none."""
        document = self._sets.get(name or "")
        if name is None:
            what, remedy = "a set of fields is included by its name", _FORM
        elif name in at.within:
            circle = " → ".join([*at.within[at.within.index(name) :], name])
            what = f"these sets include each other: {circle}"
            remedy = "Remove one include of the circle."
        elif document is None:
            known = self._sets
            listed = f"There is: {', '.join(known)}." if known else "Add the file."
            what = f"there is no mappings/fields/{name}.yaml"
            remedy = nearest(name, known, listed)
        else:
            return document
        self._problems.add(at.home.problem(at.there, what, remedy))
        return None


def _named(entry: object) -> tuple[str | None, frozenset[str]]:
    """Return the name of a set, and the fields that are not taken of it."""
    if isinstance(entry, str) and entry:
        return entry, frozenset()
    if isinstance(entry, dict) and entry.keys() <= {"set", "without"}:
        name, without = entry.get("set"), entry.get("without", [])
        is_names = isinstance(without, list) and all(
            isinstance(each, str) for each in without
        )
        if isinstance(name, str) and name and is_names:
            return name, frozenset(without)
    return None, frozenset()
