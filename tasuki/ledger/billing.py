"""Billing plans in the ledger: what was agreed, what is due, what was billed.

Every change of a plan and every closing of invoices is a transaction under one lock: a
plan cannot change between the look at what was billed of it and its writing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    Connection,
    and_,
    delete,
    insert,
    select,
    text,
    update,
)

from tasuki.billing.instalment import CREDIT, DIFFERENCE, Instalment
from tasuki.billing.plan import WON
from tasuki.ledger.billing_payments import PaymentBook
from tasuki.ledger.billing_questions import about, left_lost, not_asked
from tasuki.ledger.billing_rows import (
    StoredInvoice,
    StoredPart,
    StoredPlan,
    invoice_of,
    line_text,
    part_of,
    plan_of,
)
from tasuki.ledger.billing_tables import (
    BILLING_INSTALMENT,
    BILLING_INVOICE,
    BILLING_PLAN,
)
from tasuki.ledger.database import Database
from tasuki.ledger.rows import decode, encode, time_text
from tasuki.ledger.tables import (
    DEAD_LETTER,
    HOLD,
    INTENT,
    OPEN_HOLDS,
    UNSOLVED_LETTERS,
)

INVOICES: Final = "hub/due_invoice"
_LOCK: Final = 7_215_015
_MANY: Final = 500


class BillingBook:
    """The ledger's pages about billing plans."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def payments(self) -> PaymentBook:
        """The pages about payments."""
        return PaymentBook(self._database)

    @contextmanager
    def writing(self) -> Iterator["BillingTx"]:
        """Give a transaction that no other one of this kind runs beside."""
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            now = time_text(self._database.clock.now())
            yield BillingTx(connection, now)

    @contextmanager
    def reading(self) -> Iterator["BillingTx"]:
        """Give the same queries outside a transaction; write nothing by it."""
        with self._database.reading() as connection:
            yield BillingTx(connection, "")

    def invoices_after(
        self, seq: int, most: int, *, credits_too: bool
    ) -> list[StoredInvoice]:
        """Return closed invoices in order, from a number on."""
        query = (
            select(*_INVOICE)
            .where(BILLING_INVOICE.c.seq > seq)
            .order_by(BILLING_INVOICE.c.seq)
            .limit(most)
        )
        if not credits_too:
            query = query.where(BILLING_INVOICE.c.kind.is_(None))
        with self._database.reading() as connection:
            return [invoice_of(row) for row in connection.execute(query)]

    def invoices(self, ids: Sequence[str]) -> list[StoredInvoice]:
        """Return closed invoices by id."""
        query = select(*_INVOICE).where(BILLING_INVOICE.c.id.in_(list(ids)))
        with self._database.reading() as connection:
            return [invoice_of(row) for row in connection.execute(query)]

    def issued(self, ids: Sequence[str]) -> dict[str, tuple[str, str, dict[str, Any]]]:
        """Return what the ledger knows of writes of due invoices: state, where, answer.

        Refused and replaced writes do not count.
        """
        query = (
            select(
                INTENT.c.source_id,
                INTENT.c.state,
                INTENT.c.destination,
                INTENT.c.destination_id,
                INTENT.c.receipt,
            )
            .where(
                and_(
                    INTENT.c.source_id.in_(list(ids)),
                    INTENT.c.source == INVOICES,
                    INTENT.c.operation == "create",
                    INTENT.c.state.not_in(("rejected", "abandoned")),
                )
            )
            .order_by(INTENT.c.created_at)
        )
        with self._database.reading() as connection:
            return {
                row[0]: (row[1], f"{row[2]}/{row[3] or '?'}", decode(row[4] or "{}"))
                for row in connection.execute(query)
            }


class BillingTx:
    """Queries and writes of one transaction."""

    def __init__(self, connection: Connection, now: str) -> None:
        self._connection = connection
        self._now = now

    def plans(self, ids: Sequence[str]) -> dict[str, StoredPlan]:
        """Return plans by id."""
        found: dict[str, StoredPlan] = {}
        for some in _chunks(ids):
            query = select(*_PLAN).where(BILLING_PLAN.c.id.in_(some))
            rows = map(plan_of, self._connection.execute(query))
            found |= {one.id: one for one in rows}
        return found

    def plans_after(self, after: str, most: int) -> list[StoredPlan]:
        """Return plans in order of their ids, from one on."""
        query = (
            select(*_PLAN)
            .where(BILLING_PLAN.c.id > after)
            .order_by(BILLING_PLAN.c.id)
            .limit(most)
        )
        return [plan_of(row) for row in self._connection.execute(query)]

    def due_plans(self, today: date) -> list[StoredPlan]:
        """Return plans with something to bill by a day, but for those in question.

        A plan whose deal is held for a person, or is a dead letter, stands still until
        that is settled. So does one whose deal is lost, and a person left it at that:
        what was billed stays, and nothing more is.
        """
        query = (
            select(*_PLAN)
            .where(BILLING_PLAN.c.next_on <= today.isoformat())
            .where(BILLING_PLAN.c.state == WON)
            .where(*not_asked())
            .where(~left_lost().exists())
            .order_by(BILLING_PLAN.c.id)
        )
        return [plan_of(row) for row in self._connection.execute(query)]

    def due_credits(self) -> list[StoredPart]:
        """Return credits that a credit note is to be made of, in order of their ids.

        Those that name no invoice are a person's.
        """
        query = (
            select(*_PART)
            .join(BILLING_PLAN, BILLING_PLAN.c.id == BILLING_INSTALMENT.c.plan_id)
            .where(BILLING_INSTALMENT.c.kind == CREDIT)
            .where(BILLING_INSTALMENT.c.returns.is_not(None))
            .where(BILLING_INSTALMENT.c.invoice_id.is_(None))
            .where(*not_asked())
            .order_by(BILLING_INSTALMENT.c.id)
        )
        return [part_of(row) for row in self._connection.execute(query)]

    def is_left_lost(self, plan_id: str) -> bool:
        """Say whether the deal is lost, and a person left what was billed at that."""
        query = (
            left_lost()
            .with_only_columns(BILLING_PLAN.c.id)
            .where(BILLING_PLAN.c.id == plan_id)
        )
        return self._connection.execute(query).first() is not None

    def invoice_dates(self, ids: Iterable[str]) -> dict[str, date]:
        """Return the dates of closed invoices, by id."""
        query = select(BILLING_INVOICE.c.id, BILLING_INVOICE.c.fields).where(
            BILLING_INVOICE.c.id.in_(sorted(set(ids)))
        )
        return {
            row[0]: date.fromisoformat(str(decode(row[1])["billing_date"]))
            for row in self._connection.execute(query)
        }

    def questions(self, plan_id: str) -> list[str]:
        """Return what is open about a plan's deal: holds and dead letters."""
        found: list[str] = []
        for table, condition, words in (
            (HOLD, OPEN_HOLDS, HOLD.c.detail),
            (DEAD_LETTER, UNSOLVED_LETTERS, DEAD_LETTER.c.words),
        ):
            query = (
                about(table, condition)
                .with_only_columns(words)
                .where(BILLING_PLAN.c.id == plan_id)
            )
            found += [str(row[0]) for row in self._connection.execute(query)]
        return found

    def billed_directly(self, deals: Sequence[str]) -> dict[str, str]:
        """Return the documents that were made of deals themselves, without a plan."""
        found: dict[str, str] = {}
        for some in _chunks(deals):
            query = select(
                INTENT.c.source_id, INTENT.c.destination, INTENT.c.destination_id
            ).where(
                INTENT.c.source_id.in_(some),
                INTENT.c.source != INVOICES,
                INTENT.c.operation == "create",
                INTENT.c.claim.is_not(None),
                INTENT.c.state.not_in(("rejected", "abandoned")),
            )
            for row in self._connection.execute(query):
                found[row[0]] = f"{row[1]}/{row[2] or '?'}"
        return found

    def parts(self, plan_ids: Sequence[str]) -> dict[str, list[StoredPart]]:
        """Return the stored instalments of plans."""
        found: dict[str, list[StoredPart]] = {one: [] for one in plan_ids}
        for some in _chunks(plan_ids):
            query = (
                select(*_PART)
                .where(BILLING_INSTALMENT.c.plan_id.in_(some))
                .order_by(BILLING_INSTALMENT.c.created_at, BILLING_INSTALMENT.c.id)
            )
            for row in self._connection.execute(query):
                found[row.plan_id].append(part_of(row))
        return found

    def parts_on(self, invoice_ids: Iterable[str]) -> dict[str, list[Instalment]]:
        """Return the instalments on each invoice, of whatever deal."""
        found: dict[str, list[Instalment]] = {}
        for some in _chunks(sorted(set(invoice_ids))):
            query = (
                select(*_PART)
                .where(BILLING_INSTALMENT.c.invoice_id.in_(some))
                .order_by(BILLING_INSTALMENT.c.id)
            )
            for row in self._connection.execute(query):
                found.setdefault(row.invoice_id, []).append(part_of(row).part)
        return found

    def closed(self, companies: Iterable[str]) -> set[str]:
        """Return the ids of consolidated invoices that were made for customers."""
        found: set[str] = set()
        for company in sorted(set(companies)):
            query = select(BILLING_INVOICE.c.id).where(
                BILLING_INVOICE.c.id.startswith(f"{company}:", autoescape=True)
            )
            found |= {row[0] for row in self._connection.execute(query)}
        return found

    def put_plan(
        self,
        plan_id: str,
        fields: Mapping[str, object],
        state: str,
        next_on: date | None,
    ) -> bool:
        """Write a plan; return whether it is a new one."""
        values = {
            "fields": encode(dict(fields)),
            "state": state,
            "next_on": next_on.isoformat() if next_on else None,
            "updated_at": self._now,
        }
        at = BILLING_PLAN.c.id == plan_id
        changed = self._connection.execute(
            update(BILLING_PLAN).where(at).values(**values)
        )
        if changed.rowcount:
            return False
        self._connection.execute(
            insert(BILLING_PLAN).values(id=plan_id, created_at=self._now, **values)
        )
        return True

    def set_next(self, plan_id: str, next_on: date | None) -> None:
        """Say when a plan has something to bill next."""
        self._connection.execute(
            update(BILLING_PLAN)
            .where(BILLING_PLAN.c.id == plan_id)
            .values(next_on=next_on.isoformat() if next_on else None)
        )

    def put_part(self, one: Instalment, invoice_id: str | None) -> None:
        """Store an instalment; the database refuses one that is there already."""
        self._connection.execute(
            insert(BILLING_INSTALMENT).values(
                id=one.id,
                plan_id=one.deal,
                kind=one.kind,
                bill_on=one.bill_on.isoformat(),
                label=one.label,
                lines=encode([line_text(line) for line in one.lines]),
                invoice_id=invoice_id,
                created_at=self._now,
                returns=one.returns or None,
            )
        )

    def bill(self, part_id: str, invoice_id: str) -> None:
        """Put a stored instalment on an invoice."""
        self._connection.execute(
            update(BILLING_INSTALMENT)
            .where(BILLING_INSTALMENT.c.id == part_id)
            .where(BILLING_INSTALMENT.c.invoice_id.is_(None))
            .values(invoice_id=invoice_id)
        )

    def drop_pending(self, plan_id: str) -> None:
        """Take out differences that were approved and not billed yet."""
        self._connection.execute(
            delete(BILLING_INSTALMENT)
            .where(BILLING_INSTALMENT.c.plan_id == plan_id)
            .where(BILLING_INSTALMENT.c.kind == DIFFERENCE)
            .where(BILLING_INSTALMENT.c.invoice_id.is_(None))
        )

    def put_invoice(self, invoice_id: str, fields: Mapping[str, object]) -> None:
        """Close an invoice, or a credit note."""
        self._connection.execute(
            insert(BILLING_INVOICE).values(
                id=invoice_id,
                fields=encode(dict(fields)),
                created_at=self._now,
                kind=CREDIT if fields.get("kind") == CREDIT else None,
            )
        )


_PLAN = (BILLING_PLAN.c.id, BILLING_PLAN.c.fields, BILLING_PLAN.c.state)
_INVOICE = (BILLING_INVOICE.c.seq, BILLING_INVOICE.c.id, BILLING_INVOICE.c.fields)
_PART = tuple(BILLING_INSTALMENT.c)


def _chunks(ids: Sequence[str]) -> Iterator[list[str]]:
    listed = list(ids)
    for start in range(0, len(listed), _MANY):
        yield listed[start : start + _MANY]
