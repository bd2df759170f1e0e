"""Rows of billing plans, their instalments and their invoices."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tasuki.billing.instalment import Instalment
from tasuki.billing.plan import PlanLine
from tasuki.ledger.rows import decode


class StoredPlan(NamedTuple):
    """A plan as its mapping last wrote it."""

    id: str
    fields: dict[str, Any]
    state: str


class StoredPart(NamedTuple):
    """A stored instalment, and the invoice that bills it, once there is one."""

    part: Instalment
    invoice_id: str | None


class StoredInvoice(NamedTuple):
    """A due invoice, numbered in the order in which they were closed."""

    seq: int
    id: str
    fields: dict[str, Any]


def plan_of(row: Any) -> StoredPlan:  # noqa: ANN401 - a row of the driver's
    """Return a plan as its row holds it."""
    return StoredPlan(row[0], decode(row[1]), row[2])


def invoice_of(row: Any) -> StoredInvoice:  # noqa: ANN401
    """Return a closed invoice as its row holds it."""
    return StoredInvoice(row[0], row[1], decode(row[2]))


def part_of(row: Any) -> StoredPart:  # noqa: ANN401
    """Return an instalment as its row holds it."""
    lines = tuple(
        PlanLine(text_, Decimal(quantity), Decimal(price), tax)
        for text_, quantity, price, tax in _lines(row.lines)
    )
    day = date.fromisoformat(row.bill_on)
    returns = row.returns or ""
    part = Instalment(row.id, row.plan_id, day, lines, row.label, row.kind, returns)
    return StoredPart(part, row.invoice_id)


def line_text(line: PlanLine) -> list[str]:
    """Return a line as rows hold it: exact, and no numbers of JSON."""
    return [line.description, f"{line.quantity:f}", f"{line.unit_price:f}", line.tax]


def _lines(stored: str) -> Iterator[Sequence[str]]:
    found: Any = decode(stored)
    yield from found
