"""What an inline test gives beside its record: links, and other systems' records."""

from dataclasses import dataclass

from tasuki.mapping.compile import CompiledMapping
from tasuki.mapping.inline_test_model import TestModel
from tasuki.mapping.record_lookup import Asked, Key, folded, of_link, taken
from tasuki.mapping.runtime import word


@dataclass(frozen=True, slots=True)
class Given:
    """The surroundings of one test; what it does not give is not there."""

    mapping: CompiledMapping
    test: TestModel

    def link(self, sync: str, source_id: str) -> str | None:
        """Return the destination id that the test says is linked."""
        known = self.test.links.get(sync, {}).get(source_id)
        return word(known.get("id")) or None if isinstance(known, dict) else known

    def found(self, asked: Asked, key: Key) -> object:
        """Return what the test says of a link or of a record, as a run would find it.

        Raises:
            RefusedValueError: several records of the test have the key.
        """
        if asked.link:
            known = self.test.links.get(asked.link, {}).get(key[0])
            if not isinstance(known, dict):
                return None
            receipt = known.get("receipt")
            told = receipt if isinstance(receipt, dict) else {}
            return of_link(asked.take, known, told)
        lookup = self.mapping.lookups[asked.lookup]
        rows = [
            row
            for row in self.test.lookups.get(asked.lookup, ())
            if folded(row.get(name) for name in asked.by) == folded(key)
            and lookup.holds(row)
        ]
        return taken(lookup, asked, rows)
