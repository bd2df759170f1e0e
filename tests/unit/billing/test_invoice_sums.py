from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.billing.credit import credit_note, needs_credit_note
from tasuki.billing.errors import BillingError
from tasuki.billing.invoice import calculate, line_amount, rounding_difference
from tasuki.billing.portion import Remainder, split
from tasuki.billing.rounding import (
    Rounding,
    exact_decimal,
    largest_remainder,
    minor_digits,
    to_decimal,
    whole_units,
)
from tasuki.billing.tax import TaxClass
from tasuki.billing.values import (
    Delivery,
    Discount,
    InvoiceDocument,
    Line,
    PriceMode,
    RoundingUnit,
    Withholding,
    WithholdingKind,
)
from tasuki.billing.withholding import withholding_tax


def line(price, tax_class=TaxClass.STANDARD, quantity="1", **more):
    return Line("品目", Decimal(quantity), Decimal(price), tax_class, **more)


def invoice(*lines, **more):
    return InvoiceDocument((Delivery(lines),), **more)


def test_tax_is_rounded_once_per_rate_and_not_per_line():
    sums = calculate(
        invoice(
            line("167", TaxClass.REDUCED, "83"),
            line("67", TaxClass.REDUCED, "197"),
            line("77", quantity="57"),
            line("417", quantity="57"),
        )
    )
    assert [(c.base_excl, c.tax) for c in sums.breakdown] == [
        (28158, 2815),
        (27060, 2164),
    ]
    assert sums.total_incl == 60197


def test_three_lines_of_105_yen_pay_31_yen_of_tax_not_30():
    assert calculate(invoice(line("105"), line("105"), line("105"))).tax_total == 31


def test_a_discount_is_divided_by_largest_remainder():
    sums = calculate(
        invoice(
            line("3300"),
            line("2160", TaxClass.REDUCED),
            price_mode=PriceMode.INCLUSIVE,
            discount=Discount(Decimal(1000)),
        )
    )
    assert [(c.total_incl, c.tax) for c in sums.breakdown] == [(2696, 245), (1764, 130)]


def test_a_line_discount_is_taken_off_the_rounded_line():
    assert calculate(
        invoice(line("3333", quantity="1.5", discount=Decimal(99)))
    ).line_amounts == (4900,)


@pytest.mark.parametrize(
    ("unit", "tax"), [(RoundingUnit.INVOICE, 329), (RoundingUnit.DELIVERY, 327)]
)
def test_a_consolidated_invoice_rounds_by_paper(unit, tax):
    slip = Delivery((line("1015"), line("105", TaxClass.REDUCED)))
    assert (
        calculate(InvoiceDocument((slip, slip, slip), rounding_unit=unit)).tax_total
        == tax
    )


def test_a_discount_on_slips_that_round_alone_is_refused():
    slip = Delivery((line("1015"),))
    document = InvoiceDocument(
        (slip, slip),
        rounding_unit=RoundingUnit.DELIVERY,
        discount=Discount(Decimal(10)),
    )
    with pytest.raises(BillingError, match="slip"):
        calculate(document)


def test_a_discount_on_a_class_without_lines_is_refused():
    with pytest.raises(BillingError, match="reduced"):
        calculate(
            invoice(line("100"), discount=Discount(Decimal(10), TaxClass.REDUCED))
        )


def test_a_discount_finer_than_the_currency_is_refused():
    with pytest.raises(BillingError, match="decimals"):
        calculate(invoice(line("100", discount=Decimal("0.5"))))


@pytest.mark.parametrize(
    ("mode", "shown"), [(PriceMode.EXCLUSIVE, 909), (PriceMode.INCLUSIVE, 1100)]
)
def test_a_line_in_the_other_price_mode_is_converted_first(mode, shown):
    other = PriceMode.INCLUSIVE if mode is PriceMode.EXCLUSIVE else PriceMode.EXCLUSIVE
    document = invoice(line("1000", price_mode=other), price_mode=mode)
    assert line_amount(document.lines[0], document) == shown


def test_tax_in_yen_comes_from_the_foreign_amount_at_once():
    sums = calculate(invoice(line("133.53"), currency="USD", fx_rate=Decimal(114)))
    assert sums.as_strings()["breakdown"] == [
        {
            "tax_class": "standard",
            "rate": "10",
            "base_excl": "133.53",
            "tax": "13.35",
            "total_incl": "146.88",
            "tax_jpy": "1522",
        }
    ]


def test_without_an_exchange_rate_no_tax_in_yen_is_claimed():
    assert calculate(invoice(line("133.53"), currency="USD")).tax_total_jpy is None


@pytest.mark.parametrize(
    ("base", "kind", "tax"),
    [
        (1_000_000, WithholdingKind.FEE, 102_100),
        (1_500_000, WithholdingKind.FEE, 204_200),
        (-1_500_000, WithholdingKind.FEE, -204_200),
        (10_000, WithholdingKind.JUDICIAL_SCRIVENER, 0),
        (100_000, WithholdingKind.JUDICIAL_SCRIVENER, 9_189),
    ],
)
def test_withholding_follows_the_kind_of_fee(base, kind, tax):
    assert withholding_tax(base, kind) == tax


def test_a_company_has_nothing_withheld():
    sums = calculate(
        invoice(line("100000"), withholding=Withholding(issuer_is_individual=False))
    )
    assert (sums.withholding, sums.amount_due) == (0, 110_000)


def test_withholding_leaves_out_lines_of_expenses_and_their_share_of_a_discount():
    document = invoice(
        line("100000"),
        line("50000", withholding=False),
        withholding=Withholding(),
        discount=Discount(Decimal(15000)),
    )
    assert calculate(document).withholding_base == 90_000


def test_withholding_in_another_currency_is_refused():
    with pytest.raises(BillingError, match="USD"):
        calculate(invoice(line("100"), currency="USD", withholding=Withholding()))


def test_parts_show_their_rounding_difference():
    parts = [
        calculate(invoice(line(str(part))))
        for part in split(Decimal(1_000_001), [1, 1, 1], Remainder.FIRST)
    ]
    assert rounding_difference(parts, calculate(invoice(line("1000001")))) == -1


@pytest.mark.parametrize(
    ("reduction", "needed"), [("9999", False), ("10000", True), ("-10000", True)]
)
def test_a_small_reduction_needs_no_credit_note(reduction, needed):
    assert needs_credit_note(Decimal(reduction)) is needed


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        True,
        None,
        [],
        "abc",
        "",
        "NaN",
        "Infinity",
        Decimal("1e99"),
        "1e-40",
        Decimal("sNaN"),
    ],
)
def test_what_is_no_exact_number_is_refused(value):
    with pytest.raises(BillingError):
        exact_decimal(value)


def test_currencies_have_their_own_smallest_unit():
    assert [minor_digits(code) for code in ("JPY", "USD", "KWD", "KRW")] == [0, 2, 3, 0]
    assert str(to_decimal(-5, 2)) == "-0.05"
    assert str(to_decimal(0, 2)) == "0.00"
    assert whole_units(Decimal("10.50"), 2) == 1050


_PRICES = st.decimals(-99999, 99999, places=2)
_LINES = st.builds(
    Line,
    st.just("品目"),
    st.decimals(0, 1000, places=3),
    _PRICES,
    st.sampled_from(TaxClass),
    st.integers(0, 500).map(Decimal),
    st.none() | st.sampled_from(PriceMode),
    st.booleans(),
)
_DELIVERIES = st.lists(
    st.builds(Delivery, st.lists(_LINES, min_size=1, max_size=5).map(tuple)),
    min_size=1,
    max_size=3,
).map(tuple)
_DOCUMENTS = st.builds(
    InvoiceDocument,
    _DELIVERIES,
    price_mode=st.sampled_from(PriceMode),
    tax_rounding=st.sampled_from(Rounding),
    line_rounding=st.sampled_from(Rounding),
    rounding_unit=st.sampled_from(RoundingUnit),
    withholding=st.none()
    | st.builds(
        Withholding, st.sampled_from(WithholdingKind), st.sampled_from(PriceMode)
    ),
    prepaid=st.integers(0, 10000).map(Decimal),
)


@given(_DOCUMENTS, st.none() | st.sampled_from(TaxClass), st.integers(0, 10**6))
def test_a_credit_note_mirrors_its_invoice_exactly(document, discounted, amount):
    if document.rounding_unit is RoundingUnit.INVOICE:
        document = replace(document, discount=Discount(Decimal(amount), discounted))
    try:
        sums = calculate(document)
    except BillingError:  # the discount has no lines to lie on
        return
    mirror = calculate(credit_note(document))
    assert mirror.line_amounts == tuple(-a for a in sums.line_amounts)
    assert [(c.base_excl, c.tax, c.total_incl) for c in mirror.breakdown] == [
        (-c.base_excl, -c.tax, -c.total_incl) for c in sums.breakdown
    ]
    assert (mirror.total_incl, mirror.amount_due) == (
        -sums.total_incl,
        -sums.amount_due,
    )
    assert (mirror.withholding or 0) == -(sums.withholding or 0)


@given(_DOCUMENTS)
def test_the_classes_add_up_to_the_total(document):
    sums = calculate(document)
    assert (
        sum(c.total_incl for c in sums.breakdown)
        == sums.total_incl
        == sums.subtotal_excl + sums.tax_total
    )
    assert all(c.base_excl + c.tax == c.total_incl for c in sums.breakdown)
    assert [c.tax_class for c in sums.breakdown] == [
        c for c in TaxClass if any(c is each.tax_class for each in document.lines)
    ]
    shown = (
        sums.subtotal_excl
        if document.price_mode is PriceMode.EXCLUSIVE
        else sums.total_incl
    )
    assert sum(sums.line_amounts) == shown


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=6),
    st.integers(-(10**7), 10**7),
)
def test_a_divided_discount_adds_up_and_no_part_is_off_by_a_unit(weights, total):
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    assert all(
        abs(part - total * w / sum(weights)) < 1
        for part, w in zip(parts, weights, strict=True)
    )


@given(
    st.integers(-(10**9), 10**9),
    st.lists(st.integers(0, 100), min_size=1, max_size=12).filter(any),
    st.sampled_from(Remainder),
    st.integers(0, 3),
)
def test_parts_of_a_split_add_up(units, weights, remainder, digits):
    amount = to_decimal(units, digits)
    parts = split(amount, weights, remainder, digits)
    assert sum(parts) == amount
    assert len(parts) == len(weights)


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(BillingError, match="weights"):
        split(Decimal(100), weights)
