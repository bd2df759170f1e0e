"""What one side alone holds: links without a source, counterparts without a record."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasuki.ledger.rows import LinkRow
from tasuki.model.record import Record, StreamRef
from tasuki.reconcile.beside import Beside
from tasuki.reconcile.finding import Finding, Kind, Repair
from tasuki.reconcile.scratch import There

_BATCH = 200
_BY_HAND = "Delete it by hand if it should not be there; Tasuki deletes nothing."
_CANCEL = (
    "If it should not be there, cancel it by hand; Tasuki cancels nothing by itself."
)
_ALIKE = (
    "Same partner, day and total, typed by hand? Look at both, and cancel one by hand."
)
_COPY = "Was it copied? Take the mark out of the memo of what is not ours."


@dataclass(slots=True)
class Absent:
    """The end of a comparison: what was met on one side only."""

    beside: Beside

    def sources(self) -> None:
        """Look at links whose source record was not read."""
        sync = self.beside.frame.sync
        for part in self._unread_links():
            links = {link.source_id: link for link in part}
            records = sync.source.source.fetch(self.beside.frame.query(), list(links))
            found = {record.id: record for record in records}
            there = [one for one in records if not one.deleted]
            self.beside.page(there)  # created since, or outside the mapping's `where`
            gone = [link for i, link in links.items() if _is_gone(found.get(i))]
            self._without_source(gone, found)

    def _unread_links(self) -> Iterator[list[LinkRow]]:
        sync = self.beside.frame.sync
        waiting: list[LinkRow] = []
        for part in sync.ledger.live_links(sync.id):
            links = {link.source_id: link for link in part}
            unread = self.beside.scratch.not_here(list(links))
            waiting += [links[one] for one in unread]
            while len(waiting) >= _BATCH:
                yield waiting[:_BATCH]
                waiting = waiting[_BATCH:]
        if waiting:
            yield waiting

    def _without_source(
        self, links: Sequence[LinkRow], found: dict[str, Record]
    ) -> None:
        near = self._present(links)
        owners = [(link.source_id, link.destination_id) for link in links]
        self.beside.scratch.own(owners)
        for link in links:
            record = found.get(link.source_id)
            survivor = record.merged_into if record else None
            counterpart = near.get((link.destination, link.destination_id))
            self.beside.book.note(self._orphan(link, survivor, counterpart))

    def _present(self, links: Sequence[LinkRow]) -> dict[tuple[str, str], There]:
        """Return the counterparts that are there, by stream and id."""
        frame = self.beside.frame
        by_stream: dict[str, list[str]] = defaultdict(list)
        for link in links:
            by_stream[link.destination].append(link.destination_id)
        found: dict[tuple[str, str], There] = {}
        for name, ids in by_stream.items():
            seen = {}
            if name == frame.terms.home:
                seen = self.beside.scratch.by_id(ids)
            absent = [one for one in ids if one not in seen]
            if absent:
                stream = StreamRef.parse(name).stream
                seen |= {one: There(one) for one in frame.fetch(stream, absent)}
            found |= {(name, one): row for one, row in seen.items()}
        return found

    def _orphan(
        self, link: LinkRow, survivor: str | None, counterpart: There | None
    ) -> Finding:
        target = (link.destination_id,)
        if survivor:
            # A run hands the counterpart to the survivor, if that has none.
            words = "merged at the source"
            return Finding(Kind.EXTRA, link.source_id, target, words, repair=Repair.RUN)
        if counterpart is None or not counterpart.live:
            words = "both sides are gone"
            return Finding(
                Kind.LEDGER_ONLY, link.source_id, target, words, repair=Repair.DROP
            )
        remedy = _CANCEL if self.beside.frame.terms.is_money else _BY_HAND
        words = "the source record is gone"
        return Finding(Kind.EXTRA, link.source_id, target, words, remedy)

    # -- the destination -----------------------------------------------------------

    def strangers(self) -> None:
        """Look at counterparts that claim a record nobody has read."""
        waiting: dict[str, There] = {}
        for row, marks in self.beside.scratch.strangers():
            if marks:
                if row.live:
                    self._marked(row, marks)
                continue
            key = str(row.fields.get(self.beside.frame.key) or "")
            source_id = self.beside.prefix.source_id(key)
            if source_id and row.live:
                waiting[source_id] = row
            if len(waiting) >= _BATCH:
                self._claimed(waiting)
                waiting = {}
        if waiting:
            self._claimed(waiting)

    def _marked(self, row: There, marks: Sequence[str]) -> None:
        words = "carries our mark, of no record that is there or comes into question"
        remedy = f"{_CANCEL} {_COPY}"
        finding = Finding(Kind.EXTRA, "", (row.id,), words, remedy, Repair.LINK)
        self.beside.book.note(finding)
        self.beside.scratch.keep("mark", {"id": row.id, "marks": list(marks)})

    def _claimed(self, rows: dict[str, There]) -> None:
        """Ask the source for the records that these keys name."""
        sync = self.beside.frame.sync
        unread = self.beside.scratch.not_here(list(rows))
        asked = (
            sync.source.source.fetch(self.beside.frame.query(), unread)
            if unread
            else []
        )
        found = {record.id: record for record in asked}
        self.beside.page([one for one in asked if not one.deleted])
        for source_id, row in rows.items():
            record = found.get(source_id)
            if source_id not in unread or not _is_gone(record):
                continue
            survivor = record.merged_into if record else None
            words = "merged at the source" if survivor else "the source record is gone"
            self.beside.book.note(
                Finding(Kind.EXTRA, source_id, (row.id,), words, _BY_HAND)
            )

    def look_alikes(self) -> None:
        """Look for documents without a mark that look like one of ours."""
        for ours, other in self.beside.scratch.look_alikes():
            words = "another document looks the same"
            finding = Finding(
                Kind.DUPLICATED, ours.owner, (ours.id, other.id), words, _ALIKE
            )
            self.beside.book.note(finding)


def _is_gone(record: Record | None) -> bool:
    return record is None or record.deleted
