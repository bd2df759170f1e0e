"""What a mapping must keep beyond its form: within its file, and beside the others."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute

from tasuki.mapping.check_fixtures import check_fixtures
from tasuki.mapping.field_model import FieldModel
from tasuki.mapping.inline_test_model import TestModel
from tasuki.mapping.match_model import MatchModel
from tasuki.mapping.model import MappingModel, WriteMode
from tasuki.mapping.names import ENTRY, RECEIPT, RESULT, SOURCE, find_names
from tasuki.mapping.problem import Problem, Problems, nearest
from tasuki.mapping.record_lookup import RECEIPT_OF
from tasuki.mapping.rules import Rules, walk
from tasuki.mapping.yaml_text import Document, Path
from tasuki.model.policy import RetryPolicy
from tasuki.model.record import HUB, StreamRef

_LIKE = 0.8
_PARTS = frozenset({"qualify", "match", "key", "write_back", "relates"})


@dataclass(frozen=True, slots=True)
class Loaded:
    """One mapping file on its way.

    Attributes:
        document: The text, and the files that parts of it stand in.
        model: What it says.
        rules: With its formulas read, unless something is wrong.
        tables: The files of its tables of values, by name.
    """

    document: Document
    model: MappingModel
    rules: Rules | None
    tables: Mapping[str, str] = attribute(default_factory=dict)


def check_file(
    loaded: Loaded, policies: Mapping[str, RetryPolicy], problems: Problems
) -> None:
    """Note what is wrong within one file."""
    document, model = loaded.document, loaded.model
    for name in ("source", "destination"):
        _check_stream(document, name, getattr(model, name), problems)
    problems.extend(_writing(document, model))
    problems.extend(_match(document, model))
    problems.extend(_names(document, model))
    if model.retry not in policies:
        listed = f"policies.yaml has: {', '.join(policies)}."
        remedy = nearest(model.retry, policies, listed)
        what = f"unknown retry policy '{model.retry}'"
        problems.add(document.problem(("retry",), what, remedy))
    for index, test in enumerate(model.tests):
        problems.extend(_test(document, model, test, ("tests", index)))
    if loaded.rules is not None:
        problems.extend(_reading(document, loaded.rules))
        problems.extend(check_fixtures(document, loaded.rules))


def _check_stream(document: Document, name: str, text: str, problems: Problems) -> None:
    if text == "?/?":
        return  # it is missing, and that was noted
    try:
        StreamRef.parse(text)
    except ValueError as error:
        remedy = "For example hubspot/contacts."
        problems.add(document.problem((name,), str(error), remedy))


def _writing(document: Document, model: MappingModel) -> Iterator[Problem]:
    at: Path = ("write",) if "write" in model.model_fields_set else ("destination",)
    if model.write is WriteMode.ONCE and model.key is None:
        remedy = "Name what makes it the same document for ever: key: Id."
        yield document.problem(at, "'write: once' needs a 'key'", remedy)
    if model.document and model.write is not WriteMode.ONCE:
        what = f"a document is written once, not '{model.write}'"
        yield document.problem(at, what, "Write: write: once, and a key.")
    needs_match = model.write in {WriteMode.UPSERT, WriteMode.UPDATE_ONLY}
    if needs_match and "match" not in _said(document):
        what = f"'write: {model.write}' needs 'match': how is a counterpart found?"
        remedy = "For example match: [{Email: email}]; or write: create_only."
        yield document.problem(at, what, remedy)
    if model.evidence and model.write is not WriteMode.ONCE:
        what = f"what is archived is written once, not '{model.write}'"
        yield document.problem(("evidence",), what, "Write: write: once, and a key.")
    if isinstance(document.value, dict) and document.value.get("fields") == {}:
        yield document.problem(("fields",), "no field is written")


def _said(document: Document) -> frozenset[str]:
    return (
        frozenset(document.value) if isinstance(document.value, dict) else frozenset()
    )


def _match(document: Document, model: MappingModel) -> Iterator[Problem]:
    home = model.destination.partition("/")[2]
    for index, step in enumerate(model.match):
        if step.object_ and step.object_ != home and step.then != "attach":
            what = f"'{step.object_}' is not what this mapping writes ({home})"
            remedy = "Add then: attach (it is linked, and not written to)."
            yield document.problem(("match", index, "object"), what, remedy)
    seen: dict[MatchModel, int] = {}
    for index, step in enumerate(model.match):
        if step in seen:
            what = f"this step is there already (number {seen[step] + 1})"
            yield document.problem(("match", index), what, "Remove one of them.")
        seen.setdefault(step, index)


def _names(document: Document, model: MappingModel) -> Iterator[Problem]:
    """Refuse names that mean two things."""
    for name in model.include:
        if name in {SOURCE, RESULT, RECEIPT}:
            what = f"'{name}' has a meaning of its own in formulas"
            yield document.key_problem(("include", name), what, "Choose another name.")
    yield from _twins(document, model.fields, ("fields",))
    for name, each in model.fields.items():
        if each.fields:
            yield from _twins(document, each.fields, ("fields", name, "fields"))


def _twins(
    document: Document, fields: Mapping[str, FieldModel], path: Path
) -> Iterator[Problem]:
    """Refuse names that differ in case only: for most systems they are one field."""
    seen: dict[str, str] = {}
    for name in fields:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            what = f"'{name}' and '{other}' are the same field"
            yield document.key_problem((*path, name), what, "Keep one of them.")


def _test(
    document: Document, model: MappingModel, test: TestModel, path: Path
) -> Iterator[Problem]:
    """Refuse expectations that nothing can meet, such as a misspelt field."""
    expect = test.expect
    for ending in ("create", "update"):
        for name in getattr(expect, ending) or {}:
            if name not in model.fields:
                what = f"the mapping writes no field '{name}'"
                where = (*path, "expect", ending, name)
                yield document.key_problem(where, what, nearest(name, model.fields))
    for name in expect.write_back or {}:
        if name not in model.write_back:
            where = (*path, "expect", "write_back", name)
            what = f"the mapping writes back no field '{name}'"
            yield document.key_problem(where, what, nearest(name, model.write_back))
    yield from _test_words(document, model, test, path)
    if expect.skip is not None and expect.skip not in model.qualify:
        what = f"'{expect.skip}' is no reason of 'qualify'"
        where = (*path, "expect", "skip")
        yield document.problem(where, what, nearest(expect.skip, model.qualify))


def _test_words(
    document: Document, model: MappingModel, test: TestModel, path: Path
) -> Iterator[Problem]:
    """Refuse a sync, a field or a reason to hold that nothing of the mapping has."""
    expect = test.expect
    syncs = [sync for _, sync, step in _references(model) if step is not None]
    for where, name in (
        ((*path, "expect", "wait"), expect.wait),
        *(((*path, "links", each), each) for each in test.links),
    ):
        if name is not None and name not in syncs:
            what = f"no field of the mapping links '{name}'"
            at = document.key_problem if "links" in where else document.problem
            yield at(where, what, nearest(name, syncs))
    if expect.hold not in {None, "changed_after_sent"}:
        where = (*path, "expect", "hold")
        what = f"'{expect.hold}' is no reason to hold that a test can show"
        yield document.problem(where, what, "Write hold: changed_after_sent.")
    root = (expect.fault or "").partition(".")[0]
    if root and root not in {*model.fields, *_PARTS} and model.document is None:
        what = f"the mapping has no field '{root}'"
        where = (*path, "expect", "fault")
        yield document.problem(where, what, nearest(root, model.fields))


def _reading(document: Document, rules: Rules) -> Iterator[Problem]:
    """Refuse names in formulas that are unclear or near misses."""
    names = find_names(rules)
    for name, at in names.unclear:
        what = f"'{name}' is a field of the source and an earlier field of this mapping"
        remedy = f"Write source.{name} or result.{name}."
        yield document.problem(("fields", at), what, remedy)
    for name in sorted(names.prefixes & {*names.fields, *rules.model.include}):
        what = f"'{name}' is a field of the source, and '{name}.' a prefix here"
        remedy = f"Read the field by: = source.{name}."
        yield document.problem(("fields",), what, remedy)
    yield from _results(document, rules, names.unknown_results)
    for name, at, above in names.unknown_entries:
        what = f"'{ENTRY}.{name}': no field above in this entry is called '{name}'"
        remedy = nearest(name, above)
        yield document.problem(_place(at), what, remedy)
    for name in names.dotted:
        close = difflib.get_close_matches(name, rules.model.include, n=1, cutoff=_LIKE)
        if close:
            what = f"nothing is included as '{name}'"
            yield document.problem(("include",), what, f"Did you mean '{close[0]}'?")


def _results(
    document: Document, rules: Rules, unknown: tuple[tuple[str, str], ...]
) -> Iterator[Problem]:
    """Refuse `result.x` where no field above is x; say where it is, or the circle."""
    needs = _needs(rules)
    below = list(rules.model.fields)
    for name, at in unknown:
        root = name.partition(".")[0]
        at_top = at.partition(".")[0]
        what = f"'result.{name}': no field above is called '{root}'"
        remedy = nearest(root, [f for f in below if f != at_top])
        if root == at_top:
            what = f"'{at}' needs itself: result.{name}"
            remedy = f"Write source.{name} if the source's field is meant."
        elif circle := _way(root, at_top, needs):
            what = f"these fields need each other: {' → '.join([at_top, *circle])}"
            remedy = "Write source.x where the source's field is meant."
        elif root in below:
            what = f"'result.{name}': '{root}' is written further below"
            remedy = f"Move '{root}' above '{at}'."
        yield document.problem(_place(at), what, remedy)


def _place(step: str) -> Path:
    """Return where the rule of a step stands: `Lines.Cost` is within `fields`."""
    return tuple(part for name in step.split(".") for part in ("fields", name))


def _needs(rules: Rules) -> dict[str, set[str]]:
    """Return the fields of the mapping that each field reads."""
    needs: dict[str, set[str]] = {}
    for rule in rules.fields:
        found = needs.setdefault(rule.name, set())
        for name in (
            n for each in walk([rule]) for f in each.formulas for n in f.names
        ):
            root, _, rest = name.partition(".")
            if root == RESULT:
                found.add(rest.partition(".")[0])
            elif root in needs and root != rule.name:
                found.add(root)  # a plain name of a field above
    return needs


def _way(start: str, goal: str, needs: Mapping[str, set[str]]) -> list[str]:
    """Return how one field comes to need another, if it does."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop()
        if way[-1] == goal:
            return way
        for name in sorted(needs.get(way[-1], set()) - seen):
            seen.add(name)
            ways.append([*way, name])
    return []


def check_together(all_loaded: Mapping[str, Loaded], problems: Problems) -> None:
    """Note what is wrong between files: unknown syncs, cycles, fields written twice."""
    for loaded in all_loaded.values():
        for path, sync, step in _references(loaded.model):
            problems.extend(_reference(loaded, path, sync, step, all_loaded))
    problems.extend(_cycles(all_loaded))
    problems.extend(_written_twice(all_loaded))


def _references(
    model: MappingModel,
) -> Iterator[tuple[Path, str, MatchModel | FieldModel | None]]:
    """Yield every place that names another sync."""
    for index, sync in enumerate(model.after):
        yield ("after", index), sync, None
    for index, step in enumerate(model.match):
        if step.link:
            yield ("match", index, "link"), step.link, step
    yield from _links(model.fields, ("fields",))


def _links(
    fields: Mapping[str, FieldModel], path: Path
) -> Iterator[tuple[Path, str, FieldModel]]:
    for name, each in fields.items():
        if each.link:
            yield (*path, name, "link"), each.link, each
        yield from _links(each.fields or {}, (*path, name, "fields"))


def _reference(
    loaded: Loaded,
    path: Path,
    sync: str,
    step: MatchModel | FieldModel | None,
    all_loaded: Mapping[str, Loaded],
) -> Iterator[Problem]:
    document, model = loaded.document, loaded.model
    other = all_loaded.get(sync)
    if other is None:
        others = [name for name in all_loaded if name != model.id]
        listed = f"There is: {', '.join(others)}." if others else "There is no other."
        remedy = nearest(sync, others, listed)
        yield document.problem(path, f"unknown sync '{sync}'", remedy)
        return
    if sync == model.id:
        yield document.problem(path, f"'{sync}' names itself", "Remove it.")
        return
    ends = (other.model.source, other.model.destination)
    if isinstance(step, FieldModel) and step.take is not None:
        yield from _taken(document, (*path[:-1], "take"), step.take, other.model)
        here = model.source.partition("/")[0]
        kept = ends[0].partition("/")[0] == here
    elif isinstance(step, FieldModel):
        kept = _same_systems(ends, (model.source, model.destination))
    elif isinstance(step, MatchModel):
        kept = ends == (model.destination, model.source)
    else:
        kept = True
    if not kept:
        what = f"'{sync}' goes from {ends[0]} to {ends[1]}: its links do not fit here"
        yield document.problem(
            path, what, "Name the sync that links these two systems."
        )


def _taken(
    document: Document, path: Path, take: str, other: MappingModel
) -> Iterator[Problem]:
    """Refuse to take of a link what its sync never sends."""
    if take.startswith(RECEIPT_OF) and take != RECEIPT_OF:
        return
    if take not in other.fields:
        what = f"'{other.id}' writes no field '{take}'"
        listed = f"Or take what the destination answered: {RECEIPT_OF}x."
        yield document.problem(path, what, nearest(take, other.fields, listed))


def _same_systems(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Compare the systems; the hub's own records carry the ids of any source."""
    source, destination = (text.partition("/")[0] for text in other)
    ends = [text.partition("/")[0] for text in one]
    return ends == [source, destination] or (source == HUB and ends[1] == destination)


def _cycles(all_loaded: Mapping[str, Loaded]) -> Iterator[Problem]:
    """Refuse syncs that wait for each other; each cycle is told once."""
    told: set[frozenset[str]] = set()
    for name in all_loaded:
        cycle = _cycle_from(name, all_loaded)
        if cycle and frozenset(cycle) not in told:
            told.add(frozenset(cycle))
            loaded = all_loaded[cycle[0]]
            following = cycle[1] if len(cycle) > 1 else cycle[0]
            path = next(
                p for p, sync, _ in _references(loaded.model) if sync == following
            )
            what = f"these wait for each other: {' → '.join([*cycle, cycle[0]])}"
            remedy = "Remove one 'after' or 'link' of the circle."
            yield loaded.document.problem(path, what, remedy)


def _cycle_from(start: str, all_loaded: Mapping[str, Loaded]) -> list[str]:
    """Return a way from a sync back to itself, if there is one."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        loaded = all_loaded.get(way[-1])
        for _, sync, _ in _references(loaded.model) if loaded else ():
            if sync == start and len(way) > 1:
                return way
            if sync not in seen and sync != start:
                seen.add(sync)
                ways.append([*way, sync])
    return []


def _written_twice(all_loaded: Mapping[str, Loaded]) -> Iterator[Problem]:
    """Refuse a field that goes back to a source and is also written by another sync."""
    written: dict[tuple[str, str], str] = {}
    for name, loaded in all_loaded.items():
        for field in loaded.model.fields:
            written.setdefault((loaded.model.destination, field.casefold()), name)
    for name, loaded in all_loaded.items():
        for field in loaded.model.write_back:
            place = (loaded.model.source, field.casefold())
            other = written.setdefault(place, name)
            if other != name:
                what = f"'{field}' of {place[0]} is written by '{other}' too"
                where = ("write_back", field)
                yield loaded.document.key_problem(where, what, "Let one sync write it.")
