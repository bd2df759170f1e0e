"""Two mappings between the same two systems, one for each way, and what they share.

A field comes back when the other way makes it of what this way makes of it: only then
is what the other way has written an echo, and only then can both sides change it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tasuki.mapping.check import Loaded
from tasuki.mapping.field_model import FieldModel
from tasuki.mapping.model import MappingModel, OnChange, WriteMode
from tasuki.mapping.names import RESULT, SOURCE
from tasuki.mapping.problem import Problem, nearest
from tasuki.mapping.rules import Rules, walk

_NEVER_UPDATES = frozenset({WriteMode.ONCE, WriteMode.CREATE_ONLY})
_YIELDING = frozenset({"destination", "destination_if_set"})


@dataclass(frozen=True, slots=True)
class Pair:
    """The way back of a mapping.

    Attributes:
        sync: The id of the mapping that goes the other way.
        echoes: Own destination field to the source fields it is made of, where each of
            them is made of this field by the way back.
    """

    sync: str
    echoes: Mapping[str, tuple[str, ...]]


def pairs(all_loaded: Mapping[str, Loaded]) -> dict[str, Pair]:
    """Return the ways back of those mappings that have one, by id."""
    found: dict[str, Pair] = {}
    for name, loaded in all_loaded.items():
        other = all_loaded.get(loaded.model.two_way or "")
        if other is not None and loaded.rules is not None and other.rules is not None:
            found[name] = Pair(other.model.id, _echoes(loaded.rules, other.rules))
    return found


def _echoes(own: Rules, other: Rules) -> dict[str, tuple[str, ...]]:
    back = reads(other)
    return {
        name: tuple(sorted(made_of))
        for name, made_of in reads(own).items()
        if made_of and all(name in back.get(one, ()) for one in made_of)
    }


def reads(rules: Rules) -> dict[str, frozenset[str]]:
    """Return the source fields that each field is made of."""
    found: dict[str, frozenset[str]] = {}
    for rule in rules.fields:
        made_of: set[str] = set()
        copied = rule.model.from_ is not None
        for formula in (f for each in walk([rule]) for f in each.formulas):
            for name in formula.names:
                root, _, rest = name.partition(".")
                inner = rest.partition(".")[0]
                if root == SOURCE and inner:
                    made_of.add(inner)
                elif root == RESULT and inner:
                    made_of |= found.get(inner, frozenset())
                elif root in found and not copied:
                    made_of |= found[root]
                else:
                    made_of.add(root)
        found[rule.name] = frozenset(made_of)
    return found


def pair_problems(all_loaded: Mapping[str, Loaded]) -> Iterator[Problem]:
    """Refuse a way back that is none."""
    for name, loaded in all_loaded.items():
        two_way = loaded.model.two_way
        if two_way is None:
            continue
        words = _unfit(loaded.model, two_way, all_loaded)
        if words is not None:
            yield loaded.document.problem(("two_way",), *words)
        if loaded.model.write in _NEVER_UPDATES:
            what = f"'two_way' does not go with 'write: {loaded.model.write}'"
            remedy = f"'{name}' never updates: nothing that comes back would arrive."
            yield loaded.document.problem(("two_way",), what, remedy)
        elif loaded.model.changed is OnChange.HOLD:
            what = "'on_change: hold' would hold what comes back as well"
            remedy = "Write on_conflict: hold at the fields that are meant."
            yield loaded.document.problem(("on_change",), what, remedy)


def _unfit(
    model: MappingModel, two_way: str, all_loaded: Mapping[str, Loaded]
) -> tuple[str, str] | None:
    other = all_loaded.get(two_way)
    if two_way == model.id:
        return f"'{two_way}' names itself", "Name the mapping that goes back."
    if other is None:
        others = [name for name in all_loaded if name != model.id]
        listed = f"There is: {', '.join(others)}." if others else "There is no other."
        return f"unknown sync '{two_way}'", nearest(two_way, others, listed)
    ends = (other.model.source, other.model.destination)
    if ends != (model.destination, model.source):
        what = f"'{two_way}' goes from {ends[0]} to {ends[1]}: that is not the way back"
        return what, f"Name the one from {model.destination} to {model.source}."
    if other.model.two_way != model.id:
        what = f"'{two_way}' does not name '{model.id}' as its way back"
        return what, f"Write two_way: {model.id} there."
    return None


def pair_notices(all_loaded: Mapping[str, Loaded]) -> tuple[Problem, ...]:
    """Return the fields that both ways write and no rule, or two, decide about."""
    found: list[Problem] = []
    told: set[str] = set()
    for name, pair in pairs(all_loaded).items():
        told.add(name)
        if pair.sync in told:
            continue
        loaded, back = all_loaded[name], all_loaded[pair.sync].model.fields
        for field, made_of in pair.echoes.items():
            for other in made_of:
                words = _undecided(loaded.model.fields[field], back[other])
                if words:
                    what = f"both ways write '{field}' ('{other}' by '{pair.sync}')"
                    where = ("fields", field)
                    told_of = loaded.document.key_problem(
                        where, f"{what}, and {words[0]}", words[1]
                    )
                    found.append(told_of)
    return tuple(found)


def _undecided(here: FieldModel, there: FieldModel) -> tuple[str, str] | None:
    """Return what is unclear about a field that both ways write."""
    if "hold" in {here.on_conflict, there.on_conflict}:
        return None
    if here.owner == there.owner == "source":
        remedy = "Write owner: newest in both, or owner: destination_if_set in one."
        return "no rule says whose value wins where both change", remedy
    if "newest" in {here.owner, there.owner} and here.owner != there.owner:
        what = f"the rules differ: owner: {here.owner} here, {there.owner} there"
        return what, "Write owner: newest in both."
    if here.owner in _YIELDING and there.owner in _YIELDING:
        return "each way leaves it to the other", "Write owner: source in one of them."
    return None


def file_problems(loaded: Loaded) -> Iterator[Problem]:
    """Refuse what a file says about changes and deletions that cannot be meant."""
    document, model = loaded.document, loaded.model
    if model.deletes == "archive" and not model.archive:
        what = "'deletes: archive' needs 'archive': what says that it is out of use?"
        remedy = "For example archive: {Status: Unqualified}."
        yield document.problem(("deletes",), what, remedy)
    if model.archive and model.deletes != "archive":
        what = "'archive' goes with 'deletes: archive'"
        yield document.key_problem(("archive",), what)
    for name, value in model.archive.items():
        if isinstance(value, dict | list | tuple):
            what = "a value of 'archive' is text, a number, true, false or null"
            yield document.problem(("archive", name), what)
    if model.write in _NEVER_UPDATES:
        yield from _never_updating(loaded)
    elif model.unmapped == "clear" and model.changed is OnChange.HOLD:
        what = "'unmapped: clear' does not go with 'on_change: hold'"
        yield document.problem(("unmapped",), what, "A change is held, never sent.")
    for name, each in model.fields.items():
        for inner, rule in (each.fields or {}).items():
            for key, usual in (("owner", "source"), ("on_conflict", "owner")):
                if getattr(rule, key) != usual:
                    what = f"'{key}' is said of the whole list"
                    path = ("fields", name, "fields", inner, key)
                    yield document.key_problem(path, what, f"Say it at '{name}'.")


def _never_updating(loaded: Loaded) -> Iterator[Problem]:
    document, model = loaded.document, loaded.model
    if model.deletes == "archive":
        what = f"'deletes: archive' does not go with 'write: {model.write}'"
        remedy = "What is sent once is never altered: deletes: detach closes the link."
        yield document.problem(("deletes",), what, remedy)
    if model.unmapped == "clear":
        what = f"'unmapped: clear' does not go with 'write: {model.write}'"
        yield document.problem(("unmapped",), what, "It never updates.")
