from datetime import date
from decimal import Decimal

import pytest

from tasuki.billing.errors import BillingError
from tasuki.billing.tax import (
    JAPAN_RATES,
    DatedRate,
    RateTable,
    TaxClass,
    input_credit_percent,
    tax_class,
)


@pytest.mark.parametrize(
    ("rate", "reduced", "expected"),
    [
        (10, None, "standard"),
        (Decimal("10.00"), None, "standard"),
        (10.0, False, "standard"),
        ("10%", None, "standard"),
        ("１０％", None, "standard"),
        (Decimal("0.1"), None, "standard"),
        ("課税10%", None, "standard"),
        ("標準税率10%", None, "standard"),
        ("10%（標準税率）", None, "standard"),
        ("8", True, "reduced"),
        (8, "true", "reduced"),
        ("8%", "はい", "reduced"),
        ("0.08", True, "reduced"),
        ("軽減8%", None, "reduced"),
        ("8%（軽減税率）", None, "reduced"),
        ("※8%", None, "reduced"),
        ("軽減税率", None, "reduced"),
        (8, False, "legacy8"),
        ("8%", "false", "legacy8"),
        ("旧8%", None, "legacy8"),
        ("旧税率8%", False, "legacy8"),
        (0, None, "exempt"),
        ("0%", False, "exempt"),
        ("非課税", None, "exempt"),
        ("免税", None, "export"),
        ("輸出免税", None, "export"),
        ("対象外", None, "out_of_scope"),
        ("不課税", False, "out_of_scope"),
        ("out_of_scope", None, "out_of_scope"),
        (TaxClass.REDUCED, True, "reduced"),
    ],
)
def test_what_a_crm_holds_becomes_a_class(rate, reduced, expected):
    assert tax_class(rate, reduced) == expected
    assert type(tax_class(rate, reduced)) is str


@pytest.mark.parametrize("rate", [None, "", "  ", "　"], ids=repr)
def test_a_blank_rate_is_no_class(rate):
    assert tax_class(rate) is None
    assert tax_class(rate, reduced=True) is None


@pytest.mark.parametrize(
    "rate", [8, "8", "8%", "８％", Decimal("8.0"), 0.08, "課税8%"], ids=repr
)
@pytest.mark.parametrize("blank", [None, "", " "], ids=repr)
def test_a_bare_eight_percent_is_never_guessed(rate, blank):
    with pytest.raises(BillingError, match="8 %") as caught:
        tax_class(rate, blank)
    assert "reduced" in caught.value.remedy


@pytest.mark.parametrize(
    ("rate", "reduced"),
    [
        (10, True),
        ("非課税", True),
        ("軽減8%", False),
        ("旧8%", True),
        (0, True),
        ("reduced", "no"),
    ],
)
def test_a_rate_that_contradicts_the_flag_is_refused(rate, reduced):
    with pytest.raises(BillingError, match=str(rate)):
        tax_class(rate, reduced)


@pytest.mark.parametrize(
    "rate",
    [
        5,
        "3%",
        "課税",
        "税なし",
        "軽減10%",
        "旧10%",
        -10,
        "10%くらい",
        "0.1%",
        True,
        [],
        "()",
        Decimal("NaN"),
        "10 or 8",
        "軽減旧8%",
    ],
)
def test_an_unknown_rate_is_refused(rate):
    with pytest.raises(BillingError):
        tax_class(rate)


def test_an_unreadable_flag_is_refused():
    with pytest.raises(BillingError, match="flag"):
        tax_class(8, "maybe")


@pytest.mark.parametrize(
    ("supplied_on", "percent"),
    [
        (date(1989, 4, 1), 3),
        (date(2014, 3, 31), 5),
        (date(2014, 4, 1), 8),
        (date(2019, 9, 30), 8),
        (date(2019, 10, 1), 10),
        (None, 10),
    ],
)
def test_the_day_of_supply_decides_the_standard_rate(supplied_on, percent):
    assert JAPAN_RATES.percent(TaxClass.STANDARD, supplied_on) == percent


def test_a_class_that_did_not_exist_yet_is_refused():
    with pytest.raises(BillingError, match="reduced"):
        JAPAN_RATES.percent(TaxClass.REDUCED, date(2019, 9, 30))


def test_a_change_of_law_is_another_table():
    table = RateTable({TaxClass.STANDARD: (DatedRate(date(2030, 4, 1), Decimal(12)),)})
    assert table.percent(TaxClass.STANDARD, date(2030, 4, 1)) == 12
    assert table.percent(TaxClass.EXEMPT) == 0


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2023, 9, 30), 100),
        (date(2026, 9, 30), 80),
        (date(2026, 10, 1), 70),
        (date(2028, 10, 1), 50),
        (date(2031, 9, 30), 30),
        (date(2031, 10, 1), 0),
    ],
)
def test_input_credit_for_unregistered_sellers_steps_down(day, percent):
    assert input_credit_percent(day) == percent


def test_every_class_has_a_japanese_name():
    assert len({each.japanese for each in TaxClass}) == len(TaxClass)
