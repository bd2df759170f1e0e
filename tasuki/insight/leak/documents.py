"""Which document bills what: the ledger's writes beside what accounting shows.

A document is known by its id, or by the mark that it carries: a copy that somebody made
of it carries the mark too.
"""

from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, Final, NamedTuple

from tasuki.billing.document import DocumentError, totals
from tasuki.billing.errors import BillingError
from tasuki.insight.leak.board import Board, Value
from tasuki.insight.leak.ground import Ground
from tasuki.ledger.billing import INVOICES
from tasuki.ledger.leak_facts import DocumentFact
from tasuki.ledger.rows import decode

_ERASED: Final = "{}"


class _Made(NamedTuple):
    """What a write of ours says about the documents that are its."""

    deal: str | None
    plans: tuple[str, ...]
    amount: Value
    sha: str | None
    archived: bool


def put_documents(board: Board, ground: Ground, stream: str, amount_field: str) -> None:
    """Complete the invoices of one stream from the writes that made them.

    Args:
        board: With the invoices as accounting shows them, and the hub's plans.
        ground: The project.
        stream: `connection/stream` of the invoices.
        amount_field: What a receipt calls the total; "" where it does not say.
    """
    for some in ground.ledger.document_facts(stream):
        for one in some:
            made = _made(board, ground, one, amount_field)
            for invoice_id, is_ours in _invoices(board, stream, one):
                # A copy that somebody made over there is theirs to archive.
                archived = made.archived and is_ours
                _complete(board, invoice_id, made._replace(archived=archived))


def _invoices(board: Board, stream: str, one: DocumentFact) -> list[tuple[str, bool]]:
    """Return the invoices that are a write's, and whether it made them itself."""
    query = (
        "SELECT id, remote_id = ?2 FROM invoice WHERE system = ?1"
        " AND (remote_id = ?2 OR remote_id IN (SELECT remote_id FROM marked"
        " WHERE mark = ?3 AND stream = ?1))"
    )
    found = board.rows(query, (stream, one.destination_id, one.mark or None))
    return [(str(row[0]), bool(row[1])) for row in found]


def _made(board: Board, ground: Ground, one: DocumentFact, amount_field: str) -> _Made:
    archives = one.sync in ground.mappings and bool(
        ground.mappings[one.sync].model.archives
    )
    due = one.source_id
    if one.source != INVOICES:
        due = f"{one.destination}/{one.destination_id or '?'}"
    query = (
        "SELECT p.id, p.deal_id FROM due JOIN invoice_plan p ON p.id = due.plan_id"
        " WHERE due.due_id = ? ORDER BY p.id"
    )
    rows = [(str(plan), str(deal)) for plan, deal in board.rows(query, (due,))]
    deals = {deal for _, deal in rows}
    deal = deals.pop() if len(deals) == 1 else None
    plans = tuple(plan for plan, _ in rows)
    if one.source != INVOICES:
        deal = one.source_id
        plans = plans or (one.source_id,)
    sha = None
    if one.payload_text != _ERASED:
        sha = sha256(one.payload_text.encode()).hexdigest()
    return _Made(deal, plans, _amount(one, amount_field), sha, archives)


def _amount(one: DocumentFact, amount_field: str) -> Value:
    """Return the total as it was when we sent it."""
    receipt: dict[str, Any] = decode(one.receipt_text or "{}")
    told = receipt.get(amount_field)
    try:
        found = Decimal(str(told)) if told is not None else None
        if found is None:
            found = Decimal(totals(decode(one.payload_text)).total_incl)
    except (DocumentError, BillingError, InvalidOperation):
        return None
    return int(found) if found == int(found) else float(found)


def _complete(board: Board, invoice_id: str, made: _Made) -> None:
    alone = made.plans[0] if len(made.plans) == 1 else None
    board.fill(
        "UPDATE invoice SET deal_id = COALESCE(deal_id, ?), plan_id = ?,"
        " amount_incl = COALESCE(?, amount_incl), content_sha = ?,"
        " sent_at = CASE WHEN ? THEN sent_at END WHERE id = ?",
        [(made.deal, alone, made.amount, made.sha, int(made.archived), invoice_id)],
    )
    if alone is None:
        board.fill(
            "INSERT OR IGNORE INTO covered(plan_id, invoice_id) VALUES (?, ?)",
            [(plan, invoice_id) for plan in made.plans],
        )


def round_off(board: Board) -> None:
    """Say of each invoice whose it is; what is not ours is archived by who made it."""
    board.run(
        "UPDATE invoice SET company_id = (SELECT company_id FROM deal"
        " WHERE deal.id = invoice.deal_id) WHERE company_id IS NULL",
    )
    board.run(
        "UPDATE invoice SET sent_at = NULL WHERE deal_id IS NULL AND plan_id IS NULL"
        " AND id NOT IN (SELECT invoice_id FROM covered)",
    )
    board.run(
        "UPDATE invoice SET amount_incl = remote_amount_incl WHERE amount_incl IS NULL",
    )
    # What was erased on purpose is compared with nothing: the archive verifies itself.
    board.run(
        "UPDATE invoice SET content_sha = (SELECT content_sha FROM archive a"
        " WHERE a.invoice_id = invoice.remote_id) WHERE content_sha IS NULL",
    )
