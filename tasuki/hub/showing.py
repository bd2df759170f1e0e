"""A deal's plan, for people and programs."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from tasuki.billing.calendar import clamped
from tasuki.billing.instalment import CREDIT, Instalment, instalments
from tasuki.billing.plan import WON, BillingPlan, read_plan
from tasuki.billing.terms import pays_in_time
from tasuki.ledger.billing import BillingBook
from tasuki.ledger.billing_rows import StoredPart
from tasuki.model.errors import ConfigError

_LIVE: Final = "confirmed"
_LEFT: Final = (
    "失注。請求済みはそのまま、以後は請求しません / lost; what was billed stays, "
    "nothing more is billed"
)
_PAYS_LATE: Final = (
    "支払条件「{terms}」は {day} の引き渡しから60日（2か月）を超えます。"
    "取適法の対象となる取引なら条件を見直してください / "
    "payment later than 60 days after {day}: if the trade "
    "falls under 取適法, agree on other terms"
)
_STATES: Final = ("billed", "closed", "due", "upcoming", "paused", "by_hand")


def shown_plan(
    book: BillingBook, deal: str, today: date, months: int
) -> dict[str, Any]:
    """Return a deal's plan as plain values.

    Args:
        book: The ledger's pages.
        deal: The plan's id.
        today: The day in Japan.
        months: How far to look ahead.

    Raises:
        ConfigError: The deal has no plan.
    """
    with book.reading() as tx:
        stored = tx.plans([deal])
        if deal not in stored:
            remedy = "`tasuki explain` tells what became of a deal."
            raise ConfigError(deal, "the deal has no billing plan", remedy)
        parts = tx.parts([deal])[deal]
        questions = tx.questions(deal)
        if tx.is_left_lost(deal):
            questions.append(_LEFT)
    plan = read_plan(stored[deal].fields)
    until = clamped(today.year, today.month + months, today.day)
    known = {one.part.id for one in parts}
    coming = [one for one in instalments(plan, until) if one.id not in known]
    documents = _documents(book, parts)
    stands = bool(questions) or plan.state != WON
    rows = [_stored(one, documents, today, stands=stands) for one in parts]
    rows += [_row(one, _when(one, today, stands=stands)) for one in coming]
    for row in rows:
        row["amount"] = f"{row['amount']:.{plan.digits}f}"
    rows.sort(key=lambda row: (row["bill_on"], row["id"]))
    return {
        "deal": deal,
        "subject": plan.subject,
        "company": plan.company,
        "schedule": plan.schedule.value,
        "state": plan.state,
        "start": plan.start.isoformat(),
        "end": plan.last_day.isoformat() if plan.last_day else None,
        "currency": plan.currency,
        "amount": _text(plan, plan.amount),
        "closing_day": plan.closing_day,
        "payment_terms": plan.payment_terms,
        "questions": questions,
        "notices": _notices(plan, [row["bill_on"] for row in rows]),
        "instalments": rows,
        "sums": _sums(plan, rows),
    }


def _notices(plan: BillingPlan, days: list[str]) -> list[str]:
    """Say what a person should know of the terms; nothing is held for it."""
    for day in days:
        # As agreed: what a bank holiday adds at a year's end is no fault of the terms.
        if pays_in_time(day, plan.payment_terms, "none") is False:
            return [_PAYS_LATE.format(terms=plan.payment_terms, day=day)]
    return []


def _documents(
    book: BillingBook, parts: list[StoredPart]
) -> dict[str, tuple[str, str]]:
    ids = sorted({one.invoice_id for one in parts if one.invoice_id})
    found = book.issued(ids)
    return {
        one: (
            state,
            f"{where} {answer.get('invoice_number') or ''}".strip(),
        )
        for one, (state, where, answer) in found.items()
    }


def _stored(
    one: StoredPart,
    documents: dict[str, tuple[str, str]],
    today: date,
    *,
    stands: bool,
) -> dict[str, Any]:
    part = one.part
    if part.kind == CREDIT and not part.returns:
        return _row(part, "by_hand")
    if part.kind == CREDIT and one.invoice_id is None:
        return _row(part, "due")  # its deal is lost: that holds no credit note back
    if one.invoice_id is None:
        return _row(part, _when(part, today, stands=stands))
    if "/" in one.invoice_id:  # billed before the deal had a plan
        return _row(part, "billed", "", one.invoice_id)
    state, document = documents.get(one.invoice_id, ("", ""))
    said = "billed" if state == _LIVE else "closed"
    return _row(part, said, one.invoice_id, document)


def _when(one: Instalment, today: date, *, stands: bool) -> str:
    if stands:
        return "paused"
    return "due" if one.bill_on <= today else "upcoming"


def _row(
    one: Instalment, state: str, invoice: str = "", document: str = ""
) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "bill_on": one.bill_on.isoformat(),
        "state": state,
        "amount": one.amount,
        "label": one.label,
        "invoice": invoice or None,
        "document": document or None,
    }


def _sums(plan: BillingPlan, rows: list[dict[str, Any]]) -> dict[str, str]:
    sums = {
        state: sum(
            (Decimal(row["amount"]) for row in rows if row["state"] == state),
            Decimal(0),
        )
        for state in _STATES
    }
    return {state: _text(plan, amount) for state, amount in sums.items() if amount}


def _text(plan: BillingPlan, amount: Decimal) -> str:
    return f"{amount:,.{plan.digits}f}"
