"""Credit notes at Stripe: one for a row, whatever happens between question and answer."""

from collections.abc import Mapping
from typing import Any

import pytest

from tasuki.model.write import Confirmed, InDoubt, Operation, Rejected, Write
from tests.contract.stripe.account import Opened, create, opened

LINE = {"description": "返還", "quantity": -1, "unit_price": 10_000, "tax": "standard"}


def note(invoice: str, **changes: Any) -> Mapping[str, object]:
    usual = {
        "invoice_id": invoice,
        "kind": "credit_note",
        "currency": "JPY",
        "billing_date": "2026-11-22",
        "lines": [LINE],
    }
    return usual | changes


def notes(account: Opened) -> list[dict[str, Any]]:
    return list(account.sandbox.credit_notes.shelf.rows.values())


def billed(account: Opened) -> str:
    return account.bill("i1", finish="finalize").id


def test_a_credit_note_of_an_unpaid_invoice_lessens_what_is_owed() -> None:
    with opened() as account:
        one = billed(account)
        before = account.sandbox.invoices.shelf.rows[one]["amount_remaining"]
        done = account.write("credit_note", create("n1", note(one)))
        assert isinstance(done, Confirmed), done
        assert done.answer["total_amount"] == -11_000
        assert done.stated["total_incl"] == -11_000
        assert done.stated["tax_total"] == -1_000
        row = account.sandbox.invoices.shelf.rows[one]
        assert row["amount_remaining"] == before - 11_000


@pytest.mark.parametrize(
    ("settle", "field"),
    [("balance", "post_payment_amount"), ("out_of_band", "out_of_band_amount")],
)
def test_a_credit_note_of_a_paid_invoice_says_what_becomes_of_the_money(
    settle: str, field: str
) -> None:
    with opened() as account:
        one = billed(account)
        account.act("pay", id=one)
        done = account.write("credit_note", create("n1", note(one, settle=settle)))
        assert isinstance(done, Confirmed), done
        assert notes(account)[0][field] == 11_000
        assert notes(account)[0]["refunds"] == []


@pytest.mark.parametrize("done", [False, True])
def test_an_error_of_stripes_own_leads_to_one_credit_note(done: bool) -> None:  # noqa: FBT001
    with opened() as account:
        one = billed(account)
        account.act("fail", path="credit_notes", done=done)
        write = create("n1", note(one))
        found = account.write("credit_note", write)
        for _ in range(3):
            if isinstance(found, Confirmed):
                break
            found = account.write("credit_note", write)
        assert isinstance(found, Confirmed), found
        assert len(notes(account)) == 1


def test_a_retry_after_the_invoice_was_paid_finds_the_credit_note() -> None:
    with opened() as account:
        one = billed(account)
        write = create("n1", note(one))
        assert isinstance(account.write("credit_note", write), Confirmed)
        account.act("pay", id=one)
        again = account.write("credit_note", write)
        assert isinstance(again, Confirmed), again
        assert len(notes(account)) == 1


def test_a_credit_note_whose_key_is_forgotten_is_found_by_its_mark() -> None:
    with opened() as account:
        one = billed(account)
        write = create("n1", note(one))
        done = account.write("credit_note", write)
        assert isinstance(done, Confirmed)
        (sighting,) = account.system.destination.probe("credit_note", [write])
        assert [found.id for found in sighting.found] == [done.id]
        other = create("n2", note(one))
        (sighting,) = account.system.destination.probe("credit_note", [other])
        assert sighting.found == ()


def test_what_cannot_be_taken_back_is_refused() -> None:
    with opened() as account:
        one = billed(account)
        draft = account.bill("i2", partner_id=account.customer("c2")).id
        above = {**LINE, "quantity": 1}
        huge = {**LINE, "unit_price": 9_000_000}
        for fields in (
            note(draft),
            note(one, lines=[above]),
            note(one, lines=[huge]),
            note(one, lines=[]),
            note(one, settle="card"),
            note("in_unknown"),
            note(one, subject="?"),
        ):
            found = account.write("credit_note", create("n", fields))
            assert isinstance(found, Rejected), (fields, found)
        assert notes(account) == []


def test_a_credit_note_is_never_changed() -> None:
    with opened() as account:
        one = billed(account)
        done = account.write("credit_note", create("n1", note(one)))
        assert isinstance(done, Confirmed)
        change = Write("n2", Operation.UPDATE, {"memo": "?"}, target_id=done.id)
        found = account.write("credit_note", change)
        assert isinstance(found, Rejected)
        assert not isinstance(found, InDoubt)
