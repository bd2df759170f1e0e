"""A deal's plan as people see it."""

from datetime import date

import pytest

from tasuki.hub.showing import shown_plan
from tasuki.testing import ManualClock, memory_ledger

LINE = {
    "description": "利用料",
    "quantity": "1",
    "unit_price": "30000",
    "tax": "standard",
}


@pytest.mark.parametrize(
    ("terms", "notices"),
    [("月末締め翌月末払い", 0), ("月末締め翌々月末払い", 1), ("", 0)],
)
def test_terms_beyond_sixty_days_are_noted_and_hold_nothing(
    terms: str, notices: int
) -> None:
    fields = {
        "deal": "d1", "company": "c1", "schedule": "monthly", "start": "2026-09-01",
        "payment_terms": terms, "lines": [LINE],
    }  # fmt: skip
    with memory_ledger(ManualClock()) as ledger:
        with ledger.billing().writing() as tx:
            tx.put_plan("d1", fields, "won", None)
        shown = shown_plan(ledger.billing(), "d1", date(2026, 10, 5), 2)
    assert len(shown["notices"]) == notices
    assert not shown["questions"]
    if notices:
        assert "60日（2か月）" in shown["notices"][0]
        assert "2026-09-01" in shown["notices"][0]
