"""Full-width and half-width forms, where a system or a bank demands one of them."""

import re
import unicodedata

_FULL_ASCII = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
_HALF_ASCII = {full: half for half, full in _FULL_ASCII.items()}
_HALF_KANA = "".join(map(chr, range(0xFF61, 0xFF9E)))
_HALF_KANA_RUN = re.compile("[\uff61-\uff9f]+")


def _composed() -> dict[str, str]:
    """Return the half-width spelling of each full-width kana: ガ is ｶﾞ."""
    found = {unicodedata.normalize("NFKC", half): half for half in _HALF_KANA}
    for half in _HALF_KANA:
        for mark in "ﾞﾟ":
            whole = unicodedata.normalize("NFKC", half + mark)
            if len(whole) == 1:
                found[whole] = half + mark
    # A bank's file has these no other way.
    return {
        **found,
        "゛": "ﾞ",
        "゜": "ﾟ",
        "ヮ": "ﾜ",
        "ヰ": "ｲ",
        "ヱ": "ｴ",
        "ヵ": "ｶ",
        "ヶ": "ｹ",
    }


_TO_HALF = str.maketrans(_composed())


def fullwidth(value: str | None) -> str | None:
    """Return a text with full-width letters, digits, signs, spaces and kana.

    Example:
        >>> fullwidth("ABC-1 ｶﾞ")
        'ＡＢＣ－１　ガ'
    """
    if value is None:
        return None
    wide = _HALF_KANA_RUN.sub(lambda run: unicodedata.normalize("NFKC", run[0]), value)
    return wide.translate(_FULL_ASCII)


def halfwidth(value: str | None) -> str | None:
    """Return a text with half-width letters, digits, signs and spaces; kana stay.

    Example:
        >>> halfwidth("ＡＢＣ－１　カナ")
        'ABC-1 カナ'
    """
    return None if value is None else value.translate(_HALF_ASCII)


def halfwidth_kana(value: str | None) -> str | None:
    """Return a text with half-width katakana, as transfer files of banks need them.

    Hiragana become katakana; everything else is made half-width where it can be.

    Example:
        >>> halfwidth_kana("株）ガッコウ　１２")
        '株)ｶﾞｯｺｳ 12'
    """
    if value is None:
        return None
    katakana = "".join(
        chr(ord(each) + 0x60) if "ぁ" <= each <= "ゖ" else each for each in value
    )
    return (
        unicodedata.normalize("NFC", katakana)
        .translate(_HALF_ASCII)
        .translate(_TO_HALF)
    )
