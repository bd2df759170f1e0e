"""The ways in which people type one and the same thing into a form.

Every function draws one spelling; the weights are the rates of the demo's mess.
"""

import unicodedata
from collections.abc import Sequence
from random import Random
from typing import Final

from tasuki.sandbox.demo_firms import Firm
from tasuki.sandbox.demo_names import PersonName

_TO_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {
    0x20: 0x3000
}
_TO_HALF_WIDTH: Final = {
    ord(unicodedata.normalize("NFKC", chr(code))): code
    for code in range(0xFF61, 0xFFA0)
}
_SHORT_FORMS: Final = {"株式会社": "株", "有限会社": "有", "合同会社": "同"}
_SIGN_FORMS: Final = {"株式会社": "㈱", "有限会社": "㈲"}
_ROMAJI: Final = {
    "東京都": "Tokyo",
    "大阪府": "Osaka-fu",
    "京都府": "Kyoto",
    "神奈川県": "Kanagawa",
    "愛知県": "Aichi-ken",
    "福岡県": "FUKUOKA",
    "兵庫県": "Hyogo",
}
NO_PHONE: Final = ("未定", "なし", "000-0000-0000", "担当者直通", "-")
NO_PREFECTURE: Final = ("海外", "その他", "-", "Japan")


def one_of(rng: Random, choices: Sequence[tuple[int, str]]) -> str:
    """Return one of (rate, spelling)."""
    return rng.choices([text for _, text in choices], [rate for rate, _ in choices])[0]


def full_width(text: str) -> str:
    """Return a text with its letters, digits and signs in full width.

    Example:
        >>> full_width("a1@b.jp")
        'ａ１＠ｂ．ｊｐ'
    """
    return text.translate(_TO_FULL_WIDTH)


def half_width_kana(text: str) -> str:
    """Return a text with its katakana in half width, voicing marks apart.

    Example:
        >>> half_width_kana("ヤマダデザイン")
        'ﾔﾏﾀﾞﾃﾞｻﾞｲﾝ'
    """
    return "".join(
        unicodedata.normalize("NFD", c).translate(_TO_HALF_WIDTH)
        if "ァ" <= c <= "ー"
        else c
        for c in text
    )


def faithful_company(rng: Random, firm: Firm) -> str:
    """Return a company's name in other characters that still say the same name."""
    short = _SHORT_FORMS[firm.form]
    body = half_width_kana(firm.body)
    if body == firm.body:
        body = full_width(firm.body)
    sign = _SIGN_FORMS.get(firm.form, f"({short})")
    name = rng.choice((firm.body, body))
    form, space = rng.choice(
        ((f"（{short}）", ""), (f"({short})", ""), (sign, ""), (firm.form, "　"))
    )
    return space.join((form, name) if firm.form_before else (name, form))


def typed_company(rng: Random, firm: Firm) -> str:
    """Return a company's name as a visitor types it, sometimes not at all."""
    misplaced = (
        f"{firm.body}{firm.form}" if firm.form_before else f"{firm.form}{firm.body}"
    )
    return one_of(
        rng,
        (
            (44, firm.name),
            (32, faithful_company(rng, firm)),
            (7, firm.body),
            (3, f"{firm.name} "),
            (3, misplaced),
            (2, f"{firm.name} 営業部"),
            (2, f"{firm.name}　御中"),
            (6, ""),
        ),
    )


def typed_names(rng: Random, name: PersonName) -> tuple[str, str]:
    """Return last and first name as typed: in the wrong field, script or width."""
    family, given = name.family, name.given
    half = half_width_kana
    spellings = (
        (68, family.written, given.written),
        (6, f"{family.written}　", f" {given.written}"),
        (3, f"{family.written}　{given.written}", ""),
        (2, f"{family.written} {given.written} 様", ""),
        (4, half(family.kana), half(given.kana)),
        (2, family.kana, given.kana),
        (3, family.romaji.upper(), given.romaji.capitalize()),
        (1, full_width(family.romaji.upper()), full_width(given.romaji.upper())),
        (4, family.written, ""),
        (4, "", given.written),
        (3, "", ""),
    )
    _, last, first = rng.choices(spellings, [rate for rate, *_ in spellings])[0]
    return last, first


def typed_phone(rng: Random, number: str) -> str:
    """Return a phone number (03-1234-5678) as typed."""
    area, office, line = number.split("-")
    digits = number.replace("-", "")
    extension = rng.randint(10, 499)
    return one_of(
        rng,
        (
            (38, number),
            (12, digits),
            (7, f"（{area}）{office}ー{line}"),
            (5, f"{area}({office}){line}"),
            (6, full_width(number).replace("－", "ー")),
            (5, full_width(number)),
            (4, f"+81-{area[1:]}-{office}-{line}"),
            (3, f"+81 {area[1:]} {office} {line}"),
            (3, f"+81{digits[1:]}"),
            (4, f"{number}（内線{extension}）"),
            (2, f"{number} 内線 {extension}"),
            (2, f"TEL：{number}"),
            (2, f"{number} (代)"),
            (2, f"{area} {office} {line}"),
            (2, rng.choice(NO_PHONE)),
            (8, ""),
        ),
    )


def typed_prefecture(rng: Random, prefecture: str) -> str:
    """Return a prefecture as typed."""
    short = prefecture[:-1]
    romaji = _ROMAJI.get(prefecture, short)
    return one_of(
        rng,
        (
            (58, prefecture),
            (16, short),
            (7, romaji),
            (2, romaji.lower()),
            (3, f"{prefecture}　"),
            (2, "　".join(prefecture)),
            (2, rng.choice(NO_PREFECTURE)),
            (10, ""),
        ),
    )


def typed_address(rng: Random, address: str) -> str:
    """Return an e-mail address as typed: the same address, in other characters."""
    return one_of(
        rng,
        (
            (83, address),
            (6, address.upper()),
            (3, address.capitalize()),
            (3, full_width(address)),
            (3, address.replace("@", "＠")),
            (2, f" {address}"),
        ),
    )


def other_spelling(rng: Random, address: str, than: str) -> str:
    """Return a spelling that differs from `than` as raw text, whatever its case.

    Both are one address only once they are normalised, so that a system that compares
    lower-cased text keeps the two.
    """
    spellings = (
        full_width(address),
        full_width(address).upper(),
        address.replace("@", "＠"),
        address.upper().replace("@", "＠"),
        full_width(address.partition("@")[0]) + "@" + address.partition("@")[2],
        address.replace(".", "．"),
        f"mailto:{address}",
    )
    known = than.strip().lower()
    return rng.choice([one for one in spellings if one.lower() != known])


def broken_address(rng: Random, address: str) -> str:
    """Return an address that mail cannot be sent to, as forms collect them."""
    local, _, domain = address.partition("@")
    return rng.choice(
        (
            f"{local}@",
            f"{local}.{domain}",
            f"{local}@@{domain}",
            f"{local} @{domain}",
            f"{local}@{domain.replace('.', '..')}",
            f"{local}@{domain.partition('.')[0]}",
            f"{local}@{domain.replace('.', ',')}",
            f"なし（{local}）",
        )
    )
