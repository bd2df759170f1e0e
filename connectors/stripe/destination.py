"""Writing to Stripe: both streams are of class A, one row at a time."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from tasuki.model.errors import ConfigError, RejectedError
from tasuki.model.sweep import SweepFacts, SweepQuery, Swept
from tasuki.model.write import (
    Candidate,
    Operation,
    Outcome,
    Sighting,
    Write,
    WriteClass,
    WriteFacts,
)
from tasuki.ports import Cancellable

from .amounts import UnfitError, to_major, total
from .cancelling import Cancellations
from .client import PAGE, Row, Stripe
from .credit_notes import CreditNotes
from .customers import Customers, customer_receipt
from .invoices import Invoices, confirmed
from .rendering import amount_of, currency_of, items
from .schema import INVOICES, MARK, METADATA, STATE, STREAMS, WRITTEN, flat, part

KEY_SECONDS: Final = 86_400.0
"""Stripe keeps an idempotency key for at least a day."""

ALIKE: Final = ("partner_id", "currency", "total", "payment_date")
_ALIKE: Final = {
    "customer": ("email",),
    "invoice": ALIKE,
    "credit_note": ("invoice_id", "total_amount"),
}
_SEARCHED: Final = {
    "customer": frozenset({"name", "phone"}),
    "invoice": frozenset({"number"}),
    "credit_note": frozenset[str](),
}
_SHOWN: Final = ("partner_id", "subject", "billing_date", "payment_date")
_CLAUSES: Final = 10  # values asked for in one search
_QUOTE: Final = re.compile(r"[\\']")


class StripeDestination:
    """The streams `customer`, `invoice` and `credit_note`."""

    def __init__(self, stripe: Stripe) -> None:
        self._stripe = stripe
        self.invoices = Invoices(stripe)
        self._customers = Customers(stripe)
        self._credit_notes = CreditNotes(stripe, self.invoices)
        self._cancellations = Cancellations(stripe)

    def facts(self, stream: str) -> WriteFacts:
        """Return how the stream wants to be written to."""
        self._path(stream)
        return WriteFacts(WriteClass.KEY, batch_size=1, key_seconds=KEY_SECONDS)

    def write(
        self, stream: str, writes: Sequence[Write], fence: Callable[[], None]
    ) -> list[Outcome]:
        """Send the rows; a batch has one."""
        self._path(stream)
        target: Customers | CreditNotes | Invoices = self.invoices
        if stream != "invoice":
            is_customer = stream == "customer"
            target = self._customers if is_customer else self._credit_notes
        return [target.write_one(write, fence) for write in writes]

    def find(
        self, stream: str, field: str, values: Sequence[str]
    ) -> Mapping[str, Sequence[Candidate]]:
        """Return the records whose field equals a value.

        Customers of an e-mail address are listed, everything else is searched for:
        what is younger than a minute may be missing.
        """
        path = self._path(stream)
        is_metadata = field.startswith(METADATA) and stream != "credit_note"
        if not (is_metadata or field == "email" or field in _SEARCHED[stream]):
            words = f"Stripe cannot search {stream}s by '{field}'"
            known = [*_SEARCHED[stream], f"{METADATA}KEY"]
            known += ["email"] if stream == "customer" else []
            remedy = f"Match on {', '.join(sorted(known))}."
            raise ConfigError(self._stripe.where(stream), words, remedy)
        rows = self._found(stream, path, field, list(dict.fromkeys(values)))
        found: dict[str, list[Candidate]] = {}
        asked = {value.casefold(): value for value in values}
        for row in rows:
            told = flat(stream, row)
            value = asked.get(str(told.get(field) or "").casefold())
            if value is not None and not row.get("deleted"):
                hit = Candidate(str(row["id"]), stream, told)
                found.setdefault(value, []).append(hit)
        return found

    def _found(
        self, stream: str, path: str, field: str, values: Sequence[str]
    ) -> list[Row]:
        if field == "email" and stream == "customer":
            return self._of_addresses(path, values)
        key = field.removeprefix(METADATA)
        name = f"metadata['{_quoted(key)}']" if key != field else field
        rows: list[Row] = []
        for start in range(0, len(values), _CLAUSES):
            some = values[start : start + _CLAUSES]
            query = " OR ".join(f"{name}:'{_quoted(value)}'" for value in some)
            rows += self._stripe.search(path, stream, query)
        return rows

    def _of_addresses(self, path: str, values: Sequence[str]) -> list[Row]:
        """List customers by address, which compares capitals too: ask for both."""
        found: dict[str, Row] = {}
        for one in dict.fromkeys(x for v in values for x in (v, v.lower())):
            params = {"email": one}
            for rows, _ in self._stripe.pages(path, "customer", params, "look-up"):
                found |= {str(row["id"]): row for row in rows}
        return list(found.values())

    def fetch(
        self, stream: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the present values of these records; absent when gone."""
        path = self._path(stream)
        found: dict[str, Mapping[str, object]] = {}
        for one in ids:
            row = self._stripe.single(path, one, stream, "look-up")
            if row is not None:
                told = flat(stream, row)
                found[one] = {name: told.get(name) for name in fields}
        return found

    def stated(
        self, stream: str, ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, object]]:
        """Return the sums that documents state now."""
        if stream == "credit_note":
            return self._credit_notes.stated(ids)
        return self.invoices.stated(ids) if stream == "invoice" else {}

    # Looking up what was lost longer ago than a key lives

    def probe(self, stream: str, writes: Sequence[Write]) -> list[Sighting]:
        """Look for the marks of writes whose keys may be forgotten.

        An invoice that lacks lines is never taken for the document: it is shown to a
        person, who deletes it or looks why.
        """
        if stream == "customer":
            return [self._probe_customer(write) for write in writes]
        if stream == "credit_note":
            return [self._credit_notes.probe(write) for write in writes]
        return [self._probe_invoice(write) for write in writes]

    def _probe_customer(self, write: Write) -> Sighting:
        # It was sent most of a day ago, so no search is too early.
        rows = self._found(
            "customer", WRITTEN["customer"], METADATA + MARK, [write.mark]
        )
        found = [row for row in rows if part(row, "metadata").get(MARK) == write.mark]
        return Sighting(
            write.ref, tuple(customer_receipt(write.ref, row) for row in found)
        )

    def _probe_invoice(self, write: Write) -> Sighting:
        params = {"customer": str(write.fields.get("partner_id"))}
        rows: list[Row] = []
        try:
            for page, _ in self._stripe.pages(INVOICES, "invoice", params, "probe"):
                rows += page
        except RejectedError:
            return Sighting(write.ref, ())  # no such customer any more
        ours = [row for row in rows if part(row, "metadata").get(MARK) == write.mark]
        whole = [row for row in ours if self.invoices.is_whole(row)]
        half = [row for row in ours if row not in whole]
        return Sighting(
            write.ref,
            tuple(
                replace(confirmed(write.ref, row), stated=self.invoices.stated_by(row))
                for row in whole
            ),
            tuple(confirmed(write.ref, row) for row in half),
        )

    # Cancelling

    def cancellable(self, stream: str, record_id: str) -> Cancellable | None:
        """Return an invoice as it is now, to be asked about."""
        self._only_invoices(stream)
        return self._cancellations.look(record_id)

    def cancel(self, stream: str, record_id: str, fence: Callable[[], None]) -> None:
        """Make an invoice void."""
        self._only_invoices(stream)
        self._cancellations.cancel(record_id, fence)

    def _only_invoices(self, stream: str) -> None:
        if stream != "invoice":
            words = "only invoices can be cancelled"
            raise ConfigError(self._stripe.where(stream), words)

    # Sweeping

    def print_of(self, stream: str, record_id: str) -> bytes | None:
        """Return an invoice's PDF (two calls); a draft has none yet."""
        if stream != "invoice":
            return None
        row = self._stripe.get(f"{INVOICES}/{quote(record_id, safe='')}", stream)
        address = row.get("invoice_pdf")
        return self._stripe.file(str(address), stream) if address else None

    def sweep_facts(self, stream: str) -> SweepFacts:
        """Return how many records a list brings, and that they carry marks."""
        self._path(stream)
        return SweepFacts(PAGE, marks=True, alike=_ALIKE[stream])

    def sweep(self, stream: str, query: SweepQuery) -> Iterator[Sequence[Swept]]:
        """Yield every record of a stream by list."""
        names = {*query.fields, *self.sweep_facts(stream).alike}
        for rows, _ in self._stripe.pages(self._path(stream), stream, kind="sweep"):
            yield [_swept(stream, row, names) for row in rows]

    def shown(self, stream: str, fields: Mapping[str, object]) -> Mapping[str, object]:
        """Return what a list would show of these fields, an invoice's total added."""
        if stream != "invoice":
            return {n: v for n, v in fields.items() if n in STREAMS[stream] and v}
        shown = {n: fields[n] for n in _SHOWN if fields.get(n) is not None}
        shown["currency"] = currency_of(fields).upper()
        write = Write("", Operation.CREATE, fields, mark="shown")
        try:
            lines = items(write, self._stripe.settings)
        except UnfitError:
            return shown
        if not any(line.get("tax_rates") for line in lines):
            pairs = [(amount_of(line), None) for line in lines]
            amount = total(pairs, self._stripe.settings.tax_rounding)
            shown["total"] = to_major(amount, currency_of(fields))
        return shown

    def _path(self, stream: str) -> str:
        if stream not in WRITTEN:
            words = "Stripe is written to with the streams " + ", ".join(WRITTEN)
            raise ConfigError(self._stripe.where(stream), words)
        return WRITTEN[stream]


def _swept(stream: str, row: Row, names: set[str]) -> Swept:
    told = flat(stream, row)
    metadata = part(row, "metadata")
    mark = str(metadata.get(MARK) or "")
    live = row.get("status") != "void" and metadata.get(STATE) is None
    shown = {name: told[name] for name in names if name in told}
    return Swept(str(row["id"]), shown, (mark,) if mark else (), live)


def _quoted(text: str) -> str:
    return _QUOTE.sub(lambda found: "\\" + found[0], text)
