"""Runs the tests inside mapping files: offline, without a clock, in milliseconds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tasuki.formula import (
    Example,
    FormulaError,
    FormulaSyntaxError,
    FunctionTable,
    parse,
)
from tasuki.mapping.compile import CompiledMapping
from tasuki.mapping.fingerprint import fingerprint
from tasuki.mapping.given import Given
from tasuki.mapping.inline_test_model import BESIDE, ExpectModel, TestModel
from tasuki.mapping.load import MappingSet
from tasuki.mapping.model import OnChange
from tasuki.mapping.rendered import Render, changed_values, request_differences
from tasuki.mapping.rendered import same as _same
from tasuki.mapping.rendered import written as _written
from tasuki.mapping.result import Evaluation, Faulty, Payload, Skip, Waiting
from tasuki.mapping.runtime import word
from tasuki.mapping.tables import Surroundings
from tasuki.model.record import Record

_NOTHING = object()
_IDS = ("id", "Id", "hs_object_id")


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of one inline test.

    Attributes:
        mapping: The mapping's id.
        index: Its place among the file's tests, from 0.
        name: Its name, or what it expects.
        passed: Whether all of it held.
        difference: What was expected and what came, in lines; "" if it passed.
        position: `file:line` of the test.
    """

    __test__ = False  # pytest collects classes by this name

    mapping: str
    index: int
    name: str
    passed: bool
    difference: str
    position: str


def run_tests(
    mappings: MappingSet,
    names: tuple[str, ...] = (),
    render: Render | None = None,
) -> list[TestResult]:
    """Run the inline tests of these mappings, or of all and of functions.py.

    Args:
        mappings: The project's.
        names: Their ids; all of them where none is given.
        render: Makes the request that a connector would send, for `expect: request`.

    Raises:
        ConfigError: A name is unknown.
    """
    chosen = [mappings[name] for name in names] if names else list(mappings)
    results = [
        result for mapping in chosen for result in _results(mappings, mapping, render)
    ]
    if not names:
        results += _function_results(mappings.around)
    return results


def _function_results(around: Surroundings) -> Iterator[TestResult]:
    """Run the examples in the docstrings of a project's own functions."""
    for each in around.functions:
        place = around.places.get(f"function {each.name}")
        for index, example in enumerate(each.examples if place else ()):
            difference = _example_difference(example, around.functions)
            yield TestResult(
                mapping=f"function {each.name}",
                index=index,
                name=example.formula,
                passed=not difference,
                difference=difference,
                position=place or "",
            )


def _example_difference(example: Example, table: FunctionTable) -> str:
    try:
        came = parse(example.formula, table)(example.given)
    except FormulaSyntaxError as error:
        return f"an example is a formula: {error.problems[0].message}"
    except FormulaError as error:
        return f"expected {_written(example.gives)}, came an error: {error.reason}"
    if _same(came, example.gives):
        return ""
    return f"expected {_written(example.gives)}, came {_written(came)}"


def _results(
    mappings: MappingSet, mapping: CompiledMapping, render: Render | None
) -> Iterator[TestResult]:
    document = mappings.file(mapping.id)
    for index, test in enumerate(mapping.model.tests):
        ready = mapping
        if test.today is not None:
            ready = mappings.recompiled(mapping.id, test.day)
        difference = "\n".join(_differences(ready, test, render))
        place = document.problem(("tests", index), "")
        yield TestResult(
            mapping=mapping.id,
            index=index,
            name=test.name or _named(test.expect),
            passed=not difference,
            difference=difference,
            position=f"{place.file}:{place.line}",
        )


def _named(expect: ExpectModel) -> str:
    ending, value = _expected(expect)
    return ending if isinstance(value, dict | bool) else f"{ending} {value}"


def _expected(expect: ExpectModel) -> tuple[str, object]:
    """Return the ending that is expected, and its details."""
    said = expect.model_dump(exclude_unset=True, exclude=set(BESIDE))
    return next(iter(said.items()), ("", None))


def _differences(
    mapping: CompiledMapping, test: TestModel, render: Render | None
) -> Iterator[str]:
    record = record_of(test.given)

    given = Given(mapping, test)
    made = mapping.evaluate(record, given.link, given.found)
    before = None
    if test.before is not None:
        sent = record_of({**test.given, **test.before})
        before = mapping.evaluate(sent, given.link, given.found)
    ending, expected = _expected(test.expect)
    if ending:
        came, details = _ending(mapping, record, made, before)
        yield from _compare(ending, expected, came, details)
    if test.expect.request is not None:
        yield from request_differences(mapping, record, (made, before), test, render)
    if test.expect.write_back is not None:
        back = mapping.write_back(record, test.receipt or {})
        if isinstance(back, Faulty):
            yield f"write_back: {back.field}: {back.words}"
        else:
            yield from _fields("write_back.", test.expect.write_back, back)


def record_of(fields: Mapping[str, object]) -> Record:
    """Return the record that a test gives; its id is that of the usual id fields."""
    own = next((word(fields[name]) for name in _IDS if fields.get(name)), "1")
    return Record(own, "", dict(fields))


def _ending(
    mapping: CompiledMapping,
    record: Record,
    made: Evaluation,
    before: Evaluation | None,
) -> tuple[str, object]:
    """Return what becomes of the record, in the words that tests use."""
    match made:
        case Skip(reason):
            return "skip", reason
        case Waiting(sync, _):
            return "wait", sync
        case Faulty():
            return "fault", made
        case Payload():
            return _sending(mapping, record, made, before)


def _sending(
    mapping: CompiledMapping,
    record: Record,
    made: Payload,
    before: Evaluation | None,
) -> tuple[str, object]:
    """Return what becomes of a payload, given the one that was sent before."""
    if not isinstance(before, Payload):
        attached = _attached(mapping, record)
        return "create", (made.for_create(), made.for_update(), attached)
    if fingerprint(made.for_update()) == fingerprint(before.for_update()):
        return "unchanged", True
    if mapping.on_change is OnChange.HOLD:
        return "hold", "changed_after_sent"
    return "changed", changed_values(made, before)


def _attached(mapping: CompiledMapping, record: Record) -> dict[str, str]:
    values = mapping.match_values(record)
    if isinstance(values, Faulty):
        return {}
    return {step.field: value for step, value in values if step.attach}


def _compare(
    ending: str, expected: object, came: str, details: object
) -> Iterator[str]:
    """Yield what differs between the expected ending and the real one."""
    if came == "create" and isinstance(details, tuple):
        create, update, attached = details
        payloads = {"create": create, "update": update, "attach": attached}
        if ending in payloads and isinstance(expected, dict):
            yield from _fields("", expected, payloads[ending])
        else:
            yield f"expected {_said(ending, expected)}, came a payload"
        return
    if came == "changed" and ending == "update" and isinstance(expected, dict):
        yield from _fields("", expected, details if isinstance(details, dict) else {})
        return
    if isinstance(details, Faulty):
        if ending != "fault" or details.field != expected:
            came_words = f"fault {details.field}: {details.words}"
            yield f"expected {_said(ending, expected)}, came {came_words}"
        return
    if (came, details) != (ending, expected):
        yield f"expected {_said(ending, expected)}, came {_said(came, details)}"


def _said(ending: str, value: object) -> str:
    return ending if isinstance(value, dict | bool) else f"{ending} {value}"


def _fields(
    prefix: str, expected: Mapping[str, object], made: Mapping[str, object]
) -> Iterator[str]:
    """Yield a line for each expected field that is another."""
    for name, value in expected.items():
        came = made.get(name, _NOTHING)
        if value is None and came is _NOTHING:
            continue  # blank: a create leaves it out
        if not _same(value, came):
            shown = "nothing" if came is _NOTHING else _written(came)
            yield f"{prefix}{name}: expected {_written(value)}, came {shown}"
