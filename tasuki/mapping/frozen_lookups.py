"""What a frozen test gives of other systems' records: masked as its record is."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tasuki.mapping.compile import CompiledMapping
from tasuki.mapping.masking import masked, personal_fields
from tasuki.mapping.record_lookup import RECORD_ID, Asked, Key, taken

Row = Mapping[str, object]
RowsOf = Callable[[Asked, Key], Sequence[Row]]
"""The records that a lookup's system has for a key."""


def no_rows(_asked: Asked, _key: Key) -> Sequence[Row]:
    """Know no records."""
    return ()


@dataclass(slots=True)
class Answers:
    """The answers to a record's questions, and to those of the same record masked.

    Masked, a record asks the same in the same order, by other keys: the rows that
    answered it answer it again, under the masked key.
    """

    mapping: CompiledMapping
    rows_of: RowsOf
    _asked: dict[Asked, list[Key]] = field(default_factory=lambda: defaultdict(list))
    _again: dict[Asked, list[Key]] = field(default_factory=lambda: defaultdict(list))

    def plain(self, asked: Asked, key: Key) -> object:
        """Answer the record as it is."""
        self._asked[asked].append(key)
        return self._taken(asked, key)

    def hidden(self, asked: Asked, key: Key) -> object:
        """Answer the masked record as the plain one was answered."""
        place = len(self._again[asked])
        self._again[asked].append(key)
        before = self._asked[asked]
        return self._taken(asked, before[place]) if place < len(before) else None

    def _taken(self, asked: Asked, key: Key) -> object:
        if asked.link:
            return None
        lookup = self.mapping.lookups[asked.lookup]
        return taken(lookup, asked, self.rows_of(asked, key))

    def rows(self) -> dict[str, list[dict[str, object]]]:
        """Return for each lookup the rows that its test needs."""
        found: dict[str, dict[object, dict[str, object]]] = defaultdict(dict)
        for asked, keys in self._again.items():
            if asked.link:
                continue
            for key, before in zip(keys, self._asked[asked], strict=False):
                for row in self.rows_of(asked, before):
                    one = found[asked.lookup].setdefault(row[RECORD_ID], {})
                    one |= self._shown(asked, row) | dict(
                        zip(asked.by, key, strict=True)
                    )
        return {name: list(rows.values()) for name, rows in found.items()}

    def _shown(self, asked: Asked, row: Row) -> dict[str, object]:
        where = self.mapping.lookups[asked.lookup].where
        names = dict.fromkeys([asked.take, *(where.names if where else ())])
        personal = personal_fields(names.keys(), self.mapping.model.pii, {})
        shown = {name: row[name] for name in names if row.get(name) is not None}
        return {n: masked(v, ()) if n in personal else v for n, v in shown.items()}
