import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.billing.calendar import BankCalendar, HolidayRule
from tasuki.billing.errors import BillingError
from tasuki.billing.phrase import ACCEPTED_PHRASES
from tasuki.billing.terms import (
    ClosingTerms,
    NetTerms,
    closing_date,
    due_date,
    is_paid_in_time,
    pays_in_time,
    read_terms,
    schedule,
    sixty_day_check,
)

MONTH_END = ClosingTerms(31, 1, 31)
TENTH = ClosingTerms(20, 1, 10)


@pytest.mark.parametrize(
    ("phrase", "terms"),
    [
        ("月末締め翌月末払い", MONTH_END),
        ("末締翌月末", MONTH_END),
        ("月末〆翌月末日払い", MONTH_END),
        ("毎月末日締め、翌月末日払い", MONTH_END),
        ("当月末締め・翌月末日 現金振込", MONTH_END),
        ("当月締め翌月末払い", MONTH_END),
        ("翌月末", MONTH_END),
        ("請求月の翌月末払い", MONTH_END),
        ("20日締め翌月10日払い", TENTH),
        ("２０日締め　翌月１０日払い", TENTH),
        ("毎月20日締切／翌月10日支払".replace("／", " "), TENTH),
        ("20日〆次月10日お支払い", TENTH),
        ("末締翌々月10日払", ClosingTerms(31, 2, 10)),
        ("末締め翌翌月10日払い", ClosingTerms(31, 2, 10)),
        ("月末締め3ヶ月後25日払い", ClosingTerms(31, 3, 25)),
        ("15日締め当月末払い", ClosingTerms(15, 0, 31)),
        ("翌月10日払い", ClosingTerms(31, 1, 10)),
        ("当月末", ClosingTerms(31, 0, 31)),
        ("30日以内", NetTerms(30)),
        ("請求書発行後30日", NetTerms(30)),
        ("請求書受領後45日以内にお支払い", NetTerms(45)),
        ("検収後60日以内", NetTerms(60)),
        ("納品日から10日以内", NetTerms(10)),
        ("即日", NetTerms(0)),
        ("月末締め30日後払い", NetTerms(30, 31)),
        ("20日締め後45日", NetTerms(45, 20)),
        ("Net 30", NetTerms(30)),
        ("NET30", NetTerms(30)),
        ("net 45 days", NetTerms(45)),
        ("30 days", NetTerms(30)),
        ("Due on receipt", NetTerms(0)),
        ("EOM", ClosingTerms(31, 0, 31)),
        ("Net 30 EOM", NetTerms(30, 31)),
        ("EOM+30", NetTerms(30, 31)),
        ("End of next month", MONTH_END),
        (
            "月末締め翌月末払い（休日の場合は翌営業日）",
            ClosingTerms(31, 1, 31, HolidayRule.NEXT),
        ),
        (
            "月末締め翌月末払い（土日祝の場合は前営業日）",
            ClosingTerms(31, 1, 31, HolidayRule.PREVIOUS),
        ),
        (
            "末締翌月末 ただし金融機関休業日の場合は前営業日",
            ClosingTerms(31, 1, 31, HolidayRule.PREVIOUS),
        ),
    ],
)
def test_a_phrase_of_a_crm_is_read(phrase, terms):
    assert read_terms(phrase) == terms


@pytest.mark.parametrize(
    "phrase",
    [
        "月末締め翌月",
        "月末締め10日払い",
        "20日締め当月10日払い",
        "32日締め翌月末払い",
        "0日締め翌月末払い",
        "月末締め翌月末払い 手形120日",
        "2/10 net 30",
        "前払い",
        "30日",
        "応相談",
        "月末締め翌月末払い" * 20,
    ],
)
def test_an_unknown_or_impossible_phrase_is_named_and_never_guessed(phrase):
    with pytest.raises(BillingError) as caught:
        due_date("2025-04-21", phrase)
    assert phrase[:80] in str(caught.value)
    assert "月末締め翌月末払い" in caught.value.remedy
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "phrase", [phrase for phrase in ACCEPTED_PHRASES if not phrase.startswith("…")]
)
def test_every_phrase_that_an_error_offers_is_accepted(phrase):
    assert due_date("2025-04-21", phrase) is not None


@pytest.mark.parametrize(
    ("start", "terms"),
    [
        (None, "月末締め翌月末払い"),
        ("2025-04-21", None),
        ("", "30日以内"),
        ("2025-04-21", " "),
    ],
)
def test_blank_start_or_terms_give_no_due_date(start, terms):
    assert due_date(start, terms) is None


def test_an_argument_overrides_the_holiday_rule():
    assert due_date(date(2024, 5, 10), "末締翌月末") == date(2024, 6, 30)
    assert due_date(date(2024, 5, 10), "末締翌月末", "previous") == date(2024, 6, 28)
    assert due_date(date(2024, 5, 10), "末締翌月末", "next") == date(2024, 7, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "weekly"}, "type"),
        ({"closing_day": 32}, "closing_day"),
        ({"closing_day": True}, "closing_day"),
        ({"pay_day": None}, "pay_day"),
        ({"pay_month_offset": -1}, "pay_month_offset"),
        ({"holiday_rule": "sometimes"}, "holiday_rule"),
        ({"calendar": "us_bank"}, "calendar"),
        ({"extra_closed_days": "2025-08-13"}, "extra_closed_days"),
        ({"type": "net_days", "days": 1.5}, "days"),
        ({"type": "net_days", "days": 5, "from": "payday"}, "from"),
    ],
)
def test_a_wrong_field_of_structured_terms_is_named(change, field):
    terms = {"type": "closing", "closing_day": 31, "pay_month_offset": 1, "pay_day": 31}
    with pytest.raises(BillingError, match=field):
        read_terms(terms | change)


def test_terms_of_another_type_are_refused():
    with pytest.raises(BillingError, match="int"):
        read_terms(30)


def test_an_error_survives_pickling():
    with pytest.raises(BillingError) as caught:
        read_terms("応相談")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.remedy) == (str(caught.value), caught.value.remedy)


def test_two_months_without_a_corresponding_day_end_with_the_month():
    """民法 143条: from 31 December two months last to the end of February."""
    check = sixty_day_check(schedule(date(2024, 12, 31), MONTH_END))
    assert check.two_month_limit == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("day", "terms", "ok"),
    [
        ("2025-04-21", "月末締め翌月末払い", True),
        ("2025-04-01", "月末締め翌々月10日払い", False),
        # A banks' holiday moves it by more than two days: 31 December to 6 January.
        ("2024-11-15", {"type": "closing", "closing_day": 31, "pay_month_offset": 1,
                        "pay_day": 31, "holiday_rule": "next"}, False),
        ("", "月末締め翌月末払い", None),
        ("2025-04-21", "", None),
    ],
)  # fmt: skip
def test_terms_are_weighed_against_the_sixty_days(day, terms, ok):
    assert pays_in_time(day, terms) is ok


@pytest.mark.parametrize(
    ("delivered", "due", "ok"),
    [
        (date(2026, 5, 1), date(2026, 6, 30), True),
        (date(2026, 5, 1), date(2026, 7, 1), False),
        # The last day of the two months, a Saturday, moves to Monday: two days.
        (date(2026, 3, 1), date(2026, 4, 30), True),
        (date(2026, 4, 1), date(2026, 6, 1), True),
        (date(2026, 4, 1), date(2026, 6, 2), False),
        (date(2024, 11, 1), date(2025, 1, 6), False),
    ],
)
def test_a_day_alone_is_given_what_a_bank_holiday_explains(delivered, due, ok):
    assert is_paid_in_time(delivered, due) is ok


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 31))
def test_a_closing_day_is_the_first_on_or_after_delivery(day, closing_day):
    closing = closing_date(day, closing_day)
    assert 0 <= (closing - day).days <= 31
    assert closing.day == closing_day or (
        closing.day < closing_day
        and (closing.replace(day=1)).month
        != closing.fromordinal(closing.toordinal() + 1).month
    )


@given(
    st.dates(date(2010, 1, 1), date(2040, 1, 1)),
    st.builds(
        ClosingTerms,
        st.integers(1, 31),
        st.integers(0, 3),
        st.integers(1, 31),
        st.sampled_from(HolidayRule),
    ),
)
def test_an_adjusted_due_date_is_a_business_day_near_the_agreed_one(day, terms):
    planned = schedule(day, terms)
    distance = abs((planned.due_date - planned.due_date_unadjusted).days)
    if terms.holiday_rule is HolidayRule.NONE:
        assert distance == 0
    else:
        assert distance <= 10
        assert BankCalendar().is_business_day(planned.due_date)


@given(st.text(alphabet="月末締翌々日払い当営業0123456789 〆netom後以内", max_size=24))
def test_any_text_is_read_or_refused(text):
    try:
        terms = read_terms(text)
    except BillingError:
        return
    assert terms is None or isinstance(terms, (ClosingTerms, NetTerms))
