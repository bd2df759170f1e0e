"""E-mail addresses, places, persons, numbers of companies and files from offices."""

import pytest

from tasuki.japan.address import find_prefecture, postcode, prefecture, suggest_postcode
from tasuki.japan.corporate import (
    check_corporate_number,
    check_registration_number,
    corporate_number,
)
from tasuki.japan.email import company_domain, domain, email, email_key, valid_email
from tasuki.japan.encoding import Decoded, decode_csv, encode_cp932
from tasuki.japan.person import person
from tasuki.japan.text import kana, text


@pytest.mark.parametrize(
    "written",
    [
        "foo..bar@docomo.ne.jp",
        ".foo@ezweb.ne.jp",
        '"foo..bar"@docomo.ne.jp',
        "taro@example.jp;",
        "<taro@example.jp>",
        "mailto:taro@example.jp?subject=x",
        "Taro <taro@example.jp> (x)",
    ],
)
def test_a_lead_is_not_lost_over_an_odd_address(written: str) -> None:
    assert valid_email(written) is True


@pytest.mark.parametrize(
    "written",
    [
        "",
        "taro",
        "taro@",
        "@example.jp",
        "taro@localhost",
        "a@b@c.jp",
        "a@x.jp, b@y.jp",
        "a@b..jp",
        "a@-b.jp",
        "a@1.2.3.4",
        "株式会社@example.jp",
        "taro @example.jp",
    ],
)
def test_what_is_not_one_address_is_none(written: str) -> None:
    assert valid_email(written) is False
    assert email(written) is None


def test_a_japanese_domain_is_compared_in_the_form_of_mail_servers() -> None:
    assert email_key("taro@日本語.jp") == email_key("taro@xn--wgv71a119e.jp")


def test_a_tag_is_delivered_to_and_not_compared() -> None:
    found = email("Taro+crm@Example.co.jp")
    assert found is not None
    assert (found.canonical, found.match_key) == (
        "taro+crm@example.co.jp",
        "taro@example.co.jp",
    )


@pytest.mark.parametrize(
    ("written", "company"),
    [
        ("x@mail.example.co.jp", "example.co.jp"),
        ("x@city.yokohama.lg.jp", "yokohama.lg.jp"),
        ("x@a.example.co.uk", "example.co.uk"),
        ("x@a.example.io", "example.io"),
        ("x@softbank.jp", "softbank.jp"),
        ("x@i.softbank.jp", None),
        ("x@jcom.zaq.ne.jp", None),
        ("x@t.vodafone.ne.jp", None),
    ],
)
def test_a_providers_domain_is_nobodys_company(
    written: str, company: str | None
) -> None:
    assert company_domain(written) == company
    assert domain(written) == written.removeprefix("x@")


_PREFECTURES = {
    "北海道": "Hokkaido", "青森県": "Aomori", "岩手県": "Iwate", "宮城県": "Miyagi",
    "秋田県": "Akita", "山形県": "Yamagata", "福島県": "Fukushima", "茨城県": "Ibaraki",
    "栃木県": "Tochigi", "群馬県": "Gunma", "埼玉県": "Saitama", "千葉県": "Chiba",
    "東京都": "Tokyo", "神奈川県": "Kanagawa", "新潟県": "Niigata", "富山県": "Toyama",
    "石川県": "Ishikawa", "福井県": "Fukui", "山梨県": "Yamanashi", "長野県": "Nagano",
    "岐阜県": "Gifu", "静岡県": "Shizuoka", "愛知県": "Aichi", "三重県": "Mie",
    "滋賀県": "Shiga", "京都府": "Kyoto", "大阪府": "Osaka", "兵庫県": "Hyogo",
    "奈良県": "Nara", "和歌山県": "Wakayama", "鳥取県": "Tottori", "島根県": "Shimane",
    "岡山県": "Okayama", "広島県": "Hiroshima", "山口県": "Yamaguchi", "徳島県": "Tokushima",
    "香川県": "Kagawa", "愛媛県": "Ehime", "高知県": "Kochi", "福岡県": "Fukuoka",
    "佐賀県": "Saga", "長崎県": "Nagasaki", "熊本県": "Kumamoto", "大分県": "Oita",
    "宮崎県": "Miyazaki", "鹿児島県": "Kagoshima", "沖縄県": "Okinawa",
}  # fmt: skip


@pytest.mark.parametrize(
    ("number", "name", "romaji"),
    [(number, *pair) for number, pair in enumerate(_PREFECTURES.items(), start=1)],
)
def test_each_prefecture_is_known_in_all_its_spellings(
    number: int, name: str, romaji: str
) -> None:
    code = f"JP-{number:02}"
    short = name if name == "北海道" else name[:-1]
    for written in (
        name,
        short,
        f"{name}某市1-1",
        romaji,
        romaji.upper(),
        f"{romaji} Prefecture",
        code,
    ):
        assert find_prefecture(written) == (name, code), written


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("〒100-0001 東京都千代田区", "東京都"),
        ("東京千代田区", "東京都"),
        ("京都市中京区", "京都府"),
        ("東 京 都", "東京都"),
        ("Ōsaka", "大阪府"),
        ("Chiba Bldg., Chiyoda-ku, Tokyo 100-0001, Japan", "東京都"),
        ("横浜市西区", None),
        ("福島区", None),
        ("99", None),
    ],
)
def test_a_prefecture_is_found_in_an_address_but_never_guessed(
    written: str, name: str | None
) -> None:
    assert prefecture(written) == name


def test_a_postcode_that_lost_its_zero_is_suggested_and_not_taken() -> None:
    assert postcode("600001") is None
    assert suggest_postcode("600001") == "060-0001"
    assert suggest_postcode("0600001") is None


@pytest.mark.parametrize("written", ["100-00011", "000-0000", "abc-defg", "10-00001"])
def test_what_is_not_seven_digits_is_no_postcode(written: str) -> None:
    assert postcode(written) is None


def test_forms_of_address_are_taken_off_and_never_the_whole_name() -> None:
    assert person("山田太郎 殿") == ("山田太郎", "山田太郎")
    assert person("佐藤 氏") == ("佐藤", "佐藤")
    assert person("源氏") == ("源氏", "源氏")
    assert person("様") == ("様", "様")


def test_a_middle_dot_and_letter_case_are_not_compared() -> None:
    assert person("タロウ・ヤマダ") == ("タロウ・ヤマダ", "タロウヤマダ")
    assert person("Taro YAMADA") == ("Taro YAMADA", "taroyamada")


def test_dashes_are_told_from_long_vowels_by_what_stands_before_them() -> None:
    assert text("３ー１") == "3-1"
    assert text("ユ−ザ−") == "ユーザー"
    assert text("コーポ-101") == "コーポ-101"
    assert kana("ﾃﾞ-ﾀ") == "データ"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "length"),
        ("000012050002", "length"),
        ("7000012O50002", "non_digit"),
        ("7000012050003", "check_digit"),
        ("Ｔ７０００012050002", "unexpected_T_prefix"),
    ],
)
def test_a_bad_corporate_number_says_what_is_wrong(written: str, reason: str) -> None:
    assert check_corporate_number(written).reason == reason
    assert corporate_number(written) is None


def test_a_registration_number_needs_its_t() -> None:
    assert check_registration_number("7000012050002").reason == "missing_T_prefix"
    assert check_registration_number("t 7000-0120-50002").normalized == "T7000012050002"


@pytest.mark.parametrize(
    ("content", "decoded"),
    [
        ("会社".encode("utf-8-sig"), Decoded("会社", "utf-8-sig")),
        ("会社".encode("utf-16"), Decoded("会社", "utf-16")),
        ("会社".encode("iso-2022-jp"), Decoded("会社", "iso-2022-jp")),
        ("お客様の名前".encode("euc-jp"), Decoded("お客様の名前", "euc-jp")),
        ("会社名,金額".encode("euc-jp"), Decoded("会社名,金額", "euc-jp")),
        ("ﾔﾏﾀﾞ･ﾀﾛｳ".encode("cp932"), Decoded("ﾔﾏﾀﾞ･ﾀﾛｳ", "cp932")),
        ("ﾔﾏﾀﾞ ﾀﾛｳ".encode("cp932"), Decoded("ﾔﾏﾀﾞ ﾀﾛｳ", "cp932")),
        (b"\x81\x60", Decoded("～", "cp932")),
        (b"\xfb\xfc", Decoded("髙", "cp932")),
        (b"", Decoded("", "utf-8")),
        (b"\xff", None),
    ],
)
def test_a_file_is_read_in_the_encoding_it_was_written_in(
    content: bytes, decoded: Decoded | None
) -> None:
    assert decode_csv(content) == decoded


def test_what_windows_cannot_write_is_substituted_and_named() -> None:
    written = encode_cp932("𠮷野家—髙橋 ¥1😀")
    assert written.content.decode("cp932") == "吉野家―髙橋 ￥1〓"
    assert written.substituted == ("𠮷", "—", "¥", "😀")
