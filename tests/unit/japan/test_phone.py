"""Phone numbers as offices write them."""

import subprocess
import sys
from random import Random

import phonenumbers
import pytest

from tasuki.japan.phone import phone, phone_e164, phone_jp, valid_phone


@pytest.mark.parametrize(
    "written",
    [
        "0312345678",
        "０３−１２３４−５６７８",
        "03.1234.5678",
        "03/1234/5678",
        "(03)1234-5678",
        "３１２３４５６７８",
        "+81 (0)3 1234 5678",
        "+81-03-1234-5678",
        "0081-3-1234-5678",
        "010-81-3-1234-5678",
        "℡ 03-1234-5678",
        "本社：03-1234-5678（代表）",
        "03-1234-5678 担当 山田",
        "03-1234-5678 / 090-1234-5678",
        "TEL 03-1234-5678 FAX 03-1234-5679",
        "03-1234-5678〜9",
    ],
)
def test_one_number_has_one_form(written: str) -> None:
    assert phone_e164(written) == "+81312345678"


@pytest.mark.parametrize(
    ("written", "extension"),
    [
        ("03-1234-5678 内線123", "123"),
        ("03-1234-5678（内線：12-34）", "12-34"),
        ("03-1234-5678 ext. 9", "9"),
        ("03-1234-5678x12", "12"),
        ("03-1234-5678#12", "12"),
    ],
)
def test_an_extension_is_kept_apart(written: str, extension: str) -> None:
    found = phone(written)
    assert found is not None
    assert (found.e164, found.ext) == ("+81312345678", extension)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("0120123456", "0120-123-456"),
        ("08001234567", "0800-123-4567"),
        ("0570000123", "0570-000-123"),
        ("05012345678", "050-1234-5678"),
        ("06012345678", "060-1234-5678"),
        ("0612345678", "06-1234-5678"),
        ("+819012345678", "090-1234-5678"),
        ("0422-12-3456", "0422-12-3456"),
        ("01267(1)2345", "01267-1-2345"),
        ("0451234567", "045-123-4567"),
        ("+16502530000", "+1 650-253-0000"),
    ],
)
def test_a_number_is_shown_as_its_country_writes_it(written: str, shown: str) -> None:
    assert phone_jp(written) == shown


@pytest.mark.parametrize(
    "written",
    [
        "",
        "未定",
        "110",
        "1234-5678",
        "090-1234-567",
        "03-1234-56789",
        "000-0000-0000",
        "090-0000-0000",
        "03-XXXX-XXXX",
        "0120-ABC-123",
        "901-234-5678",
        "0077-78-1234",
    ],
)
def test_what_cannot_be_dialled_is_no_number(written: str) -> None:
    assert phone(written) is None
    assert valid_phone(written) is False


def test_the_phone_library_is_loaded_only_for_numbers_that_need_it() -> None:
    program = (
        "import sys; from tasuki.japan.phone import phone_jp; import tasuki.japan.company;"
        "phone_jp('03-1234-5678'); assert 'phonenumbers' not in sys.modules;"
        "phone_jp('045-123-4567'); assert 'phonenumbers' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_domestic_number_is_judged_as_the_phone_library_does() -> None:
    rng = Random(7)
    both = set()
    for _ in range(4_000):
        digits = "0" + "".join(rng.choices("0123456789", k=rng.choice((9, 10))))
        if digits.startswith(("00", "010")):
            continue  # read as calls abroad
        number = phonenumbers.PhoneNumber(81, int(digits))
        is_valid = phonenumbers.is_valid_number(number)
        both.add(is_valid)
        assert (phone(f"{digits[:4]} {digits[4:]}") is not None) is is_valid, digits
    assert both == {True, False}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("(045)123-4567", "045-123-4567"),
        ("045 123 4567", "045-123-4567"),
        ("045.123.4567 ", "045-123-4567"),
        ("(0451)23-4567", "0451-23-4567"),
        ("0１０-1-650-253-0000", "+1 650-253-0000"),
    ],
)
def test_the_short_way_and_the_long_way_agree(written: str, shown: str) -> None:
    assert phone_jp(written) == shown
