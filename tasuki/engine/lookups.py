"""What fields take from other systems' records and from links, a page at a time.

A page is evaluated once to learn what it asks, all of it is asked in bulk, and the
answers, "nobody has this key" among them, are kept till the end of the run. A small
table that is asked often is read whole instead.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tasuki.engine.sync import Sync
from tasuki.mapping import CompiledMapping
from tasuki.mapping.record_lookup import (
    RECEIPT_OF,
    RECORD_ID,
    Asked,
    Key,
    RecordLookup,
    folded,
    of_link,
    taken,
)
from tasuki.model.record import Record
from tasuki.ports import Counting, Destination

LinkOf = Callable[[str, str], str | None]
Row = Mapping[str, object]

WORTH_COUNTING = 50  # keys in one page, or pages that asked one by one
PAGES_ONE_BY_ONE = 2
MOST_ROWS = 2_000  # of a table that is read whole
MOST_KEYS = 50_000  # kept in memory
_UNTOLD = "?"  # stands for an answer while a page is only asking


@dataclass(slots=True)
class _Table:
    """What is known of one system's records by one key."""

    lookup: RecordLookup
    destination: Destination
    by: tuple[str, ...]
    fields: tuple[str, ...]
    rows: dict[Key, list[Row]] = field(default_factory=dict)
    whole: bool = False
    pages: int = 0
    too_large: bool = False

    def knows(self, key: Key) -> bool:
        return self.whole or key in self.rows

    def ask(self, keys: Sequence[Key]) -> None:
        """Get the records of these keys, all of them in few calls."""
        many = len(keys) >= WORTH_COUNTING or self.pages >= PAGES_ONE_BY_ONE
        if many and not self.too_large and self._read_whole():
            return
        self.pages += 1
        stream = self.lookup.stream.stream
        ids = self._ids(sorted({key[0] for key in keys}))
        found = self.destination.fetch(stream, ids, self.fields) if ids else {}
        self.rows |= {folded(key): [] for key in keys}
        for one, values in found.items():
            row = {RECORD_ID: one, **values}
            key = folded(row.get(name) for name in self.by)
            if key in self.rows and self.lookup.holds(row):
                self.rows[key].append(row)

    def _ids(self, firsts: Sequence[str]) -> list[str]:
        """Return the ids of the records that the first key field may mean."""
        if self.by[0] == RECORD_ID:
            return list(firsts)
        stream = self.lookup.stream.stream
        found = self.destination.find(stream, self.by[0], firsts)
        return sorted({one.id for rows in found.values() for one in rows})

    def _read_whole(self) -> bool:
        destination, stream = self.destination, self.lookup.stream.stream
        if not isinstance(destination, Counting):
            return False
        if destination.count(stream) > MOST_ROWS:
            self.too_large = True
            return False
        whole: dict[Key, list[Row]] = defaultdict(list)
        for one in destination.keys(stream, self.fields):
            row = {RECORD_ID: one.id, **one.fields}
            if self.lookup.holds(row):
                whole[folded(row.get(name) for name in self.by)].append(row)
        self.rows, self.whole = dict(whole), True
        return True


@dataclass(slots=True)
class Lookups:
    """Answers what a mapping asks of the outside, for one run.

    A mapping that asks nothing costs nothing.
    """

    sync: Sync
    _tables: dict[tuple[str, tuple[str, ...]], _Table] = field(default_factory=dict)
    _links: dict[Asked, dict[str, object]] = field(default_factory=dict)

    @property
    def _mapping(self) -> CompiledMapping:
        return self.sync.mapping

    def prepare(self, records: Sequence[Record], links: LinkOf) -> None:
        """Find out what these records ask, and ask all of it.

        An answer may lead to another question, so this goes on until none is open.
        """
        asking = list(records) if self._mapping.asked else []
        self._make_room()
        while asking:
            wanted: dict[Asked, set[Key]] = defaultdict(set)
            asking = [one for one in asking if self._asks(one, links, wanted)]
            self._ask_systems(wanted)
            for asked, keys in wanted.items():
                if asked.link:
                    self._ask_links(asked, sorted({key[0] for key in keys}))

    def _make_room(self) -> None:
        """Forget what was asked long ago, between pages only."""
        for table in self._tables.values():
            if len(table.rows) > MOST_KEYS and not table.whole:
                table.rows.clear()
        for known in self._links.values():
            if len(known) > MOST_KEYS:
                known.clear()

    def rows(self, asked: Asked, key: Key) -> Sequence[Row]:
        """Return the records with a key that was prepared."""
        return self._table(asked).rows.get(folded(key), ())

    def found(self, asked: Asked, key: Key) -> object:
        """Return the value for a key that was prepared, None where there is none.

        Raises:
            RefusedValueError: several records have the key.
        """
        if asked.link:
            return self._links[asked].get(key[0])
        return taken(self._table(asked).lookup, asked, self.rows(asked, key))

    def _asks(
        self, record: Record, links: LinkOf, wanted: dict[Asked, set[Key]]
    ) -> bool:
        """Note what a record asks that is not known yet; say whether there is any."""
        open_before = False

        def note(asked: Asked, key: Key) -> object:
            nonlocal open_before
            if self._knows(asked, key):
                return self.found(asked, key)
            open_before = True
            wanted[asked].add(key)
            return _UNTOLD

        self._mapping.evaluate(record, links, note)
        return open_before

    def _knows(self, asked: Asked, key: Key) -> bool:
        if asked.link:
            return key[0] in self._links.get(asked, {})
        return self._table(asked).knows(folded(key))

    def _table(self, asked: Asked) -> _Table:
        name = asked.lookup, asked.by
        if name not in self._tables:
            lookup = self._mapping.lookups[asked.lookup]
            takes = (one.take for one in self._mapping.asked if one[0] == name[0])
            read = lookup.where.names if lookup.where else ()
            wanted = dict.fromkeys([*asked.by, *takes, *read])
            system = self.sync.system(lookup.stream.connection)
            self._tables[name] = _Table(
                lookup,
                system.destination,
                asked.by,
                tuple(one for one in wanted if one != RECORD_ID),
            )
        return self._tables[name]

    def _ask_systems(self, wanted: Mapping[Asked, set[Key]]) -> None:
        by_table: dict[tuple[str, tuple[str, ...]], set[Key]] = defaultdict(set)
        tables: dict[tuple[str, tuple[str, ...]], _Table] = {}
        for asked, keys in wanted.items():
            if asked.lookup:
                name = asked.lookup, asked.by
                tables[name] = self._table(asked)
                by_table[name] |= keys
        for name, keys in by_table.items():
            tables[name].ask(sorted(keys))

    def _ask_links(self, asked: Asked, ids: Sequence[str]) -> None:
        """Read what was last sent, or answered, for these source records."""
        ledger, known = self.sync.ledger, self._links.setdefault(asked, {})
        known |= dict.fromkeys(ids)
        if asked.take.startswith(RECEIPT_OF):
            for source_id, rows in ledger.intents_of(asked.link, ids).items():
                receipts = [row.receipt for row in rows if row.state == "confirmed"]
                whole = {k: v for one in receipts for k, v in one.items()}
                known[source_id] = of_link(asked.take, {}, whole)
            return
        for source_id, link in ledger.links(asked.link, ids).items():
            known[source_id] = of_link(asked.take, link.sent, {})
