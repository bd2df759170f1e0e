"""Reading due invoices: closed ones in their order, those still open for a preview."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from tasuki.billing.due import DueInvoice, credit_note_due, due_invoices
from tasuki.billing.instalment import Instalment, instalments, next_bill_day
from tasuki.billing.plan import BillingPlan, read_plan
from tasuki.clock import TOKYO
from tasuki.hub.schema import INVOICE_STREAM
from tasuki.ledger.billing import BillingBook, BillingTx
from tasuki.ledger.billing_rows import StoredInvoice, StoredPart
from tasuki.model.errors import ConfigError
from tasuki.model.record import Page, Query, Record
from tasuki.ports import Clock

_PAGE: Final = 200


class InvoiceSource:
    """The hub's reading half: `due_invoice`."""

    def __init__(self, book: BillingBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._closed = False

    def close_due(self, stream: str) -> None:
        """Close the invoices that are due today: from now on nothing is added.

        One transaction: an instalment is on one invoice, for ever, or on none.
        """
        _check_stream(stream)
        today = self._today()
        with self._book.writing() as tx:
            for one in [*_due(tx, today), *_credits(tx)]:
                tx.put_invoice(one.id, one.fields())
                for part in one.parts:
                    _bill(tx, part[1], one.id)
            _move_on(tx, today)
        self._closed = True

    def read(self, query: Query, cursor: str | None) -> Iterator[Page]:
        """Yield due invoices in the order in which they were closed.

        Credit notes are for mappings that ask for the `kind`: to others everything
        is an invoice.
        """
        _check_stream(query.stream)
        seq = int(cursor) if cursor else 0
        credits_too = "kind" in query.fields
        while True:
            rows = self._book.invoices_after(seq, _PAGE, credits_too=credits_too)
            seq = rows[-1].seq if rows else seq
            yield Page([_record(query, row) for row in rows], str(seq))
            if len(rows) < _PAGE:
                break
        if not self._closed:
            with self._book.reading() as tx:
                due = _due(tx, self._today())
                due += _credits(tx) if credits_too else []
            rows = [StoredInvoice(seq, one.id, one.fields()) for one in due]
            if rows:
                yield Page([_record(query, row) for row in rows], str(seq))

    def fetch(self, query: Query, ids: Sequence[str]) -> list[Record]:
        """Return due invoices by id; what was never due is not there."""
        _check_stream(query.stream)
        found = {row.id: row for row in self._book.invoices(ids)}
        return [
            _record(query, found[one])
            if one in found
            else Record(one, "", {}, deleted=True)
            for one in ids
        ]

    def _today(self) -> date:
        return self._clock.now().astimezone(TOKYO).date()


def _check_stream(stream: str) -> None:
    if stream != INVOICE_STREAM:
        what = f"only {INVOICE_STREAM} can be read"
        raise ConfigError(f"hub/{stream}", what, f"Read from hub/{INVOICE_STREAM}.")


def _due(tx: BillingTx, today: date) -> list[DueInvoice]:
    """Return what is due and on no invoice yet."""
    found: list[tuple[BillingPlan, Instalment]] = []
    for plan, parts in _plans(tx, today):
        stored = {one.part.id for one in parts}
        found += [(plan, one.part) for one in parts if one.invoice_id is None]
        found += [
            (plan, one) for one in instalments(plan, today) if one.id not in stored
        ]
    closed = tx.closed(plan.company for plan, _ in found if plan.closing_day)
    return due_invoices(found, closed, today)


def _credits(tx: BillingTx) -> list[DueInvoice]:
    """Return the credit notes that are to be made: a person has approved each."""
    parts = [one.part for one in tx.due_credits()]
    plans = tx.plans([one.deal for one in parts])
    dates = tx.invoice_dates(one.returns for one in parts)
    return [
        credit_note_due(read_plan(plans[one.deal].fields), one, dates.get(one.returns))
        for one in parts
    ]


def _plans(
    tx: BillingTx, today: date
) -> Iterator[tuple[BillingPlan, list[StoredPart]]]:
    stored = tx.due_plans(today)
    parts = tx.parts([one.id for one in stored])
    for one in stored:
        yield read_plan(one.fields), parts[one.id]


def _bill(tx: BillingTx, part: Instalment, invoice_id: str) -> None:
    if part.kind == "regular":
        tx.put_part(part, invoice_id)
    else:
        tx.bill(part.id, invoice_id)


def _move_on(tx: BillingTx, today: date) -> None:
    """Note when each plan that was looked at has something to bill next."""
    for plan, parts in _plans(tx, today):
        taken = frozenset(one.part.id for one in parts)
        waiting = [
            one.part.bill_on
            for one in parts
            if one.invoice_id is None and one.part.kind != "credit"
        ]
        following = next_bill_day(plan, taken, today)
        days = [*waiting, *([following] if following else [])]
        tx.set_next(plan.deal, min(days, default=None))


def _record(query: Query, row: StoredInvoice) -> Record:
    fields = {name: row.fields.get(name) for name in query.fields}
    return Record(row.id, "1", fields)
