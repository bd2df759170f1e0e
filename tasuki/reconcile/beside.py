"""Laying both sides beside each other, page by page."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tasuki.engine.lookups import Lookups
from tasuki.ledger.rows import LinkRow, encode
from tasuki.mapping import Payload, Skip
from tasuki.model.record import Record, StreamRef
from tasuki.model.sweep import Swept
from tasuki.ports import Sweeping
from tasuki.reconcile.book import Book
from tasuki.reconcile.finding import Finding
from tasuki.reconcile.frame import Frame
from tasuki.reconcile.judge import AGREES, SUSPECT, Bond, Sides, judge
from tasuki.reconcile.scratch import Scratch, There


@dataclass(slots=True)
class Prefix:
    """What stands before the source's id in every key: learnt, then relied upon.

    A key that is made of the source's id says which record a stranger claims.
    """

    text: str | None = None
    broken: bool = False

    def learn(self, key: str, record_id: str) -> None:
        """Look at the key of a record that is known."""
        before = key.removesuffix(record_id)
        if before == key or self.text not in {None, before}:
            self.broken = True
        self.text = before

    def source_id(self, key: str) -> str:
        """Return the id of the record that a key claims, "" for none."""
        if self.broken or self.text is None or not key.startswith(self.text):
            return ""
        return key[len(self.text) :]


@dataclass(slots=True)
class Beside:
    """Compares pages of the source with what the sweep has laid down."""

    frame: Frame
    scratch: Scratch
    book: Book
    edge: datetime | None
    """Later changes at the source are the next run's: nothing was lost."""
    prefix: Prefix = field(default_factory=Prefix)
    linked: int = 0
    """Records read that have a live link; `lost` of them lead nowhere."""
    lost: int = 0
    lookups: Lookups = field(init=False)

    def __post_init__(self) -> None:
        self.lookups = Lookups(self.frame.sync)

    # -- the destination -----------------------------------------------------------

    def lay_down(self, on_page: Callable[[], None]) -> None:
        """Sweep the destination; `on_page` is called after each page."""
        frame = self.frame
        destination = frame.sync.destination.destination
        assert isinstance(destination, Sweeping)  # noqa: S101 - the frame has looked
        for rows in destination.sweep(frame.stream, frame.sweep_query()):
            marks = [(mark, row.id) for row in rows for mark in row.marks]
            self.scratch.put_there([self._there(row) for row in rows], marks)
            on_page()
        self.book.report.counterparts = self.scratch.count_there()

    def _there(self, row: Swept) -> There:
        frame, fields = self.frame, row.fields
        key = "" if frame.has_marks() else str(fields.get(frame.key) or "")
        alike = frame.facts.alike if frame.facts else ()
        look = "|".join(str(fields.get(name) or "") for name in alike)
        kept = {name: fields[name] for name in frame.names if name in fields}
        kept |= {name: fields[name] for name in alike if name in fields}
        return There(row.id, key.casefold(), look, row.live, encode(kept))

    # -- the source ----------------------------------------------------------------

    def page(self, records: Sequence[Record]) -> None:
        """Compare records as they were read; each counts once."""
        new = set(self.scratch.not_here([record.id for record in records]))
        # What comes as deleted is looked at with all that did not come.
        fresh = {r.id: r for r in records if r.id in new and not r.deleted}
        self.scratch.saw_here(list(fresh))
        self.book.report.source_records += len(fresh)
        if fresh:
            self._compare(list(fresh.values()))

    def _compare(self, records: Sequence[Record]) -> None:
        frame = self.frame
        ids = [record.id for record in records]
        links = frame.sync.ledger.links(frame.sync.id, ids)
        near = self._linked(list(links.values()))
        claiming = self._claiming(records)
        shared = frame.sync.ledger.shared_targets(
            frame.sync.id, [one.destination_id for one in links.values()]
        )
        owners: list[tuple[str, str]] = []
        made = self._made(records)
        suspects: list[str] = []
        for record in records:
            link = links.get(record.id)
            sides = self._sides(record, made[record.id], link, near, shared)
            sides = replace(sides, claiming=tuple(claiming.get(record.id, ())))
            owners += [(record.id, one.id) for one in sides.claiming]
            if link is not None and link.state == "live":
                self.linked += 1
                self.lost += sides.linked is None
                owners.append((record.id, link.destination_id))
            verdict = judge(sides, frame.terms)
            if verdict == SUSPECT:
                suspects.append(record.id)
            else:
                self.take(verdict)
        self.scratch.own(owners)
        self.scratch.suspect(suspects)

    def take(self, verdict: Finding | str) -> None:
        """Count what was decided."""
        if isinstance(verdict, Finding):
            self.book.note(verdict)
        elif verdict == AGREES:
            self.book.report.agree += 1
        else:
            self.book.report.accounted[verdict] += 1

    def _made(self, records: Sequence[Record]) -> Mapping[str, Payload | Skip | None]:
        """Return what the mapping makes of each; None: it cannot be made now."""
        mapping, ledger = self.frame.sync.mapping, self.frame.sync.ledger
        needs: dict[str, set[str]] = defaultdict(set)
        for record in records:
            for other, source_id in mapping.link_needs(record):
                needs[other].add(source_id)
        parents = {o: ledger.link_targets(o, sorted(n)) for o, n in needs.items()}

        def target(other: str, source_id: str) -> str | None:
            return parents.get(other, {}).get(source_id)

        lookups = self.lookups
        lookups.prepare(records, target)
        made: dict[str, Payload | Skip | None] = {}
        for record in records:
            result = mapping.evaluate(record, target, lookups.found)
            made[record.id] = result if isinstance(result, Payload | Skip) else None
        return made

    def _linked(self, links: Sequence[LinkRow]) -> dict[tuple[str, str], There]:
        """Return the counterparts of live links, by stream and id.

        What the sweep did not show is asked for by id before it counts as gone.
        """
        frame = self.frame
        wanted: dict[str, list[str]] = defaultdict(list)
        for link in links:
            if link.state == "live":
                wanted[link.destination].append(link.destination_id)
        found: dict[tuple[str, str], There] = {}
        for name, ids in wanted.items():
            absent = ids
            if name == frame.terms.home:
                seen = self.scratch.by_id(ids)
                found |= {(name, one): row for one, row in seen.items()}
                absent = [one for one in ids if one not in seen]
            if not absent:
                continue
            stream = StreamRef.parse(name).stream
            for one, fields in frame.fetch(stream, absent).items():
                found[name, one] = There(one, fields_text=encode(dict(fields)))
        return found

    def _claiming(self, records: Sequence[Record]) -> dict[str, list[There]]:
        """Return the counterparts that carry a record's mark or key."""
        frame = self.frame
        if frame.facts is None:
            return {}
        if frame.has_marks():
            marks = {record.id: frame.mark(record) for record in records}
            by_mark = self.scratch.by_mark([one for one in marks.values() if one])
            found = {i: by_mark[m] for i, m in marks.items() if m in by_mark}
            return self._told(records, found)
        keys = {record.id: frame.key_of(record) for record in records}
        for record_id, key in keys.items():
            if key:
                self.prefix.learn(key, record_id)
        by_key = self.scratch.by_key([one.casefold() for one in keys.values() if one])
        return {
            i: by_key[k.casefold()] for i, k in keys.items() if k.casefold() in by_key
        }

    def _told(
        self, records: Sequence[Record], found: dict[str, list[There]]
    ) -> dict[str, list[There]]:
        """Add documents whose id their record was told, their mark edited away.

        One with another record's mark proves nothing: the record was copied.
        """
        told = {
            record.id: str(record.fields.get(self.frame.told_back) or "")
            for record in records
            if self.frame.told_back and record.id not in found
        }
        near = self.scratch.by_id([one for one in told.values() if one])
        marked = self.scratch.marked(list(near))
        for record_id, target in told.items():
            if target in near and target not in marked:
                found[record_id] = [near[target]]
        return found

    def _sides(
        self,
        record: Record,
        made: Payload | Skip | None,
        link: LinkRow | None,
        near: Mapping[tuple[str, str], There],
        shared: set[str],
    ) -> Sides:
        refusal = made.reason if isinstance(made, Skip) else ""
        refusal = "outside `where`" if record.outside else refusal
        bond = linked = None
        told: Mapping[str, object] = {}
        if link is not None:
            home = link.destination == self.frame.terms.home
            live = link.state == "live"
            is_shared = home and link.destination_id in shared
            bond = Bond(link.destination, link.destination_id, live, is_shared)
            linked = near.get((link.destination, link.destination_id)) if live else None
            told = self.frame.shown(link.sent) if linked is not None and home else {}
        expected = None
        if isinstance(made, Payload) and linked is not None:
            expected = self.frame.expected(made)
        return Sides(
            record.id,
            refusal,
            unmade=made is None,
            expected=expected,
            told=told,
            bond=bond,
            linked=linked,
            recent=not (link and record.version and link.version == record.version)
            and self.is_recent(record),
        )

    def vanished(self, record: Record) -> str:
        """Return the id of a document that a record was told of and that is gone."""
        told = str(record.fields.get(self.frame.told_back) or "")
        return told if told and not self.scratch.by_id([told]) else ""

    def is_recent(self, record: Record) -> bool:
        """Say whether a change is the next run's business."""
        modified = record.modified
        return bool(self.edge and modified and modified > self.edge)
