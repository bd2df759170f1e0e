"""Amounts and dates as Japanese documents write them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.japan.dates import parse_date, wareki
from tasuki.japan.number import amount


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,000円", "1000"),
        ("金1,000円也", "1000"),
        ("\\1,000", "1000"),
        ("¥1,000.-", "1000"),
        ("1,000 JPY", "1000"),
        ("(1,000)", "-1000"),
        ("¥(1,000)", "-1000"),
        ("−¥1,000", "-1000"),
        ("¥▲1,000", "-1000"),
        ("△1,000-", "-1000"),
        ("△0", "0"),
        ("1.5万円", "15000"),
        ("1億2,000万円", "120000000"),
        ("5千万", "50000000"),
        ("10百万円", "10000000"),
        ("金壱百弐拾万円也", "1200000"),
        ("２兆３億", "2000300000000"),
        ("1.23456万", "12345.6"),
        ("0.5", "0.5"),
    ],
)
def test_an_amount_is_read(written: str, value: str) -> None:
    assert str(amount(written)) == value


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-",
        "△",
        "税込1,000円",
        "1,000円/月",
        "約1,000",
        "$100",
        "USD 100",
        "1e3",
        "NaN",
        "1,00",
        "1,0000",
        "1.2.3",
        "--1",
        "△-1",
        "(-1)",
        "千円",
        "百万円",
        "3万2億",
        "1.000,50",
    ],
)
def test_anything_beside_the_amount_is_refused(written: str) -> None:
    assert amount(written) is None


def test_numbers_pass_as_they_are() -> None:
    assert amount(1000) == Decimal(1000)
    assert amount(Decimal("1.50")) == Decimal("1.50")


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_a_grouped_yen_amount_is_read_back(value: int) -> None:
    assert amount(f"{value:,}円") == value
    assert amount(f"¥{value:,}") == value


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("令和元年5月1日", "2019-05-01"),
        ("平成31年4月30日", "2019-04-30"),
        ("H1.1.8", "1989-01-08"),
        ("昭和64年1月7日", "1989-01-07"),
        ("昭和元年12月25日", "1926-12-25"),
        ("大正15年12月25日", "1926-12-25"),
        ("T1.7.30", "1912-07-30"),
        ("明治45年7月30日", "1912-07-30"),
        ("明治6年1月1日", "1873-01-01"),
        ("㋿6年4月1日（月）", "2024-04-01"),
        ("R060401", "2024-04-01"),
        ("令和六年四月二十一日", "2024-04-21"),
        ("二〇二四年十二月三十一日", "2024-12-31"),
        ("2024/04/01 23:59", "2024-04-01"),
        ("2024-03-31T15:00:00Z", "2024-04-01"),
        ("2024-03-31T14:59:59.000+0000", "2024-03-31"),
    ],
)
def test_a_day_is_read(written: str, day: str) -> None:
    assert parse_date(written) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "平成31年5月1日",
        "令和元年4月30日",
        "昭和64年1月8日",
        "平成元年1月7日",
        "大正15年12月26日",
        "明治5年12月2日",
        "R0.1.1",
        "令和6年2月30日",
        "2023-02-29",
        "20240230",
        "24/4/1",
        "4/1/2024",
        "2024年4月",
        "45383",
        "来月末",
    ],
)
def test_what_names_no_single_day_is_no_date(written: str) -> None:
    assert parse_date(written) is None


def test_a_moment_is_cut_in_tokyo() -> None:
    assert parse_date(datetime(2024, 3, 31, 15, tzinfo=UTC)) == date(2024, 4, 1)


def test_days_before_the_solar_calendar_have_no_era_form() -> None:
    assert wareki(date(1872, 12, 31)) is None


@given(st.dates(min_value=date(1873, 1, 1), max_value=date(2117, 12, 31)))
def test_a_day_in_the_era_calendar_is_read_back(day: date) -> None:
    assert parse_date(wareki(day)) == day
