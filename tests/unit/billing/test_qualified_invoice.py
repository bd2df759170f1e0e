from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tasuki.billing.errors import BillingError
from tasuki.billing.invoice import calculate
from tasuki.billing.numbering import (
    consolidation_key,
    fiscal_quarter,
    fiscal_year,
    invoice_number,
    missing_sequences,
    period_key,
)
from tasuki.billing.portion import prorate
from tasuki.billing.qualified import (
    RULES,
    QualifiedInvoice,
    is_registration_number,
    qualified_invoice_check,
    unregistered_invoice_check,
)
from tasuki.billing.tax import TaxClass
from tasuki.billing.values import ClassTotal, Delivery, InvoiceDocument, Line

LINES = (
    Line("牛肉 ※", Decimal(2), Decimal(1017), TaxClass.REDUCED),
    Line("花", Decimal(1), Decimal(10155), TaxClass.STANDARD),
    Line("切手", Decimal(1), Decimal(84), TaxClass.EXEMPT),
)
DOCUMENT = InvoiceDocument((Delivery(LINES),))
GOOD = QualifiedInvoice(
    document=DOCUMENT,
    stated=calculate(DOCUMENT).breakdown,
    issuer_name="有限会社田中工務店",
    registration_number="T7000012050002",
    recipient="株式会社サンプル",
    supplied_from=date(2025, 4, 1),
    supplied_until=date(2025, 4, 30),
    registered_from=date(2023, 10, 1),
    legend="※は軽減税率対象",
)
STANDARD, REDUCED, EXEMPT = GOOD.stated


def with_line(index, **change):
    lines = [
        replace(each, **change) if n == index else each for n, each in enumerate(LINES)
    ]
    return replace(DOCUMENT, deliveries=(Delivery(tuple(lines)),))


def test_a_complete_paper_misses_nothing():
    assert qualified_invoice_check(GOOD) == []


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"issuer_name": " "}, ["R1"]),
        ({"registration_number": ""}, ["R2"]),
        ({"registration_number": "T1234567890123"}, ["R2"]),
        ({"registration_number": "T700001205000"}, ["R2"]),
        ({"supplied_from": None}, ["R3", "R9"]),
        ({"supplied_until": date(2025, 3, 31)}, ["R3"]),
        ({"document": with_line(1, description="")}, ["R4"]),
        ({"document": with_line(0, description="牛肉")}, ["R5"]),
        ({"legend": ""}, ["R5"]),
        ({"stated": (replace(STANDARD, base_excl=Decimal(1)), REDUCED)}, ["R6"]),
        ({"stated": (replace(STANDARD, tax=Decimal(1014)), REDUCED)}, ["R7"]),
        ({"stated": (STANDARD,)}, ["R6", "R7"]),
        ({"stated": (replace(STANDARD, rate=Decimal(8)), REDUCED)}, ["R6", "R7"]),
        ({"stated": (STANDARD, STANDARD, REDUCED)}, ["R6", "R7"]),
        (
            {
                "stated": (
                    STANDARD,
                    REDUCED,
                    ClassTotal(
                        TaxClass.EXPORT, Decimal(0), Decimal(5), Decimal(0), Decimal(5)
                    ),
                )
            },
            ["R6"],
        ),
        ({"recipient": ""}, ["R8"]),
        ({"registered_from": date(2025, 4, 2)}, ["R9"]),
        ({"registered_until": date(2025, 4, 29)}, ["R9"]),
        ({"registered_from": None}, ["R9"]),
    ],
)
def test_a_missing_item_is_named(change, missing):
    assert qualified_invoice_check(replace(GOOD, **change)) == missing


@pytest.mark.parametrize(
    "change",
    [
        {"stated": (STANDARD, REDUCED)},  # untaxed sums need not be shown
        {
            "stated": (
                STANDARD,
                REDUCED,
                EXEMPT,
                replace(
                    STANDARD,
                    tax_class=TaxClass.LEGACY8,
                    base_excl=Decimal(0),
                    tax=Decimal(0),
                    total_incl=Decimal(0),
                ),
            )
        },
        {"document": with_line(0, description="牛肉（軽減税率対象）"), "legend": ""},
        {"document": with_line(0, description="牛肉", reduced_mark=True)},
        {"registered_until": date(2025, 4, 30)},
    ],
)
def test_what_the_law_leaves_free_is_not_held_against_a_paper(change):
    assert qualified_invoice_check(replace(GOOD, **change)) == []


def test_an_unregistered_issuer_shows_no_number():
    assert unregistered_invoice_check(GOOD) == ["R2"]
    assert unregistered_invoice_check(replace(GOOD, registration_number="")) == []


def test_every_rule_is_explained_in_both_languages():
    assert list(RULES) == [f"R{n}" for n in range(1, 10)]
    assert all(english and japanese for english, japanese in RULES.values())


@pytest.mark.parametrize(
    "text",
    [
        "7000012050002",
        "t7000012050002",
        "T0000012050002",
        "Ｔ7000012050002",
        "T7000012050002 ",
        "T７000012050002",
    ],
)
def test_only_the_exact_form_is_a_registration_number(text):
    assert not is_registration_number(text)


@pytest.mark.parametrize(
    ("day", "year", "quarter"),
    [
        (date(2025, 3, 31), 2024, 4),
        (date(2025, 4, 1), 2025, 1),
        (date(2026, 1, 1), 2025, 4),
    ],
)
def test_the_fiscal_year_begins_in_april(day, year, quarter):
    assert (fiscal_year(day), fiscal_quarter(day)) == (year, quarter)


def test_the_fiscal_year_can_begin_in_another_month():
    assert (
        fiscal_year(date(2025, 1, 1), 1),
        fiscal_quarter(date(2025, 12, 1), 12),
    ) == (2025, 1)


def test_a_number_tells_the_fiscal_year():
    assert invoice_number("INV", date(2026, 3, 31), 2) == "INV-2025-0002"
    assert invoice_number("A-1", date(2026, 3, 31), 12345) == "A-1-2025-12345"


@pytest.mark.parametrize(
    ("prefix", "sequence"), [("", 1), ("IN V", 1), ("INV", 0), ("請求", 1)]
)
def test_an_odd_number_is_refused(prefix, sequence):
    with pytest.raises(BillingError, match="invoice number"):
        invoice_number(prefix, date(2025, 4, 1), sequence)


def test_gaps_between_numbers_are_found():
    assert missing_sequences([3, 1, 6]) == (2, 4, 5)
    assert missing_sequences([]) == ()


def test_keys_of_recurring_and_consolidated_invoices_tell_periods_apart():
    assert period_key("sub-1", date(2025, 4, 1)) != period_key(
        "sub-1", date(2025, 5, 1)
    )
    april = consolidation_key("c1", "e1", "JPY", date(2025, 4, 30), "末締翌月末")
    assert april != consolidation_key(
        "c1", "e1", "JPY", date(2025, 5, 31), "末締翌月末"
    )


def test_a_price_from_mid_february_of_a_leap_year_is_prorated():
    february = (date(2024, 2, 1), date(2024, 2, 29))
    share = prorate(Decimal(30000), february, (date(2024, 2, 15), date(2024, 12, 31)))
    assert (share.used_days, share.period_days, share.amount) == (15, 29, 15517)


def test_a_period_that_ends_before_it_starts_is_refused():
    with pytest.raises(BillingError, match="period"):
        prorate(
            Decimal(1),
            (date(2024, 2, 2), date(2024, 2, 1)),
            (date(2024, 2, 1), date(2024, 2, 1)),
        )
