"""Archiving what a money write sent, and the answer to it (電子帳簿保存法).

The bytes go to the content store first; the entries are added by the very transaction
that confirms the write. A process that dies in between leaves a write in doubt, as
anywhere: it is looked up, confirmed, and archived then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from tasuki.archive.content import ContentStore
from tasuki.archive.entry import Draft, Entry
from tasuki.archive.terms import Terms
from tasuki.billing.document import DocumentError, totals
from tasuki.billing.errors import BillingError
from tasuki.clock import TOKYO
from tasuki.engine.customer import customer_of
from tasuki.japan.company import company_key
from tasuki.ledger import Ledger
from tasuki.ledger.rows import ConfirmRow, IntentRow, decode, encode
from tasuki.mapping.archive_model import ArchiveModel
from tasuki.mapping.compile import CompiledMapping

_ANSWER = "answer"
_JSON = "application/json"
_AT_ONCE = 200
_LATE = "archived afterwards, from what the ledger knows of it"
_USUAL: Mapping[str, tuple[str, ...]] = {
    "number": ("receipt.invoice_number", "receipt.number", "sent.invoice_number"),
    "date": ("sent.billing_date", "receipt.billing_date", "sent.issue_date"),
    "amount": ("receipt.total_amount", "receipt.total"),
    "counterparty": (
        "receipt.partner_name",
        "receipt.partner_display_name",
        "sent.partner_name",
    ),
    "registration_number": ("receipt.registration_number",),
}


class _Written(NamedTuple):
    """A confirmed write with its answer."""

    row: IntentRow
    target_id: str
    receipt: dict[str, Any]

    @property
    def channel(self) -> str:
        return f"{self.row.destination}/{self.target_id}"


@dataclass(frozen=True, slots=True)
class Archiving:
    """Where a sync's documents are archived, and for how long."""

    store: ContentStore
    terms: Terms

    def drafts(
        self, ledger: Ledger, mapping: CompiledMapping, confirms: Sequence[ConfirmRow]
    ) -> list[Draft]:
        """Store what these writes sent and were answered; return the entries to add.

        Raises:
            LedgerError: the content store cannot be written, or holds something else
                at an address; the writes must not be confirmed then.
        """
        told = {one.id: one for one in confirms}
        rows = ledger.intents(list(told))
        written = [
            _Written(row, told[one].destination_id, decode(told[one].receipt_text))
            for one, row in rows.items()
            if row.operation != "write_back" and row.sent_at
        ]
        return self._of(ledger, mapping, written)

    def sweep(self, ledger: Ledger, mapping: CompiledMapping) -> list[Entry]:
        """Archive the confirmed documents of a sync that the archive lacks.

        Those of before there was an archive, and those that `reconcile` has found.
        """
        rows = ledger.unarchived(mapping.id)
        added: list[Entry] = []
        for start in range(0, len(rows), _AT_ONCE):
            written = [
                _Written(
                    row, row.destination_id or "", decode(row.receipt_text or "{}")
                )
                for row in rows[start : start + _AT_ONCE]
            ]
            late = [
                one._replace(reason=_LATE) for one in self._of(ledger, mapping, written)
            ]
            added += ledger.add_to_archive(late)
        return added

    def _of(
        self, ledger: Ledger, mapping: CompiledMapping, written: Sequence[_Written]
    ) -> list[Draft]:
        known = ledger.archived_in([one.channel for one in written])
        drafts: list[Draft] = []
        for one in written:
            particulars = self._particulars(ledger, mapping, one)
            drafts += self._both(one, particulars, known)
        return drafts

    def _both(
        self,
        one: _Written,
        particulars: Draft,
        known: Mapping[tuple[str, str], Entry],
    ) -> Iterator[Draft]:
        answer = encode({**one.receipt, "id": one.target_id})
        contents = (("", one.row.payload_text), (f"_{_ANSWER}", answer))
        for suffix, text in contents:
            draft = particulars._replace(doc_type=particulars.doc_type + suffix)
            before = known.get((one.channel, draft.doc_type))
            if before is not None and one.row.operation == "create":
                continue
            address = self.store.put(text.encode())
            draft = draft._replace(
                content_sha256=address, content_path=self.store.path_of(address)
            )
            yield draft if before is None else _corrected(draft, before)

    def _particulars(
        self, ledger: Ledger, mapping: CompiledMapping, one: _Written
    ) -> Draft:
        """Return what the document is searched by; what cannot be told is left out."""
        sent = one.row.payload
        said = mapping.model.evidence or ArchiveModel.model_validate({})
        scope = {"sent": sent, "receipt": one.receipt}

        def find(name: str) -> str | None:
            declared = getattr(said, name)
            places = ((declared,) if declared else ()) + _USUAL[name]
            return next(filter(None, (_at(scope, place) for place in places)), None)

        day = _day(find("date")) or _recorded_on(one.row)
        name = find("counterparty") or _linked_name(ledger, mapping, sent)
        kind = said.type or str(sent.get("kind") or "invoice")
        return Draft(
            doc_type=kind,
            doc_no=find("number") or one.target_id,
            actor=f"sync:{mapping.id}",
            transaction_date=day.isoformat(),
            amount=find("amount") or _sum_of(mapping, sent),
            currency=str(sent.get("currency") or "JPY"),
            counterparty=name,
            counterparty_key=company_key(name) if name else None,
            registration_number=find("registration_number"),
            direction="issued",
            channel=one.channel,
            mime=_JSON,
            retain_until=self.terms.retain_until(day).isoformat(),
        )


def _corrected(draft: Draft, before: Entry) -> Draft:
    return draft._replace(
        op="correct",
        version=before.version + 1,
        supersedes=before.seq,
        reason="changed after it was sent, as a person approved",
    )


def _at(scope: Mapping[str, Any], place: str) -> str | None:
    found: Any = scope
    for part in place.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None or isinstance(found, Mapping | list):
        return None
    return str(found).replace("\0", "").strip()  # PostgreSQL takes no NUL


def _day(text: str | None) -> date | None:
    """Return the day that a system or a mapping states; None where it is none."""
    try:
        return date.fromisoformat((text or "")[:10].replace("/", "-"))
    except ValueError:
        return None


def _recorded_on(row: IntentRow) -> date:
    """Return the day in Tokyo on which a write was recorded."""
    return datetime.fromisoformat(row.created_at).astimezone(TOKYO).date()


def _sum_of(mapping: CompiledMapping, sent: Mapping[str, object]) -> str | None:
    if mapping.model.document is None:
        return None
    try:
        return f"{totals(sent).total_incl:f}"
    except (DocumentError, BillingError):
        return None


def _linked_name(
    ledger: Ledger, mapping: CompiledMapping, sent: Mapping[str, object]
) -> str | None:
    """Return the name that the linked customer was sent with, else its id."""
    customer, ref = customer_of(ledger, mapping, sent)
    name = customer.get("name") or customer.get("Name") or ref
    return str(name) if name else None
