"""Handoffs in the ledger: made once, closed by whoever sees it first."""

from datetime import UTC, datetime, timedelta

from tasuki.ledger import Ledger
from tasuki.ledger.handoffs import Change, Handoff
from tests.unit.ledger.material import Other

OPENED = datetime(2026, 4, 1, tzinfo=UTC)


def handoff(number: int = 1, **more: object) -> Handoff:
    due = OPENED + timedelta(hours=8)
    row = Handoff(
        f"h{number}", "mql_to_sal", f"person/{number}", f"hubspot:{number}", "hubspot",
        "marketing", "inside_sales", "77", "展示会", OPENED, due, due, "8 hours", "abc",
    )  # fmt: skip
    return row._replace(**more)


def test_handoffs_come_back_as_they_were_kept(ledger: Ledger) -> None:
    book = ledger.handoffs()
    closed = handoff(
        2, state="rejected_at_gate", closed_at=OPENED, failed=("no_email", "free_mail")
    )
    book.keep([handoff(), closed], [])
    assert book.rows() == [handoff(), closed]


def test_a_handoff_is_made_once(ledger: Ledger) -> None:
    book = ledger.handoffs()
    book.keep([handoff()], [])
    moved = handoff(due_at=OPENED + timedelta(days=9), rule_hash="new")
    book.keep([moved], [])
    assert book.rows() == [handoff()]


def test_closing_changes_nothing_that_was_computed(ledger: Ledger) -> None:
    book = ledger.handoffs()
    book.keep([handoff()], [])
    at = OPENED + timedelta(hours=1)
    after = handoff(
        state="accepted", closed_at=at, due_at=at, warn_at=at, within="1 day"
    )
    book.keep([], [Change(handoff(), after)])
    assert book.rows() == [handoff(state="accepted", closed_at=at)]


def test_who_comes_second_changes_nothing(ledger: Ledger) -> None:
    book = ledger.handoffs()
    book.keep([handoff()], [])
    first = handoff(state="accepted", closed_at=OPENED)
    second = handoff(state="rejected", closed_at=OPENED, reason="late")
    book.keep([], [Change(handoff(), first)])
    book.keep([], [Change(handoff(), second)])
    assert book.rows() == [first]


def test_two_workers_make_the_rows_of_one(ledger: Ledger, url: str) -> None:
    script = """
from tests.unit.ledger.test_handoffs import handoff
for n in range(60):
    ledger.handoffs().keep([handoff(n)], [])
say(60)
"""
    others = [Other(url, script) for _ in range(2)]
    assert [other.hear() for other in others] == ["60", "60"]
    for other in others:
        other.__exit__(None, None, None)
    assert len(ledger.handoffs().rows()) == 60
