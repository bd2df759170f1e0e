"""No text, however odd, makes a function raise; and no text gives no value."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasuki.japan import address, corporate, dates, email, number, person, phone, text
from tasuki.japan.encoding import decode_csv, encode_cp932

_CHARACTERS = st.characters() | st.sampled_from(
    "0123456789０３+-−ー()（）〒円万億千百年月日令和元RHS.,@¥△▲Ｔ内線x#/~"
)
_TEXTS = st.text(_CHARACTERS) | st.from_regex(r"[+(]?[0-9() .-]{1,20}", fullmatch=True)
_FUNCTIONS: list[Callable[[str | None], Any]] = [
    address.postcode,
    address.prefecture,
    address.prefecture_code,
    address.suggest_postcode,
    corporate.corporate_number,
    corporate.registration_number,
    dates.parse_date,
    dates.wareki,
    email.company_domain,
    email.domain,
    email.email_address,
    email.email_key,
    email.valid_email,
    number.amount,
    person.person_key,
    person.person_name,
    phone.phone_e164,
    phone.phone_jp,
    phone.valid_phone,
    text.kana,
    text.text,
]
_IDEMPOTENT: list[Callable[[str | None], str | None]] = [
    address.postcode,
    address.prefecture,
    corporate.corporate_number,
    corporate.registration_number,
    email.email_address,
    email.email_key,
    person.person_key,
    person.person_name,
    phone.phone_e164,
    text.kana,
    text.text,
]


def _name(function: Callable[..., Any]) -> str:
    return function.__name__


@pytest.mark.parametrize("function", _FUNCTIONS, ids=_name)
@given(value=_TEXTS)
@example(value="")
@example(value="９" * 5000)
@example(value="9" * 40 + "兆")
@example(value="\ud800")
@example(value="R1.1.1\n2024-01-01T00:00:00+14:00")
@example(value="0001-01-01T00:00:00+14:00")
def test_any_text_gives_a_value_or_none(
    function: Callable[[str | None], Any], value: str
) -> None:
    function(value)


@pytest.mark.parametrize("function", _FUNCTIONS, ids=_name)
def test_none_gives_none(function: Callable[[str | None], Any]) -> None:
    assert function(None) is None


@pytest.mark.parametrize("function", _IDEMPOTENT, ids=_name)
@given(value=_TEXTS)
@example(value="A´")
@example(value="\u0339 \u0334")
@example(value="山田さ ん")
def test_a_normal_form_is_its_own_normal_form(
    function: Callable[[str | None], str | None], value: str
) -> None:
    once = function(value)
    assert function(once) == once


@given(st.binary())
def test_any_bytes_are_decoded_or_refused(content: bytes) -> None:
    found = decode_csv(content)
    assert found is None or isinstance(found.text, str)


@given(st.text())
def test_any_text_is_written_for_windows_and_every_change_is_named(value: str) -> None:
    written = encode_cp932(value)
    assert (written.content.decode("cp932") == value) == (not written.substituted)
