"""A mapping compiled into one function, and what the engine asks of it."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from tasuki.billing.document import Problem as DocumentProblem
from tasuki.billing.document import check_document
from tasuki.formula.errors import FormulaError, RefusedValueError
from tasuki.formula.formula import Formula
from tasuki.mapping.fingerprint import canonical
from tasuki.mapping.generate import LinkOf, Run, generate
from tasuki.mapping.generate_match import Matching, generate_match
from tasuki.mapping.model import GuardsModel, MappingModel, OnChange, WriteMode
from tasuki.mapping.names import RECEIPT, SOURCE, Names, find_names
from tasuki.mapping.pair import Pair, reads
from tasuki.mapping.personal import is_personal, personal_fields
from tasuki.mapping.record_lookup import (
    Asked,
    FoundOf,
    RecordLookup,
    SeveralFoundError,
    nothing_found,
)
from tasuki.mapping.result import Evaluation, Faulty, MatchStep, MatchValue, Payload
from tasuki.mapping.rules import Rule, Rules, walk
from tasuki.mapping.runtime import items, plain, word
from tasuki.mapping.tables import Surroundings
from tasuki.model.policy import RetryPolicy
from tasuki.model.record import Query, Record, StreamRef

_DIGEST_BYTES = 16
_QUOTED = re.compile("「[^」]*」")
# No payload depends on them.
_NEW_KEYS = ("two_way", "deletes", "archive", "unmapped")
_NOT_REVISED = {"evidence", "description", "tests", "guards", "retry", "pii"}


def no_links(_sync: str, _source_id: str) -> str | None:
    """Know of no link."""
    return None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledMapping:
    """A mapping, ready for records. Immutable; may be used by several threads.

    Attributes:
        id: The sync's name.
        source, destination: What is read and written.
        revision: Changes with anything that may change a payload or decision.
        model: The file as written.
        policy: How calls are repeated.
        after: Syncs that run first, those of links included.
        write: What may be done at the destination.
        on_change: What a change after sending does.
        match_steps: How counterparts are looked for, in order.
        pii: Destination fields that hold personal data.
        asks_the_day: A payload may change though its record does not: `today()`.
        asked: What fields take from other systems' records and from links.
        lookups: The tables in other systems that are asked, by name.
        compared: Fields that both sides are asked about before they are written, and
            the source fields that each is made of.
        pair: The way back, where there is one.
    """

    id: str
    source: StreamRef
    destination: StreamRef
    revision: str
    model: MappingModel
    policy: RetryPolicy
    after: tuple[str, ...]
    write: WriteMode
    on_change: OnChange
    match_steps: tuple[MatchStep, ...]
    pii: frozenset[str]
    asks_the_day: bool
    asked: tuple[Asked, ...]
    lookups: Mapping[str, RecordLookup]
    _rules: Rules = field(repr=False)
    _names: Names = field(repr=False)
    _linked: tuple[Rule, ...] = field(repr=False)
    _fast: Run = field(repr=False)
    _slow: Run = field(repr=False)
    _match: Matching = field(repr=False)
    compared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pair: Pair | None = None

    @property
    def guards(self) -> GuardsModel:
        """The limits beyond which a run stops."""
        return self.model.guards

    @property
    def fields(self) -> tuple[str, ...]:
        """The destination fields, in file order."""
        return tuple(self.model.fields)

    @property
    def receipt_names(self) -> frozenset[str]:
        """The fields of a receipt that are told to the source."""
        return frozenset(
            name.partition(".")[2].partition(".")[0]
            for _, formula in self._rules.write_back
            for name in formula.names
            if name.startswith(f"{RECEIPT}.")
        )

    def query(self) -> Query:
        """Return what to read: the fields that are really used, and no others.

        The source adds its own id and change time.
        """
        include = self.model.include
        return Query(
            stream=self.source.stream,
            fields=self._names.fields,
            where=self.model.where,
            include={
                name: (include[name], fields)
                for name, fields in self._names.include.items()
            },
        )

    def evaluate(
        self,
        record: Record,
        links: LinkOf = no_links,
        found: FoundOf = nothing_found,
    ) -> Evaluation:
        """Decide about one record, and make its payload.

        Args:
            record: As the source gave it.
            links: The destination id that a sync has linked to a source id, or None.
            found: The value for a key of what is `asked`.
        """
        try:
            made = self._fast(record.fields, links, found, [])
        except Exception:  # noqa: BLE001 - a project's function may raise anything
            made = self._explain(record, links, found)
        if self.model.document and type(made) is Payload:
            return _checked(made)
        return made

    def link_needs(self, record: Record) -> Iterator[tuple[str, str]]:
        """Yield the (sync, source id) whose links the fields of this record need."""
        if self._linked:
            scope = self._scope(record)
            for rule in self._linked:
                yield from self._needs(rule, scope)

    def reverse_needs(self, record: Record) -> Iterator[tuple[str, str]]:
        """Yield each (sync, destination id) that a reverse link is looked up by."""
        for step in self.match_steps:
            if step.link:
                yield step.link, record.id

    def match_values(self, record: Record) -> tuple[MatchValue, ...] | Faulty:
        """Return the match steps, in order, that this record has a value for."""
        try:
            return self._match(record.fields, record.id)
        except Exception:  # noqa: BLE001 - a project's function may raise anything
            return self._match_slowly(record)

    def _match_slowly(self, record: Record) -> tuple[MatchValue, ...] | Faulty:
        """Make the match values one by one, to say which one cannot be made."""
        scope = self._scope(record)
        found = []
        for index, step in enumerate(self.match_steps):
            formula = self._rules.match[index][1]
            if formula is None:
                found.append(MatchValue(step, record.id))
                continue
            value = _text(formula, scope, f"match.{step.field}")
            if isinstance(value, Faulty):
                return value
            if value:
                found.append(MatchValue(step, value))
        return tuple(found)

    def key(self, record: Record) -> str | None:
        """Return the record's business key, None if it is blank or not said."""
        if self._rules.key is None:
            return None
        value = _text(self._rules.key, self._scope(record), "key")
        return None if isinstance(value, Faulty) else value or None

    def natural_key(
        self, record: Record, unique: Collection[str]
    ) -> tuple[str, str] | None:
        """Return the first match (field, value) whose field is unique over there."""
        values = self.match_values(record)
        if isinstance(values, Faulty):
            return None
        for step, value in values:
            is_home = step.stream == self.destination.stream and not step.link
            if is_home and step.field in unique:
                return step.field, value
        return None

    def is_personal(self, name: str) -> bool:
        """Say whether a field of the source holds personal data."""
        return is_personal(name) or name in self.model.pii

    def write_back(
        self, record: Record, receipt: Mapping[str, object]
    ) -> dict[str, object] | Faulty:
        """Return what goes back to the source, given the destination's answer."""
        if not self._rules.write_back:
            return {}
        scope = {**self._scope(record), RECEIPT: receipt}
        made: dict[str, object] = {}
        for name, formula in self._rules.write_back:
            step = f"write_back.{name}"
            try:
                made[name] = plain(formula(scope))
            except (FormulaError, RefusedValueError) as error:
                return _faulty(step, error)
        return made

    def relations(self, record: Record) -> Iterator[tuple[str, str]]:
        """Yield (stream at the source, id) of records that share this one's story."""
        scope = self._scope(record)
        for stream, formula in self._rules.relates:
            value = _text(formula, scope, f"relates.{stream}")
            if value and not isinstance(value, Faulty):
                yield stream, value

    def _scope(self, record: Record) -> Mapping[str, object]:
        if SOURCE in self._names.prefixes:
            return {**record.fields, SOURCE: record.fields}
        return record.fields

    def _explain(self, record: Record, links: LinkOf, found: FoundOf) -> Evaluation:
        """Go through the record again, slowly, to say where it gave up."""
        where: list[str] = [""]
        try:
            return self._slow(record.fields, links, found, where)
        except (FormulaError, RefusedValueError) as error:
            return _faulty(where[0], error)

    def _needs(
        self, rule: Rule, scope: Mapping[str, object]
    ) -> Iterator[tuple[str, str]]:
        """Yield what one rule needs; what cannot be told is left to `evaluate`."""
        try:
            if rule.of is not None and rule.model.link is not None:
                source_id = word(rule.of(scope))
                if source_id:
                    yield rule.model.link, source_id
            elif rule.items is not None and any(r.of for r in walk(rule.rules)):
                for item in items(rule.items(scope)):
                    inner = {**item, SOURCE: scope.get(SOURCE)}
                    for each in rule.rules:
                        yield from self._needs(each, inner)
        except (FormulaError, RefusedValueError):
            return


def compile_mapping(
    rules: Rules, around: Surroundings, syncs: Iterable[str] = ()
) -> CompiledMapping:
    """Compile a mapping that was read without a problem.

    Args:
        rules: The mapping, its formulas read.
        around: What it was read with.
        syncs: Further syncs that run before it.
    """
    model = rules.model
    names = find_names(rules)
    fast, slow = generate(rules, names, around.functions)
    destination = StreamRef.parse(model.destination)
    steps = tuple(
        MatchStep(
            step.object_ or destination.stream,
            step.field,
            step.link or "",
            step.then == "attach",
        )
        for step, _ in rules.match
    )
    return CompiledMapping(
        id=model.id,
        source=StreamRef.parse(model.source),
        destination=destination,
        revision=_revision(rules, around),
        model=model,
        policy=around.policies[model.retry],
        after=tuple(sorted({*model.after, *rules.links, *syncs} - {model.id})),
        write=model.write,
        on_change=model.changed,
        match_steps=steps,
        pii=personal_fields(rules),
        asks_the_day=any("today" in each.functions for each in rules.formulas),
        asked=tuple(dict.fromkeys(r.asked for r in walk(rules.fields) if r.asked)),
        lookups={
            name: around.record_lookups[name]
            for name in rules.lookups
            if name in around.record_lookups
        },
        _rules=rules,
        _names=names,
        _linked=tuple(
            rule for rule in rules.fields if any(each.of for each in walk([rule]))
        ),
        _fast=fast,
        _slow=slow,
        _match=generate_match(rules, names, around.functions, steps),
        compared=_compared(rules, names),
    )


def _compared(rules: Rules, names: Names) -> dict[str, tuple[str, ...]]:
    """Return the fields that both sides are asked about, and what they are made of."""
    made_of = reads(rules)
    return {
        name: tuple(sorted(made_of[name] & set(names.fields)))
        for name, each in rules.model.fields.items()
        if each.owner == "newest" or each.on_conflict == "hold"
    }


def _revision(rules: Rules, around: Surroundings) -> str:
    """Return a hash of the mapping and of everything outside that it reads."""
    said = rules.model.model_dump(mode="json", exclude=_NOT_REVISED)
    for each in said["fields"].values():
        del each["pii"]
    _forget_defaults(said)
    called = {name for formula in rules.formulas for name in formula.functions}
    outside: dict[str, object] = {
        "lookups": {
            name: (around.lookups.get(name) or around.record_lookups[name]).digest
            for name in rules.lookups
        },
        "lists": dict(around.lists) if "list" in called else {},
        "settings": dict(around.settings) if "setting" in called else {},
    }
    if any(f"function {name}" in around.places for name in called):
        outside["code"] = around.own_code
    content = canonical({"mapping": said, **outside})
    return blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()


def _forget_defaults(said: dict[str, Any]) -> None:
    """Take out what a file does not say: a new key of the language changes nothing."""
    for name in _NEW_KEYS:
        if said[name] == MappingModel.model_fields[name].get_default(
            call_default_factory=True
        ):
            del said[name]
    waiting = list(said["fields"].values())
    while waiting:
        each = waiting.pop()
        if each["on_conflict"] == "owner":
            del each["on_conflict"]
        waiting += (each["fields"] or {}).values()


def _text(formula: Formula, scope: Mapping[str, object], step: str) -> str | Faulty:
    try:
        return word(formula(scope))
    except (FormulaError, RefusedValueError) as error:
        return _faulty(step, error)


def _faulty(step: str, error: FormulaError | RefusedValueError) -> Faulty:
    remedy = error.remedy or FormulaError.remedy
    if isinstance(error, FormulaError):
        return Faulty(step, "formula", error.told, remedy)
    if isinstance(error, SeveralFoundError):
        return Faulty(step, "lookup", error.reason, remedy)
    return Faulty(step, "value", error.reason, remedy)


def _checked(payload: Payload) -> Payload | Faulty:
    """Let the billing domain look at a document before it may leave."""
    problems = check_document(payload.fields)
    if not problems:
        return payload
    words = "; ".join(f"{each.field}: {_words(each)}" for each in problems[:5])
    remedy = _QUOTED.sub("", problems[0].message_ja)
    return Faulty(problems[0].field, "document", words, remedy)


def _words(problem: DocumentProblem) -> str:
    """Return the message without what it quotes of the record."""
    return problem.message.partition(' "')[0].partition(" (")[0]
