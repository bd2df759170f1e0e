"""Mending what is safe to mend: links made again, the ledger told what stands there.

Nothing here writes to a system: what has to be sent is sent by a run of the engine,
with its intents, claims and guards. Nothing is ever deleted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasuki.engine.claims import mark_hash, mark_of, route_of
from tasuki.engine.ids import new_id
from tasuki.ledger import Lease
from tasuki.ledger.rows import (
    ConfirmRow,
    LinkRow,
    MatchKeyRow,
    NewDecision,
    NewIntent,
    encode,
)
from tasuki.mapping import Payload, fingerprint
from tasuki.model.likeness import is_same
from tasuki.model.record import Record
from tasuki.reconcile.beside import Beside
from tasuki.reconcile.finding import Finding, Repair
from tasuki.reconcile.scratch import There

_BATCH = 200
_UNKNOWN = [None]
_LOOK_ALIKE = "a document without our mark looks the same"


@dataclass(slots=True)
class Repairs:
    """Repairs of one comparison, under the sync's lease."""

    beside: Beside
    lease: Lease
    run_id: str

    def mend(self) -> None:
        """Bring the ledger up to what both systems hold."""
        for repair, act in (
            (Repair.LINK, self._link),
            (Repair.RESEND, self._resend),
            (Repair.DROP, self._drop),
            (Repair.HOLD, self._hold),
        ):
            for part in self.beside.scratch.kept(repair.value, _BATCH):
                findings = [Finding.of_json(one) for one in part]
                self.beside.book.report.repaired[repair] += len(findings)
                act([one for one in findings if one.source_id])
        for part in self.beside.scratch.kept("mark", _BATCH):
            self._remember([(str(one["id"]), list(one["marks"])) for one in part])

    def to_run(self) -> Iterable[list[str]]:
        """Yield the source ids that need a turn in a run."""
        for repair in (Repair.RUN, Repair.RESEND, Repair.LINK):
            for part in self.beside.scratch.kept(repair.value, _BATCH):
                ids = [str(one["source"]) for one in part if one["source"]]
                if ids:
                    yield ids

    # -- links ---------------------------------------------------------------------

    def _link(self, findings: Sequence[Finding]) -> None:
        """Link records to what carries their key or mark, and take their claims."""
        frame = self.beside.frame
        records = self._records([one.source_id for one in findings])
        near = self._near([one.targets[0] for one in findings])
        links, intents, confirms, keys = [], [], [], []
        for finding in findings:
            record = records.get(finding.source_id)
            there = near.get(finding.targets[0])
            if record is None or there is None:
                continue
            link = self._link_row(record, there)
            links.append(link)
            claim = frame.claim(record)
            if claim:
                intent = self._intent(link, claim)
                intents.append(intent)
                confirms.append(ConfirmRow(intent.id, there.id))
                keys.append(
                    MatchKeyRow(mark_hash(mark_of(claim)), frame.sync.id, record.id)
                )
        taken = frame.sync.ledger.claims([one.claim for one in intents if one.claim])
        free = [one for one in intents if one.claim not in taken]
        ids = {one.id for one in free}
        with frame.sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.put_links(links)
            tx.add_intents(free, "sending")
            tx.confirm([one for one in confirms if one.id in ids])
            tx.put_match_keys(keys)

    def _link_row(self, record: Record, there: There) -> LinkRow:
        """Return a link that says what stands there, as far as it can be told.

        A field that a sweep cannot show (lines) is taken to be as the mapping gives it,
        if all that follows from it (the total) is.
        """
        mapping = self.beside.frame.sync.mapping
        payload = self._payload(record)
        expected = self.beside.frame.shown(payload.fields) if payload else {}
        shown = there.fields
        differing = {
            name
            for name, value in expected.items()
            if name in shown and not is_same(value, shown[name])
        }
        sent = dict(payload.fields) if payload else {}
        for name in list(sent):
            if name in shown and (name in differing or name not in expected):
                sent[name] = shown[name]
        unseen = [name for name in differing if name not in sent]
        if unseen:  # a total: which line is another one cannot be told
            sent = {name: value for name, value in sent.items() if name in shown}
        same = payload is not None and not differing
        return LinkRow(
            source_id=record.id,
            sync=mapping.id,
            source=str(mapping.source),
            destination=str(mapping.destination),
            destination_id=there.id,
            sent_text=encode(sent),
            fingerprint=fingerprint(payload.fields) if payload and same else "",
            version="",  # decided afresh by the next run
            revision=mapping.revision,
        )

    def _intent(self, link: LinkRow, claim: str) -> NewIntent:
        now = self.beside.frame.sync.clock.now()
        return NewIntent(
            id=new_id(now),
            sync=link.sync,
            source_id=link.source_id,
            source=link.source,
            destination=link.destination,
            destination_id=link.destination_id or None,
            operation="create",
            claim=claim or None,
            mark=mark_of(claim) if claim else "",
            key_field="",
            key_value="",
            payload_text=link.sent_text,
            fingerprint=link.fingerprint,
            version=link.version,
            revision=link.revision,
        )

    def _remember(self, rows: Sequence[tuple[str, list[str]]]) -> None:
        """Remember documents whose record is not known: it must not be billed again.

        Should their record come back, it meets its mark and is held.
        """
        frame = self.beside.frame
        mapping = frame.sync.mapping
        intents, keys = [], []
        for target, marks in rows:
            owner = f"?{target}"
            link = LinkRow(
                owner, mapping.id, str(mapping.source), str(mapping.destination),
                target, "{}", "", "", mapping.revision,
            )  # fmt: skip
            claim = f"{route_of(mapping)}|{owner}"
            intents.append(self._intent(link, claim))
            keys += [MatchKeyRow(mark_hash(one), mapping.id, owner) for one in marks]
        taken = frame.sync.ledger.claims([one.claim for one in intents if one.claim])
        free = [one for one in intents if one.claim not in taken]
        with frame.sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.add_intents(free, "sending")
            tx.confirm([ConfirmRow(one.id, str(one.destination_id)) for one in free])
            tx.put_match_keys(keys)

    # -- what stands there ---------------------------------------------------------

    def _resend(self, findings: Sequence[Finding]) -> None:
        """Tell the ledger what stands there, so that a run sends the difference."""
        sync = self.beside.frame.sync
        links = sync.ledger.links(sync.id, [one.source_id for one in findings])
        changed = []
        for finding in findings:
            link = links.get(finding.source_id)
            if link is None:
                continue
            # No value of a payload equals this one: the field will be sent.
            drifted = {one.name: _UNKNOWN for one in finding.fields}
            sent = link.sent | drifted if finding.fields else {}
            changed.append(
                link._replace(sent_text=encode(sent), fingerprint="", version="")
            )
        with sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.put_links(changed)

    def _drop(self, findings: Sequence[Finding]) -> None:
        sync = self.beside.frame.sync
        with sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.detach_links(sync.id, [one.source_id for one in findings])

    def _hold(self, findings: Sequence[Finding]) -> None:
        """Take the claims of records whose document may be there without a mark."""
        frame = self.beside.frame
        sync = frame.sync
        records = self._records([one.source_id for one in findings])
        claims = {i: claim for i, r in records.items() if (claim := frame.claim(r))}
        taken = sync.ledger.claims(list(claims.values()))
        held: list[NewIntent] = []
        decisions: list[NewDecision] = []
        for finding in findings:
            record = records.get(finding.source_id)
            claim = claims.get(finding.source_id, "")
            if record is None or not claim or claim in taken:
                continue
            link = self._link_row(record, There(finding.targets[0]))
            held.append(self._intent(link._replace(destination_id=""), claim))
            words = f"{_LOOK_ALIKE}: {', '.join(finding.targets)}"
            decisions.append(
                NewDecision(
                    record.id, sync.id, "held", "in_doubt", words,
                    sync.mapping.revision, record.version,
                )
            )  # fmt: skip
        with sync.ledger.transaction(self.lease, self.run_id) as tx:
            tx.add_intents(held)
            tx.set_state([one.id for one in held], "held", "suspect", _LOOK_ALIKE)
            tx.add_decisions(decisions)

    # -- reading -------------------------------------------------------------------

    def _records(self, ids: Sequence[str]) -> dict[str, Record]:
        sync = self.beside.frame.sync
        found = sync.source.source.fetch(self.beside.frame.query(), list(ids))
        return {record.id: record for record in found if not record.deleted}

    def _near(self, ids: Sequence[str]) -> dict[str, There]:
        """Return counterparts; one that only a search has found is as good."""
        frame = self.beside.frame
        found = self.beside.scratch.by_id(ids)
        absent = [one for one in ids if one not in found]
        if absent:
            for one, fields in frame.fetch(frame.stream, absent).items():
                found[one] = There(one, fields_text=encode(dict(fields)))
        return found

    def _payload(self, record: Record) -> Payload | None:
        mapping, ledger = self.beside.frame.sync.mapping, self.beside.frame.sync.ledger
        needs = {
            (other, source_id): ledger.link_targets(other, [source_id]).get(source_id)
            for other, source_id in mapping.link_needs(record)
        }

        def target(other: str, one: str) -> str | None:
            return needs.get((other, one))

        self.beside.lookups.prepare([record], target)
        made = mapping.evaluate(record, target, self.beside.lookups.found)
        return made if isinstance(made, Payload) else None
