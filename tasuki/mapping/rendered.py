"""The request that a test expects, held against what the connector would send."""

from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest

from tasuki.mapping.compile import CompiledMapping
from tasuki.mapping.fingerprint import canonical
from tasuki.mapping.inline_test_model import TestModel
from tasuki.mapping.model import WriteMode
from tasuki.mapping.result import Evaluation, Faulty, Payload
from tasuki.model.errors import TasukiError
from tasuki.model.record import Record, StreamRef
from tasuki.model.write import Operation, Request, UnrenderedError, Write

Render = Callable[[StreamRef, Write], Request]
"""Makes the request of one row, without a call."""

TARGET = "ID"
"""Stands for the counterpart's id, which no test knows."""

MARK = "MARK"
"""Stands for our mark, which depends on the record and the streams."""

_NOTHING = object()


def request_differences(
    mapping: CompiledMapping,
    record: Record,
    payloads: tuple[Evaluation, Evaluation | None],
    test: TestModel,
    render: Render | None,
) -> Iterator[str]:
    """Yield a line for each expected value of the request that is another."""
    write = _write(mapping, record, *payloads, test)
    if write is None:
        yield "expected a request, and nothing would be sent"
        return
    if render is None:
        yield "expected a request, and no connector is at hand to make it"
        return
    try:
        made = render(mapping.destination, write)
    except UnrenderedError as error:
        yield f"expected a request, and {mapping.destination} refuses: {error}"
        return
    except TasukiError as error:
        yield f"expected a request: {error}"
        return
    yield from _unlike("request", test.expect.request, made.plain)


def _write(
    mapping: CompiledMapping,
    record: Record,
    made: Evaluation,
    before: Evaluation | None,
    test: TestModel,
) -> Write | None:
    """Return the row that a run would send; None where it would send none."""
    if not isinstance(made, Payload):
        return None
    if isinstance(before, Payload):
        changed = changed_values(made, before)
        if not changed or mapping.on_change.value == "hold":
            return None
        return Write("ref", Operation.UPDATE, changed, TARGET)
    updates = mapping.write is WriteMode.UPDATE_ONLY or test.expect.update is not None
    if updates:
        return Write("ref", Operation.UPDATE, made.for_update(), TARGET)
    key = _natural_key(mapping, record)
    return Write("ref", Operation.CREATE, made.for_create(), key=key, mark=MARK)


def _natural_key(mapping: CompiledMapping, record: Record) -> tuple[str, str] | None:
    """Return the first match step of the own stream with its value, as creates do."""
    values = mapping.match_values(record)
    if isinstance(values, Faulty):
        return None
    home = mapping.destination.stream
    first = next(
        (
            step
            for step in mapping.match_steps
            if step.stream == home and not step.link and not step.attach
        ),
        None,
    )
    return next(((s.field, value) for s, value in values if s == first), None)


def changed_values(made: Payload, before: Payload) -> dict[str, object]:
    """Return the fields of an update whose values are not those sent before."""
    sent = before.for_update()
    return {
        name: value
        for name, value in made.for_update().items()
        if not same(value, sent.get(name, _NOTHING))
    }


def _unlike(at: str, expected: object, came: object) -> Iterator[str]:
    """Yield where a request differs, by the path of each value."""
    if isinstance(expected, Mapping) and isinstance(came, Mapping):
        for name, value in expected.items():
            yield from _unlike(f"{at}.{name}", value, came.get(name, _NOTHING))
    elif isinstance(expected, list) and isinstance(came, list):
        pairs = zip_longest(expected, came, fillvalue=_NOTHING)
        for index, (one, other) in enumerate(pairs):
            yield from _unlike(f"{at}[{index}]", one, other)
    elif not same(expected, came):
        yield f"{at}: expected {_shown(expected)}, came {_shown(came)}"


def _shown(value: object) -> str:
    return "nothing" if value is _NOTHING else written(value)


def same(one: object, other: object) -> bool:
    """Compare as systems do: numbers by value; a dict may hold more than expected."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(same(value, other.get(name)) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return one == other


def written(value: object) -> str:
    """Return a value as differences show it."""
    return canonical(value).decode().replace("\\u0000", "")
