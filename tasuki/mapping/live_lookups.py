"""Lookups in other systems' records beside what those systems say of themselves."""

from collections.abc import Callable, Iterator, Mapping

from tasuki.mapping.compile import CompiledMapping
from tasuki.mapping.problem import Problem, nearest
from tasuki.mapping.record_lookup import RECORD_ID
from tasuki.model.record import FieldFacts, Schema, StreamRef


def lookup_faults(
    mapping: CompiledMapping, describe: Callable[[StreamRef], Schema]
) -> Iterator[Problem]:
    """Yield what is asked of a lookup's records that they do not have.

    A field of the mapping that asks for it is named; the place is that of the lookup's
    own file, where the stream stands.
    """
    for name, lookup in mapping.lookups.items():
        known = describe(lookup.stream).fields
        for asked in mapping.asked:
            if asked.lookup == name:
                for each in (*asked.by, asked.take):
                    yield from _fault(mapping, name, each, known)
        read = lookup.where.names if lookup.where else ()
        for each in sorted(read):
            yield from _fault(mapping, name, each, known, ("where",))


def _fault(
    mapping: CompiledMapping,
    name: str,
    field: str,
    known: Mapping[str, FieldFacts],
    at: tuple[str, ...] = ("from",),
) -> Iterator[Problem]:
    lookup = mapping.lookups[name]
    root = field.partition(".")[0]
    if not known or root in known or root == RECORD_ID:
        return
    stream = lookup.stream
    what = f"unknown field '{root}' on {stream}, which {mapping.id} looks up"
    listed = f"`tasuki fields {stream.connection} {stream.stream}` lists them all."
    yield lookup.document.problem(at, what, nearest(root, known, listed))
