"""Which parts of a mapping its inline tests reach: `tasuki test --coverage`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tasuki.mapping.check import Loaded
from tasuki.mapping.compile import CompiledMapping
from tasuki.mapping.given import Given
from tasuki.mapping.inline_test_model import TestModel
from tasuki.mapping.inline_tests import record_of
from tasuki.mapping.load import MappingSet
from tasuki.mapping.result import Payload
from tasuki.mapping.rules import Rule, Rules
from tasuki.mapping.trace import Trace
from tasuki.mapping.yaml_text import Path

_MOST_WORDS = 40


class Part(NamedTuple):
    """One part of a mapping that a test may reach.

    Attributes:
        kind: reason, rule, value, default, branch, or write_back.
        what: The words for people: "default of 'LeadSource'".
        position: `file:line:column`.
        reached: Whether a test does.
    """

    kind: str
    what: str
    position: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the tests of one mapping reach."""

    mapping: str
    parts: tuple[Part, ...]

    @property
    def percent(self) -> float:
        """The share of parts that are reached, of 100."""
        return percent_of(self.parts)

    @property
    def missing(self) -> tuple[Part, ...]:
        """The parts that no test reaches, in the order of the file."""
        return tuple(part for part in self.parts if not part.reached)


def percent_of(parts: tuple[Part, ...]) -> float:
    """Return the share of parts that are reached, of 100; all of nothing is all."""
    return 100 * sum(part.reached for part in parts) / len(parts) if parts else 100.0


def coverage(mappings: MappingSet, names: tuple[str, ...] = ()) -> list[Coverage]:
    """Return what the inline tests of these mappings reach, or of all."""
    chosen = [mappings[name] for name in names] if names else list(mappings)
    return [_covered(mappings, mapping) for mapping in chosen]


def _covered(mappings: MappingSet, mapping: CompiledMapping) -> Coverage:
    loaded = mappings.loaded(mapping.id)
    if loaded.rules is None:  # a mapping that was compiled was read
        raise AssertionError(mapping.id)
    trace = Trace(loaded.rules, mappings.around.functions)
    for test in mapping.model.tests:
        chosen = trace
        if test.today is not None:
            rules, table = mappings.rules_on(mapping.id, test.day)
            chosen = Trace(rules, table)
        _run(chosen, mapping, test)
        trace.reached |= chosen.reached
    return Coverage(mapping.id, tuple(_parts(loaded, loaded.rules, trace)))


def _run(trace: Trace, mapping: CompiledMapping, test: TestModel) -> None:
    given = Given(mapping, test)
    record = record_of(test.given)
    made = trace.evaluate(record, given.link, given.found)
    if isinstance(made, Payload):
        trace.reached.add(("qualified",))
    if test.expect.write_back is not None:
        back = mapping.write_back(record, test.receipt or {})
        if isinstance(back, dict):
            trace.reached |= {("write_back", name) for name in test.expect.write_back}


def _parts(loaded: Loaded, rules: Rules, trace: Trace) -> Iterator[Part]:
    reached, document = trace.reached, loaded.document

    def part(kind: str, what: str, path: Path, mark: tuple[str, ...]) -> Part:
        place = document.key_problem(path, "")
        where = f"{place.file}:{place.line}:{place.column}"
        return Part(kind, what, where, mark in reached)

    for reason, _ in rules.qualify:
        what = f"no test is skipped for '{reason}'"
        yield part("reason", what, ("qualify", reason), ("reason", reason))
        yield from _branches(trace, loaded, f"qualify.{reason}", ("qualify", reason))
    if rules.fields:
        what = "no test makes a payload"
        yield part("rule", what, ("fields",), ("qualified",))
    for rule, step, path in _rules(rules.fields, "", ("fields",)):
        if rule.value is not None or rule.by or rule.of is not None:
            yield part("rule", f"no test makes '{step}'", path, ("rule", step))
        for key in rule.model.values or {}:
            what = f"no test of '{step}' comes with '{key.strip()}'"
            mark = ("value", step, key.strip())
            yield part("value", what, (*path, "values", key), mark)
        if rule.model.has_default:
            what = f"no test needs the default of '{step}'"
            yield part("default", what, (*path, "default"), ("default", step))
        yield from _branches(trace, loaded, step, path)
    for name, _ in rules.write_back:
        what = f"no test looks at the write-back of '{name}'"
        path = ("write_back", name)
        yield part("write_back", what, path, ("write_back", name))


def _rules(
    rules: tuple[Rule, ...], prefix: str, path: Path
) -> Iterator[tuple[Rule, str, Path]]:
    for rule in rules:
        step, where = f"{prefix}{rule.name}", (*path, rule.name)
        yield rule, step, where
        yield from _rules(rule.rules, f"{step}.", (*where, "fields"))


def _branches(trace: Trace, loaded: Loaded, step: str, path: Path) -> Iterator[Part]:
    for text, branches in trace.branches.get(step, {}).items():
        for branch in branches:
            place = loaded.document.formula_problem(path, text, branch.position, "")
            short = branch.text[:_MOST_WORDS]
            yield Part(
                "branch",
                f"no test of '{step}' comes to `{short}`",
                f"{place.file}:{place.line}:{place.column}",
                ("branch", step, text, str(branch.position)) in trace.reached,
            )
