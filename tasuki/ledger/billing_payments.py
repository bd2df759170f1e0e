"""What was paid of planned invoices, as their systems last said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Dialect, Executable, and_, bindparam, or_, select

from tasuki.billing.payment import Settlement
from tasuki.ledger.billing_questions import written_credits
from tasuki.ledger.billing_tables import (
    BILLING_INSTALMENT,
    BILLING_PAYMENT,
)
from tasuki.ledger.database import Database, insert_into
from tasuki.ledger.rows import decode, encode, time_text

_MANY: Final = 500
_OVERLAP: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PaymentBook:
    """The ledger's pages about payments."""

    database: Database

    def put(self, rows: Mapping[str, Mapping[str, object]]) -> None:
        """Write what is told of documents, by their due invoice's id."""
        now = time_text(self.database.clock.now())
        values = [
            {
                "invoice_id": one,
                "fields": encode(dict(fields)),
                "is_open": _is_open(settlement_of(fields)),
                "updated_at": now,
            }
            for one, fields in rows.items()
        ]
        with self.database.writing() as connection:
            connection.execute(_upsert(connection.dialect), values)

    def mark(self) -> str:
        """Return a time from which `deals_to_tell` misses nothing that comes now.

        By the ledger's own clock, which stamps the rows; some are committed late.
        """
        return time_text(self.database.clock.now() - _OVERLAP)

    def written(self, ids: Sequence[str]) -> dict[str, tuple[str, bool]]:
        """Return the documents that people have named for credits, by the credit's id.

        Beside each, whether its proposal led to that one credit alone.
        """
        with self.database.reading() as connection:
            rows = list(connection.execute(written_credits(ids)))
        newest = {row[0]: row for row in reversed(rows)}
        return {
            one: (str(target), count == 1)
            for one, choice, target, count in newest.values()
            if choice == "found"
        }

    def told(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what was told of documents, by their due invoice's id."""
        found: dict[str, dict[str, Any]] = {}
        with self.database.reading() as connection:
            for start in range(0, len(ids), _MANY):
                some = list(ids[start : start + _MANY])
                query = select(
                    BILLING_PAYMENT.c.invoice_id, BILLING_PAYMENT.c.fields
                ).where(BILLING_PAYMENT.c.invoice_id.in_(some))
                rows = connection.execute(query)
                found |= {row[0]: decode(row[1]) for row in rows}
        return found

    def deals_to_tell(self, since: str, after: str, most: int) -> list[str]:
        """Return deals whose money may stand otherwise than it did, in order.

        These are the deals with a document that is open, is not told of yet, or was
        billed or told of since: whether an unpaid one is late depends on the day.

        Args:
            since: A time as the ledger writes it; "" for every deal that was billed.
            after: The deals after this one.
            most: No more than so many.
        """
        paid, part = BILLING_PAYMENT, BILLING_INSTALMENT
        query = (
            select(part.c.plan_id)
            .distinct()
            .join(paid, paid.c.invoice_id == part.c.invoice_id, isouter=True)
            .where(and_(part.c.invoice_id.is_not(None), part.c.plan_id > after))
            .order_by(part.c.plan_id)
            .limit(most)
        )
        if since:
            query = query.where(
                or_(
                    paid.c.invoice_id.is_(None),
                    paid.c.is_open,
                    paid.c.updated_at >= since,
                    part.c.created_at >= since,
                )
            )
        with self.database.reading() as connection:
            return [str(row[0]) for row in connection.execute(query)]


def settlement_of(fields: Mapping[str, object]) -> Settlement:
    """Return what was told of a document as a value."""
    return Settlement(
        total=_amount(fields.get("total")),
        paid=_amount(fields.get("paid")),
        due_on=_day(fields.get("due_on")),
        paid_on=_day(fields.get("paid_on")),
        cancelled=bool(fields.get("cancelled")),
    )


def _amount(value: object) -> Decimal:
    return Decimal(str(value)) if value not in {None, ""} else Decimal(0)


def _day(value: object) -> date | None:
    return date.fromisoformat(str(value)) if value not in {None, ""} else None


def _is_open(one: Settlement) -> bool:
    return not one.cancelled and one.paid != one.total


def _upsert(dialect: Dialect) -> Executable:
    statement = insert_into(dialect, BILLING_PAYMENT).values(
        {name: bindparam(name) for name in BILLING_PAYMENT.c.keys()}  # noqa: SIM118
    )
    changed = {
        name: statement.excluded[name] for name in ("fields", "is_open", "updated_at")
    }
    return statement.on_conflict_do_update(index_elements=["invoice_id"], set_=changed)
