"""Every vector of invoices, splits, prorations and payment terms, key by key."""

from datetime import date
from decimal import Decimal

import pytest

from tasuki.billing.document import totals
from tasuki.billing.portion import ProrateMethod, Remainder, prorate, split
from tasuki.billing.rounding import Rounding
from tasuki.billing.terms import read_terms, schedule, sixty_day_check
from tests.vector_files import cases

pytestmark = pytest.mark.vectors


def _of_kind(kind):
    found = [case for case in cases("invoice.json") if case.values[0]["kind"] == kind]
    assert found, f"no vector of kind {kind}"
    return found


def _expected_part(actual, expected):
    return {key: actual.get(key) for key in expected}


@pytest.mark.parametrize("vector", _of_kind("invoice"))
def test_an_invoice_has_the_expected_sums(vector):
    actual = totals(vector["input"]).as_strings()
    assert _expected_part(actual, vector["expected"]) == vector["expected"]


@pytest.mark.parametrize("vector", _of_kind("split"))
def test_a_split_has_the_expected_parts(vector):
    given = vector["input"]
    parts = split(
        Decimal(given["amount"]),
        [Decimal(weight) for weight in given["weights"]],
        Remainder(given["remainder"]),
        given.get("minor_digits", 0),
    )
    actual = {"parts": [f"{part:f}" for part in parts], "sum": f"{sum(parts):f}"}
    assert _expected_part(actual, vector["expected"]) == vector["expected"]


@pytest.mark.parametrize("vector", _of_kind("prorate"))
def test_a_prorated_price_is_the_expected_share(vector):
    given = vector["input"]
    day = {
        name: date.fromisoformat(given[name])
        for name in given
        if name.endswith(("_start", "_end"))
    }
    share = prorate(
        Decimal(given["amount"]),
        (day["period_start"], day["period_end"]),
        (day["use_start"], day["use_end"]),
        method=ProrateMethod(given["method"]),
        rounding=Rounding(given["rounding"]),
        digits=given.get("minor_digits", 0),
    )
    actual = {
        "used_days": share.used_days,
        "period_days": share.period_days,
        "amount": f"{share.amount:f}",
    }
    assert _expected_part(actual, vector["expected"]) == vector["expected"]


@pytest.mark.parametrize("vector", cases("payment_terms.json"))
def test_terms_give_the_expected_days(vector):
    terms = read_terms(vector["terms"])
    planned = schedule(date.fromisoformat(vector["delivered_on"]), terms)
    check = sixty_day_check(planned)
    actual = {
        "closing_date": planned.closing_date and planned.closing_date.isoformat(),
        "due_date_unadjusted": planned.due_date_unadjusted.isoformat(),
        "due_date": planned.due_date.isoformat(),
        "toriteki": {
            "strict_60_limit": check.strict_60_limit.isoformat(),
            "two_month_limit": check.two_month_limit.isoformat(),
            "within_strict_60": check.within_strict_60,
            "within_two_months": check.within_two_months,
            "postponement_days": check.postponement_days,
            "ok": check.ok,
        },
    }
    assert _expected_part(actual, vector["expected"]) == vector["expected"]
