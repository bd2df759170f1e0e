"""How a schema has drifted: what a mapping relies on, then and now. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tasuki.model.record import FieldFacts, Schema

Kind = Literal[
    "gone",
    "value_gone",
    "shorter",
    "required",
    "read_only",
    "unreadable",
    "type",
    "value_new",
    "longer",
]
HARMLESS: frozenset[Kind] = frozenset({"value_new", "longer"})
"""Told once; the others are told until a person accepts them."""

CAUSES: Mapping[Kind, str] = {
    "gone": "gone",
    "value_gone": "no_such_value",
    "shorter": "too_long",
    "required": "required_empty",
    "read_only": "read_only",
}
"""What the destination refuses a record for, once this has happened."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between what was last seen and what is there now.

    Attributes:
        stream: `connection/stream`.
        field: Its field.
        kind: What has happened to it.
        before: What it was: a value, a length, a type; "" where that says nothing.
        after: What it is.
        pending: Records that wait to be sent, and will fail because of it.
    """

    stream: str
    field: str
    kind: Kind
    before: str = ""
    after: str = ""
    pending: int = 0

    @property
    def is_harmless(self) -> bool:
        """Say whether no record can fail because of it."""
        return self.kind in HARMLESS


Seen = Mapping[str, Mapping[str, Any]]
"""The facts of fields, by name, as they are kept in the ledger."""


def facts_of(schema: Schema, names: Collection[str], *, written: bool) -> Seen:
    """Return the facts that a mapping relies on.

    Args:
        schema: The stream as it is now.
        names: The fields that the mapping reads or writes.
        written: It writes them: then every required field counts, too.
    """
    return {
        name: _facts(one)
        for name, one in sorted(schema.fields.items())
        if name in names or (written and one.required and one.writable)
    }


def _facts(one: FieldFacts) -> dict[str, Any]:
    return {
        "type": one.type,
        "writable": one.writable,
        "readable": one.readable,
        "required": one.required,
        "length": one.length,
        "options": sorted(one.options),
        "restricted": one.restricted,
    }


def drifts(
    stream: str, before: Seen, now: Seen, present: Collection[str], *, written: bool
) -> list[Drift]:
    """Return what has changed, in the order of fields.

    Args:
        stream: For the words.
        before: As it was last seen.
        now: As it is.
        present: All fields that the stream has now.
        written: The mapping writes to it; otherwise it reads.
    """
    found: list[Drift] = []
    for name, then in before.items():
        if name not in present:
            found.append(Drift(stream, name, "gone"))
        elif name in now:
            found += _of_field(stream, name, then, now[name], written=written)
    for name, facts in now.items():
        if written and facts["required"] and name not in before:
            found.append(Drift(stream, name, "required"))
    return found


def _of_field(
    stream: str, name: str, then: Mapping[str, Any], now: Mapping[str, Any], *,
    written: bool,
) -> Iterator[Drift]:  # fmt: skip
    if then["type"] != now["type"]:
        yield Drift(stream, name, "type", then["type"], now["type"])
        return
    if written:
        if now["required"] and not then["required"]:
            yield Drift(stream, name, "required")
        if then["writable"] and not now["writable"]:
            yield Drift(stream, name, "read_only")
        yield from _length(stream, name, then["length"], now["length"])
    elif then["readable"] and not now["readable"]:
        yield Drift(stream, name, "unreadable")
    if now["restricted"]:
        yield from _options(stream, name, then["options"], now["options"])


def _length(
    stream: str, name: str, then: int | None, now: int | None
) -> Iterator[Drift]:
    if now is not None and (then is None or now < then):
        yield Drift(stream, name, "shorter", str(then or ""), str(now))
    elif then is not None and (now is None or now > then):
        yield Drift(stream, name, "longer", str(then), str(now or ""))


def _options(
    stream: str, name: str, then: Sequence[str], now: Sequence[str]
) -> Iterator[Drift]:
    for value in then:
        if value not in now:
            yield Drift(stream, name, "value_gone", value)
    for value in now:
        if value not in then:
            yield Drift(stream, name, "value_new", "", value)


def kept(before: Seen, now: Seen, found: Sequence[Drift]) -> Seen:
    """Return what counts as seen from now on: harmful drift stays to be told again."""
    harmful = {one.field for one in found if not one.is_harmless}
    merged = {name: facts for name, facts in now.items() if name not in harmful}
    return merged | {name: before[name] for name in harmful if name in before}
