from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.billing.document import DocumentError, check_document, differences, totals
from tasuki.billing.errors import BillingError


def payload(**change):
    fields = {
        "partner_id": 77,
        "subject": "サンプル商事 2025年4月分",
        "billing_date": "2025-04-30",
        "payment_date": date(2025, 5, 31),
        "lines": [item()],
    }
    return fields | change


def item(**change):
    return {
        "description": "保守料",
        "quantity": Decimal(1),
        "unit_price": Decimal(10155),
        "tax": "standard",
    } | change


def codes(fields):
    return [(found.code, found.field) for found in check_document(fields)]


def test_a_complete_payload_has_no_problem():
    assert check_document(payload()) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (payload(partner_id=None), ("partner_missing", "partner_id")),
        (payload(partner_id=" "), ("partner_missing", "partner_id")),
        (payload(billing_date=None), ("date_missing", "billing_date")),
        (payload(billing_date="soon"), ("date_invalid", "billing_date")),
        (payload(payment_date="2025-04-29"), ("due_before_billing", "payment_date")),
        (payload(payment_date=5), ("date_invalid", "payment_date")),
        (payload(lines=[]), ("lines_missing", "lines")),
        (payload(lines=None), ("lines_missing", "lines")),
        (payload(lines="保守料"), ("lines_missing", "lines")),
        (
            payload(lines=[item(), item(description="　")]),
            ("description_missing", "lines[1].description"),
        ),
        (payload(lines=[item(quantity=None)]), ("number_missing", "lines[0].quantity")),
        (
            payload(lines=[item(unit_price=0.1)]),
            ("number_invalid", "lines[0].unit_price"),
        ),
        (payload(lines=[item(tax=None)]), ("tax_class_missing", "lines[0].tax")),
        (payload(lines=[item(tax="8%")]), ("tax_class_unknown", "lines[0].tax")),
        (
            payload(lines=[item(tax=["standard"])]),
            ("tax_class_unknown", "lines[0].tax"),
        ),
        (
            payload(lines=[item(price_mode="net")]),
            ("choice_unknown", "lines[0].price_mode"),
        ),
        (payload(price_mode="net"), ("choice_unknown", "price_mode")),
        (payload(tax_rounding="bankers"), ("choice_unknown", "tax_rounding")),
        (payload(kind="receipt"), ("choice_unknown", "kind")),
        (payload(withholding=True), ("choice_unknown", "withholding")),
        (payload(currency="円"), ("currency_unknown", "currency")),
        (payload(currency="USD"), ("fx_rate_missing", "fx_rate")),
        (payload(lines=[item(unit_price=0)]), ("total_not_positive", "total")),
        (payload(lines=[item(quantity=-1)]), ("total_not_positive", "total")),
        (payload(kind="credit_note"), ("total_not_negative", "total")),
        (
            payload(document_discount={"amount": "1", "allocation": "reduced"}),
            ("not_calculable", "document discount"),
        ),
        (
            payload(lines=[item(tax="reduced")], supply_date="2019-09-30"),
            ("not_calculable", "tax class reduced"),
        ),
    ],
)
def test_a_problem_is_found_and_said_in_both_languages(fields, expected):
    found = check_document(fields)
    assert [(each.code, each.field) for each in found] == [expected]
    assert found[0].message.isascii() or "保守" not in found[0].message
    assert any(ord(letter) > 0x3000 for letter in found[0].message_ja)


def test_a_line_that_is_no_mapping_misses_all_that_a_line_needs():
    assert codes(payload(lines=["保守料"]))[0] == ("line_invalid", "lines[0]")


def test_all_problems_are_reported_together():
    fields = payload(partner_id="", billing_date="", lines=[item(quantity="x", tax="")])
    assert {code for code, _field in codes(fields)} == {
        "partner_missing",
        "date_missing",
        "number_invalid",
        "tax_class_missing",
    }


def test_a_credit_note_may_be_negative():
    assert check_document(payload(kind="credit_note", lines=[item(quantity=-1)])) == []


def test_an_export_in_another_currency_needs_no_exchange_rate():
    assert check_document(payload(currency="USD", lines=[item(tax="export")])) == []


def test_the_billing_date_decides_the_rate_when_no_supply_date_is_known():
    old = payload(billing_date="2019-09-30", payment_date=None)
    assert totals(old).breakdown[0].rate == 8
    assert totals(old | {"supply_date": "2019-10-01"}).breakdown[0].rate == 10


def test_totals_of_an_unreadable_payload_carry_every_problem():
    with pytest.raises(DocumentError) as caught:
        totals(payload(lines=[item(quantity=None, tax=None)]))
    assert [found.code for found in caught.value.problems] == [
        "number_missing",
        "tax_class_missing",
    ]
    assert isinstance(caught.value, ValueError)


def test_sums_do_not_depend_on_descriptions():
    assert totals(payload(lines=[item(description=None)])) == totals(payload())


def test_a_remote_total_that_agrees_is_no_difference():
    ours = totals(payload())
    assert (
        differences(
            ours,
            {
                "total_incl": 11170,
                "tax_total": "1015",
                "breakdown": {"standard": {"tax": 1015}},
            },
        )
        == []
    )


def test_a_remote_total_that_differs_is_named_with_both_sums():
    stated = {
        "total_incl": 11171,
        "breakdown": {"standard": {"tax": 1016}, "reduced": {"tax": 1}},
    }
    found = differences(totals(payload()), stated)
    assert [tuple(each) for each in found] == [
        ("total_incl", 11170, 11171),
        ("standard.tax", 1015, 1016),
        ("reduced.tax", 0, 1),
    ]


_JUNK = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text("01.-aあ ", max_size=5)
    | st.decimals()
    | st.lists(st.integers(), max_size=2)
)
_KEYS = [
    "partner_id",
    "billing_date",
    "payment_date",
    "lines",
    "deliveries",
    "currency",
    "price_mode",
    "tax_rounding",
    "prepaid",
    "fx_rate",
]
_ITEM_KEYS = ["description", "quantity", "unit_price", "tax", "discount", "price_mode"]
_ITEMS = st.dictionaries(st.sampled_from(_ITEM_KEYS), _JUNK).map(
    lambda change: item(**change)
)


@given(st.dictionaries(st.sampled_from(_KEYS), _JUNK | st.lists(_ITEMS, max_size=3)))
def test_whatever_a_mapping_yields_is_checked_and_nothing_unreadable_passes(change):
    fields = payload(**change)
    problems = check_document(fields)
    try:
        total = totals(fields).total_incl
    except BillingError:
        assert problems
    else:
        assert problems or total > 0
