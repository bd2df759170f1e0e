"""Propose a mapping file from two systems' own descriptions of their fields.

A start to be read and corrected by a person: it says what it took for the same thing
and why, and leaves out what it is not sure of.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from tasuki.mapping.concepts import concept, plain
from tasuki.model.record import FieldFacts, Schema, StreamRef
from tasuki.model.write import WriteClass

_WORD = re.compile(r"[^\W\d]\w*")

_SURE = 0.82
_CERTAIN = 0.97
_SHOWN = 12
_STAMPS = frozenset(
    {"create date", "createdate", "created date", "lastmodifieddate", "system modstamp"}
)
_UNLIKE = frozenset({"reference", "list", "other"})
# How a value of this kind is best written; {} stands for the source's field.
_FORMULAS: Mapping[str, str] = {
    "email": "= email({})",
    "company": "= company_name({})",
    "prefecture": "= first(prefecture({0}), {0})",
    "postal_code": "= postcode({})",
    "corporate_number": "= corporate_number({})",
    "registration_number": "= registration_number({})",
    "kana": "= kana({})",
}
_PHONES = frozenset({"phone", "mobile", "fax"})
_PERSONAL = frozenset(
    {"email", "last_name", "first_name", "full_name", "kana", "mobile", "street"}
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A field of the destination and the source's field that fills it."""

    there: FieldFacts
    here: FieldFacts
    about: str | None
    sureness: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was matched, and what was not.

    Attributes:
        name: The mapping's id.
        text: The file.
        pairs: What was taken for the same thing.
        missing: Required over there, and nothing here is like it.
    """

    name: str
    text: str
    pairs: tuple[Pair, ...]
    missing: tuple[str, ...]


def propose(
    source: tuple[StreamRef, Schema],
    destination: tuple[StreamRef, Schema],
    create_class: WriteClass,
    name: str = "",
) -> Proposal:
    """Write a mapping of one stream to another.

    Args:
        source: What is read, and its fields.
        destination: What is written, and its fields.
        create_class: How the destination is created in; C and D become `write: once`.
        name: The mapping's id; made of the streams' names where it is not given.
    """
    (here, read), (there, written) = source, destination
    identity = _identity(read)
    id_field = _id_field(here, written)
    taken = {id_field.name} if id_field else set()
    pairs = tuple(_pairs(read, written, taken))
    paired = {pair.there.name for pair in pairs} | taken
    missing = tuple(
        facts.name
        for facts in written.fields.values()
        if facts.required and facts.writable and facts.name not in paired
    )
    own = name or f"{there.stream.lower()}.{here.connection}-{there.connection}"
    is_money = create_class in {WriteClass.MARKER, WriteClass.NONE}
    lines = [
        f"# Proposed from the fields of {here} and {there}: read it, correct it, then",
        f"# `tasuki check --live`, `tasuki plan {own}`.",
        "version: 1",
        f"source: {here}",
        f"destination: {there}",
        *(_once(identity) if is_money else ()),
        "",
        *_qualify(pairs),
        "",
        *(() if is_money else _match(pairs, id_field, identity)),
        "fields:",
        *_id_line(id_field, identity),
        *(line for pair in pairs for line in _field(pair)),
        *(
            f"  # {one}: wanted for every new record, and nothing here is like it"
            for one in missing
        ),
        *_left(read, written, pairs, taken | set(missing)),
        "",
        "tests: []     # `tasuki freeze` makes one of a live record, masked",
    ]
    return Proposal(own, "\n".join(lines) + "\n", pairs, missing)


def _identity(schema: Schema) -> FieldFacts | None:
    """Return the source's own id."""
    by_name = [schema.fields.get(one) for one in ("hs_object_id", "Id", "id")]
    return next((one for one in by_name if one is not None), None)


def _id_field(source: StreamRef, written: Schema) -> FieldFacts | None:
    """Return the destination's unique field that is made for the source's id."""
    able = [f for f in written.fields.values() if f.unique and f.writable]
    named = [f for f in able if source.connection.lower() in f.name.lower()]
    coded = [f for f in able if plain(f.name) in {"code", "external id", "key"}]
    return next(iter([*named, *coded]), None)


def _pairs(read: Schema, written: Schema, taken: set[str]) -> Iterator[Pair]:
    """Yield the best pair for each field, each source field once."""
    found = [
        pair
        for there in written.fields.values()
        if there.writable and there.name not in taken and there.type not in _UNLIKE
        if plain(there.name) not in _STAMPS
        for here in read.fields.values()
        if (pair := _pair(there, here)) is not None
    ]
    used_there: set[str] = set()
    used_here: set[str] = set()
    best: dict[str, Pair] = {}
    for pair in sorted(found, key=lambda one: -one.sureness):
        if pair.there.name in used_there or pair.here.name in used_here:
            continue
        used_there.add(pair.there.name)
        used_here.add(pair.here.name)
        best[pair.there.name] = pair
    yield from (best[name] for name in written.fields if name in best)


def _pair(there: FieldFacts, here: FieldFacts) -> Pair | None:
    if here.type in _UNLIKE or not here.readable or not _carries(here, there):
        return None
    about = concept(there)
    if about is not None and about == concept(here):
        same_name = plain(there.name).replace(" ", "") == plain(here.name).replace(
            " ", ""
        )
        return Pair(there, here, about, 1.0 if same_name else _CERTAIN)
    likeness = max(
        _likeness(plain(there.name), plain(here.name)),
        _likeness(plain(there.label), plain(here.label)),
    )
    # Equal words are as good as one meaning; alike ones never are.
    sureness = _CERTAIN if likeness == 1 else likeness * 0.95
    return Pair(there, here, about, sureness) if likeness >= _SURE else None


def _carries(here: FieldFacts, there: FieldFacts) -> bool:
    """Say whether a value of one can be written to the other at all."""
    if there.type in {"text", "picklist"} or here.type == there.type:
        return True
    return here.type == "text" or {here.type, there.type} <= {"date", "datetime"}


def _likeness(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    return SequenceMatcher(None, one.replace(" ", ""), other.replace(" ", "")).ratio()


def _once(identity: FieldFacts | None) -> Iterator[str]:
    yield "write: once       # one document for each key, for ever"
    yield f"key: {identity.name if identity else 'id'}"


def _qualify(pairs: tuple[Pair, ...]) -> Iterator[str]:
    email = next((p.here for p in pairs if p.about == "email"), None)
    if email is None:
        yield "# qualify:          # reason: what must hold, for example"
        yield '#   not_ready: status == "ready"'
        return
    yield "qualify:            # reason: what must hold; the first to fail is recorded"
    yield f"  no_email: valid_email({_read(email)})"


def _match(
    pairs: tuple[Pair, ...], id_field: FieldFacts | None, identity: FieldFacts | None
) -> Iterator[str]:
    steps = []
    if id_field is not None and identity is not None:
        steps.append(f"  - {id_field.name}: {_read(identity)}")
    steps += [
        f"  - {pair.there.name}: {pair.about}({_read(pair.here)})"
        for pair in pairs
        if pair.about in {"email", "corporate_number"}
    ]
    yield "match:              # in order; two candidates are held for a person"
    if not steps and pairs:
        steps = [f"  - {pairs[0].there.name}: {pairs[0].here.name}    # is it unique?"]
    yield from steps
    yield ""


def _id_line(id_field: FieldFacts | None, identity: FieldFacts | None) -> Iterator[str]:
    if id_field is not None and identity is not None:
        yield f"  {id_field.name}: {identity.name}"


def _field(pair: Pair) -> Iterator[str]:
    there, here = pair.there, pair.here
    names = {plain(there.name), plain(here.name)}
    said_by = (each for each in (there.label, here.label) if plain(each) not in names)
    labels = " / ".join(dict.fromkeys(each for each in said_by if each))
    doubt = "" if pair.sureness >= _CERTAIN else "(by likeness: is it?)"
    said = " ".join(each for each in (labels, doubt) if each)
    comment = f"    # {said}" if said else ""
    if there.type == "picklist" and there.options:
        yield from _table(pair, comment)
        return
    yield f"  {there.name}: {_rule(pair)}{comment}"


def _rule(pair: Pair) -> str:
    there, here, about = pair.there, pair.here, pair.about or ""
    parts = []
    if about in _PHONES:
        parts = [_copy(here), "as: phone_jp", "on_error: blank"]
    elif about in _FORMULAS:
        parts = [_formula(_FORMULAS[about].format(_read(here)))]
    elif there.type == "number" and here.type != "number":
        parts = [_formula(f"= number({_read(here)})"), "on_error: blank"]
    elif there.type == "date" and here.type != "date":
        parts = [_formula(f"= date({_read(here)})"), "on_error: blank"]
    else:
        parts = [_copy(here)]
    if there.required:
        parts.append("required: true")
    longer = here.length is None or here.length > (there.length or 0)
    if there.length and longer and there.type == "text" and about not in _PHONES:
        parts.append(f"max: {there.length}")
    if about in _PERSONAL or about in _PHONES:
        parts.append("pii: true")
    if parts == [f"from: {here.name}"]:
        return here.name
    return "{" + ", ".join(parts) + "}"


def _read(here: FieldFacts) -> str:
    """Write a field's name as formulas read it, be it no word (担当者（営業））."""
    return here.name if _WORD.fullmatch(here.name) else f"field({_text(here.name)})"


def _formula(formula: str) -> str:
    quoted = formula.replace("'", "''")
    return f"formula: '{quoted}'"


def _copy(here: FieldFacts) -> str:
    if _WORD.fullmatch(here.name):
        return f"from: {here.name}"
    return _formula(f"= {_read(here)}")


def _table(pair: Pair, comment: str) -> Iterator[str]:
    """Yield a picklist's rule, with a table where the source has values to list."""
    there, here = pair.there, pair.here
    by_plain = {plain(each): each for each in there.options}
    yield f"  {there.name}:{comment}"
    yield f"    {_copy(here)}"
    if here.options:
        known = {each: by_plain.get(plain(each)) for each in here.options}
        sure = {key: value for key, value in known.items() if value is not None}
        rest = [key for key, value in known.items() if value is None]
        yield "    values:"
        yield from (
            f"      {_text(key)}: {_text(value)}" for key, value in sure.items()
        )
        yield from (f"      {_text(key)}: null" for key in rest)
    else:
        yield "    values:"
        yield from (f"      {_text(each)}: {_text(each)}" for each in there.options)
    yield f"    default: null     # there are: {', '.join(there.options[:_SHOWN])}"


def _text(value: str) -> str:
    """Write a text as YAML reads it back, whatever it holds."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _left(
    read: Schema, written: Schema, pairs: tuple[Pair, ...], taken: set[str]
) -> Iterator[str]:
    there = {pair.there.name for pair in pairs} | taken
    here = {pair.here.name for pair in pairs}
    empty = [
        f.name for f in written.fields.values() if f.writable and f.name not in there
    ]
    unread = [f.name for f in read.fields.values() if f.readable and f.name not in here]
    for names, words in (
        (empty, "not filled over there"),
        (unread, "not read here"),
    ):
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield f"  # {words}: {', '.join(names[:_SHOWN])}{more}"
