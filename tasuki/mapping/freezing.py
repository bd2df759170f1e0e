"""Turns a live record into an inline test: masked, with the links it needs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tasuki.mapping.compile import CompiledMapping
from tasuki.mapping.frozen_lookups import Answers, RowsOf, no_rows
from tasuki.mapping.generate import LinkOf
from tasuki.mapping.masking import masked, personal_fields
from tasuki.mapping.result import Evaluation, Faulty, Payload, Skip, Waiting
from tasuki.mapping.runtime import word
from tasuki.mapping.show import dump
from tasuki.mapping.yaml_text import Document
from tasuki.model.errors import ConfigError
from tasuki.model.record import Record

Links = Mapping[str, Mapping[str, str]]
"""For each sync, source id to destination id."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A test made of a record.

    Attributes:
        test: As it stands in `tests:`.
        masked: The source fields whose values were masked.
        ending: What becomes of the record: create, skip, wait or fault.
    """

    test: Mapping[str, object]
    masked: tuple[str, ...]
    ending: str


def freeze(
    mapping: CompiledMapping,
    record: Record,
    links: Links,
    *,
    labels: Mapping[str, str],
    kept_domains: Collection[str] = (),
    name: str = "",
    rows_of: RowsOf = no_rows,
) -> Frozen:
    """Make a test of a record as it is now.

    Args:
        mapping: The mapping to test.
        record: As its source gave it.
        links: The links that its fields need, as the ledger knows them.
        labels: What the source calls its fields.
        kept_domains: Free-mail domains, which masking keeps.
        name: What the test shows; said by its ending else.
        rows_of: The records that its lookups find, as their systems have them.

    Raises:
        ConfigError: masked, the record would end otherwise: no such test would show
            what the record shows.
    """
    query = mapping.query()
    given = {
        name: value
        for name, value in record.fields.items()
        if value is not None and (name in query.fields or name in query.include)
    }
    nested = {name for _, inner in query.include.values() for name in inner}
    personal = personal_fields({*query.fields, *nested}, mapping.model.pii, labels)
    hidden = _hidden(given, personal, kept_domains)
    plain, other = (
        Record(record.id, "", dict(given)),
        Record(record.id, "", dict(hidden)),
    )
    answers = Answers(mapping, rows_of)
    before = mapping.evaluate(plain, _known(links), answers.plain)
    after = mapping.evaluate(other, _known(links), answers.hidden)
    if _ending(before)[0] != _ending(after)[0] or _reason(before) != _reason(after):
        where = f"{mapping.source}/{record.id}"
        what = (
            f"the record ends as {_said(before)}, with its personal data masked as "
            f"{_said(after)}"
        )
        remedy = "Write this test by hand: `given` with made-up values."
        raise ConfigError(where, what, remedy)
    ending, expected = _ending(after)
    test: dict[str, object] = {"name": name or f"{mapping.source} {record.id}"}
    test["given"] = hidden
    if links:
        test["links"] = {sync: dict(known) for sync, known in links.items()}
    if rows := answers.rows():
        test["lookups"] = rows
    test["expect"] = {ending: expected}
    touched = {n for n in personal if _differs(given, hidden, n)}
    return Frozen(test, tuple(sorted(touched)), ending)


def insert_test(document: Document, test: Mapping[str, object]) -> str:
    """Return the file's text with one more test at the end of `tests:`.

    Raises:
        ConfigError: `tests` is written in brackets.
    """
    block = dump({"tests": [test]}).partition("\n")[2]
    text = document.text if document.text.endswith("\n") else document.text + "\n"
    place = document.span(("tests",))
    if place is None:
        return f"{text}\ntests:\n{block}"
    start, end = place
    if text[start] == "[" and document.has(("tests", 0)):
        what = "'tests' is written in brackets"
        remedy = "Write it as a list first, each entry on a line after a dash."
        raise ConfigError(document.file, what, remedy)
    if not document.has(("tests", 0)):  # `tests: []`
        line_end = text.find("\n", end)
        return f"{text[:start].rstrip()}\n{block}{text[line_end + 1 :]}"
    indent = " " * document.column(("tests", 0))
    shifted = _indented(block, indent)
    upto = text[:end].rstrip()
    return f"{upto}\n{shifted}{text[end:].lstrip(chr(10))}"


def _indented(block: str, indent: str) -> str:
    """Move a block, written two columns in for its dashes, to where others stand."""
    wanted = indent[:-2]
    lines = (line.removeprefix("  ") for line in block.splitlines())
    return "".join(f"{wanted}{line}\n" if line else "\n" for line in lines)


def _hidden(
    given: Mapping[str, object], personal: frozenset[str], kept: Collection[str]
) -> dict[str, object]:
    """Mask the personal fields, those of included records too."""
    return {name: _hide(name, value, personal, kept) for name, value in given.items()}


def _hide(
    name: str, value: object, personal: frozenset[str], kept: Collection[str]
) -> object:
    if name in personal:
        return masked(value, kept)
    if isinstance(value, Mapping):
        return _hidden(value, personal, kept)
    if isinstance(value, list):
        return [_hide(name, each, personal, kept) for each in value]
    return value


def _differs(one: Mapping[str, object], other: Mapping[str, object], name: str) -> bool:
    if name in one:
        return one[name] != other[name]
    return any(
        isinstance(value, Mapping | list) and value != other[key]
        for key, value in one.items()
    )


def _known(links: Links) -> LinkOf:
    return lambda sync, source_id: links.get(sync, {}).get(source_id)


def _ending(made: Evaluation) -> tuple[str, object]:
    match made:
        case Skip(reason):
            return "skip", reason
        case Waiting(sync, _):
            return "wait", sync
        case Faulty(field):
            return "fault", field
        case Payload():
            return "create", made.for_create()


def _reason(made: Evaluation) -> object:
    return None if isinstance(made, Payload) else _ending(made)[1]


def _said(made: Evaluation) -> str:
    ending, value = _ending(made)
    return ending if isinstance(made, Payload) else f"{ending} {word(value)}"
