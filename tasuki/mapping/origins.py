"""Where each thing stands that a mapping takes from outside its own file."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tasuki.formula import Formula
from tasuki.mapping.check import Loaded
from tasuki.mapping.tables import Surroundings

_NAMED = re.compile(r"""\b(setting|list)\(\s*(["'])(.*?)\2""")


class Origin(NamedTuple):
    """One thing outside a mapping that it stands on.

    Attributes:
        kind: setting, list, lookup, values, fields, policy or function.
        name: As the mapping writes it.
        where: `file:line`, or a file; "built in" for what stands in none.
        value: A setting's value; None for other kinds.
    """

    kind: str
    name: str
    where: str
    value: object = None


def origins(loaded: Loaded, around: Surroundings) -> tuple[Origin, ...]:
    """Return what a mapping takes from outside its file, sorted by kind and name."""
    found = dict.fromkeys(_named(loaded, around.places))
    made = [
        Origin(
            kind,
            name,
            around.places.get(f"{kind} {name}", "built in"),
            around.settings.get(name) if kind == "setting" else None,
        )
        for kind, name in found
    ]
    made += [Origin("values", name, file) for name, file in loaded.tables.items()]
    for file in loaded.document.files:
        stem = file.rpartition("/")[2].removesuffix(".yaml")
        made.append(Origin("fields", stem, file))
    return tuple(sorted(made, key=lambda each: each[:2]))


def named_in(formula: Formula) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the settings and lists that a formula reads."""
    for kind, _, name in _NAMED.findall(formula.text):
        yield kind, name


def _named(loaded: Loaded, places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "policy", loaded.model.retry
    if loaded.rules is None:
        return
    for name in loaded.rules.lookups:
        yield "lookup", name
    for formula in loaded.rules.formulas:
        yield from named_in(formula)
        for name in formula.functions:
            if f"function {name}" in places:
                yield "function", name
