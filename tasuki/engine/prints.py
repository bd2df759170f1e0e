"""Archiving the PDF of each document: the system's own, else a copy that we set.

Once for each document, after it was archived as sent. What cannot be had now stays
wanted and is named; it never keeps anything else from being archived.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from tasuki.archive.entry import Draft, Entry
from tasuki.billing.errors import BillingError
from tasuki.engine.archiving import Archiving
from tasuki.engine.papers import issued_invoice, with_modes
from tasuki.engine.sync import Sync
from tasuki.ledger import Ledger
from tasuki.ledger.rows import IntentRow
from tasuki.mapping import CompiledMapping
from tasuki.model.errors import AccessError, RemoteError, ThrottledError
from tasuki.paper.pdf import MIME, pdf_of
from tasuki.paper.reading import read_paper
from tasuki.paper.values import Issuer, Mark, Paper
from tasuki.ports import Printing

SUFFIX: Final = "_pdf"
_ANSWER: Final = "_answer"
_BEGINS: Final = b"%PDF-"
_AT_ONCE: Final = 500
_ENDED: Final = frozenset({"void", "delete_request"})


class Printed(NamedTuple):
    """What became of the documents without a PDF.

    Attributes:
        added: Entries added.
        fetched: How many of them are the system's own PDFs.
        waiting: Documents whose system has no PDF of them yet: drafts.
        failed: What could not be had, and why, in words.
    """

    added: int = 0
    fetched: int = 0
    waiting: int = 0
    failed: tuple[str, ...] = ()


class Terms(NamedTuple):
    """What a copy is set with.

    Attributes:
        issuer: Who bills; None where the project does not say it.
        modes: How the system rounds, by its settings.
        today: The day of issue where none is known.
    """

    issuer: Issuer | None
    modes: Mapping[str, object]
    today: date


Opening = Callable[[], AbstractContextManager[Sync]]


def print_missing(
    ledger: Ledger,
    mapping: CompiledMapping,
    archiving: Archiving,
    terms: Terms,
    opening: Opening,
    most: int = _AT_ONCE,
) -> Printed:
    """Archive the PDFs that the archive lacks of a sync's documents.

    Args:
        ledger: Knows the documents.
        mapping: Whose documents.
        archiving: Where they are archived.
        terms: What a copy of ours is set with.
        opening: Opens the sync; only where something is wanted.
        most: Documents at once.
    """
    rows = ledger.unprinted(mapping.id, most)
    if mapping.model.document is None or not rows:
        return Printed()
    with opening() as sync:
        printing = _Printing(sync, archiving, terms)
        while rows and printing.take(rows):
            rows = ledger.unprinted(mapping.id, most, rows[-1].id)
        return printing.done()


class _Printing:
    """One pass over the documents of a sync."""

    def __init__(self, sync: Sync, archiving: Archiving, terms: Terms) -> None:
        self._sync = sync
        self._ledger = sync.ledger
        self._store = archiving.store
        self._terms = terms
        self._failed: list[str] = []
        self._added = self._fetched = self._waiting = 0

    def done(self) -> Printed:
        """Return what became of all of them."""
        return Printed(self._added, self._fetched, self._waiting, tuple(self._failed))

    def take(self, rows: list[IntentRow]) -> bool:
        """Archive the PDFs of some documents; say whether to go on with others."""
        channels = [_channel(row) for row in rows]
        known = self._ledger.archived_in(channels)
        for row in rows:
            entry = _entry_of(known, _channel(row))
            if entry is None or entry.op in _ENDED:
                continue
            try:
                self._one(row, entry)
            except (AccessError, ThrottledError) as error:
                self._failed.append(str(error))  # the next would fare no better
                return False
            except (RemoteError, BillingError) as error:
                self._failed.append(f"{_channel(row)}: {error}")
        return True

    def _one(self, row: IntentRow, entry: Entry) -> None:
        destination = self._sync.destination.destination
        stream = self._sync.mapping.destination.stream
        if isinstance(destination, Printing):
            content = destination.print_of(stream, str(row.destination_id))
            if content is None:
                self._waiting += 1
                return
            if not content.startswith(_BEGINS):
                self._failed.append(f"{_channel(row)}: the answer is no PDF")
                return
            self._keep(entry, content, f"sync:{self._sync.id}", None)
            self._fetched += 1
            return
        if self._terms.issuer is None:
            self._waiting += 1
            return
        content = pdf_of(self._copy(row, entry, self._terms.issuer))
        reason = "a copy that Tasuki has set: the system gives no PDF"
        self._keep(entry, content, f"sync:{self._sync.id}", reason)

    def _copy(self, row: IntentRow, entry: Entry, issuer: Issuer) -> Paper:
        """Return the paper of a document, with the very sums that were archived.

        Raises:
            BillingError: It cannot be read, or would state another sum than the
                document.
        """
        invoice = issued_invoice(self._ledger, self._sync.mapping, row)
        known = replace(invoice.known, modes=self._terms.modes)
        paper = read_paper(known, issuer, self._terms.today, Mark.COPY)
        if not _agrees(paper, entry):
            told = with_modes(self._sync, invoice, self._terms.modes)
            paper = read_paper(told.known, issuer, self._terms.today, Mark.COPY)
        if not _agrees(paper, entry):
            what = f"a copy would state {paper.sums.total_incl:f}, not {entry.amount}"
            remedy = "Add the system's own PDF: tasuki archive add."
            raise BillingError("copy", what, remedy)
        return paper

    def _keep(
        self, entry: Entry, content: bytes, actor: str, reason: str | None
    ) -> None:
        address = self._store.put(content)
        fields = {n: v for n, v in entry._asdict().items() if n in Draft._fields}
        draft = Draft(**fields)._replace(
            op="create",
            version=1,
            supersedes=None,
            doc_type=entry.doc_type + SUFFIX,
            actor=actor,
            reason=reason,
            content_sha256=address,
            content_path=self._store.path_of(address),
            mime=MIME,
        )
        self._added += len(self._ledger.add_to_archive([draft]))


def _channel(row: IntentRow) -> str:
    return f"{row.destination}/{row.destination_id}"


def _entry_of(known: Mapping[tuple[str, str], Entry], channel: str) -> Entry | None:
    """Return the newest entry of the document as it was sent."""
    own = [
        entry
        for (place, kind), entry in known.items()
        if place == channel and not kind.endswith((_ANSWER, SUFFIX))
    ]
    return max(own, key=lambda one: one.seq, default=None)


def _agrees(paper: Paper, entry: Entry) -> bool:
    if entry.amount is None:
        return True
    try:
        return paper.sums.total_incl == Decimal(entry.amount)
    except InvalidOperation:
        return False
