"""Compare a mapping with what the systems say of themselves, before a record fails.

`faults` would fail records or qualify none; `notices` may be meant, and are worth a
look: `tasuki check --live` ends well with them unless asked to be strict.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from tasuki.formula.reach import can_hold, compared, literals
from tasuki.mapping.compile import CompiledMapping
from tasuki.mapping.field_model import FieldModel
from tasuki.mapping.live_lookups import lookup_faults
from tasuki.mapping.model import WriteMode
from tasuki.mapping.problem import Problem, nearest
from tasuki.mapping.rules import Rules
from tasuki.mapping.shadow import shadowed
from tasuki.mapping.yaml_text import Document, Path
from tasuki.model.record import FieldFacts, Schema, StreamRef

Describe = Callable[[StreamRef], Schema]
"""A stream's fields, as its system describes them."""

_NEW = frozenset({WriteMode.UPSERT, WriteMode.ONCE, WriteMode.CREATE_ONLY})
_SHOWN = 5
# What a plain copy can carry over without a formula, by the destination's type.
_FITS: Mapping[str, frozenset[str]] = {
    "number": frozenset({"number"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"datetime", "date"}),
}
_MAKERS = {
    "number": "number(…)",
    "boolean": 'x == "…"',
    "date": "date(…)",
    "datetime": "datetime(…)",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it: each at its place in the file."""

    faults: tuple[Problem, ...]
    notices: tuple[Problem, ...]


@dataclass(slots=True)
class _Look:
    """One mapping beside its two systems."""

    document: Document
    mapping: CompiledMapping
    rules: Rules
    describe: Describe
    faults: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)

    @property
    def here(self) -> Mapping[str, FieldFacts]:
        return self.fields_of(self.mapping.source)

    @property
    def there(self) -> Mapping[str, FieldFacts]:
        return self.fields_of(self.mapping.destination)

    def fields_of(self, ref: StreamRef) -> Mapping[str, FieldFacts]:
        return self.describe(ref).fields


def compare(
    document: Document, mapping: CompiledMapping, rules: Rules, describe: Describe
) -> Compared:
    """Compare one mapping with the schemas of the systems it reads and writes.

    Args:
        document: The mapping's file, for positions.
        mapping: The mapping.
        rules: The same, its formulas still apart.
        describe: A stream's fields, asked as often as needed (cache it).
    """
    look = _Look(document, mapping, rules, describe)
    _source_fields(look)
    _destination_fields(look)
    _required(look)
    _matches(look)
    _write_back(look)
    _conditions(look)
    look.faults.extend(lookup_faults(mapping, describe))
    return Compared(tuple(look.faults), tuple(look.notices))


def _listing(ref: StreamRef) -> str:
    return f"`tasuki fields {ref.connection} {ref.stream}` lists them all."


def _source_fields(look: _Look) -> None:
    query = look.mapping.query()
    _known(look, look.mapping.source, query.fields)
    for name, (relation, fields) in query.include.items():
        related = _related(look, relation)
        if related is not None:
            _known(look, related, fields, ("include", name))


def _known(
    look: _Look, ref: StreamRef, names: tuple[str, ...], at: Path = ("source",)
) -> None:
    known = look.fields_of(ref)
    for name in names:
        root = name.partition(".")[0]
        if known and root not in known:
            what = f"unknown field '{root}' on {ref}"
            remedy = nearest(root, known, _listing(ref))
            look.faults.append(look.document.problem(at, what, remedy))
        elif known and not known[root].readable:
            what = f"{ref} shows nobody '{root}'"
            look.faults.append(look.document.problem(at, what))


def _related(look: _Look, relation: str) -> StreamRef | None:
    """Return the stream that an include reads, where its field says so."""
    facts = look.here.get(relation)
    if facts is None or not facts.references:
        return None  # a list of children: only the system knows what it holds
    return StreamRef(look.mapping.source.connection, facts.references)


def _destination_fields(look: _Look) -> None:
    ref = look.mapping.destination
    for name, model in look.mapping.model.fields.items():
        at: Path = ("fields", name)
        facts = look.there.get(name)
        if facts is None:
            what = f"unknown field '{name}' on {ref}"
            remedy = nearest(name, look.there, _listing(ref))
            look.faults.append(look.document.key_problem(at, what, remedy))
        elif not facts.writable:
            what = f"{ref} lets nobody write '{name}'"
            look.faults.append(look.document.key_problem(at, what))
        else:
            _type(look, at, model, facts)
            _length(look, at, model, facts)
            _picklist(look, at, model, facts)


def _type(look: _Look, at: Path, model: FieldModel, facts: FieldFacts) -> None:
    """Judge plain copies only: what a formula gives, its own functions make sure of."""
    read = look.here.get(model.from_ or "")
    fitting = _FITS.get(facts.type)
    if read is None or fitting is None or model.as_ or model.values is not None:
        return
    if read.type not in fitting and read.type not in {"list", "other"}:
        what = f"'{read.name}' is {read.type}, '{facts.name}' there is {facts.type}"
        remedy = f"Make it one: {facts.name}: = {_MAKERS[facts.type]}."
        look.notices.append(look.document.problem(at, what, remedy))


def _length(look: _Look, at: Path, model: FieldModel, facts: FieldFacts) -> None:
    longest = facts.length
    if not longest or facts.type not in {"text", "picklist"}:
        return
    if model.max is not None and model.max > longest:
        what = f"max: {model.max} is more than {longest}, all that '{facts.name}' takes"
        found = look.document.problem((*at, "max"), what, f"Write max: {longest}.")
        look.faults.append(found)
    for place, value in _constants(look, at, model):
        if isinstance(value, str) and len(value) > longest:
            what = (
                f"this text has {len(value)} characters, '{facts.name}' takes {longest}"
            )
            look.faults.append(place(what, ""))
    read = look.here.get(model.from_ or "")
    copied = model.max is None and not model.as_ and model.values is None
    if copied and read is not None and _is_longer(read, longest):
        what = (
            f"'{read.name}' may be longer than the {longest} that '{facts.name}' takes"
        )
        remedy = f"Add max: {longest} (the text is cut), or let such records fail."
        look.notices.append(look.document.problem(at, what, remedy))


def _is_longer(read: FieldFacts, longest: int) -> bool:
    return read.type == "text" and read.length is not None and read.length > longest


Place = Callable[[str, str], Problem]


def _constants(
    look: _Look, at: Path, model: FieldModel
) -> Iterator[tuple[Place, object]]:
    """Yield the values that stand in the file, each with what makes a problem there."""

    def placed(path: Path) -> Place:
        return lambda what, remedy: look.document.problem(path, what, remedy)

    if "const" in model.model_fields_set:
        yield placed((*at, "const")), model.const
    if model.has_default and not _is_formula(model.default):
        yield placed((*at, "default")), model.default
    for key, value in (model.values or {}).items():
        yield placed((*at, "values", key)), value
    if model.formula is not None and model.values is None and not model.as_:
        yield from _of_formula(look, at, model.formula)


def _of_formula(look: _Look, at: Path, formula: str) -> Iterator[tuple[Place, object]]:
    where = look.document
    path = (*at, "formula") if where.has((*at, "formula")) else at
    for each in literals(formula):

        def place(what: str, remedy: str, position: int = each.position) -> Problem:
            return where.formula_problem(path, formula, position, what, remedy)

        yield place, each.value


def _is_formula(value: object) -> bool:
    return isinstance(value, str) and value.startswith("=")


def _picklist(look: _Look, at: Path, model: FieldModel, facts: FieldFacts) -> None:
    """Compare the values that may be written with those the picklist has."""
    if facts.type != "picklist" or not facts.options:
        return
    known = frozenset(facts.options)
    for place, value in _constants(look, at, model):
        if isinstance(value, str) and value and value not in known:
            look.faults.append(place(*_no_option(value, facts)))
    read = look.here.get(model.from_ or "")
    if read is None or not read.options or model.as_:
        return
    if model.values is None:
        missing = [each for each in read.options if each not in known]
        if missing:
            what = f"'{facts.name}' has no value for {_some(missing)} of '{read.name}'"
            remedy = "Add a `values` table, with a `default`."
            look.notices.append(look.document.problem(at, what, remedy))
        return
    _table(look, at, model, read)


def _table(look: _Look, at: Path, model: FieldModel, read: FieldFacts) -> None:
    """Find the entries of a `values` table that never apply."""
    for key in model.values or {}:
        if key not in read.options:
            what = f"'{read.name}' has no value '{key}': this entry never applies"
            remedy = _like(key, read.options)
            place = look.document.key_problem((*at, "values", key), what, remedy)
            look.notices.append(place)


def _no_option(value: str, facts: FieldFacts) -> tuple[str, str]:
    what = f"'{facts.name}' has no value '{value}'"
    return what, _like(value, facts.options) or f"It has {_some(facts.options)}."


def _like(value: str, options: tuple[str, ...]) -> str:
    close = get_close_matches(value, options, n=1)
    return f"Did you mean '{close[0]}'?" if close else ""


def _some(values: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(f"'{each}'" for each in values[:_SHOWN])
    return f"{shown} and {len(values) - _SHOWN} more" if len(values) > _SHOWN else shown


def _required(look: _Look) -> None:
    """Find what a create must have and this mapping does not surely give."""
    mapping, model = look.mapping, look.mapping.model
    if mapping.write not in _NEW:
        return
    for name, facts in look.there.items():
        if not (facts.required and facts.writable):
            continue
        rule = model.fields.get(name)
        if rule is None or rule.write == "on_update":
            what = f"{mapping.destination} wants '{name}' for every new record"
            place = look.document.key_problem(("fields",), what, f"Add {name}: ….")
            look.faults.append(place)
        elif _may_be_blank(rule):
            what = f"'{name}' must not be blank there, and '{rule.from_}' may be"
            remedy = "Add `default`, or required: true (such a record then waits)."
            look.notices.append(look.document.problem(("fields", name), what, remedy))


def _may_be_blank(rule: FieldModel) -> bool:
    return rule.from_ is not None and not rule.has_default and not rule.required


def _matches(look: _Look) -> None:
    mapping = look.mapping
    found_unique = False
    for index, step in enumerate(mapping.match_steps):
        if step.link:
            continue
        ref = StreamRef(mapping.destination.connection, step.stream)
        known = look.fields_of(ref)
        at: Path = ("match", index, step.field)
        if known and step.field not in known:
            what = f"unknown field '{step.field}' on {ref}"
            remedy = nearest(step.field, known, _listing(ref))
            look.faults.append(look.document.key_problem(at, what, remedy))
        elif ref == mapping.destination and known[step.field].unique:
            found_unique = True
    if look.there and mapping.write is WriteMode.UPSERT and not found_unique:
        what = f"no match field is unique on {mapping.destination}"
        remedy = "Put a unique field first: then the system itself refuses a twin."
        look.notices.append(look.document.key_problem(("match",), what, remedy))


def _write_back(look: _Look) -> None:
    source = look.mapping.source
    for name in look.mapping.model.write_back:
        facts = look.here.get(name)
        at: Path = ("write_back", name)
        if look.here and facts is None:
            what = f"unknown field '{name}' on {source}"
            remedy = nearest(name, look.here, _listing(source))
            look.faults.append(look.document.key_problem(at, what, remedy))
        elif facts is not None and not facts.writable:
            what = f"{source} lets nobody write '{name}'"
            look.faults.append(look.document.key_problem(at, what))


def _conditions(look: _Look) -> None:
    """Judge `qualify` by the values that picklists have."""
    options = {
        name: frozenset(facts.options)
        for name, facts in look.here.items()
        if facts.type == "picklist" and facts.options
    }
    for reason, formula in look.rules.qualify:
        at: Path = ("qualify", reason)
        text = formula.text
        if not can_hold(text, options):
            what = (
                f"no {look.mapping.source} can meet '{reason}': nothing would qualify"
            )
            remedy = _unknown_value(text, options)
            look.faults.append(look.document.problem(at, what, remedy))
            continue
        for each in compared(text):
            if each.field in options and each.value not in options[each.field]:
                what = f"'{each.field}' has no value '{each.value}'"
                remedy = _like(each.value, tuple(sorted(options[each.field])))
                place = look.document.formula_problem(
                    at, text, each.position, what, remedy
                )
                look.notices.append(place)
    _shadowed(look)


def _shadowed(look: _Look) -> None:
    """Find rules that are never the reason, and such that let nothing through."""
    rules = [(reason, formula.text) for reason, formula in look.rules.qualify]
    same = {text: reason for reason, text in reversed(rules)}
    texts = dict(rules)
    for one in shadowed(rules):
        at: Path = ("qualify", one.reason)
        if one.kind == "impossible":
            what = (
                f"'{one.reason}' and '{one.by}' want different values of '{one.field}'"
                ": nothing would qualify"
            )
            remedy = "Put all its values into one rule: in [...]."
            look.faults.append(look.document.problem(at, what, remedy))
            continue
        first = same[texts[one.reason]]
        what = f"'{one.reason}' holds whenever '{one.by}' does: it is never the reason"
        if one.kind == "always":
            what = f"'{one.reason}' always holds: it is never the reason"
        elif first != one.reason:
            what = f"'{one.reason}' asks what '{first}' asked: it is never the reason"
        remedy = "Remove it." if one.kind == "always" else "Remove one."
        look.notices.append(look.document.key_problem(at, what, remedy))


def _unknown_value(text: str, options: Mapping[str, frozenset[str]]) -> str:
    for each in compared(text):
        known = options.get(each.field, frozenset())
        if known and each.value not in known:
            like = _like(each.value, tuple(sorted(known)))
            return f"'{each.field}' has no value '{each.value}'. {like}".strip()
    return ""
